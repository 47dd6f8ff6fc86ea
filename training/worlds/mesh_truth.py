"""What is true about a picture of a model: labels, flow, occlusion, depth. Only pixel centres count."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .mesh import Float, Ints, Model
from .mesh_raster import NOTHING
from .mesh_sight import MeshSight, blend, shares

TOLERANCE = 4e-3
"""A point counts as seen where its depth differs by no more than this share from what the picture shows."""

_NO_WEIGHT = 1e-3
"""A neighbour that takes part in a bilinear mean by no more than that does not count."""


class MeshTruth(NamedTuple):
    """Fields as in `WorldFrame`; without instances."""

    ids: NDArray[np.uint8]
    flow: Float
    occlusion: NDArray[np.bool_]
    depth: Float


def truth_of_mesh(now: MeshSight, before: MeshSight, nothing: int = 0) -> MeshTruth:
    """Compare two moments one frame apart.

    nothing: the class where no triangle is; its flow is 0, its depth infinite.
    """
    h, w = now.camera.height, now.camera.width
    triangle = now.centres.ravel()
    at = np.flatnonzero(triangle != NOTHING)
    seen = triangle[at]
    row, column = np.divmod(at, w)
    x, y = column + 0.5, row + 0.5
    part = shares(now, seen, x, y)
    corners = now.model.triangles[seen].T
    old = blend(before.points.astype(np.float64), corners, part)
    old_x, old_y, old_depth = before.camera.project(old)
    ids = np.full(h * w, nothing, np.uint8)
    ids[at] = labels_at(now.model, seen, blend(now.model.places, corners, part))
    flow = np.zeros((2, h * w), np.float32)
    flow[0, at], flow[1, at] = old_x - x, old_y - y
    hidden = np.zeros(h * w, np.bool_)
    hidden[at] = _hidden(before, seen, old_x, old_y, old_depth)
    empty = np.flatnonzero(triangle == NOTHING)
    hidden[empty] = before.centres.ravel()[empty] != NOTHING
    depth = np.full(h * w, np.inf, np.float32)
    depth[at] = 1 / (blend(1 / now.depth[:, None], corners, _flat_shares(now, part, corners))[:, 0])
    return MeshTruth(ids.reshape(h, w), flow.reshape(2, h, w), hidden.reshape(h, w), depth.reshape(h, w))


def _flat_shares(now: MeshSight, part: Float, corners: Ints) -> Float:
    """Shares on the picture from shares on the surface."""
    flat = part * now.depth[corners]
    return np.asarray(flat / (flat[0] + flat[1] + flat[2]), np.float32)


def labels_at(model: Model, triangle: Ints, places: Float) -> NDArray[np.uint8]:
    """Class at places (u, v in texels, `[n 2]`) of triangles `[n]`."""
    begin, width, height = model.textures[model.piece_of[triangle]].T
    column = np.clip((places[:, 0] + np.float32(0.5)).astype(np.int32), 0, width - 1)
    row = np.clip((places[:, 1] + np.float32(0.5)).astype(np.int32), 0, height - 1)
    return np.asarray(model.labels[begin + row * width + column])


def _hidden(
    before: MeshSight,
    triangle: Ints,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    depth: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """True where none of the four pixels around (x, y) of the frame before shows the same surface at that depth."""
    h, w = before.camera.height, before.camera.width
    shown_triangle = before.centres.ravel()
    piece = before.model.piece_of
    outside = (x < 0) | (x > w) | (y < 0) | (y > h)
    left, top = np.floor(x - 0.5).astype(np.intp), np.floor(y - 0.5).astype(np.intp)
    right, down = x - 0.5 - left, y - 0.5 - top
    seen = np.zeros(x.size, np.bool_)
    for dy in (0, 1):
        row = np.clip(top + dy, 0, h - 1) * w
        for dx in (0, 1):
            there = shown_triangle[row + np.clip(left + dx, 0, w - 1)]
            a, b, c = before.cover.plane[there].T
            near = (2 * x * a + 2 * y * b + c) * depth
            weighs = (right > _NO_WEIGHT if dx else right < 1 - _NO_WEIGHT) & (
                down > _NO_WEIGHT if dy else down < 1 - _NO_WEIGHT
            )
            same = weighs & (there != NOTHING) & (piece[there] == piece[triangle])
            seen |= same & (np.abs(near - 1) < TOLERANCE)
    return np.asarray(outside | ~seen)


def surface_of(sight: MeshSight) -> Float:
    """(u, v) of every pixel's centre on its piece, 0..1, `[2 h w]`; 0 where no triangle is."""
    h, w = sight.camera.height, sight.camera.width
    triangle = sight.centres.ravel()
    at = np.flatnonzero(triangle != NOTHING)
    row, column = np.divmod(at, w)
    part = shares(sight, triangle[at], column + 0.5, row + 0.5)
    places = blend(sight.model.places, sight.model.triangles[triangle[at]].T, part)
    _, width, height = sight.model.textures[sight.model.piece_of[triangle[at]]].T
    out = np.zeros((2, h * w), np.float32)
    out[0, at] = places[:, 0] / np.maximum(width - 1, 1)
    out[1, at] = places[:, 1] / np.maximum(height - 1, 1)
    return out.reshape(2, h, w)
