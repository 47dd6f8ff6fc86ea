"""Which patch every pixel shows: projection, clipping, z-buffer.

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
MARGIN = 12.0
"""Patches so far behind the camera, measured along the street, can't come into its view, metres."""
NEAR = 0.4
"""Nothing closer to the camera than this is drawn, metres."""


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
    ahead = patches.origin[:, 2] - pose.z
    extent = patches.across[:, 2] + patches.up[:, 2]
    near, far = ahead + np.minimum(extent, 0), ahead + np.maximum(extent, 0)
    around = np.flatnonzero((far > -MARGIN) & (near < patches.reach + MARGIN))
    to_camera = patch_to_camera(pose, patches.origin[around], patches.across[around], patches.up[around])
    a, b, c = to_camera.transpose(2, 1, 0)
    facing = (np.cross(a.T, b.T) * c.T).sum(1) < -1e-7  # the determinant
    corners = np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]], np.float64)
    points = to_camera @ corners  # [n 3 4]
    facing &= (points[:, 2].max(1) > NEAR) & (points[:, 2].min(1) < patches.reach[around])
    chosen = np.flatnonzero(facing)
    box = _boxes(points[chosen], lens)
    seen = (box[:, 0] < box[:, 2]) & (box[:, 1] < box[:, 3])
    order = np.flatnonzero(seen)[np.argsort(points[chosen[seen], 2].min(1))]
    chosen, box = chosen[order], box[order]
    inverse = np.asarray(np.linalg.inv(lens.matrix @ to_camera[chosen]), np.float64)
    return View(around[chosen], inverse, box)


def _boxes(points: NDArray[np.float64], lens: Lens) -> NDArray[np.int64]:
    """Bounds in pixels of the part in front of the camera. points: corners in camera axes, `[m 3 4]`."""
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
    limits = (lens.width, lens.height)
    edges = [np.clip(a, 0, limits[i % 2]) for i, a in enumerate((*lows, *highs))]
    return np.stack(edges, 1).astype(np.int64)


def rasterize(patches: Patches, view: View, lens: Lens) -> NDArray[np.int16]:
    """The number (in `view`, plus 1) of the nearest patch at every pixel's centre, `[h w]`; 0: the sky."""
    nearest = np.zeros((lens.height, lens.width), np.float32)
    winner = np.zeros(nearest.shape, np.int16)
    sizes = view.box[:, 2:] - view.box[:, :2]
    large = sizes[:, 0] * sizes[:, 1] > LARGE
    _draw_large(patches, view, np.flatnonzero(large), nearest, winner)
    _draw_small(patches, view, np.flatnonzero(~large), nearest.ravel(), winner.ravel(), lens.width)
    return winner


def _draw_large(
    patches: Patches, view: View, numbers: NDArray[np.int64], nearest: Float, winner: NDArray[np.int16]
) -> None:
    """Patch by patch: each as a picture of its own box."""
    xs = np.arange(winner.shape[1], dtype=np.float32) + np.float32(0.5)
    ys = np.arange(winner.shape[0], dtype=np.float32)[:, None] + np.float32(0.5)
    rows = view.inverse.astype(np.float32)
    for number in numbers.tolist():
        left, top, right, bottom = view.box[number].tolist()
        x, y = xs[left:right], ys[top:bottom]
        (ux, uy, u0), (vx, vy, v0), (wx, wy, w0) = rows[number].tolist()
        w = (wx * x + w0) + wy * y
        old = nearest[top:bottom, left:right]
        hit = w > old
        if not hit.any():
            continue
        u = (ux * x + u0) + uy * y
        v = (vx * x + v0) + vy * y
        hit &= np.minimum(u, v) >= 0
        hit &= np.maximum(u, v) <= w
        patch = view.index[number]
        if patches.shape[patch]:
            at = np.flatnonzero(hit)
            depth = 1 / w.ravel()[at]
            place = (u.ravel()[at] * depth, v.ravel()[at] * depth)
            hit.ravel()[at] = inside(Shape(patches.shape[patch]), *place, patches.traits, patch)
        np.copyto(old, w, where=hit)
        np.copyto(winner[top:bottom, left:right], number + 1, where=hit)


def _draw_small(
    patches: Patches,
    view: View,
    numbers: NDArray[np.int64],
    nearest: Float,
    winner: NDArray[np.int16],
    width: int,
) -> None:
    """All at once: the rows of all their boxes one after the other. The buffers are flat, rows of `width`."""
    left, top, right, bottom = view.box[numbers].T
    high = bottom - top
    owner = np.repeat(np.arange(numbers.size), high)  # of every row
    y = _count_within(high) + top[owner]
    inverse = view.inverse[numbers[owner]]
    slope = inverse[:, :, 0].T.astype(np.float32)  # of (u/z, v/z, 1/z) along every row, [3 rows]
    start = (inverse[:, :, 1].T * (y + 0.5) + inverse[:, :, 2].T).astype(np.float32)
    size, first = (right - left)[owner], left[owner]
    before = np.cumsum(size) - size  # samples of the rows above
    count = np.arange(int(size.sum()), dtype=np.int32)
    line = np.repeat(np.arange(owner.size, dtype=np.int32), size)  # of every sample
    x_centre = (count + (first - before).astype(np.int32)[line]).astype(np.float32) + np.float32(0.5)
    place = count + (first - before + y * width).astype(np.int32)[line]
    w = slope[2][line] * x_centre + start[2][line]
    open_ = np.flatnonzero(w > nearest[place])
    row, x_centre, place, w = line[open_], x_centre[open_], place[open_], w[open_]
    u, v = (slope[i][row] * x_centre + start[i][row] for i in (0, 1))
    hit = np.flatnonzero((np.minimum(u, v) >= 0) & (np.maximum(u, v) <= w))
    one, place, w = numbers[owner[row[hit]]], place[hit], w[hit]
    covered = covers(patches, view.index[one], u[hit] / w, v[hit] / w)
    place, w, one = place[covered], w[covered], one[covered]
    np.maximum.at(nearest, place, w)
    front = w == nearest[place]
    winner[place[front]] = one[front] + 1


def _count_within(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2 ... for every one of the runs in turn: (2, 3) -> 0 1 0 1 2."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if ends.size else 0) - np.repeat(ends - lengths, lengths)


def covers(patches: Patches, patch: NDArray[np.int64], u: Float, v: Float) -> NDArray[np.bool_]:
    """Which samples lie inside the shapes of their patches, `[n]`; u, v in 0..1, v upwards."""
    shape = patches.shape[patch]
    covered = np.ones(shape.size, np.bool_)
    for kind in np.flatnonzero(np.bincount(shape)).tolist():
        if kind != Shape.FULL:
            part = np.flatnonzero(shape == kind)
            covered[part] = inside(Shape(kind), u[part], v[part], patches.traits, patch[part])
    return covered


def inside(shape: Shape, u: Float, v: Float, traits: Float, patch: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a shape covers its parallelogram, `[n]`; traits: those of all patches, `[m TRAITS]`."""
    x = 2 * u - 1
    if shape is Shape.ELLIPSE:
        return np.asarray(x * x + (2 * v - 1) ** 2 <= 1)
    if shape is Shape.CROWN:
        return np.asarray(x * x + (2 * v - 1) ** 2 <= leaf_outline(u, v, traits[patch, 3]))
    if shape is Shape.TAPERED:  # traits 4 and 5: how much the top is narrower on the left and on the right
        return np.asarray((u >= v * traits[patch, 4]) & (u <= 1 - v * traits[patch, 5]))
    if shape is Shape.TRIANGLE:
        return np.asarray(np.abs(x) <= 1 - v)
    if shape is Shape.CAPSULE:
        return np.asarray(np.abs(x) ** 3 + np.abs(2 * v - 1) ** 5 <= 1)
    if shape is Shape.CAR_END:
        return np.asarray((v > 0.22) | (np.abs(np.abs(x) - 0.84) < 0.11))
    wheel = np.minimum(np.abs(u - 0.2), np.abs(u - 0.8)) * 4.7  # CAR_SIDE: radii of the wheel's 0.34 m
    return np.asarray((v > 0.22) | (wheel * wheel + ((v - 0.4) * 2.5) ** 2 <= 1))
