"""Recipes: which stage trains on which clip, and what becomes of a schedule that is made longer or shorter."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.training.recipe import check_recipe, with_own_data
from maliang_video.training.recipes import find_recipe
from maliang_video.training.schedule import with_clips
from maliang_video.training.street_demo import LIKENESS, REALISM, STREET_DEMO
from maliang_video.weights.config_json import from_json, to_json


def test_clips_go_through_the_stages_in_order(recipe):
    first, second = recipe.stages
    long = replace(recipe, stages=(first, replace(second, clips=1), replace(first, clips=3)))
    assert long.clips == 6
    assert [long.stages.index(long.stage(n)) for n in (0, 1, 2, 3, 5, 6, 99)] == [0, 0, 1, 2, 2, 2, 2]
    assert recipe.shape(1).width == 32
    assert recipe.shape(2).width == 64


def test_the_discriminator_has_a_say_where_its_terms_weigh_something():
    assert not LIKENESS.adversarial
    assert REALISM.adversarial


def test_a_longer_schedule_keeps_the_shares(recipe):
    longer = with_clips(recipe, 40)
    assert [stage.clips for stage in longer.stages] == [20, 20]
    assert longer.stages[0].shape == recipe.stages[0].shape
    assert with_clips(recipe, 4) == recipe
    assert with_clips(STREET_DEMO, STREET_DEMO.clips) == STREET_DEMO


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 5000))
def test_any_length_is_that_long_and_every_stage_has_a_clip(clips):
    changed = with_clips(STREET_DEMO, max(clips, len(STREET_DEMO.stages)))
    assert changed.clips == max(clips, len(STREET_DEMO.stages))
    assert all(stage.clips >= 1 for stage in changed.stages)


def test_fewer_clips_than_stages_are_refused(recipe):
    with pytest.raises(InputError, match=r"clips: 1 are too few; recipe tiny needs at least 2"):
        with_clips(recipe, 1)


def test_recipes_are_found_by_name():
    assert find_recipe("street-demo") is STREET_DEMO
    with pytest.raises(
        InputError, match=r"no recipe 'street'; there are: street-demo, face-demo, dancer-demo, footage"
    ):
        find_recipe("street")


def test_a_recipe_survives_its_way_through_a_file():
    assert from_json(type(STREET_DEMO), to_json(STREET_DEMO), "test") == STREET_DEMO


def test_the_stages_of_the_demo_fit_its_network():
    for stage in STREET_DEMO.stages:
        STREET_DEMO.generator.check_size(stage.shape.height, stage.shape.width)
        assert stage.shape.frames > STREET_DEMO.generator.past_frames


def test_own_data_may_have_every_class():
    own = with_own_data(STREET_DEMO)
    assert own.stand_ins == ()
    assert own.name == "street-demo on own data"
    assert own.generator == STREET_DEMO.generator


@pytest.mark.parametrize("style", ["dancer 1", "noon@3", ""])
def test_a_style_that_could_not_be_chosen_is_refused(style):
    generator = replace(STREET_DEMO.generator, style_names=("noon", style))
    with pytest.raises(InputError, match="could not be chosen"):
        check_recipe(replace(STREET_DEMO, generator=generator))
