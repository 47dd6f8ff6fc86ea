"""Simple surfaces as rows of points, with their triangles as `grid_triangles` makes them, and points between them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .mesh import Float

Real = NDArray[np.floating]


def ball(rows: int, columns: int) -> Float:
    """Points of a sphere of radius 1 from its top (y = 1) down, `[rows*columns 3]`; a ring: the first column faces z.

    Outside is outside with `grid_triangles(rows, columns, ring=True)`.
    """
    high = np.linspace(0, np.pi, rows)[:, None]
    round_ = np.arange(columns) / columns * 2 * np.pi
    x, z = np.sin(high) * np.sin(round_), np.sin(high) * np.cos(round_)
    y = np.broadcast_to(np.cos(high), x.shape)
    return np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32)


def tube(path: Real, radius: Real | float, columns: int, side: Sequence[float] | Real = (0, 0, 1)) -> Float:
    """Rings around a path `[rows 3]`, `[rows*columns 3]`; radius: one, `[rows]`, or `[rows 2]` (to the side, across).

    side: roughly the direction of the first column seen from the path; it must not run along the path.
    """
    rows = path.shape[0]
    along = np.gradient(path.astype(np.float64), axis=0)
    along /= np.linalg.norm(along, axis=1)[:, None] + 1e-12
    across = np.cross(np.broadcast_to(np.asarray(side, np.float64), along.shape), along)
    across /= np.linalg.norm(across, axis=1)[:, None] + 1e-12
    front = np.cross(along, across)
    size = np.asarray(radius, np.float64)
    both = np.broadcast_to(size.reshape(-1, 1) if size.ndim < 2 else size, (rows, 2))
    angle = np.arange(columns) / columns * 2 * np.pi
    ring = front[:, None] * (np.cos(angle)[:, None] * both[:, None, :1])
    ring = ring + across[:, None] * (np.sin(angle)[:, None] * both[:, None, 1:])
    return np.asarray(path[:, None] + ring, np.float32).reshape(-1, 3)


def ring_weld(rows: int, columns: int) -> NDArray[np.int32]:
    """For `Piece.weld`: the last column lies on the first."""
    weld = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    weld[:, -1] = weld[:, 0]
    return weld.ravel()


def spread(table: Real, fine: int) -> NDArray[np.float64]:
    """Values between those of neighbours in rows and columns, `fine` to a step: `[r c ...]` -> `[(r-1)*fine+1 ...]`."""
    rows, columns = table.shape[:2]
    row, column = np.arange((rows - 1) * fine + 1) / fine, np.arange((columns - 1) * fine + 1) / fine
    i, j = np.minimum(row.astype(int), rows - 2), np.minimum(column.astype(int), columns - 2)
    more = (1,) * (table.ndim - 2)
    down, right = (row - i).reshape(-1, 1, *more), (column - j).reshape(1, -1, *more)
    upper = table[i][:, j] * (1 - right) + table[i][:, j + 1] * right
    lower = table[i + 1][:, j] * (1 - right) + table[i + 1][:, j + 1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float64)
