"""VGG19: what its layers are, by another way of computing them, and the published layouts."""

import json

import pytest
import torch
import torch.nn.functional as F
from golden_cases import DEFAULT
from synthetic_checkpoint import fill

from maliang_video.errors import InputError
from maliang_video.models.features.convert import PUBLISHED, convert
from maliang_video.models.features.vgg19 import VGG19, VGG19Config

POOLS = (4, 9, 18, 27)
TAPS = (1, 6, 11, 20, 29)
"""Numbers of the poolings, and of the ReLUs whose output is a feature, in the published sequence."""


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def published(filters: int) -> dict[str, torch.Tensor]:
    """A state dict as torchvision names it, of another width, with a classifier and layers that we don't use."""
    manifest = json.loads((DEFAULT / "vid2vid" / "vgg19.json").read_text("utf-8"))
    scale = 64 // filters
    entries = [
        entry
        | {
            "shape": [
                n if i == 1 and n == 3 else n // scale if i < 2 else n for i, n in enumerate(entry["shape"])
            ]
        }
        for entry in manifest["tensors"]
    ]
    extra = {"classifier.0.weight": torch.zeros(2, 2), "features.30.weight": torch.zeros(1)}
    return fill(entries) | extra


def loaded(state: dict[str, torch.Tensor]) -> VGG19:
    config, ours = convert({"vgg19": state})
    network = VGG19(config)
    network.load_state_dict(ours, strict=True)
    return network.requires_grad_(False)


def by_hand(state: dict[str, torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
    """The published sequence, layer by layer: convolution, ReLU, pooling by their numbers."""
    features = []
    for number in range(30):
        if number in PUBLISHED:
            x = F.conv2d(x, state[f"features.{number}.weight"], state[f"features.{number}.bias"], padding=1)
        else:
            x = F.max_pool2d(x, 2) if number in POOLS else F.relu(x)
        if number in TAPS:
            features.append(x)
    return features


def test_features_are_those_of_the_published_sequence():
    state = published(4)
    x = torch.rand(2, 3, 32, 48) * 2 - 1
    ours = loaded(state)(x)
    assert [tuple(f.shape) for f in ours] == [
        (2, 4, 32, 48),
        (2, 8, 16, 24),
        (2, 16, 8, 12),
        (2, 32, 4, 6),
        (2, 32, 2, 3),
    ]
    for mine, theirs in zip(ours, by_hand(state, x), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)
        assert mine.max() > 0


def test_pictures_wider_than_1024_are_halved():
    network = loaded(published(4))
    x = torch.rand(1, 3, 32, 1056)
    halved = network(F.avg_pool2d(x, 2))
    assert all(torch.equal(a, b) for a, b in zip(network(x), halved, strict=True))
    assert network(x[..., :1024])[0].shape[-1] == 1024


def test_the_published_width():
    with torch.device("meta"):
        assert sum(p.numel() for p in VGG19(VGG19Config(64)).parameters()) == 12_944_960


def test_other_files_are_refused():
    with pytest.raises(InputError, match=r"x: not VGG19: it has no entry 'features\.0\.weight'"):
        convert({"x": {"a": torch.zeros(1)}})
    sixteen = {name: value for name, value in published(4).items() if not name.startswith("features.28")}
    with pytest.raises(InputError, match=r"not VGG19: it has no entry 'features\.28\.weight'"):
        convert({"vgg16": sixteen})
    with pytest.raises(InputError, match="VGG19 is one file; got a, b"):
        convert({"a": {}, "b": {}})
