"""Which patch every sample of the picture shows: projection, clipping, z-buffer.

The picture of a flat patch is a homography: with a pixel p = (x, y, 1), the three numbers (u/z, v/z, 1/z) of the
patch's point seen there are linear in p, and so is its place in the frame before. All geometry rests on that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import Lens, Pose, patch_to_camera
from .patches import Patches, Shape
from .texture import leaf_outline

Float = NDArray[np.float32]

LARGE = 500
"""Patches whose box holds more pixels than this are drawn one by one."""
NEAR = 0.4
"""Nothing closer to the camera than this is drawn, metres."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Samples: layer 0 at pixel centres, layer 1 at pixel corners, each `[h+1 w+1]` (layer 0's last row and
    column lie outside the picture and are not used)."""

    width: int
    height: int

    @property
    def x(self) -> Float:
        """`[2 1 w+1]`."""
        return np.stack([np.arange(self.width + 1) + 0.5, np.arange(self.width + 1)]).astype(np.float32)[
            :, None
        ]

    @property
    def y(self) -> Float:
        """`[2 h+1 1]`."""
        return np.stack([np.arange(self.height + 1) + 0.5, np.arange(self.height + 1)]).astype(np.float32)[
            ..., None
        ]


@dataclass(frozen=True, eq=False)
class View:
    """Patches as one camera sees them; only those that face it and lie in the picture, the nearest first."""

    index: NDArray[np.int64]
    """Which patches these are, `[m]`."""
    inverse: NDArray[np.float64]
    """(x, y, 1) -> (u/z, v/z, 1/z), `[m 3 3]`."""
    box: NDArray[np.int64]
    """Pixels that may show it: left, top, right, bottom (the last two exclusive), `[m 4]`."""


def look_at(patches: Patches, pose: Pose, lens: Lens) -> View:
    """Project the patches and drop what the camera can't see."""
    to_camera = patch_to_camera(pose, patches.origin, patches.across, patches.up)
    facing = np.linalg.det(to_camera) < -1e-7
    corners = np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]], np.float64)
    points = to_camera @ corners  # [n 3 4]
    facing &= (points[:, 2].max(1) > NEAR) & (points[:, 2].min(1) < patches.reach)
    chosen = np.flatnonzero(facing)
    box = _boxes(points[chosen], lens)
    seen = (box[:, 0] < box[:, 2]) & (box[:, 1] < box[:, 3])
    order = np.flatnonzero(seen)[np.argsort(points[chosen[seen], 2].min(1))]
    chosen, box = chosen[order], box[order]
    inverse = np.asarray(np.linalg.inv(lens.matrix @ to_camera[chosen]), np.float64)
    return View(chosen, inverse, box)


def _boxes(points: NDArray[np.float64], lens: Lens) -> NDArray[np.int64]:
    """Bounds in samples of the part in front of the camera. points: corners in camera axes, `[m 3 4]`."""
    after = np.roll(points, -1, axis=2)
    z0, z1 = points[:, 2], after[:, 2]
    crosses = (z0 < NEAR) != (z1 < NEAR)
    s = np.where(crosses, (NEAR - z0) / np.where(crosses, z1 - z0, 1), 0)
    cuts = points + s[:, None] * (after - points)
    both = np.concatenate([points, cuts], 2)
    usable = np.concatenate([z0 >= NEAR, crosses], 1)
    pixels = lens.matrix @ both
    depth = np.where(usable, both[:, 2], 1)
    x, y = pixels[:, 0] / depth, pixels[:, 1] / depth
    lows = [np.floor(np.where(usable, a, np.inf).min(1)) for a in (x, y)]
    highs = [np.floor(np.where(usable, a, -np.inf).max(1)) + 1 for a in (x, y)]
    limits = (lens.width + 1, lens.height + 1)
    edges = [np.clip(a, 0, limits[i % 2]) for i, a in enumerate((*lows, *highs))]
    return np.stack(edges, 1).astype(np.int64)


def rasterize(patches: Patches, view: View, grid: Grid) -> NDArray[np.int16]:
    """The number (in `view`, plus 1) of the nearest patch at every sample, `[2 h+1 w+1]`; 0: the sky."""
    nearest = np.zeros((2, grid.height + 1, grid.width + 1), np.float32)
    winner = np.zeros(nearest.shape, np.int16)
    sizes = view.box[:, 2:] - view.box[:, :2]
    large = sizes[:, 0] * sizes[:, 1] > LARGE
    _draw_large(patches, view, grid, np.flatnonzero(large), (nearest, winner))
    _draw_small(patches, view, grid, np.flatnonzero(~large), (nearest, winner))
    return winner


Buffers = tuple[Float, NDArray[np.int16]]


def _draw_large(
    patches: Patches, view: View, grid: Grid, numbers: NDArray[np.int64], buffers: Buffers
) -> None:
    """Patch by patch: each as a picture of its own box."""
    nearest, winner = buffers
    xs, ys = grid.x, grid.y
    rows = view.inverse.astype(np.float32)
    for number in numbers.tolist():
        left, top, right, bottom = view.box[number].tolist()
        x, y = xs[:, :, left:right], ys[:, top:bottom]
        (ux, uy, u0), (vx, vy, v0), (wx, wy, w0) = rows[number].tolist()
        w = (wx * x + w0) + wy * y
        old = nearest[:, top:bottom, left:right]
        hit = w > old
        if not hit.any():
            continue
        u = (ux * x + u0) + uy * y
        v = (vx * x + v0) + vy * y
        hit &= np.minimum(u, v) >= 0
        hit &= np.maximum(u, v) <= w
        patch = view.index[number]
        if patches.shape[patch]:
            at = np.nonzero(hit)
            depth = 1 / w[at]
            hit[at] = inside(Shape(patches.shape[patch]), u[at] * depth, v[at] * depth, patches.traits[patch])
        np.copyto(old, w, where=hit)
        np.copyto(winner[:, top:bottom, left:right], number + 1, where=hit)


def _draw_small(
    patches: Patches, view: View, grid: Grid, numbers: NDArray[np.int64], buffers: Buffers
) -> None:
    """All at once: the samples of all their boxes in one row."""
    nearest, winner = buffers[0].ravel(), buffers[1].ravel()
    left, top, right, bottom = view.box[numbers].T
    wide, each = right - left, (right - left) * (bottom - top)
    count = 2 * each
    one = np.repeat(np.arange(numbers.size, dtype=np.int32), count)  # whose sample it is
    place = (np.arange(one.size) - np.repeat(np.cumsum(count) - count, count)).astype(np.int32)
    layer, place = np.divmod(place, each.astype(np.int32)[one])
    down, across = np.divmod(place, wide.astype(np.int32)[one])
    row, column = down + top.astype(np.int32)[one], across + left.astype(np.int32)[one]
    half = np.float32(0.5) - np.float32(0.5) * layer.astype(np.float32)
    x, y = column.astype(np.float32) + half, row.astype(np.float32) + half
    at = (layer * (grid.height + 1) + row) * (grid.width + 1) + column
    rows = np.ascontiguousarray(view.inverse[numbers].reshape(-1, 9).T, np.float32)
    w = rows[6][one] * x + rows[7][one] * y + rows[8][one]
    hit = np.flatnonzero(w > nearest[at])
    one, at, x, y, w = one[hit], at[hit], x[hit], y[hit], w[hit]
    u, v = (rows[i][one] * x + rows[i + 1][one] * y + rows[i + 2][one] for i in (0, 3))
    hit = np.flatnonzero((np.minimum(u, v) >= 0) & (np.maximum(u, v) <= w))
    one, at, w = one[hit], at[hit].astype(np.intp), w[hit]
    u, v = u[hit] / w, v[hit] / w
    patch = view.index[numbers][one]
    shape = patches.shape[patch]
    covered = np.ones(one.size, np.bool_)
    for kind in np.unique(shape[shape > 0]):
        part = np.flatnonzero(shape == kind)
        covered[part] = inside(Shape(kind), u[part], v[part], patches.traits[patch[part]].T)
    at, w, one = at[covered], w[covered], one[covered]
    np.maximum.at(nearest, at, w)
    front = w == nearest[at]
    winner[at[front]] = numbers[one[front]] + 1


def inside(shape: Shape, u: Float, v: Float, traits: Float) -> NDArray[np.bool_]:
    """Where a patch's shape covers its parallelogram; u, v `[n]` in 0..1, v upwards.

    traits `[TRAITS]` or `[TRAITS n]`.
    """
    x = 2 * u - 1
    if shape is Shape.ELLIPSE:
        return np.asarray(x * x + (2 * v - 1) ** 2 <= 1)
    if shape is Shape.CROWN:
        return np.asarray(x * x + (2 * v - 1) ** 2 <= leaf_outline(u, v, traits[3]))
    if shape is Shape.TAPERED:  # traits 4 and 5: how much the top is narrower on the left and on the right
        return np.asarray((u >= v * traits[4]) & (u <= 1 - v * traits[5]))
    if shape is Shape.TRIANGLE:
        return np.asarray(np.abs(x) <= 1 - v)
    if shape is Shape.CAPSULE:
        return np.asarray(np.abs(x) ** 3 + np.abs(2 * v - 1) ** 5 <= 1)
    if shape is Shape.CAR_END:
        return np.asarray((v > 0.22) | (np.abs(np.abs(x) - 0.84) < 0.11))
    wheel = np.minimum(np.abs(u - 0.2), np.abs(u - 0.8)) * 4.7  # CAR_SIDE: radii of the wheel's 0.34 m
    return np.asarray((v > 0.22) | (wheel * wheel + ((v - 0.4) * 2.5) ** 2 <= 1))
