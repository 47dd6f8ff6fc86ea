"""Strips without an end agree with finite plans of the same order as far as these reach."""

from itertools import islice

import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.models.infinity.plans import Extent, Grid
from maliang_video.models.infinity.plans_endless import SIDES, EndlessStrip, endless
from maliang_video.models.infinity.plans_make import Given, PlanRecipe
from maliang_video.models.infinity.plans_orders import NAMES
from maliang_video.models.infinity.plans_waves import pool_sizes, schedule

CHOICES = [(side, order, given) for side, orders in SIDES.items() for order in orders for given in (0, 2)]
LENGTH = 14


@pytest.mark.parametrize(("side", "order", "given"), CHOICES)
@pytest.mark.parametrize(
    ("across", "extent"), [(5, Extent(0, 2, 2)), (2, Extent(0, 2, 1)), (1, Extent(0, 1, 2))]
)
def test_it_begins_like_a_long_finite_plan(side, order, given, across, extent):
    grid = Grid(1, across, LENGTH) if side in ("left", "right") else Grid(1, LENGTH, across)
    lies = {
        "right": Given(0, 0, across, given),
        "down": Given(0, 0, given, across),
        "left": Given(0, LENGTH - given, across, given),
        "up": Given(LENGTH - given, 0, given, across),
    }[side]
    plan = PlanRecipe(order, grid, extent, lies if given else None).build()
    shift = np.array([0, LENGTH - given if side == "up" else 0, LENGTH - given if side == "left" else 0])
    strip = EndlessStrip(side, across, extent, order, given)
    for finite, batch in zip(schedule(plan), islice(endless(strip), 8), strict=False):
        ours = {
            tuple(at): around(batch.at[i], batch.context[i], extent)
            for i, at in enumerate((batch.at + shift).tolist())
        }
        theirs = {
            tuple(at): around(finite.at[i], finite.context[i], extent)
            for i, at in enumerate(finite.at.tolist())
        }
        assert ours == theirs
        assert {NAMES[i] for i in batch.orders} == {order}


def around(at, context, extent):
    """Relative places of the patches that are seen."""
    return [
        tuple(offset) for offset, slot in zip(extent.offsets().tolist(), context, strict=True) if slot >= 0
    ]


@pytest.mark.parametrize(("side", "order", "given"), CHOICES)
def test_pages_stay_until_they_are_read_and_the_pool_does_not_grow(side, order, given):
    strip = EndlessStrip(side, 4, Extent(0, 2, 2), order, given)
    pages: dict[int, int] = {}
    for number, batch in enumerate(islice(endless(strip), 160)):
        if number or not given:
            for step, slot in zip(strip.neighbours(batch.steps).ravel(), batch.context.ravel(), strict=True):
                assert slot < 0 or pages[slot] == step
        pages |= dict(zip(batch.slots.tolist(), batch.steps.tolist(), strict=True))
        if number == 100:
            then = len(pages)
    assert len(pages) == then


def test_a_scroll_has_the_pool_of_the_plan():
    strip = EndlessStrip("right", 8, Extent(0, 2, 2))
    assert strip.order == "zeta"
    slots = max(int(batch.slots.max()) for batch in islice(endless(strip), 300)) + 1
    assert slots == pool_sizes(PlanRecipe("zeta", Grid(1, 8, 152), Extent(0, 2, 2)).build()).in_waves == 55


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("outwards", 4, Extent(0, 1, 1)), "'outwards' is no side to grow to"),
        (("left", 4, Extent(0, 1, 1), "omega"), r"grows left can't be made in omega: take omega\*"),
        (("left", 4, Extent(0, 1, 1), "alpha"), "'alpha' is no base order"),
        (("left", 0, Extent(0, 1, 1)), "1 patch wide at least"),
        (("right", 4, Extent(3, 1, 1)), "none of other frames"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(InputError, match=message):
        EndlessStrip(*arguments)
