"""Two cars in one picture: does the encoder learn to tell the generator which colour each of them has?"""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.vid2vid.config import FeatureConfig
from maliang_video.models.vid2vid.rollout import synthesize
from maliang_video.training.chunks import begin, encode, paint_chunk
from maliang_video.training.clips import Batch, StreetClips
from maliang_video.training.networks import Networks, at_stage, build_networks, coarsest_scales
from maliang_video.training.recipe import Recipe, check_recipe
from maliang_video.training.recipes import find_recipe
from maliang_video.training.schedule import ClipShape
from maliang_video.training.stand_ins import fill_stand_ins
from maliang_video.training.street_demo import LIKENESS, REALISM
from maliang_video.training.vid2vid import Rule, train_on_clips

CPU = torch.device("cpu")
CARS = {1: (slice(8, 24), slice(4, 13)), 2: (slice(6, 26), slice(19, 29))}
"""Instance -> where it is, in a picture of 32x32."""


def two_cars(colors: Tensor, frames: int = 2) -> Batch:
    """A batch of one clip that stands still: grey road, and two cars of these colours `[2 3]` in -1..1."""
    ids, numbers = torch.full((32, 32), 7, dtype=torch.uint8), torch.zeros(32, 32, dtype=torch.int32)
    picture = torch.zeros(3, 32, 32)
    for number, place in CARS.items():
        ids[place], numbers[place] = 26, number
        picture[:, *place] = colors[number - 1][:, None, None]
    clip = {"ids": ids, "instances": numbers, "pictures": picture}
    still = {"flow": torch.zeros(2, 32, 32), "visible": torch.ones(1, 32, 32)}
    repeated = {name: value.expand(1, frames, *value.shape) for name, value in (clip | still).items()}
    return repeated | {"style": torch.zeros(1, 0)}


def painted_colors(networks: Networks, clip: Batch) -> Tensor:
    """What colour each car gets in the last frame of a clip that the generator begins from nothing: `[2 3]`."""
    generator = networks.generator
    with torch.no_grad():
        frames = range(clip["pictures"].shape[1])
        chunk, _ = paint_chunk(generator, clip, frames, begin(generator, clip, False), 1)
    inner = (
        (slice(p[0].start + 2, p[0].stop - 2), slice(p[1].start + 2, p[1].stop - 2)) for p in CARS.values()
    )
    return torch.stack([chunk.frame[0, -1][:, *place].mean((1, 2)) for place in inner])


@pytest.fixture
def with_features(recipe: Recipe) -> Recipe:
    generator = replace(
        recipe.generator,
        style_names=(),
        filters=8,
        foreground=(),
        foreground_filters=0,
        flow=False,
        instance_features=FeatureConfig(channels=3, filters=8, downsamplings=1),
    )
    quiet = replace(LIKENESS, flow=0.0, flow_warp=0.0, warp=0.0)
    stage = replace(recipe.stages[0], chunk=2, losses=quiet)
    return replace(recipe, generator=generator, stages=(stage,), stand_ins=())


class Pixels:
    """In place of the perceptual term: nothing but the difference between the pictures."""

    description, level_weights, pixel_weight = "pixels", (), 1.0

    def __call__(self, x: Tensor) -> list[Tensor]:
        return []


PAINTS = torch.tensor([[0.8, -0.6, -0.7], [-0.7, 0.2, 0.8]])
"""Red and blue."""


def test_two_cars_of_one_class_get_their_own_colours(with_features, team):
    stage = with_features.stages[0]
    networks = replace(at_stage(build_networks(with_features, CPU), stage), features=Pixels())
    for group in networks.optimizers["generator"].param_groups:
        group["lr"] = 1e-3
    for n in range(36):
        clip = two_cars(PAINTS.roll(n % 2, 0), 1)
        train_on_clips(networks, stage, [clip], Rule(False, 0.9), team)
    for colors in (PAINTS, PAINTS.flip(0)):
        painted = painted_colors(networks, two_cars(colors, 1))
        distance = (painted[:, None] - colors).abs().mean(2)
        assert distance.argmin(1).tolist() == [0, 1]
        assert distance.diagonal().max() < 0.3
    assert_features_decide(networks)


def assert_features_decide(networks: Networks) -> None:
    """The same label map with the features of another picture shows the other picture's colours."""
    generator, clip = networks.generator, two_cars(PAINTS, 1)
    ids, numbers = clip["ids"][:, 0], clip["instances"][:, 0]
    for colors in (PAINTS, PAINTS.flip(0)):
        pictures = two_cars(colors, 1)["pictures"][:, 0]
        with torch.no_grad():
            features = generator.features_of(pictures, ids, numbers)[0]
        frame = next(synthesize(generator, [LabelFrame(ids[0], numbers[0], features)])).frame[0]
        assert (frame[:, 10, 8] - colors[0]).abs().mean() < 0.3
        assert (frame[:, 10, 24] - colors[1]).abs().mean() < 0.3


def weights(network: torch.nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


@pytest.mark.parametrize("from_real", [True, False])
def test_the_encoder_learns_over_several_chunks(with_features, team, from_real):
    stage = replace(with_features.stages[0], chunk=1, losses=REALISM)
    networks = at_stage(build_networks(with_features, CPU), stage)
    before = weights(networks.generator.feature_encoder)
    clip = two_cars(PAINTS, 4)
    terms = train_on_clips(networks, stage, [clip], Rule(from_real, 0.5), team)
    assert all(value.isfinite() for value in terms.values())
    after = weights(networks.generator.feature_encoder)
    assert any(not torch.equal(a, b) for a, b in zip(after, before, strict=True))
    averaged = weights(networks.average.feature_encoder)
    assert any(not torch.equal(a, b) for a, b in zip(averaged, before, strict=True))


def test_the_encoder_waits_while_only_the_finest_scale_learns(with_features):
    recipe = replace(with_features, generator=replace(with_features.generator, scales=2, local_blocks=1))
    networks = build_networks(recipe, CPU)
    encoder = networks.generator.feature_encoder
    stage = replace(recipe.stages[0], scales=2)
    for trained, learns in (("finest", False), ("all", True)):
        at_stage(networks, replace(stage, trained=trained))
        assert {p.requires_grad for p in encoder.parameters()} == {learns}
    assert coarsest_scales(networks.generator, 1).feature_encoder is encoder


def test_discriminators_do_not_see_the_features(with_features):
    networks = build_networks(with_features, CPU)
    clip = two_cars(PAINTS, 3)
    carried = begin(networks.generator, clip, False)
    chunk, carried = paint_chunk(networks.generator, clip, range(3), carried, 1)
    assert chunk.labels.total == networks.generator.config.label_channels == 36
    assert encode(networks.generator, clip, 0)[0].total == 39
    assert not any(level.values.requires_grad for frame in carried.window for level in frame)


def test_stand_ins_take_over_the_columns_of_their_class(with_features):
    generator = build_networks(with_features, CPU).generator
    fill_stand_ins(generator, ((27, 26),))
    weight = generator.scales[0].labels.stem.conv.weight
    assert weight.shape[1] == 3 * 39
    for start in (0, 39, 78):
        assert torch.equal(weight[:, start + 27], weight[:, start + 26])
    assert not torch.equal(weight[:, 36 + 27], weight[:, 36 + 26])


def test_the_streets_recipe_gives_every_car_its_numbers():
    recipe = find_recipe("street-features")
    check_recipe(recipe)
    generator = build_networks(recipe, CPU).generator
    clip = StreetClips(0, lambda index: ClipShape(64, 32, 3, (1.0,)))[0]
    on_batch = {name: value[None] for name, value in clip.items()}
    with torch.no_grad():
        planes = encode(generator, on_batch, 1)[0].dense()[0, 36:]
    cars = clip["instances"][1].unique()
    assert len(cars) > 1
    for number in cars.tolist():
        for class_id in clip["ids"][1][clip["instances"][1] == number].unique():
            here = (clip["instances"][1] == number) & (clip["ids"][1] == class_id)
            assert len(planes[:, here].unique(dim=1).T) == 1
