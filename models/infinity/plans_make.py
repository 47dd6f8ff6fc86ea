"""Plans made of a few numbers: stills, videos, canvases that continue a picture to one side or all around.

Source: Wu et al. 2022 (arXiv 2207.09814). Rings reproduce the numbering of its outpainting figure: a 2x2 input in a
canvas of 7 rows and 8 columns, extended left, down, right, up in turn.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .plans import Extent, Grid, Ints, OrderPlan, check_sizes, describe
from .plans_orders import NAMES, ORDERS, order_by_shape, order_for_known

RINGS = "rings"
AUTO = "auto"
CHOICES = (AUTO, *NAMES, RINGS)
"""What `PlanRecipe.order` may be."""

Piece = tuple[Ints, str]
"""Cells in their order, and the base order of the tokens inside each."""


class Given(NamedTuple):
    """Where a picture lies on a canvas, in tokens; `side=1` counts whole patches instead.

    Its upper left corner lies on a corner of a patch. Patches that it fills are given, those that it
    covers in part are made around its tokens.
    """

    top: int
    left: int
    height: int
    width: int
    side: int = 1
    """Tokens along a side of a patch."""

    def patches(self, whole: bool) -> tuple[slice, slice]:
        """Rows and columns of patches that it fills, or that it touches."""
        up = 0 if whole else self.side - 1
        top, left = self.top // self.side, self.left // self.side
        bottom, right = (self.top + self.height + up) // self.side, (self.left + self.width + up) // self.side
        return slice(top, bottom), slice(left, right)

    def known(self, row: int, column: int) -> NDArray[np.bool_]:
        """Which tokens of a patch it gives, bool `[side side]`."""
        rows, columns = (np.arange(self.side) + place * self.side for place in (row, column))
        inside_rows = (rows >= self.top) & (rows < self.top + self.height)
        inside_columns = (columns >= self.left) & (columns < self.left + self.width)
        return inside_rows[:, None] & inside_columns


@dataclass(frozen=True)
class PlanRecipe:
    """A plan in short. `build()` makes it; InputError where the numbers don't go together."""

    order: str
    """A base order, "rings" around a given picture, or "auto": by the canvas's shape, rings around a picture."""
    grid: Grid
    extent: Extent
    given: Given | None = None
    """A picture on the only frame (None: none)."""
    given_frames: int = 0
    """So many whole frames at the beginning are given."""

    def build(self) -> OrderPlan:
        """The plan."""
        check_sizes(self.grid, self.extent)
        if self.order not in CHOICES:
            raise InputError(f"{self.order!r} is no order: take {', '.join(CHOICES)}")
        _check_given(self)
        order = self.order
        if order == AUTO:
            order = RINGS if self.given else order_by_shape(self.grid.rows, self.grid.columns)
        cells = np.arange(np.prod(self.grid)).reshape(self.grid)
        pieces = list(_rings(self, cells) if order == RINGS else _in_order(self, cells, order))
        start = cells[: self.given_frames] if self.given is None else cells[0][self.given.patches(whole=True)]
        pieces.insert(0, (start.reshape(-1), "zeta"))
        local = [np.full(len(piece), NAMES.index(name), np.uint8) for piece, name in pieces]
        plan = OrderPlan(
            self.grid,
            self.extent,
            given=start.size,
            cells=np.concatenate([piece for piece, _ in pieces]).astype(np.int32),
            local=np.concatenate(local),
        )
        return plan if self.given is None else _with_known(plan, self.given)


def _in_order(recipe: PlanRecipe, cells: Ints, name: str) -> Iterator[Piece]:
    """All patches that are not given, frame after frame in a base order."""
    walked = ORDERS[name].walk(cells)[recipe.given_frames :].reshape(-1)
    if recipe.given is not None:
        walked = np.setdiff1d(walked, cells[0][recipe.given.patches(whole=True)])
        walked = walked[np.argsort(_rank(ORDERS[name].walk(cells[0]))[walked])]
    yield walked, name


def _rank(walked: Ints) -> Ints:
    rank = np.empty_like(walked)
    rank[walked] = np.arange(len(walked))
    return rank


def _rings(recipe: PlanRecipe, cells: Ints) -> Iterator[Piece]:
    """Half-filled patches, then side by side left, down, right, up, until the canvas is full."""
    given = recipe.given
    assert given is not None, "checked before"
    rows, columns = given.patches(whole=True)
    touched_rows, touched_columns = given.patches(whole=False)
    frame = cells[0]
    yield frame[rows, columns.stop : touched_columns.stop].T.reshape(-1), "omega"
    yield frame[rows.stop : touched_rows.stop, columns.start : touched_columns.stop].reshape(-1), "zeta"
    top, bottom, left, right = (
        touched_rows.start,
        touched_rows.stop,
        touched_columns.start,
        touched_columns.stop,
    )
    height, width = frame.shape
    while (top, bottom, left, right) != (0, height, 0, width):
        if left:
            left -= 1
            yield frame[top:bottom, left], "omega*"
        if bottom < height:
            bottom += 1
            yield frame[bottom - 1, left:right], "zeta"
        if right < width:
            right += 1
            yield frame[top:bottom, right - 1], "omega"
        if top:
            top -= 1
            yield frame[top, left:right], "zeta*"


def _with_known(plan: OrderPlan, given: Given) -> OrderPlan:
    """The plan with the tokens that a picture gives to patches which it doesn't fill, and an order that suits them."""
    (rows, columns), (touched_rows, touched_columns) = given.patches(whole=True), given.patches(whole=False)
    places = np.mgrid[touched_rows, touched_columns].reshape(2, -1).T
    partial = [(r, c) for r, c in places.tolist() if r >= rows.stop or c >= columns.stop]
    if not partial:
        return plan
    cells = np.array([r * plan.grid.columns + c for r, c in partial])
    sorter = np.argsort(plan.cells)
    steps = sorter[np.searchsorted(plan.cells, cells, sorter=sorter)]
    known = {int(step): given.known(*place) for step, place in zip(steps, partial, strict=True)}
    local = plan.local.copy()
    for step, tokens in known.items():
        local[step] = NAMES.index(order_for_known(tokens))
    return replace(plan, local=local, known=known)


def _check_given(recipe: PlanRecipe) -> None:
    given, grid = recipe.given, recipe.grid
    if not 0 <= recipe.given_frames <= grid.frames:
        raise InputError(
            f"{recipe.given_frames} given frames of {grid.frames}: give between 0 and all of them"
        )
    if given is None:
        if recipe.order == RINGS:
            raise InputError("rings grow around a picture: say where it lies, or take another order")
        return
    if grid.frames > 1 or recipe.given_frames:
        raise InputError("a picture can be continued on a canvas of one frame: give whole frames of a video")
    if given.side < 1 or given.top % given.side or given.left % given.side:
        raise InputError(f"the picture's corner at row {given.top}, column {given.left} lies inside a patch")
    if min(given.height, given.width) < given.side:
        raise InputError(
            f"a picture of {given.width}x{given.height} tokens is smaller than a patch of {given.side}x{given.side}: "
            f"enlarge it, or take a model with smaller patches"
        )
    rows, columns = given.patches(whole=False)
    if min(given.top, given.left) < 0 or rows.stop > grid.rows or columns.stop > grid.columns:
        raise InputError(f"the picture reaches out of the canvas of {describe(grid)} patches")


class Outpainting(NamedTuple):
    """A recipe for a picture's surroundings, and where the canvas that was asked for lies in what it makes."""

    recipe: PlanRecipe
    top: int
    left: int
    height: int
    width: int
    """Of the part to keep, in tokens: patches are whole, so the outermost ones may be cut."""


def outpaint(
    size: tuple[int, int],
    sides: tuple[int, int, int, int],
    side: int,
    extent: Extent,
    order: str = AUTO,
) -> Outpainting:
    """Continue a picture of (height, width) tokens by so many tokens left, up, right and down.

    The grid is laid so that the picture's upper left corner lies on it. side: tokens along a side of a patch.
    """
    (height, width), (left, up, right, down) = size, sides
    if min(sides) < 0 or side < 1:
        raise InputError(f"a picture can't be continued by {min(sides)} tokens: 0 is nothing at that side")
    rows = -(-up // side) - (-(height + down) // side)
    columns = -(-left // side) - (-(width + right) // side)
    given = Given(-(-up // side) * side, -(-left // side) * side, height, width, side)
    recipe = PlanRecipe(order, Grid(1, rows, columns), extent, given)
    return Outpainting(recipe, given.top - up, given.left - left, up + height + down, left + width + right)


def patches_along(pixels: int, patch: int, what: str) -> int:
    """How many patches of so many pixels make a side of a canvas. InputError, with the nearest sizes, if none do."""
    if pixels >= patch and pixels % patch == 0:
        return pixels // patch
    below, above = pixels // patch * patch, (pixels // patch + 1) * patch
    nearest = f"{below} or {above}" if below else f"{above}"
    raise InputError(f"{what} of {pixels} pixels is not a multiple of the patch of {patch}: take {nearest}")
