"""Plans written as text come back as they were; other text is refused in one sentence."""

import json

import pytest

from maliang_video.errors import InputError
from maliang_video.models.infinity.plans import Extent, Grid, with_contexts
from maliang_video.models.infinity.plans_json import (
    plan_from_json,
    plan_to_json,
    recipe_from_json,
    recipe_to_json,
)
from maliang_video.models.infinity.plans_make import RINGS, Given, PlanRecipe

RECIPES = [
    PlanRecipe("zeta", Grid(1, 8, 152), Extent(0, 2, 2)),
    PlanRecipe("omega*", Grid(4, 2, 3), Extent(3, 1, 1), given_frames=1),
    PlanRecipe(RINGS, Grid(1, 7, 8), Extent(0, 2, 2), Given(32, 48, 40, 32, 16)),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.order)
def test_recipes_come_back(recipe):
    assert recipe_from_json(recipe_to_json(recipe)) == recipe
    assert plan_from_json(recipe_to_json(recipe)).fingerprint == recipe.build().fingerprint


def test_plans_come_back_with_their_contexts():
    plan = PlanRecipe("omega", Grid(2, 2, 2), Extent(1, 1, 1), given_frames=1).build()
    chosen = with_contexts(plan, [[], [0], [], [0, 1, 2], [3], [4], [], [0, 6]])
    assert plan_from_json(plan_to_json(chosen)).fingerprint == chosen.fingerprint
    for step in json.loads(plan_to_json(plan))["steps"]:
        assert step.keys() == {"at", "order", "context"}


def test_steps_without_contexts_see_all():
    text = '{"grid": [1, 1, 2], "extent": [0, 1, 1], "steps": [{"at": [0, 0, 1]}, {"at": [0, 0, 0], "order": "omega"}]}'
    assert plan_from_json(text).context(1).steps.tolist() == [0]


def steps(*places: object, **more: object) -> str:
    return json.dumps({"grid": [1, 1, 3], "extent": [0, 1, 1], "steps": list(places), **more})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "this is no plan"),
        ("[1, 2]", "this is no plan"),
        ('{"order": "zeta", "grid": [8, 152], "extent": [0, 2, 2]}', "grid is a list of 3 whole numbers"),
        ('{"order": "zeta", "grid": [1, 8, 152]}', "extent is a list of 3 whole numbers"),
        ('{"order": "zeta", "grid": [1, 8, 152], "extend": [0, 2, 2]}', "recipe has no 'extend'"),
        ('{"grid": [1, 8, 152], "extent": [0, 2, 2]}', "names no order"),
        ('{"order": "zeta", "grid": [1, 2, 2], "extent": [0, 2, 2], "given": 3}', "given is a list of 4"),
        (steps({"at": [0, 0]}), r"at \[frame, row, column\]"),
        (steps({"at": [0, 0, 3]}), "outside the canvas"),
        (steps(3), "list of objects"),
        (steps({"at": [0, 0, 0], "context": "none"}), "list of numbers of earlier steps"),
        (steps({"at": [0, 0, 0], "order": "alpha"}), "'alpha' is no base order"),
        (steps({"at": [0, 0, 0]}, given="one"), "a whole number"),
        (steps({"at": [0, 0, 0], "context": [1]}, {"at": [0, 0, 1]}), "can't look ahead"),
        (steps(), "a plan of 0 patches"),
    ],
)
def test_refusals(text, message):
    with pytest.raises(InputError, match=message):
        plan_from_json(text)


def test_too_long_to_write_out():
    with pytest.raises(InputError, match="65792 patches is too long"):
        plan_to_json(PlanRecipe("zeta", Grid(1, 256, 257), Extent(0, 1, 1)).build())
    with pytest.raises(InputError, match="half-known patches can't be written out: keep its recipe"):
        plan_to_json(RECIPES[2].build())
