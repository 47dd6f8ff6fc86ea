"""What an open mouth shows: teeth, tongue and the dark behind them."""

import numpy as np

from .face_muscles import jaw_pull
from .face_parts import Part
from .face_person import Subject
from .face_shape import Array
from .mesh import Material, Piece, Texture, grid_places, grid_triangles, plain
from .mesh_shapes import ball

_TEETH = 25
_BAG = (9, 13)
_TONGUE = (8, 12)


def _teeth_texture(seed: int) -> Texture:
    """A row of teeth, v down; gaps are darker."""
    u = np.linspace(-1, 1, 200)[None]
    v = np.linspace(0, 1, 16)[:, None]
    place = np.sign(u) * np.abs(u) ** 1.08 * 5.0
    gap = np.exp(-((((place + 0.0) % 1.0 - np.round((place + 0.0) % 1.0)) / 0.07) ** 2))
    shade = (1 - 0.35 * gap) * (1 - 0.45 * np.abs(u) ** 2.5) * (0.92 + 0.08 * v)
    base = np.array([0.80, 0.76, 0.66]) * (0.95 + 0.05 * np.sin(seed))
    return Texture(
        (shade[..., None] * base).astype(np.float32),
        np.full(shade.shape, Part.MOUTH, np.uint8),
        (1 - 0.5 * gap + 0 * v).astype(np.float32),
    )


def mouth_pieces(subject: Subject) -> list[Piece]:
    """Upper teeth, lower teeth, tongue, bag; points as `mouth_points` gives them."""
    enamel = Material(shine=0.5, exponent=50, wrap=(0.3, 0.28, 0.25), rim=0.0, casts=False)
    wet = Material(shine=0.5, exponent=25, wrap=(0.4, 0.2, 0.2), rim=0.0, casts=False)
    dark = Material(wrap=(0.5, 0.3, 0.3), rim=0.0, casts=False)
    texture = _teeth_texture(subject.seed)
    strip, places = grid_triangles(3, _TEETH), grid_places(3, _TEETH)
    tongue = plain((0.36, 0.10, 0.10), Part.MOUTH, 0.8)
    bag = plain((0.065, 0.014, 0.013), Part.MOUTH, 0.0)
    return [
        Piece("teeth above", strip, places, texture, enamel),
        Piece("teeth below", strip, places, texture, enamel),
        Piece("tongue", grid_triangles(*_TONGUE, ring=True), grid_places(*_TONGUE), tongue, wet),
        Piece("mouth", grid_triangles(*_BAG), grid_places(*_BAG), bag, dark),
    ]


def mouth_points() -> tuple[dict[str, Array], dict[str, Array]]:
    """Points of every piece on the average head with the mouth shut, and how they move as the jaw opens."""
    x = np.linspace(-2.5, 2.5, _TEETH)
    lines = {}
    for name, top, bottom, depth in (("teeth above", -6.1, -7.32, 8.42), ("teeth below", -7.30, -8.25, 8.25)):
        rows = []
        for share in (0.0, 0.6, 1.0):
            y = top + (bottom - top) * share + (0.05 * x * x * (1 if name == "teeth above" else -1)) * 0.6
            rows.append(np.stack([x, y, depth - 0.24 * x * x + 0.12 * np.sin(np.pi * share)], 1))
        lines[name] = np.concatenate(rows)
    lines["tongue"] = ball(*_TONGUE).astype(np.float64) * (1.75, 0.62, 1.5) + (0, -8.05, 6.6)
    v, u = np.mgrid[0 : 1 : _BAG[0] * 1j, -1 : 1 : _BAG[1] * 1j]
    bag = np.stack([3.2 * u * (1 - 0.3 * v), -5.2 - 4.2 * v, 4.8 + 2.4 * u * u * (1 - 0.6 * v)], -1).reshape(
        -1, 3
    )
    lines["mouth"] = bag
    follow = {"teeth above": 0.0, "teeth below": 1.0, "tongue": 0.9, "mouth": v.ravel()[:, None]}
    return lines, {name: jaw_pull(points) * follow[name] for name, points in lines.items()}
