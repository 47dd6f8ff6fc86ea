"""A field over a canvas of any size, computed in overlapping windows and blended where they overlap.

The windows lie at fixed places that depend on the canvas alone, so whoever asks for whichever part of the field gets
the same numbers. Memory: the windows used last, as many as a walk along the canvas's shorter side needs again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from typing import NamedTuple

import torch
from torch import Tensor

WALKED = 4
"""Lines of windows along the shorter side that are kept: a tile with its halo may touch three."""


class Box(NamedTuple):
    """A part of a canvas, in cells; `bottom` and `right` are the first that don't belong to it."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    def grown(self, halo: int, within: "Box") -> "Box":
        """With so many cells more at each side, as far as the canvas reaches."""
        return Box(
            max(self.top - halo, within.top),
            max(self.left - halo, within.left),
            min(self.bottom + halo, within.bottom),
            min(self.right + halo, within.right),
        )

    def of(self, values: Tensor, around: "Box", scale: int = 1) -> Tensor:
        """This part of values `[.. h w]` that cover `around` with `scale` values a cell."""
        rows = slice((self.top - around.top) * scale, (self.bottom - around.top) * scale)
        columns = slice((self.left - around.left) * scale, (self.right - around.left) * scale)
        return values[..., rows, columns]


def whole(rows: int, columns: int) -> Box:
    """All of a canvas."""
    return Box(0, 0, rows, columns)


def tiles(canvas: Box, height: int, width: int) -> Iterator[Box]:
    """The canvas in tiles of that many cells, the last ones smaller, walked along its shorter side first."""
    tops, lefts = range(canvas.top, canvas.bottom, height), range(canvas.left, canvas.right, width)
    along_rows = canvas.width <= canvas.height
    places = product(tops, lefts) if along_rows else ((top, left) for left, top in product(lefts, tops))
    for top, left in places:
        yield Box(top, left, min(top + height, canvas.bottom), min(left + width, canvas.right))


class Axis(NamedTuple):
    """Windows along one side of the canvas."""

    length: int
    starts: tuple[int, ...]
    size: int
    """Of each window."""
    ramp: float
    """Cells over which one window takes over from the one before."""

    def touching(self, start: int, stop: int) -> range:
        """Numbers of the windows that have a part in these cells."""
        inside = [
            i
            for i in range(len(self.starts))
            if self._from(i) < stop and start < self._from(i + 1) + self.ramp
        ]
        return range(inside[0], inside[-1] + 1)

    def weights(self, number: int, start: int, stop: int, scale: int) -> Tensor:
        """Part of a window in each value of cells `start` to `stop`: 0..1, all windows together 1."""
        places = start + (torch.arange((stop - start) * scale, dtype=torch.float64) + 0.5) / scale
        return self._risen(number, places) - self._risen(number + 1, places)

    def _from(self, number: int) -> float:
        """Where a window begins to take over; beyond both ends of the canvas for what isn't there."""
        if number == 0:
            return -self.length - self.ramp
        if number == len(self.starts):
            return 2.0 * self.length
        return (self.starts[number] + self.starts[number - 1] + self.size - self.ramp) / 2

    def _risen(self, number: int, places: Tensor) -> Tensor:
        return ((places - self._from(number)) / self.ramp).clamp(0, 1)


def axis(length: int, size: int, overlap: int, reach: int) -> Axis:
    """Windows of `size` cells that overlap by `overlap` at least, spread evenly; one if the canvas is no longer.

    reach: cells at a window's cut edges that are not right and get no weight; less than half the overlap.
    """
    if not 2 * reach < overlap < size:
        raise ValueError(
            f"windows of {size} that overlap by {overlap} can't leave {reach} at their edges out"
        )
    if length <= size:
        return Axis(length, (0,), length, 1.0)
    count = -(-(length - overlap) // (size - overlap))
    starts = tuple(round(i * (length - size) / (count - 1)) for i in range(count))
    closest = min(b - a for a, b in pairwise(starts))
    return Axis(length, starts, size, float(min(overlap - 2 * reach, closest)))


class WindowedField:
    """Values of a field over a canvas of `rows` x `columns` cells.

    compute: a window -> its values `[1 c h w]`, `scale` values along a cell; overlap, reach: see `axis`.
    """

    def __init__(
        self,
        compute: Callable[[Box], Tensor],
        rows: int,
        columns: int,
        size: int,
        overlap: int,
        reach: int,
        scale: int = 1,
    ) -> None:
        self._compute = compute
        self._scale = scale
        self._vertical, self._horizontal = (
            axis(rows, size, overlap, reach),
            axis(columns, size, overlap, reach),
        )
        self._kept = WALKED * min(len(self._vertical.starts), len(self._horizontal.starts)) + 2
        self._windows: OrderedDict[Box, Tensor] = OrderedDict()

    @property
    def single(self) -> bool:
        """Whether one window is the whole canvas, so that nothing is blended."""
        return len(self._vertical.starts) == len(self._horizontal.starts) == 1

    def read(self, box: Box) -> Tensor:
        """The field in a part of the canvas: `[1 c h w]`, `scale` values along a cell."""
        if self.single:
            return box.of(self._window(self._box(0, 0)), self._box(0, 0), self._scale)
        total: Tensor | None = None
        for row in self._vertical.touching(box.top, box.bottom):
            for column in self._horizontal.touching(box.left, box.right):
                place = self._box(row, column)
                part = Box(
                    max(box.top, place.top),
                    max(box.left, place.left),
                    min(box.bottom, place.bottom),
                    min(box.right, place.right),
                )
                values = part.of(self._window(place), place, self._scale)
                down = self._vertical.weights(row, part.top, part.bottom, self._scale)
                along = self._horizontal.weights(column, part.left, part.right, self._scale)
                if total is None:
                    total = values.new_zeros(
                        *values.shape[:2], box.height * self._scale, box.width * self._scale
                    )
                part.of(total, box, self._scale).add_(values * (down[:, None] * along).to(values))
        assert total is not None, "every cell lies in a window"
        return total

    def _box(self, row: int, column: int) -> Box:
        top, left = self._vertical.starts[row], self._horizontal.starts[column]
        return Box(top, left, top + self._vertical.size, left + self._horizontal.size)

    def _window(self, place: Box) -> Tensor:
        if place not in self._windows:
            if len(self._windows) >= self._kept:
                self._windows.popitem(last=False)
            self._windows[place] = self._compute(place)
        self._windows.move_to_end(place)
        return self._windows[place]
