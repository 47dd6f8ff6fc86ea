"""Curves through two or three points, as the rows and columns of pixels that they pass.

The reference fits a line or a parabola with scipy's `curve_fit` and truncates to whole pixels. A landmark is a whole
pixel, so the last digit of the fit decides on which side of it the curve passes; networks that were trained on such
drawings get the same ones only from the same arithmetic. `fit` is that arithmetic: Levenberg-Marquardt as MINPACK's
lmdif does it (J. J. More, B. S. Garbow, K. E. Hillstrom, "User Guide for MINPACK-1", 1980), from ones, with forward
differences, for as many parameters as points, in the same order of operations. What it lacks is the search for a
shorter step, which an interpolation needs only when it has arrived: the fit ends there.

Source: NVIDIA/vid2vid at 2e6d137, `data/keypoint2img.py` (interpPoints).
"""

import math
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = list[float]
Residuals = Callable[[Vector], Vector]
Pixels = NDArray[np.intp]

STEEPEST = 1.0
"""Parabolas with a larger quadratic coefficient (per pixel) are not drawn: they overshoot their points."""
_EPS = sys.float_info.epsilon
_TOLERANCE = 1.49012e-8
_CALLS = 200
"""Evaluations allowed for each parameter (and one more)."""


class Curve(NamedTuple):
    """Pixels of a curve, in order; both empty where there is nothing to draw."""

    x: Pixels
    y: Pixels


_NOTHING = Curve(np.zeros(0, np.intp), np.zeros(0, np.intp))


def curve_through(points: NDArray[np.float64], *, rounded: bool = False) -> Curve:
    """The curve through points `[n 2]` (x, y), n = 2: a line, n = 3: a parabola over the axis with the larger steps.

    One sample for each whole pixel of the distance between the end points, along that axis; coordinates are truncated
    and may lie outside of the picture.
    rounded: the distance is rounded to whole pixels (NVlabs/imaginaire), else truncated.
    """
    x, y = points[:, 0], points[:, 1]
    upright = np.abs(np.diff(x)).max() < np.abs(np.diff(y)).max()
    if upright:
        x, y = y, x
    along: Vector = x.tolist()
    first, last = (along[0], along[-1]) if along[0] <= along[-1] else (along[-1], along[0])
    count = round(last - first) if rounded else int(last - first)
    if count < 1:
        return _NOTHING
    a, b, c = fit(along, y.tolist())
    if not abs(a) <= STEEPEST:
        return _NOTHING
    t = np.linspace(first, last, count)
    found = b * t + c if len(along) < 3 else a * t**2 + b * t + c
    ahead, across = t.astype(np.intp), found.astype(np.intp)
    return Curve(across, ahead) if upright else Curve(ahead, across)


def fit(x: Vector, y: Vector) -> tuple[float, float, float]:
    """(a, b, c) of a x^2 + b x + c through three points, or a = 0 through two; nan where that would be no parabola."""
    size = len(x)

    def residuals(p: Vector) -> Vector:
        if size < 3:
            return [p[0] * t + p[1] - goal for t, goal in zip(x, y, strict=True)]
        return [p[0] * (t * t) + p[1] * t + p[2] - goal for t, goal in zip(x, y, strict=True)]

    found = _least_squares(residuals, [1.0] * size)
    return (0.0, found[0], found[1]) if size < 3 else (found[0], found[1], found[2])


def _least_squares(residuals: Residuals, p: Vector) -> Vector:
    """The parameters that make `residuals(p)`, as many as parameters, smallest; `p` is where to begin."""
    size = len(p)
    now = residuals(p)
    calls, norm = 1, _norm(now)
    scale: Vector = []
    while True:
        rows = _differences(residuals, p, now)
        calls += size
        order, diagonal, lengths = _factorize(rows)
        if not scale:
            scale = [length or 1.0 for length in lengths]
            reach = 100.0 * _norm([s * v for s, v in zip(scale, p, strict=True)]) or 100.0
            first = True
        projected = _project(rows, diagonal, now)
        slope = _largest_cosine(rows, order, lengths, projected, norm)
        if slope <= 0.0:
            return p
        scale = [max(s, length) for s, length in zip(scale, lengths, strict=True)]
        taken = False
        while not taken:
            step = _solve(rows, order, projected)
            stride = _norm([s * v for s, v in zip(scale, step, strict=True)])
            if stride - reach > 0.1 * reach:
                return [math.nan] * size if first else p
            if first:
                reach = min(reach, stride)
            tried = [v + d for v, d in zip(p, step, strict=True)]
            then = residuals(tried)
            calls += 1
            new_norm = _norm(then)
            gained = 1.0 - (new_norm / norm) ** 2 if 0.1 * new_norm < norm else -1.0
            promised = (_norm(_times(rows, order, step)) / norm) ** 2
            ratio = gained / promised if promised else 0.0
            if ratio <= 0.25:
                shrink = 0.5 if gained >= 0 else 0.5 * -promised / (-promised + 0.5 * gained)
                if 0.1 * new_norm >= norm or shrink < 0.1:
                    shrink = 0.1
                reach = shrink * min(reach, stride / 0.1)
            else:
                reach = stride / 0.5
            taken = ratio >= 1e-4
            if taken:
                p, now, norm, first = tried, then, new_norm, False
            size_of_p = _norm([s * v for s, v in zip(scale, p, strict=True)])
            settled = abs(gained) <= _TOLERANCE and promised <= _TOLERANCE and 0.5 * ratio <= 1
            arrived = settled or reach <= _TOLERANCE * size_of_p or slope <= _EPS
            if arrived or calls >= _CALLS * (size + 1) or not math.isfinite(new_norm):
                return p


def _norm(v: Sequence[float]) -> float:
    total = 0.0
    for value in v:
        total += value * value
    return math.sqrt(total)


def _differences(residuals: Residuals, p: Vector, now: Vector) -> list[Vector]:
    """Derivatives by forward differences: one row for every residual."""
    columns = []
    for j, value in enumerate(p):
        h = math.sqrt(_EPS) * abs(value) or math.sqrt(_EPS)
        moved = residuals([*p[:j], value + h, *p[j + 1 :]])
        columns.append([(b - a) / h for a, b in zip(now, moved, strict=True)])
    return [list(row) for row in zip(*columns, strict=True)]


def _factorize(a: list[Vector]) -> tuple[list[int], Vector, Vector]:
    """QR by Householder reflections with column pivoting, in place.

    Returns the order of the columns, the diagonal of R, and the lengths of the columns in their first order. `a` keeps
    R above its diagonal, the reflections on and below it.
    """
    size = len(a)
    lengths = [_norm([row[j] for row in a]) for j in range(size)]
    left, reference, order = list(lengths), list(lengths), list(range(size))
    for j in range(size):
        longest = max(range(j, size), key=lambda k: (left[k], -k))
        if longest != j:
            for row in a:
                row[j], row[longest] = row[longest], row[j]
            left[longest], reference[longest] = left[j], reference[j]
            order[j], order[longest] = order[longest], order[j]
        length = _norm([row[j] for row in a[j:]])
        if length != 0.0:
            length = -length if a[j][j] < 0 else length
            for row in a[j:]:
                row[j] /= length
            a[j][j] += 1.0
            for k in range(j + 1, size):
                _reflect(a, j, k)
                if left[k] != 0.0:
                    left[k] *= math.sqrt(max(0.0, 1.0 - (a[j][k] / left[k]) ** 2))
                    if 0.05 * (left[k] / reference[k]) ** 2 <= _EPS:
                        left[k] = reference[k] = _norm([row[k] for row in a[j + 1 :]])
        left[j] = -length
    return order, left, lengths


def _reflect(a: list[Vector], j: int, k: int) -> None:
    """Apply reflection `j` to column `k`."""
    total = 0.0
    for row in a[j:]:
        total += row[j] * row[k]
    share = total / a[j][j]
    for row in a[j:]:
        row[k] -= share * row[j]


def _project(a: list[Vector], diagonal: Vector, residual: Vector) -> Vector:
    """The residual times Q transposed; the reflections on the diagonal of `a` give way to that of R."""
    out = list(residual)
    for j in range(len(a)):
        if a[j][j] != 0.0:
            total = 0.0
            for i in range(j, len(a)):
                total += a[i][j] * out[i]
            share = -total / a[j][j]
            for i in range(j, len(a)):
                out[i] += a[i][j] * share
        a[j][j] = diagonal[j]
    return out


def _largest_cosine(
    r: list[Vector], order: list[int], lengths: Vector, projected: Vector, norm: float
) -> float:
    """Between the residual and any column of derivatives: 0 where nothing can be gained."""
    largest = 0.0
    for j, column in enumerate(order):
        if norm != 0.0 and lengths[column] != 0.0:
            total = 0.0
            for i in range(j + 1):
                total += r[i][j] * (projected[i] / norm)
            largest = max(largest, abs(total / lengths[column]))
    return largest


def _solve(r: list[Vector], order: list[int], projected: Vector) -> Vector:
    """The Gauss-Newton step: what the singular columns of R belong to stays as it is."""
    rank = next((j for j in range(len(r)) if r[j][j] == 0.0), len(r))
    out = [value if j < rank else 0.0 for j, value in enumerate(projected)]
    for j in reversed(range(rank)):
        out[j] /= r[j][j]
        for i in range(j):
            out[i] -= r[i][j] * out[j]
    step = [0.0] * len(r)
    for j, column in enumerate(order):
        step[column] = -out[j]
    return step


def _times(r: list[Vector], order: list[int], step: Vector) -> Vector:
    """R times the step, its entries taken in the order of the columns."""
    out = [0.0] * len(r)
    for j, column in enumerate(order):
        for i in range(j + 1):
            out[i] += r[i][j] * step[column]
    return out
