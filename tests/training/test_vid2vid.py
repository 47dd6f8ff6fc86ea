"""One training step: which terms there are, what learns, that it learns, and the average that follows."""

from dataclasses import replace

import pytest
import torch

from maliang_video.models.labels.frames import LabelFrame
from maliang_video.training.networks import build_networks
from maliang_video.training.perceptual import perceptual_loss
from maliang_video.training.street_demo import LIKENESS, REALISM
from maliang_video.training.vid2vid import Rule, train_on_clips

CPU = torch.device("cpu")
MOTION = {"flow", "flow_warp", "warp"}


@pytest.fixture
def learn(recipe, team):
    """One clip, with these losses: the mean of each term."""

    def train(networks, losses, clip, from_real, decay, **changes):
        stage = replace(recipe.stages[0], losses=losses, **changes)
        terms = train_on_clips(networks, stage, [clip], Rule(from_real, decay), team)
        return {name: float(value) for name, value in terms.items()}

    return train


def batch(clip: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key: value[None] for key, value in clip.items()}


def weights_of(module: torch.nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def changed(module: torch.nn.Module, before: list[torch.Tensor]) -> bool:
    return any(not torch.equal(p, old) for p, old in zip(module.parameters(), before, strict=True))


def test_likeness_leaves_the_discriminator_alone(recipe, clips, learn):
    networks = build_networks(recipe, CPU)
    generator, judge = weights_of(networks.generator), weights_of(networks.judges["discriminator"])
    terms = learn(networks, LIKENESS, batch(clips[0]), False, 0.5)
    assert terms.keys() == {"perceptual", *MOTION}
    assert changed(networks.generator, generator)
    assert not changed(networks.judges["discriminator"], judge)


def test_realism_trains_both(recipe, clips, learn):
    networks = build_networks(recipe, CPU)
    generator, judge = weights_of(networks.generator), weights_of(networks.judges["discriminator"])
    terms = learn(networks, REALISM, batch(clips[0]), True, 0.5)
    assert terms.keys() == {"perceptual", "gan", "feature_matching", "discriminator", *MOTION}
    assert all(0 < value < 100 for value in terms.values())
    assert changed(networks.generator, generator)
    assert changed(networks.judges["discriminator"], judge)


def test_terms_are_weighted(recipe, clips, learn):
    once = learn(build_networks(recipe, CPU), REALISM, batch(clips[0]), True, 0.5)
    heavier = replace(REALISM, flow=3 * REALISM.flow, gan=2 * REALISM.gan, perceptual=5 * REALISM.perceptual)
    again = learn(build_networks(recipe, CPU), heavier, batch(clips[0]), True, 0.5)
    # three frames, two of them given: one update, so both are terms of the same untrained network
    factors = {name: again[name] / once[name] for name in once}
    expected = {"flow": 3, "gan": 2, "perceptual": 5} | dict.fromkeys(
        ("feature_matching", "flow_warp", "warp", "discriminator"), 1
    )
    assert factors == pytest.approx(expected, rel=1e-4)


def test_terms_of_a_known_step(recipe, clips, learn):
    """The terms of an untrained network, put together here from its output."""
    clip = batch(clips[0])
    networks = build_networks(recipe, CPU)
    generator = networks.generator
    with torch.no_grad():
        frames = [LabelFrame(clip["ids"][:, t], clip["instances"][:, t]) for t in range(3)]
        encoded = [generator.encode(frame) for frame in frames]
        step = generator.step(encoded, generator.past_from(clip["pictures"][:, :2]), clip["style"])
    real, out = clip["pictures"][:, 2], step.scales[-1]
    visible = clip["visible"][:, 2]
    terms = learn(networks, REALISM, clip, True, 0.5)
    unlike = [perceptual_loss(networks.features, picture, real) for picture in (step.frame, out.raw)]
    likeness = unlike[0] + REALISM.raw * unlike[1]
    assert terms["perceptual"] == pytest.approx(10 * likeness.item(), rel=1e-4)
    error = (visible * (out.flow - clip["flow"][:, 2])).abs().mean().item()
    assert terms["flow"] == pytest.approx(REALISM.flow * error, rel=1e-4)
    moved = clip["pictures"][:, 1].roll(-1, -1)  # what the true flow makes of the frame before
    flicker = (visible * (step.frame - moved)).abs().mean().item()
    assert terms["warp"] == pytest.approx(REALISM.warp * flicker, rel=1e-4)
    with torch.no_grad():
        judge = build_networks(recipe, CPU).judges["discriminator"]
        labels = torch.cat([encoded[2][0].dense(), clip["style"][:, :, None, None].expand(-1, -1, 32, 32)], 1)
        judged_real, judged = (judge(torch.cat([labels, picture], 1)) for picture in (real, step.frame))
    real_map, map_ = judged_real[0][-1], judged[0][-1]
    assert terms["gan"] == pytest.approx(REALISM.gan * (map_ - 1).square().mean().item(), rel=1e-4)
    loss = 0.5 * ((real_map - 1).square().mean() + map_.square().mean())
    assert terms["discriminator"] == pytest.approx(loss.item(), rel=1e-4)
    assert judged_real[0][-1].mean() != judged[0][-1].mean()


def test_a_first_frame_has_no_motion(recipe, clips, learn):
    one_frame = {key: value[:1] for key, value in clips[0].items() if key != "style"} | {
        "style": clips[0]["style"]
    }
    terms = learn(build_networks(recipe, CPU), LIKENESS, batch(one_frame), False, 0.5)
    assert terms.keys() == {"perceptual"}


def test_the_average_follows_the_weights(recipe, clips, learn):
    networks = build_networks(recipe, CPU)
    before = weights_of(networks.average)
    assert not changed(networks.generator, before)
    learn(networks, LIKENESS, batch(clips[0]), True, 0.75)  # one update
    for old, new, average in zip(
        before, networks.generator.parameters(), networks.average.parameters(), strict=True
    ):
        assert torch.allclose(average, 0.75 * old + 0.25 * new, atol=1e-7)


def test_a_seed_decides_the_networks_and_leaves_the_global_generator_alone(recipe):
    torch.manual_seed(1)
    one = build_networks(recipe, CPU)
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), after)
    two, other = build_networks(recipe, CPU), build_networks(replace(recipe, seed=1), CPU)
    assert not changed(two.generator, weights_of(one.generator))
    assert not changed(two.judges["discriminator"], weights_of(one.judges["discriminator"]))
    assert changed(other.generator, weights_of(one.generator))


def test_initial_weights_are_those_of_the_reference(recipe):
    wide = replace(recipe, generator=replace(recipe.generator, filters=16, downsamplings=2))
    generator = build_networks(wide, CPU).generator
    scale = generator.scales[0]
    assert scale.past.downs[1].conv.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert scale.flow.to_flow.weight.std().item() == pytest.approx(0.001, rel=0.1)


def test_it_learns_a_clip_by_heart(recipe, clips, learn):
    networks = build_networks(recipe, CPU)
    for optimizer in networks.optimizers.values():
        optimizer.param_groups[0]["lr"] = 5e-3
    losses = [learn(networks, REALISM, batch(clips[0]), False, 0.5) for _ in range(20)]
    for term in ("perceptual", "flow", "flow_warp", "feature_matching"):
        assert losses[-1][term] < 0.7 * losses[0][term]
