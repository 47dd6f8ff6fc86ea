"""The four base orders: how a grid of patches is walked, and likewise the tokens inside one patch.

Source: Wu et al. 2022 (arXiv 2207.09814), "Arbitrary Direction Controller". They are named after how the letters are
written, and each teaches the extension of a canvas to one side. The paper's figure gives the tokens of a patch the
order of the patches; here, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError


@dataclass(frozen=True)
class Order:
    """Whole columns or whole rows, one after the other."""

    name: str
    by_columns: bool
    """Columns one after the other, each from top to bottom; else rows, each from left to right."""
    backwards: bool
    """The last column (or row) comes first."""
    grows: str
    """The side at which a canvas of this order grows."""

    def walk(self, grid: NDArray[Any]) -> NDArray[Any]:
        """Entries of `[.. h w]` in this order: `[.., h * w]`."""
        lines = grid.swapaxes(-1, -2) if self.by_columns else grid
        lines = lines[..., ::-1, :] if self.backwards else lines
        return lines.reshape(*lines.shape[:-2], lines.shape[-2] * lines.shape[-1])

    def earlier(self, rows: int, columns: int) -> bool:
        """Whether the place so many rows below and columns to the right of another is visited before it."""
        line, along = (columns, rows) if self.by_columns else (rows, columns)
        return (-line if self.backwards else line, along) < (0, 0)


ORDERS: Mapping[str, Order] = MappingProxyType(
    {
        order.name: order
        for order in (
            Order("omega", by_columns=True, backwards=False, grows="right"),
            Order("omega*", by_columns=True, backwards=True, grows="left"),
            Order("zeta", by_columns=False, backwards=False, grows="down"),
            Order("zeta*", by_columns=False, backwards=True, grows="up"),
        )
    }
)
NAMES = tuple(ORDERS)
"""An order's number, as plans store it, is its place here."""


def find_order(name: str) -> Order:
    """The base order of that name. InputError for any other."""
    if name not in ORDERS:
        raise InputError(f"{name!r} is no base order: take {', '.join(NAMES)}")
    return ORDERS[name]


def order_by_shape(rows: int, columns: int) -> str:
    """Which of the two orders that are free to choose has the wider waves: zeta on wide canvases, else omega."""
    return "zeta" if columns >= rows else "omega"


def token_order(name: str, side: int, known: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """In which order the tokens of a patch are made: their row-major numbers, int64 `[side * side]`.

    known: bool `[side side]`, tokens that are there before the patch is made (None: none). They come first, in the
    base order among themselves, so that every new token sees all of them.
    """
    numbers = np.arange(side * side).reshape(side, side)
    walked: NDArray[np.int64] = find_order(name).walk(numbers)
    if known is None:
        return walked
    if known.shape != (side, side):
        raise ValueError(f"known: expected {[side, side]}, got {list(known.shape)}")
    return walked[np.argsort(~known.reshape(-1)[walked], kind="stable")]


def order_for_known(known: NDArray[np.bool_]) -> str:
    """The base order in which the fewest tokens come before a known one that they can't wait for.

    Where the known ones fill a side, that is the order which grows away from it, and none does.
    """

    def misplaced(name: str) -> int:
        walked = ORDERS[name].walk(known)
        return int((~walked[: int(walked.sum())]).sum())

    return min(NAMES, key=misplaced)
