"""Surfaces that bones carry: rings of points, and what a dancer's skin and clothes are made of."""

from dataclasses import dataclass

import numpy as np

from .mesh import Material, Piece, Texture, grid_places, grid_triangles
from .mesh_shapes import ring_weld
from .puppet_bones import Array, Bone

SKIN = Material(shine=0.10, exponent=12, wrap=(0.4, 0.2, 0.14), rim=0.5)
CLOTH = Material(shine=0.04, exponent=8, wrap=(0.14, 0.14, 0.14), rim=0.4)
SHOE = Material(shine=0.25, exponent=20, rim=0.3)
HAIR = Material(shine=0.12, exponent=18, wrap=(0.25, 0.22, 0.2), rim=0.8)


@dataclass(frozen=True, eq=False)
class Flesh:
    """One surface at rest."""

    piece: Piece
    points: Array
    """`[n 3]`."""
    weights: Array
    """Of the bones, `[n 17]`; rows sum to 1."""


def flesh(
    name: str, points: Array, weights: dict[Bone, Array | float], texture: Texture, material: Material
) -> Flesh:
    """points `[rows columns 3]`: rows go down and columns right, seen from outside; the last column is the first."""
    rows, columns = points.shape[:2]
    table = np.zeros((rows, columns, len(Bone)))
    for bone, weight in weights.items():
        table[..., bone] += np.broadcast_to(weight, (rows, columns))
    piece = Piece(
        name,
        grid_triangles(rows, columns),
        grid_places(rows, columns),
        texture,
        material,
        ring_weld(rows, columns),
    )
    return Flesh(piece, points.reshape(-1, 3), table.reshape(-1, len(Bone)))


def around(columns: int) -> Array:
    return np.linspace(-np.pi, np.pi, columns)[None]


def oval(angle: Array, wide: Array, deep: Array, power: float = 1.0) -> tuple[Array, Array]:
    s, c = np.sin(angle), np.cos(angle)
    return wide * np.sign(s) * np.abs(s) ** power, deep * np.sign(c) * np.abs(c) ** power
