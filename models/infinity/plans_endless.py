"""Strips without an end: waves of patches for as long as somebody asks for the next one.

A strip of n rows grows to the right or to the left, one of n columns down or up. Numbers of patches go on for ever:
number = along * n + across, where `along` counts from where the strip begins in the direction of growth.
The memory of `schedule` for it is that of the pool, which has one size whatever the length.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .plans import Extent, Ints
from .plans_orders import NAMES, ORDERS, find_order
from .plans_waves import Batch, fill_slots

SIDES = {"right": ("zeta", "omega"), "down": ("omega", "zeta"), "left": ("omega*",), "up": ("zeta*",)}
"""Where a strip may grow -> the orders that can do so, the one with the wider waves first."""


@dataclass(frozen=True)
class EndlessStrip:
    """A strip of patches, of which the first columns (in the direction of growth) may be given.

    Coordinates: (0, row, column); a strip to the left begins at column -1 with nothing given, and counts down.
    InputError: a side or an order that can't be grown to, or no patches across.
    """

    side: str
    """right, left, down or up."""
    across: int
    """Rows of a strip to the right or left, columns of one down or up."""
    extent: Extent
    order: str = ""
    """Base order, "" for the one with the wider waves."""
    given: int = 0
    """So many whole columns (rows of a strip down or up) are the input, from 0 on; everything grows away from them."""

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise InputError(f"{self.side!r} is no side to grow to: take {', '.join(SIDES)}")
        if self.order and find_order(self.order).name not in SIDES[self.side]:
            able = ", ".join(SIDES[self.side])
            raise InputError(f"a strip that grows {self.side} can't be made in {self.order}: take {able}")
        if self.across < 1 or self.given < 0 or self.extent.frames:
            raise InputError("a strip is 1 patch wide at least, and its patches see none of other frames")
        if not self.order:
            object.__setattr__(self, "order", SIDES[self.side][0])

    @property
    def columns(self) -> int:
        """Columns of the table that `neighbours` returns: places of the extent."""
        return self.extent.places

    def at(self, steps: Ints) -> Ints:
        """Coordinates (0, row, column): `[s]` -> `[s 3]`."""
        along, across = np.divmod(steps, self.across)
        if self.side in ("left", "up"):
            along = self.given - 1 - along
        place = (across, along) if self._sideways else (along, across)
        return np.stack([np.zeros_like(along), *place], axis=-1)

    def orders(self, steps: Ints) -> NDArray[np.uint8]:
        """Base order of the tokens of patches, as its place in `plans_orders.NAMES`: `[s]` -> `[s]`."""
        return np.full(len(steps), NAMES.index(self.order), np.uint8)

    def neighbours(self, steps: Ints) -> Ints:
        """As `OrderPlan.neighbours`."""
        return self._around(steps, 1)

    def uses(self, steps: Ints) -> Ints:
        """How many patches that are not given see each of these: `[s]` -> `[s]`."""
        users = self._around(steps, -1)
        counts: Ints = (users >= self.given * self.across).sum(1)
        return counts

    def waves(self) -> Iterator[Ints]:
        """Numbers of the patches of each wave, without an end; the given ones are in none."""
        level, numbers = 0, np.arange(self.across)
        along_first = ORDERS[self.order].by_columns == self._sideways
        reach = self.extent.rows if self._sideways else self.extent.columns
        step = min(reach + 1, self.across) if along_first else self._reach_along + 1
        while True:
            if along_first:  # lines across, one after the other, each begun `step` waves after the last
                along, late = np.divmod(level - numbers, step)
                across = numbers[(late == 0) & (along >= 0)]
            else:  # lines along the strip march on together, each `step` patches behind the one before
                along = level - step * numbers
                across = numbers[along >= 0]
            steps = np.sort((along[across] + self.given) * self.across + across)
            if steps.size:
                yield steps
            level += 1

    @property
    def _sideways(self) -> bool:
        return self.side in ("right", "left")

    @property
    def _reach_along(self) -> int:
        return self.extent.columns if self._sideways else self.extent.rows

    def _around(self, steps: Ints, sign: int) -> Ints:
        """What patches see (sign 1), or by whom they are seen from each place (sign -1): numbers `[s k]`, or -1."""
        to_along, to_across, base, rows_first = self._places
        along, across = (part[:, None] for part in np.divmod(steps, self.across))
        along, across = along + sign * to_along, across + sign * to_across
        inside = (along >= 0) & (across >= 0) & (across < self.across)
        given, other_given = along - sign * to_along < self.given, along < self.given
        seer_given, seen_given = (given, other_given) if sign > 0 else (other_given, given)
        seen = np.where(seer_given, seen_given & rows_first, seen_given | base)
        return np.where(inside & seen, along * self.across + across, -1)

    @cached_property
    def _places(self) -> tuple[Ints, Ints, NDArray[np.bool_], NDArray[np.bool_]]:
        """Of every place of the table `[k]`: how far it is along and across, and whether it comes before the current
        patch in the strip's order, and row by row, as given patches are taken.
        """
        rows, columns = self.extent.offsets()[:, 1:].T
        onward = -1 if self.side in ("left", "up") else 1
        distances = (columns * onward, rows) if self._sideways else (rows * onward, columns)
        places = list(zip(rows.tolist(), columns.tolist(), strict=True))
        earlier = (np.array([ORDERS[name].earlier(*p) for p in places]) for name in (self.order, "zeta"))
        return *distances, *earlier


def endless(strip: EndlessStrip) -> Iterator[Batch]:
    """Batches of a strip in waves, with slots of the pool, for as long as the next one is asked for."""
    given = np.arange(strip.given * strip.across)
    yield from fill_slots(strip, given, strip.waves())
