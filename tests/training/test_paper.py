"""The published schedules: what changes when, and that every recipe can be followed."""

from dataclasses import replace

import pytest

from maliang_video.errors import InputError
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.training.paper import NEARER, PAPER_LOSSES, Resolution, stages_of
from maliang_video.training.plan import plan_table
from maliang_video.training.recipe import check_recipe, with_palette, with_size
from maliang_video.training.recipes import RECIPES, find_recipe
from maliang_video.training.schedule import with_batch, with_clips, with_longest
from maliang_video.weights.config_json import from_json, to_json

AT = Resolution(
    width=64,
    height=32,
    scales=2,
    discriminator_scales=2,
    alone=3,
    steady=4,
    falling=4,
    rate=0.1,
    frames=4,
    double_after=2,
    chunk=8,
    losses=PAPER_LOSSES,
    vary=NEARER,
)


def test_resolution_after_epochs_by_hand():
    stages = stages_of(AT, epoch=100, longest=30, batch=1, given=2)
    assert [(s.clips, s.shape.frames, s.trained, s.chunk) for s in stages] == [
        (200, 6, "finest", 4),
        (100, 10, "finest", 8),
        (100, 10, "all", 8),
        (200, 18, "all", 8),
        (200, 30, "all", 8),
    ]
    rates = [rate for stage in stages for rate in stage.learning_rate]
    assert rates == pytest.approx([0.1] * 6 + [0.1, 0.05, 0.05, 0.0])
    assert {stage.losses.flow for stage in stages} == {5.0}


def test_stages_are_whole_updates_and_what_goes_on_is_one_stage():
    long = replace(AT, alone=0, double_after=20)
    steady, falling = stages_of(long, epoch=101, longest=30, batch=8, given=2)
    assert (steady.clips, falling.clips) == (400, 400)
    short = replace(AT, alone=0, frames=28)  # clips can't get longer: nothing changes but the rate
    assert [stage.clips for stage in stages_of(short, 100, 30, 1, 2)] == [400, 400]


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_can_be_followed_stored_and_printed(name):
    recipe = find_recipe(name)
    check_recipe(recipe)
    assert from_json(type(recipe), to_json(recipe), "test") == recipe
    assert len(plan_table(recipe).splitlines()) == len(recipe.stages) + 4
    for changed in (with_clips(recipe, 1003), with_batch(recipe, 6), with_longest(recipe, 9)):
        check_recipe(changed)
    assert max(stage.shape.frames for stage in with_longest(recipe, 5).stages) <= 5
    assert with_clips(recipe, recipe.clips) == recipe


def test_resolution_doubles_and_only_the_finest_scale_begins():
    recipe = find_recipe("label2city")
    sizes = list(dict.fromkeys((s.shape.width, s.scales) for s in recipe.stages))
    assert sizes == [(512, 1), (1024, 2), (2048, 3)]
    firsts = [next(s for s in recipe.stages if s.scales == scales) for scales in (1, 2, 3)]
    assert [stage.trained for stage in firsts] == ["all", "finest", "finest"]
    assert [stage.learning_rate[0] for stage in firsts] == [2e-4, 1e-4, 5e-5]
    assert recipe.stages[-1].learning_rate[1] == 0
    assert (recipe.batch, find_recipe("label2city-1gpu").batch) == (8, 1)


def test_clips_are_varied_as_published():
    shapes = {
        name: [s.shape for s in find_recipe(name).stages] for name in ("label2city", "edge2face", "pose2body")
    }
    for name in ("label2city", "edge2face"):
        assert {(s.mirrored, s.zooms, s.longest_step) for s in shapes[name]} == {(True, (1.0,), 1)}
    assert {(s.mirrored, s.zooms[0], s.zooms[-1], s.longest_step) for s in shapes["pose2body"]} == {
        (False, 1.0, 1.5, 4)
    }
    rows = [plan_table(find_recipe(name)).splitlines()[2].split(" | ")[4] for name in shapes]
    assert rows == ["mirrored", "mirrored", "1 to 1.5 times as large, 1 to 4 times as fast"]


def test_faces_are_looked_for_in_poses_alone():
    poses = find_recipe("pose2body-1gpu")
    with pytest.raises(
        InputError, match=r"looks for heads in drawn poses, but the network takes label maps \(city"
    ):
        check_recipe(with_palette(poses, builtin_palette("cityscapes")))


def test_another_size_keeps_the_shares_of_the_stages():
    recipe = with_size(find_recipe("label2city"), (512, 896))
    assert list(dict.fromkeys((s.shape.width, s.shape.height) for s in recipe.stages)) == [
        (224, 128),
        (448, 256),
        (896, 512),
    ]


def test_the_table_says_what_changes(recipe):
    table = plan_table(recipe)
    assert (
        "| 1 | 2 | 32x32 | 3 | 1 to 2 times as large | 1 of 1 | all | 1 | 1 | 1 | 0.0006 | likeness alone |"
        in table
    )
    assert "| 2 | 2 | 64x32 | 3 | - | 1 of 1 | all | 1 | 1 | 1 | 0.0006 to 0 | picture |" in table
    assert table.splitlines()[-1] == (
        "tiny: 4 clips, 1 an update, starting half from real pictures; motion is judged over 3 frames at strides none; "
        "average of the weights 0.999; seed 0"
    )
