"""Orders, contexts, levels, last uses and pool sizes are those of the golden table, every case and every field."""

from typing import Any

import numpy as np
import pytest
from golden_cases import Case

from maliang_video.models.infinity.plans import Extent, Grid, OrderPlan, with_contexts
from maliang_video.models.infinity.plans_make import Given, PlanRecipe
from maliang_video.models.infinity.plans_orders import NAMES
from maliang_video.models.infinity.plans_waves import last_use, levels, pool_sizes

Table = dict[str, Any]


def build(table: Table) -> OrderPlan:
    """The plan that a row of the table names, with its input where the row's order says."""
    grid, count = Grid(*table["grid"]), table.get("given", 0)
    frames = count // (grid.rows * grid.columns) if grid.frames > 1 else 0
    given = None
    if count and not frames:
        places = np.array(table["order"][:count])
        top, left = places.min(0)[1:].tolist()
        bottom, right = (places.max(0)[1:] + 1).tolist()
        given = Given(top, left, bottom - top, right - left)
    return PlanRecipe(table["order_name"], grid, Extent(*table["extent"]), given, frames).build()


def agrees(plan: OrderPlan, table: Table) -> None:
    steps = np.arange(len(plan))
    assert plan.at(steps).tolist() == table["order"]
    assert plan.given == table["given"]
    contexts = [plan.context(step) for step in steps]
    assert [context.steps.tolist() for context in contexts] == table["context"]
    assert [context.places.tolist() for context in contexts] == table["rel"]
    assert levels(plan).tolist() == table["level"]
    assert last_use(plan).tolist() == table["last_use"]


def sizes_agree(plan: OrderPlan, table: Table) -> None:
    keys = ("levels", "max_width", "max_context", "max_live", "max_live_waves")
    assert pool_sizes(plan) == tuple(table[key] for key in keys)


@pytest.mark.parity("infinity.plans")
def test_every_case(case: Case):
    tables = case.metadata["cases"]
    for table in tables:
        agrees(build(table), table)
        sizes_agree(build(table), table)
    assert len(tables) >= 10


@pytest.mark.parity("infinity.plans")
def test_plans_that_are_given_as_lists(case: Case):
    """The same from the stored order and contexts alone: nothing is taken from the name of an order."""
    for table in case.metadata["cases"]:
        grid, extent = Grid(*table["grid"]), Extent(*table["extent"])
        cells = np.ravel_multi_index(tuple(np.array(table["order"]).T), grid)
        plan = OrderPlan(grid, extent, table["given"], cells, np.zeros(len(cells), np.uint8))
        agrees(with_contexts(plan, table["context"]), table)


@pytest.mark.parity("infinity.plans")
def test_every_size(case: Case):
    for table in case.metadata["sizes"]:
        plan = build(table)
        assert len(plan) == table["patches"]
        sizes_agree(plan, table)


@pytest.mark.parity("infinity.plans")
def test_the_rings_grow_in_the_orders_that_taught_their_sides(case: Case):
    table = next(table for table in case.metadata["cases"] if table["order_name"] == "rings")
    plan = build(table)
    names = [NAMES[i] for i in plan.local[4:16]]
    assert names == ["omega*"] * 2 + ["zeta"] * 3 + ["omega"] * 3 + ["zeta*"] * 4
