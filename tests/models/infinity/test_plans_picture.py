"""What the picture of a plan shows, read off its pixels."""

import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.models.infinity import plans_picture
from maliang_video.models.infinity.plans import Extent, Grid, with_contexts
from maliang_video.models.infinity.plans_make import Given, PlanRecipe
from maliang_video.models.infinity.plans_picture import (
    CHOSEN,
    GIVEN,
    HIDDEN,
    MARGIN,
    RAMP,
    SEEN,
    plan_picture,
)
from maliang_video.models.infinity.plans_waves import pool_sizes

NEAR = Extent(0, 1, 1)
CELL = 56


def drawn(plan, chosen=None):
    return plan_picture(plan, pool_sizes(plan), chosen)


def inside(picture, row, column):
    """Colour of a patch, beside its number."""
    return tuple(picture[MARGIN + row * CELL + 8, MARGIN + column * CELL + 8])


def edge(picture, row, column):
    return tuple(picture[MARGIN + row * CELL, MARGIN + column * CELL + CELL // 2])


def test_waves_have_colours_from_first_to_last():
    plan = PlanRecipe("zeta", Grid(1, 2, 3), NEAR).build()  # waves 0 1 2 / 2 3 4
    picture = drawn(plan)
    assert inside(picture, 0, 0) == RAMP[0]
    assert inside(picture, 1, 2) == RAMP[-1]
    assert inside(picture, 0, 2) == inside(picture, 1, 0) == RAMP[2]
    assert picture.dtype == np.uint8


def test_given_patches_and_contexts_are_marked():
    plan = PlanRecipe("omega", Grid(1, 2, 3), NEAR, Given(0, 0, 2, 1)).build()
    plan = with_contexts(plan, [[], [0], [0, 1], [1, 2], [2, 3], [2, 3, 4]])
    picture = drawn(plan, chosen=3)  # row 1, column 1: sees 1 and 2, patch 0 is hidden from it
    assert inside(picture, 0, 0) == GIVEN
    assert edge(picture, 1, 0) == edge(picture, 0, 1) == SEEN
    assert edge(picture, 0, 0) == HIDDEN
    assert edge(picture, 1, 1) == CHOSEN
    assert edge(picture, 0, 2) not in (SEEN, HIDDEN, CHOSEN)


def test_frames_stand_side_by_side():
    still, video = (PlanRecipe("zeta", Grid(n, 2, 8), Extent(1, 1, 1)).build() for n in (1, 3))
    assert drawn(still).shape[0] == drawn(video).shape[0]
    assert drawn(video).shape[1] - 2 * MARGIN == 3 * 8 * CELL + 2 * 16


def test_large_plans_are_drawn_small():
    assert drawn(PlanRecipe("zeta", Grid(1, 8, 1600), NEAR).build()).shape[1] == 1600 + 2 * MARGIN


def test_refusals(monkeypatch):
    plan = PlanRecipe("zeta", Grid(1, 2, 3), NEAR).build()
    with pytest.raises(InputError, match="no patch 6: they go from 0 to 5"):
        drawn(plan, 6)
    monkeypatch.setattr(plans_picture, "LARGEST", 5)
    with pytest.raises(InputError, match=r"6 patches is too large to draw \(5 at most\)"):
        drawn(plan)
