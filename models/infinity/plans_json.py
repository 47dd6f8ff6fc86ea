"""Plans as text: a recipe in one line, or every patch with what it sees.

    {"order": "zeta", "grid": [1, 8, 152], "extent": [0, 2, 2]}
    {"order": "rings", "grid": [1, 7, 8], "extent": [0, 2, 2], "given": [2, 3, 2, 2]}
    {"grid": [1, 1, 2], "extent": [0, 1, 1], "given": 0,
     "steps": [{"at": [0, 0, 0], "order": "zeta", "context": []}, ...]}

Places are [t, y, x] in patches. In a recipe `given` is [top, left, height, width, tokens along a patch (1)]. In a list
of steps it counts those at the beginning that are the input, and `context` holds numbers of earlier steps; a step
without one sees all that the extent allows.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import InputError
from .plans import Extent, Grid, OrderPlan, check_sizes, with_contexts
from .plans_make import Given, PlanRecipe
from .plans_orders import NAMES, find_order

LONGEST = 1 << 16
"""Patches of a plan that is written out."""


def recipe_to_json(recipe: PlanRecipe) -> str:
    """A recipe in one line."""
    content: dict[str, Any] = {"order": recipe.order, "grid": recipe.grid, "extent": recipe.extent}
    if recipe.given is not None:
        content["given"] = recipe.given
    if recipe.given_frames:
        content["given_frames"] = recipe.given_frames
    return json.dumps(content)


def plan_to_json(plan: OrderPlan) -> str:
    """Every patch of a plan with what it sees. InputError for a plan that is too long to be written so."""
    if len(plan) > LONGEST:
        raise InputError(f"a plan of {len(plan)} patches is too long to write out ({LONGEST} at most)")
    if plan.known:
        raise InputError("a plan with half-known patches can't be written out: keep its recipe instead")
    places = plan.at(np.arange(len(plan))).tolist()
    steps = [
        {"at": at, "order": NAMES[plan.local[i]], "context": plan.context(i).steps.tolist()}
        for i, at in enumerate(places)
    ]
    return json.dumps(
        {"grid": plan.grid, "extent": plan.extent, "given": plan.given, "steps": steps},
        separators=(",", ":"),
    )


def recipe_from_json(text: str) -> PlanRecipe:
    """What `recipe_to_json` wrote. InputError for anything else."""
    content = _parsed(text)
    unknown = sorted(content.keys() - {"order", "grid", "extent", "given", "given_frames"})
    if unknown or not isinstance(content.get("order"), str):
        raise InputError(
            f"a plan's recipe has no {unknown[0]!r}" if unknown else "a plan's recipe names no order"
        )
    given = content.get("given")
    if given is not None:
        count = 5 if isinstance(given, list) and len(given) == 5 else 4
        given = Given(*_numbers(content, "given", count))
    frames = content.get("given_frames", 0)
    if not isinstance(frames, int):
        raise InputError("given_frames is a whole number")
    return PlanRecipe(content["order"], *_sizes(content), given, frames)


def plan_from_json(text: str) -> OrderPlan:
    """A plan from either form. InputError for what is none, and for a context that looks ahead."""
    content = _parsed(text)
    if "steps" not in content:
        return recipe_from_json(text).build()
    steps, (grid, extent) = content["steps"], _sizes(content)
    check_sizes(grid, extent)
    if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
        raise InputError("the steps of a plan are a list of objects with a place each")
    places = np.array([_place(step, grid) for step in steps], np.int64).reshape(-1, 3)
    local = [NAMES.index(find_order(str(step.get("order", "zeta"))).name) for step in steps]
    given = content.get("given", 0)
    if not isinstance(given, int):
        raise InputError("given counts the steps that are the input: a whole number")
    cells = (places[:, 0] * grid.rows + places[:, 1]) * grid.columns + places[:, 2]
    plan = OrderPlan(grid, extent, given, cells, np.array(local, np.uint8))
    if not any("context" in step for step in steps):
        return plan
    allowed = (step.get("context", plan.context(i).steps.tolist()) for i, step in enumerate(steps))
    return with_contexts(plan, [_whole_numbers(context) for context in allowed])


def _parsed(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError("this is no plan: a plan is a JSON object with order, grid and extent") from error
    if not isinstance(content, dict):
        raise InputError("this is no plan: a plan is a JSON object with order, grid and extent")
    return content


def _sizes(content: dict[str, Any]) -> tuple[Grid, Extent]:
    return Grid(*_numbers(content, "grid", 3)), Extent(*_numbers(content, "extent", 3))


def _numbers(content: dict[str, Any], key: str, count: int) -> list[int]:
    numbers = content.get(key)
    if not isinstance(numbers, list) or len(numbers) != count or not all(type(n) is int for n in numbers):
        raise InputError(f"a plan's {key} is a list of {count} whole numbers")
    return numbers


def _place(step: Mapping[str, Any], grid: Grid) -> list[int]:
    at = step.get("at")
    if not isinstance(at, list) or len(at) != 3 or not all(type(n) is int for n in at):
        raise InputError("a step of a plan is at [frame, row, column]")
    if not all(0 <= place < size for place, size in zip(at, grid, strict=True)):
        raise InputError(f"a step of a plan is at {at}, outside the canvas of {list(grid)}")
    return at


def _whole_numbers(context: Any) -> list[int]:
    if not isinstance(context, list) or not all(type(n) is int for n in context):
        raise InputError("the context of a step is a list of numbers of earlier steps")
    return context
