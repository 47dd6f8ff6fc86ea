"""Which triangle lies in front at every sample of a regular grid. All triangles at once, row by row."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int32]

NOTHING = -1
_SLACK = 1e-7
_BITS = 20
"""Bits of a key that hold the triangle's number; the bits above hold how near it is."""
_STEPS = 1 << 40


class Cover(NamedTuple):
    """What a grid of samples shows."""

    winner: Ints
    """Triangle in front, NOTHING where there is none, `[rows columns]`."""
    plane: Array
    """Nearness of every triangle as a function of the place: (a, b, c) of a x + b y + c, `[m 3]`; culled ones are 0."""


def cover(
    x: Array, y: Array, nearness: Array, triangles: Ints, rows: int, columns: int, *, checkered: bool = False
) -> Cover:
    """Samples lie at whole numbers, 0..columns-1 across and 0..rows-1 down; checkered: only where both are even or odd.

    x, y, nearness: of the points, `[n]`; nearness must be linear over the picture (1/z under perspective); the greatest
    is in front. Only triangles whose corners run counter-clockwise on the picture (y down) show.
    """
    corner = triangles.T
    xs, ys = x[corner], y[corner]  # [3 m]
    area = (xs[1] - xs[0]) * (ys[2] - ys[0]) - (xs[2] - xs[0]) * (ys[1] - ys[0])
    top, bottom = np.ceil(_least(ys) - _SLACK), np.floor(_most(ys) + _SLACK)
    left, right = np.ceil(_least(xs) - _SLACK), np.floor(_most(xs) + _SLACK)
    top, bottom = np.maximum(top, 0), np.minimum(bottom, rows - 1)
    left, right = np.maximum(left, 0), np.minimum(right, columns - 1)
    seen = (area < -1e-9) & (bottom >= top) & (right >= left)
    chosen = np.flatnonzero(seen)
    xs, ys, near = xs[:, chosen], ys[:, chosen], nearness[corner[:, chosen]]
    after, last = [1, 2, 0], [2, 0, 1]
    a = ys[last] - ys[after]
    b = xs[after] - xs[last]
    c = xs[last] * ys[after] - xs[after] * ys[last]
    planes = np.stack([_sum(near * e) / -area[chosen] for e in (a, b, c)], 1)
    first, last_row = top[chosen].astype(np.int64), bottom[chosen].astype(np.int64)
    owner, y_row = _runs(first, last_row - first + 1)
    low, high = _spans(a[:, owner], b[:, owner], c[:, owner], y_row, columns)
    if checkered:
        low += (low ^ y_row) & 1
        line, step = _runs(np.zeros_like(low), np.maximum((high - low + 2) >> 1, 0))
        x_at = low[line] + 2 * step
    else:
        line, x_at = _runs(low, np.maximum(high - low + 1, 0))
    mine = owner[line]
    value = (planes[:, 0][mine] * x_at + planes[:, 1][mine] * y_row[line]) + planes[:, 2][mine]
    top_value = max(float(nearness.max()), 1e-12) if nearness.size else 1.0
    key = ((value * (_STEPS / top_value)).astype(np.int64) << _BITS) | mine
    best = np.full(rows * columns, NOTHING, np.int64)
    np.maximum.at(best, y_row[line] * columns + x_at, key)
    winner = np.full(best.size, NOTHING, np.int32)
    hit = best >= 0
    winner[hit] = chosen[best[hit] & ((1 << _BITS) - 1)]
    plane = np.zeros((triangles.shape[0], 3))
    plane[chosen] = planes
    return Cover(winner.reshape(rows, columns), plane)


def _least(three: Array) -> Array:
    """`three.min(0)` of `[3 n]`, many times as fast."""
    return np.asarray(np.minimum(np.minimum(three[0], three[1]), three[2]))


def _most(three: Array) -> Array:
    return np.asarray(np.maximum(np.maximum(three[0], three[1]), three[2]))


def _sum(three: Array) -> Array:
    return np.asarray(three[0] + three[1] + three[2])


def _runs(
    first: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Owner and value of every number in the runs that begin at `first`: (5, 2), (2, 3) -> 0 0 0 1 1, 5 6 7 2 3."""
    owner = np.repeat(np.arange(first.size), lengths)
    begins = np.cumsum(lengths) - lengths
    return owner, np.arange(owner.size) + (first - begins)[owner]


def _spans(
    a: Array, b: Array, c: Array, y: NDArray[np.int64], columns: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last whole x where all three a x + b y + c >= 0; edges `[3 n]`, y `[n]`."""
    rest = b * y + c
    with np.errstate(divide="ignore", invalid="ignore"):
        cut = -rest / a
    low = _most(np.where(a > 0, cut, -np.inf))
    high = _least(np.where(a < 0, cut, np.inf))
    outside = (a == 0) & (rest < 0)
    high[outside[0] | outside[1] | outside[2]] = -np.inf
    low_whole = np.ceil(np.clip(low, 0, columns) - _SLACK)
    high_whole = np.floor(np.clip(high, -2, columns - 1) + _SLACK)
    return low_whole.astype(np.int64), high_whole.astype(np.int64)
