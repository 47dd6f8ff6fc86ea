"""The face parser: its shape, its input, its published file."""

import json

import pytest
import torch
from golden_cases import DEFAULT

from maliang_video.errors import InputError
from maliang_video.models.faces.bisenet import BiSeNet, BiSeNetConfig, normalized
from maliang_video.models.faces.bisenet_convert import convert

SMALL = BiSeNetConfig(classes=("background", "skin", "hair"), filters=4)


def test_scores_of_a_batch():
    torch.manual_seed(0)
    parser = BiSeNet(SMALL).eval()
    pictures = torch.randn(2, 3, 72, 40)
    scores = parser(pictures)
    assert scores.shape == (2, 3, 72, 40)
    torch.testing.assert_close(parser(pictures[1:])[0], scores[1])
    assert [tuple(f.shape[1:]) for f in parser.trunk(pictures)] == [(8, 9, 5), (16, 5, 3), (32, 3, 2)]
    all_heads = parser.scores(pictures)
    assert torch.equal(all_heads[0], scores)
    assert [h.shape for h in all_heads[1:]] == [scores.shape] * 2


def test_pictures_are_normalised_as_imagenet_s():
    white = normalized(torch.full((1, 3, 2, 2), 3.0))[0, :, 0, 0]
    assert white.tolist() == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225])
    assert normalized(torch.full((1, 3, 2, 2), -1.0))[0, 0, 0, 0] == pytest.approx(-0.485 / 0.229)


@pytest.fixture
def published():
    manifest = json.loads((DEFAULT / "face" / "bisenet_79999.json").read_text("utf-8"))
    return {
        entry["name"]: torch.empty(
            entry["shape"], device="meta", dtype=getattr(torch, entry.get("dtype", "float32"))
        )
        for entry in manifest["tensors"]
    }


def test_the_published_file_fits_its_network_entry_for_entry(published):
    config, state = convert({"79999_iter": published})
    assert (len(config.classes), config.filters) == (19, 64)
    assert (config.classes[0], config.classes[17], config.classes[18]) == ("background", "hair", "hat")
    with torch.device("meta"):
        network = BiSeNet(config).state_dict()
    assert {n: t.shape for n, t in network.items()} == {n: t.shape for n, t in state.items()}


def test_other_files_are_refused(published):
    with pytest.raises(InputError, match="file: not the face parser BiSeNet"):
        convert({"file": {"conv.weight": torch.ones(1)}})
    with pytest.raises(InputError, match="file: tells 11 classes apart"):
        convert({"file": published | {"conv_out.conv_out.weight": torch.ones(11, 256, 1, 1)}})
    with pytest.raises(InputError, match=r"1 entries that a published layout does not have \(fc\.weight\)"):
        convert({"file": published | {"fc.weight": torch.ones(1)}})
