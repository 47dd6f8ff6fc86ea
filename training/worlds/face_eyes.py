"""Eyeballs that look about, with iris and veins, and the lashes of the upper lids."""

from functools import lru_cache

import numpy as np

from .face_parts import Part
from .face_person import Subject
from .face_shape import EYE_INNER, EYE_OUTER, EYE_RADIUS, EYE_X, Array, face_grid, step
from .mesh import Float, Material, Piece, Texture, grid_places, grid_triangles, plain

EYE_DEPTH = 6.92
"""Height of an eyeball's middle above the axis of the ears, centimetres."""
EYE_HEIGHT = -0.10
_ROWS, _COLUMNS = 15, 24
_REACH = 1.75
"""Angle from the gaze's axis to the last row, radians."""
_IRIS = 0.53
_PUPIL = 0.20


def eye_centre(side: int) -> Array:
    """Middle of the eyeball on the viewer's left (-1) or right (1), on the average head."""
    return np.array([side * EYE_X, EYE_HEIGHT, EYE_DEPTH])


def eyeballs(subject: Subject) -> list[Piece]:
    """Left and right; points as `eye_points` gives them."""
    texture = paint_eye(subject)
    material = Material(shine=2.4, exponent=260, wrap=(0.35, 0.3, 0.3), rim=0.1, glow=0.04, casts=False)
    out = []
    for name, part in (("eye left", Part.L_EYE), ("eye right", Part.R_EYE)):
        labels = np.full_like(texture.labels, part)
        own = Texture(texture.color, labels, texture.gloss)
        out.append(
            Piece(name, grid_triangles(_ROWS, _COLUMNS), grid_places(_ROWS, _COLUMNS), own, material, _weld())
        )
    return out


def _weld() -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    weld = np.arange(_ROWS * _COLUMNS, dtype=np.int32).reshape(_ROWS, _COLUMNS)
    weld[:, -1] = weld[:, 0]
    weld[0] = 0
    return weld.ravel()


@lru_cache(maxsize=1)
def _cap() -> Float:
    """Rings around the z axis, from the pole on; the last column in the place of the first. Radius 1."""
    polar = np.linspace(0, _REACH, _ROWS)[:, None]
    turn = np.linspace(0, 2 * np.pi, _COLUMNS)[None]
    points = np.stack(
        [np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar) + 0 * turn], -1
    )
    return points.reshape(-1, 3).astype(np.float32)


def eye_points(side: int, gaze_x: float, gaze_y: float) -> Array:
    """Points of an eyeball around its middle, looking so many radians to the right and up, `[n 3]`."""
    cx, sx, cy, sy = np.cos(gaze_x), np.sin(gaze_x), np.cos(gaze_y), np.sin(gaze_y)
    up = np.array([[1, 0, 0], [0, cy, sy], [0, -sy, cy]])
    right = np.array([[cx, 0, sx], [0, 1, 0], [-sx, 0, cx]])
    return np.asarray(_cap() @ (right @ up).T * EYE_RADIUS)


def paint_eye(subject: Subject) -> Texture:
    """White, iris and pupil, row by row from the pupil outwards."""
    high, wide = 96, 128
    polar = np.linspace(0, _REACH, high)[:, None] + np.zeros((1, wide))
    turn = np.linspace(0, 2 * np.pi, wide)[None]
    chance = np.random.default_rng((subject.seed, 71))
    fibres = sum(
        chance.normal() / np.sqrt(n) * np.cos(n * turn + chance.random() * 7 + polar * chance.normal() * 4)
        for n in range(3, 26)
    )
    depth = polar / _IRIS
    iris = np.asarray(subject.iris) * (0.85 + 0.22 * fibres[..., None] * (0.3 + 0.7 * depth[..., None]))
    inner = np.asarray(subject.iris) * np.array([1.35, 1.1, 0.8])
    iris = iris + (inner - iris) * (0.55 * step(0.75, 0.42, depth))[..., None]
    iris = iris * (1 - 0.78 * step(0.78, 1.0, depth))[..., None]
    iris = iris * (1 - 0.96 * step(_PUPIL + 0.035, _PUPIL - 0.035, polar))[..., None]
    white = np.array([0.66, 0.63, 0.60]) * (
        1 - 0.14 * step(0.6, 1.3, polar) * np.array([0.2, 1, 1])[:, None, None]
    ).transpose(1, 2, 0)
    color = iris + (white - iris) * step(_IRIS - 0.02, _IRIS + 0.05, polar)[..., None]
    gloss = np.where(polar < _IRIS + 0.1, 1.0, 0.55)
    return Texture(
        np.clip(color, 0.003, 1).astype(np.float32),
        np.zeros((high, wide), np.uint8),
        gloss.astype(np.float32),
    )


def lash_columns(side: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Columns of the face's grid whose upper rim carries the lashes of one eye."""
    grid = face_grid()
    x = side * grid.x[grid.lid_rows[0]]
    return np.flatnonzero((x > EYE_INNER - 0.1) & (x < EYE_OUTER + 0.15) & (np.cos(grid.angle) > 0))


def lashes(subject: Subject) -> list[Piece]:
    """Strips along the rims; points as `lash_points` gives them."""
    out = []
    for name, side, part in (("lashes left", -1, Part.L_EYE), ("lashes right", 1, Part.R_EYE)):
        count = lash_columns(side).size
        texture = plain((0.012, 0.009, 0.008), part, 0.0)
        material = Material(wrap=(0.3, 0.3, 0.3), rim=0.0, casts=False)
        out.append(Piece(name, grid_triangles(2, count), grid_places(2, count), texture, material))
    return out


def lash_points(rim: Array, side: int, length: float) -> Array:
    """Tips above, roots below; rim: points of the face at `lash_columns`, `[n 3]`."""
    t = np.linspace(0, 1, rim.shape[0]) if side > 0 else np.linspace(1, 0, rim.shape[0])
    long = length * np.sin(np.pi * np.clip(0.08 + 0.80 * t, 0, 1)) ** 0.6
    tips = rim + np.stack([side * 0.55 * long * (t - 0.25), 0.55 * long, 0.75 * long], 1)
    roots = rim + np.array([0.0, -0.03, 0.05])
    return np.concatenate([tips, roots])
