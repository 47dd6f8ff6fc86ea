"""Our own segmenters: by name or file, in the place of a network of the Hub."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.media.pixels import to_model
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.labels.reader import LabelReader, ReaderConfig
from maliang_video.pipelines.label_reader import ReaderSegmenter, load_reader
from maliang_video.pipelines.segmenter import load_segmenter
from maliang_video.weights import save

CLASSES = (7, 23, 26)


@pytest.fixture
def file(tmp_path) -> Path:
    """A network that finds the brightest of red, green and blue, which it calls road, sky and car."""
    torch.manual_seed(0)
    reader = LabelReader(ReaderConfig("cityscapes", CLASSES, (4, 4, 4, 4), 1, 16)).eval()
    for parameter in reader.parameters():
        parameter.data.zero_()
    color = reader.stem[0].weight.data
    color[range(3), range(3), 1, 1] = 1
    reader.ups[2][0].weight.data[range(3), range(3), 1, 1] = 1
    for norm in (reader.stem[1], reader.ups[2][1]):
        norm.weight.data[:3] = 1
    reader.to_scores.weight.data[range(3), range(3)] = 1
    path = tmp_path / "bright.safetensors"
    save(path, reader, licence="Apache-2.0", source="a test", dtype=torch.float16)
    return path


def stripes(height: int, width: int) -> np.ndarray:
    """Red, green, blue, side by side."""
    third = np.arange(width) * 3 // width
    return np.broadcast_to(np.eye(3)[third] * 120 + 130, (height, width, 3)).astype(np.uint8)


def test_ids_of_the_palette(file):
    segmenter = load_segmenter(str(file))
    ids = segmenter(stripes(16, 30))
    assert isinstance(segmenter, ReaderSegmenter)
    assert (ids.dtype, ids.shape) == (torch.uint8, (16, 30))
    assert ids.unique(dim=0).tolist() == [[7] * 10 + [23] * 10 + [26] * 10]
    assert segmenter.palette.name == "cityscapes"


def test_larger_pictures_are_read_at_the_size_that_it_knows(file, monkeypatch):
    segmenter = load_segmenter(str(file))
    seen = []
    segmenter.network.register_forward_hook(lambda network, inputs, out: seen.append(inputs[0].shape[2:]))
    ids = segmenter(stripes(64, 120))
    assert seen == [(16, 30)]
    assert ids.shape == (64, 120)
    assert (ids == torch.tensor(CLASSES, dtype=torch.uint8).repeat_interleave(40)).float().mean() > 0.95
    segmenter(stripes(24, 60))
    assert seen[-1] == (24, 60)


def test_in_another_palette(file):
    train = builtin_palette("cityscapes_train")
    segmenter = load_segmenter(str(file), palette=train)
    names = [train.by_id[i].name for i in segmenter(stripes(16, 6))[0].tolist()]
    assert names == ["road", "road", "sky", "sky", "car", "car"]
    assert segmenter.fingerprint != load_segmenter(str(file)).fingerprint


def test_by_name_from_a_model_folder(file, monkeypatch):
    monkeypatch.setenv("MALIANG_MODELS", str(file.parent))
    assert torch.equal(load_segmenter("bright")(stripes(16, 30)), load_segmenter(str(file))(stripes(16, 30)))


def test_half_precision(file):
    half = load_segmenter(str(file), dtype=torch.bfloat16)
    assert torch.equal(half(stripes(16, 30)), load_segmenter(str(file))(stripes(16, 30)))


def test_weights_of_another_kind():
    with pytest.raises(InputError, match="street: holds a Vid2VidGenerator, not a network that reads labels"):
        load_reader("street")


def test_the_one_in_the_package_reads_the_street():
    from maliang_video.training.metrics_labels import confusion, mean_iou
    from maliang_video.training.worlds.street import StreetWorld

    frame = StreetWorld(1_000_003, "noon", 256, 128).render(0)
    reader = load_reader("street-segmenter")
    found = reader.ids(reader(to_model(frame.rgb)[None]).scores)[0]
    assert mean_iou(confusion(torch.from_numpy(frame.ids), found)) > 0.5
