"""Parts of the networks that a stage uses: shared weights, only what it trains, moments that are forgotten in time."""

from dataclasses import replace

import pytest
import torch

from maliang_video.training.networks import (
    at_stage,
    build_networks,
    coarsest_copies,
    coarsest_scales,
    learning,
    start_stage,
)
from maliang_video.training.street_demo import LIKENESS
from maliang_video.training.vid2vid import Rule, train_on_clips

CPU = torch.device("cpu")


@pytest.fixture
def networks(progressive):
    return build_networks(progressive, CPU)


def weights_of(module: torch.nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def changed(module: torch.nn.Module, before: list[torch.Tensor]) -> bool:
    return any(not torch.equal(p, old) for p, old in zip(module.parameters(), before, strict=True))


def test_a_coarse_generator_is_the_coarse_part_of_the_whole(networks):
    part = coarsest_scales(networks.generator, 1)
    assert part.config == replace(networks.generator.config, scales=1)
    assert part.scales[0] is networks.generator.scales[0]
    assert len(part.scales) == 1
    assert part.config.size_multiple < networks.generator.config.size_multiple
    assert coarsest_scales(networks.generator, 2) is networks.generator


def test_a_coarse_discriminator_keeps_the_coarsest_copies(networks):
    judge = networks.judges["discriminator"]
    assert judge.config.scales == 2
    part = coarsest_copies(judge, 1)
    assert list(part.copies) == [judge.copies[1]]
    assert part.config == replace(judge.config, scales=1)
    x = torch.rand(1, judge.config.channels, 32, 32)
    halved = judge(x)[1][-1]
    assert torch.equal(
        part(torch.nn.functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False))[0][-1], halved
    )


@pytest.mark.parametrize(("number", "learns"), [(0, [True, False]), (1, [False, True]), (2, [True, True])])
def test_each_stage_trains_its_scales(networks, progressive, clips, team, number, learns):
    stage = replace(progressive.stages[number], losses=LIKENESS)
    active = at_stage(networks, stage)
    scales = networks.generator.scales
    before = [weights_of(scale) for scale in scales]
    batch = {key: value[None] for key, value in clips.shaped(stage.shape)[0].items()}
    train_on_clips(active, stage, [batch], Rule(True, 0.5), team)
    assert [changed(scale, old) for scale, old in zip(scales, before, strict=True)] == learns
    assert len(learning(networks.generator)) == sum(
        len(list(scale.parameters())) for scale, learn in zip(scales, learns, strict=True) if learn
    )


def test_moments_are_forgotten_where_other_scales_begin_to_learn(networks, progressive):
    coarse, finest, both = progressive.stages

    def forgotten(before, stage):
        for optimizer in networks.optimizers.values():
            optimizer.state[optimizer.param_groups[0]["params"][0]] = {"step": torch.zeros(())}
        start_stage(networks, before, stage)
        return {name for name, optimizer in networks.optimizers.items() if not optimizer.state}

    everyone = {"generator", "discriminator", "temporal0", "temporal1"}
    assert forgotten(None, coarse) == everyone
    assert forgotten(coarse, finest) == everyone
    assert forgotten(finest, both) == {"generator"}
    assert forgotten(both, replace(both, chunk=1)) == set()


def test_temporal_discriminators_see_pictures_and_flows(networks, progressive):
    assert networks.judges["temporal0"].config.channels == 13
    assert set(networks.judges) == {"discriminator", "temporal0", "temporal1"}
