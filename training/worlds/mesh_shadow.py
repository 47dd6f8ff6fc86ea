"""Soft shadows and the dimness of hollows, at the points of a model."""

import numpy as np
from numpy.typing import NDArray

from .mesh import Float, Ints
from .mesh_raster import NOTHING, cover

_BIAS = 0.9
"""Shadow-map cells by which a point may lie behind what is seen there, and still be lit."""


def axes_of(direction: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows: right, down and towards the light (given, any length), `[3 3]`."""
    towards = np.asarray(direction, np.float64) / np.linalg.norm(direction)
    right = np.cross([0.0, 1.0, 0.0], towards)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(right, towards), towards])


def lit(
    points: Float, triangles: Ints, direction: NDArray[np.floating], cells: int, bias: float = _BIAS
) -> Float:
    """How much of a distant light reaches every point, 0..1, `[n]`, softened over about two cells of the map.

    points `[n 3]` in the world; triangles: those that throw shadows; cells: size of the shadow map.
    """
    local = points.astype(np.float64) @ axes_of(direction).T
    throwing = local[triangles[:, 0]]
    low, high = throwing.min(0), throwing.max(0)
    scale = (cells - 7) / max(float((high - low)[:2].max()), 1e-6)
    x, y, near = ((local - low) * scale).T
    x, y, near = x + 3, y + 3, near + 2
    found = cover(x, y, near, triangles, cells, cells)
    winner = found.winner.ravel()
    a, b, c = found.plane[winner].T
    row, column = np.divmod(np.arange(winner.size), cells)
    surface = np.where(winner != NOTHING, a * column + b * row + c, -1e9).astype(np.float32)
    blocked = np.zeros(near.size, np.float32)
    x, y = np.clip(x, 0, cells - 1), np.clip(y, 0, cells - 1)
    left, top = np.floor(x).astype(np.int32) - 1, np.floor(y).astype(np.int32) - 1
    fx, fy = (x - (left + 1)).astype(np.float32), (y - (top + 1)).astype(np.float32)
    limit = (near + bias).astype(np.float32)
    for j, down in ((0, 1 - fy), (1, 1), (2, fy)):
        line = np.clip(top + j, 0, cells - 1) * cells
        for i, right in ((0, 1 - fx), (1, 1), (2, fx)):
            over = surface[line + np.clip(left + i, 0, cells - 1)]
            over -= limit
            np.clip(over, 0, 1, out=over)
            over *= right * down
            blocked += over
    return np.clip(1 - blocked * np.float32(0.25), 0, 1)


def openness(points: Float, triangles: Ints, normal: Float, cells: int = 72) -> Float:
    """Share of the surroundings' light that reaches every point, 0..1, `[n]`: the mean over many distant lights."""
    total, weight = np.zeros(points.shape[0], np.float32), np.full(points.shape[0], 1e-6, np.float32)
    for direction in _SKY:
        facing = np.clip(normal @ direction.astype(np.float32), 0, 1)
        total += facing * lit(points, triangles, direction, cells)
        weight += facing
    return np.asarray((total + 1e-6) / weight, np.float32)


def _directions(count: int) -> NDArray[np.float64]:
    """Spread over the sphere, except straight up and down, `[count 3]`."""
    n = np.arange(count) + 0.5
    y = 1 - 2 * n / count
    angle = n * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - y * y)
    return np.stack([ring * np.cos(angle), y, ring * np.sin(angle)], 1)


_SKY = _directions(15)
