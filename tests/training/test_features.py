"""Which network the perceptual loss sees with: VGG19 from a model folder, from the Hub's cache, else none."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from maliang_video.errors import InputError
from maliang_video.models.features.convert import PUBLISHED
from maliang_video.models.features.vgg19 import VGG19, VGG19Config
from maliang_video.models.flow.flownet2 import FlowNet2, FlowNet2Config
from maliang_video.training import features as lookup
from maliang_video.training.features import find_features
from maliang_video.training.perceptual import RandomFeatures, perceptual_loss
from maliang_video.weights import save


@pytest.fixture
def network() -> VGG19:
    torch.manual_seed(0)
    return VGG19(VGG19Config(filters=4))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    """A model folder; nothing is in the Hub's cache."""
    monkeypatch.setenv("MALIANG_MODELS", str(tmp_path))
    monkeypatch.setattr(lookup, "try_to_load_from_cache", lambda *_: None)
    return tmp_path


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_a_file_in_a_model_folder_is_taken(folder, network):
    save(folder / "vgg19.safetensors", network, licence="BSD-3-Clause", source="a test")
    found = find_features("cpu")
    assert isinstance(found, VGG19)
    assert found.description == "VGG19"
    assert same(found, network)
    assert not any(parameter.requires_grad for parameter in found.parameters())


def test_a_file_of_that_name_with_another_network_is_named(folder):
    torch.manual_seed(0)
    path = folder / "vgg19.safetensors"
    save(path, FlowNet2(FlowNet2Config(filters=4)), licence="MIT", source="a test")
    with pytest.raises(InputError, match=r"vgg19\.safetensors: holds a FlowNet2, not VGG19"):
        find_features()


def hub_file(folder: Path, network: VGG19) -> Path:
    """As timm publishes it: the convolutions by their number in the sequence, and a classifier."""
    state = network.state_dict()
    theirs = {
        f"features.{number}.{leaf}": state[f"convolutions.{i}.{leaf}"]
        for i, number in enumerate(PUBLISHED)
        for leaf in ("weight", "bias")
    }
    path = folder / "snapshot.safetensors"
    save_file(theirs | {"head.fc.weight": torch.zeros(3, 3)}, path, {"format": "pt"})
    return path


def test_the_file_in_the_cache_of_the_hub_is_taken(folder, network, monkeypatch):
    path = hub_file(folder, network)
    monkeypatch.setattr(lookup, "try_to_load_from_cache", lambda *_: str(path))
    monkeypatch.setattr(lookup, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    found = find_features("cpu")
    assert isinstance(found, VGG19)
    assert same(found, network)


def test_another_file_in_its_place_is_refused(folder, network, monkeypatch):
    path = hub_file(folder, network)
    monkeypatch.setattr(lookup, "try_to_load_from_cache", lambda *_: str(path))
    with pytest.raises(InputError, match=r"timm/vgg19\.tv_in1k: model\.safetensors: the file has sha256"):
        find_features()


def test_without_it_the_features_are_random_and_say_so():
    with pytest.warns(UserWarning, match=r"uses random features.* hf download timm/vgg19\.tv_in1k"):
        found = find_features()
    assert isinstance(found, RandomFeatures)
    assert found.description == "random features"


def test_the_loss_weighs_the_levels(network):
    a, b = torch.rand(2, 1, 3, 32, 32) * 2 - 1
    levels = zip(VGG19.level_weights, network(a), network(b), strict=True)
    by_hand = sum(weight * (x - y).abs().mean() for weight, x, y in levels)
    assert perceptual_loss(network, a, b).item() == pytest.approx(by_hand.item(), rel=1e-6)
    assert perceptual_loss(network, a, a).item() == 0
