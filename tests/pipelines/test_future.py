"""The job of future prediction: streams of seen and predicted maps, files that read back, the video of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.media.labels import open_labels
from maliang_video.media.reader import open_frames
from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.labels.resize import ResizedLabels
from maliang_video.models.vid2vid.future import FutureConfig, LabelFuture
from maliang_video.models.vid2vid.future_rollout import predict
from maliang_video.pipelines.future import FutureLabels, last_pictures, load_predictor, paint_future
from maliang_video.pipelines.labels import write_labels

HEIGHT, WIDTH = 32, 64
CONFIG = FutureConfig(
    palette="cityscapes",
    label_classes=35,
    things=(26,),
    seen_frames=3,
    reduction=1,
    filters=4,
    downsamplings=1,
    blocks=1,
)


@pytest.fixture
def network() -> LabelFuture:
    torch.manual_seed(1)
    return LabelFuture(CONFIG).eval()


@pytest.fixture
def seen() -> LabelFrames:
    """Five maps: road, sky, a car that drives to the right."""
    ids = torch.full((5, HEIGHT, WIDTH), 7, dtype=torch.uint8)
    ids[:, : HEIGHT // 2] = 23
    for t in range(5):
        ids[t, 12:20, 4 * t : 4 * t + 12] = 26
    return LabelFrames(ids, builtin_palette("cityscapes"), (ids == 26).to(torch.int32) * 3)


def test_the_stream_shows_what_was_seen_then_what_comes(network, seen):
    future = FutureLabels(seen, network, 2)
    maps = list(future.frames())
    expected = [step.frame for step in predict(network, list(seen.frames())[2:], 2)]
    assert future.frame_count == len(maps) == 7
    assert all(shown.ids.equal(true) for shown, true in zip(maps, seen.ids, strict=False))
    assert maps[5].ids.equal(expected[0].ids[0])
    assert maps[6].instances.equal(expected[1].instances[0])
    assert next(future.frames(6)).ids.equal(maps[6].ids)


@pytest.mark.parametrize("shown", [0, 2, 4])
def test_the_last_of_those_seen_can_be_chosen(network, seen, shown):
    whole, part = FutureLabels(seen, network, 2), FutureLabels(seen, network, 2, shown)
    assert part.frame_count == shown + 2
    pairs = zip(list(whole.frames())[5 - shown :], part.frames(), strict=True)
    assert all(a.ids.equal(b.ids) for a, b in pairs)
    assert part.fingerprint != whole.fingerprint


def test_the_fingerprint_follows_everything_that_decides(network, seen):
    torch.manual_seed(2)
    other = LabelFuture(CONFIG)
    prints = {
        FutureLabels(seen, network, 2).fingerprint,
        FutureLabels(seen, network, 3).fingerprint,
        FutureLabels(seen, other, 2).fingerprint,
        FutureLabels(replace(seen, ids=seen.ids.flip(2)), network, 2).fingerprint,
    }
    assert len(prints) == 4
    assert FutureLabels(seen, network, 2).fingerprint in prints


def test_a_folder_of_it_reads_back(network, seen, tmp_path):
    future = FutureLabels(seen, network, 2)
    assert write_labels(future, tmp_path / "maps").frames == 7
    back = open_labels(tmp_path / "maps", palette=seen.palette)
    for ours, read in zip(future.frames(), back.frames(), strict=True):
        assert read.ids.equal(ours.ids)
        assert read.instances.equal(ours.instances)


def test_the_video_goes_on_from_the_last_pictures(network, seen, tiny_generator, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (5, HEIGHT, WIDTH, 3), np.uint8)
    for number, picture in enumerate(pixels):
        Image.fromarray(picture).save(folder / f"{number}.png")
    future = FutureLabels(seen, network, 3)
    report = paint_future(future, tiny_generator, tmp_path / "v.mkv", first=[folder], codec="ffv1")
    assert report.frames == 5
    with open_frames(tmp_path / "v.mkv") as frames:
        shown = np.stack([frame.pixels for frame in frames])
    assert np.array_equal(shown[:2], pixels[3:])
    assert not np.array_equal(shown[2], pixels[4])
    whole = paint_future(future, tiny_generator, tmp_path / "w.mkv", codec="ffv1")
    assert whole.frames == 8


def test_too_few_pictures_are_one_sentence(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "one.png")
    with (
        pytest.raises(InputError, match=r"hold 1; give those of the last 2 label"),
        last_pictures([tmp_path / "one.png"], 2),
    ):
        pass


def test_wrong_labels_are_one_sentence(network, seen):
    few = replace(seen, ids=seen.ids[:2], instances=None)
    with pytest.raises(InputError, match=r"2 label maps are too few .* give 3 or more"):
        FutureLabels(few, network, 1)
    with pytest.raises(InputError, match="'ade20k', the network predicts 'cityscapes'"):
        FutureLabels(replace(seen, palette=builtin_palette("ade20k")), network, 1)
    with pytest.raises(InputError, match="nearest size is 64x32"):
        FutureLabels(ResizedLabels(seen, 30, 64), network, 1)
    with pytest.raises(InputError, match="0 label maps to predict"):
        FutureLabels(seen, network, 0)
    strange = seen.ids.clone()
    strange[4, 0, 0] = 77
    with pytest.raises(InputError, match="label frame 4 holds class id 77"):
        list(FutureLabels(replace(seen, ids=strange), network, 1).frames())


def test_weights_of_another_kind_are_refused(tmp_path, network, tiny_generator):
    path = tmp_path / "w.safetensors"
    weights.save(path, tiny_generator, licence="CC0-1.0", source="random numbers")
    with pytest.raises(InputError, match="a Vid2VidGenerator, which predicts no label maps"):
        load_predictor(path)
    weights.save(path, network, licence="CC0-1.0", source="random numbers")
    assert load_predictor(path).config == CONFIG
