"""Runs that go on from a trained generator: it paints what it painted, and learns what it was not told before."""

from dataclasses import replace

import pytest
import torch

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.models.vid2vid.config import FeatureConfig
from maliang_video.models.vid2vid.rollout import synthesize_encoded
from maliang_video.training.chunks import encode
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.networks import build_networks
from maliang_video.training.starting import start_from

CPU = torch.device("cpu")


@pytest.fixture
def trained(recipe, tmp_path):
    """A generator that is not what the recipe's seed makes, and its file."""
    generator = build_networks(replace(recipe, seed=5), CPU).generator
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(3)
    weights.save(tmp_path / "trained.safetensors", generator, licence="CC0-1.0", source="random numbers")
    return generator, str(tmp_path / "trained.safetensors")


@pytest.fixture
def told(recipe):
    """The recipe for a network that takes instance features."""
    return replace(recipe, generator=replace(recipe.generator, instance_features=FeatureConfig(2, 2, 1)))


def painted(generator, clip) -> torch.Tensor:
    generator.to(memory_format=torch.channels_last)  # kernels of another layout round differently
    with torch.no_grad():
        generator.feature_encoder = None  # nothing is told
        frames = [encode(generator, clip, t) for t in range(3)]
        return torch.stack([s.frame for s in synthesize_encoded(generator, frames, style=clip["style"])])


def test_the_same_network_takes_every_weight(recipe, trained):
    networks = build_networks(recipe, CPU)
    start_from(networks, trained[1])
    for network in (networks.generator, networks.average):
        for ours, theirs in zip(network.parameters(), trained[0].parameters(), strict=True):
            assert torch.equal(ours, theirs)


def test_a_network_that_is_told_more_paints_the_same_when_told_nothing(told, trained, clips):
    networks = build_networks(told, CPU)
    fresh = networks.generator.scales[0].labels.stem.conv.weight.detach().clone()
    start_from(networks, trained[1])
    clip = {key: value[None] for key, value in clips[0].items()}
    encoder = networks.average.feature_encoder
    expected = painted(trained[0], clip)
    for network in (networks.generator, networks.average):
        assert torch.equal(painted(network, clip), expected)
    started = networks.generator.scales[0].labels.stem.conv.weight
    of_features = [frame * 38 + n for frame in range(3) for n in (36, 37)]
    assert torch.equal(started[:, of_features], fresh[:, of_features])
    for ours, built in zip(
        encoder.parameters(), build_networks(told, CPU).average.feature_encoder.parameters(), strict=True
    ):
        assert torch.equal(ours, built)


def test_a_run_starts_so_once(told, trained, clips, tmp_path):
    run = replace(told, weights=trained[1])
    train(run, tmp_path / "run", LoopOptions(CPU, 0, 1, 0.0), clips)
    (tmp_path / "trained.safetensors").unlink()
    assert train(run, tmp_path / "run", LoopOptions(CPU, 0, 1, None), clips).clips == run.clips
    with pytest.raises(InputError, match="no such file"):
        train(run, tmp_path / "other", LoopOptions(CPU, 0, 1, None), clips)


def test_other_networks_are_refused(recipe, told, trained):
    other = replace(recipe, generator=replace(recipe.generator, filters=6))
    with pytest.raises(InputError, match="another network than the recipe's"):
        start_from(build_networks(other, CPU), trained[1])
    with pytest.raises(InputError, match="holds a LabelReader, not a vid2vid generator"):
        start_from(build_networks(recipe, CPU), "street-segmenter")
