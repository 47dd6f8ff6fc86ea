"""Where the dancer dances: a floor and a wall behind it, which stand still and catch shadows."""

import numpy as np

from .face_person import CLOTHES
from .face_shape import Array, step
from .mesh import Material, Piece, Texture, grid_places, grid_triangles
from .puppet_person import Dancer
from .texture import noise

_FLOOR = (31, 45)
_WALL = (15, 31)
_HALF, _BACK, _FRONT, _HIGH = 420.0, -190.0, 330.0, 420.0
_MATTE = Material(shine=0.0, wrap=(0.0, 0.0, 0.0), rim=0.0, casts=False)
_POLISHED = Material(shine=0.12, exponent=30, wrap=(0.0, 0.0, 0.0), rim=0.0, casts=False)


def stage(dancer: Dancer) -> list[tuple[Piece, Array]]:
    """Floor and wall with their points, `[n 3]`."""
    rows, columns = _FLOOR
    u = np.linspace(-1, 1, columns)
    x = (_HALF * np.sign(u) * (0.35 * np.abs(u) + 0.65 * np.abs(u) ** 3))[None]
    w = np.linspace(0, 1, rows)
    z = np.interp(w, (0, 0.2, 0.8, 1.0), (_BACK, -95.0, 110.0, _FRONT))[:, None]
    ground = np.stack(np.broadcast_arrays(x, np.zeros((1, 1)), z), -1)
    places = np.stack(np.broadcast_arrays((x / _HALF + 1) / 2, (z - _BACK) / (_FRONT - _BACK)), -1)
    floor = Piece(
        "floor", grid_triangles(rows, columns), places.reshape(-1, 2).astype(np.float32), _paint_floor(dancer),
        _POLISHED,
    )  # fmt: skip
    rows, columns = _WALL
    x, y = np.linspace(-_HALF, _HALF, columns)[None], np.linspace(_HIGH, 0, rows)[:, None]
    back = np.stack(np.broadcast_arrays(x, y, np.full((1, 1), _BACK)), -1)
    wall = Piece(
        "wall", grid_triangles(rows, columns), grid_places(rows, columns), _paint_wall(dancer), _MATTE
    )
    return [(floor, ground.reshape(-1, 3)), (wall, back.reshape(-1, 3))]


def _grain(x: Array, y: Array, stretch: tuple[float, float], period: float) -> Array:
    u, v = (x * stretch[0]).astype(np.float32).ravel(), (y * stretch[1]).astype(np.float32).ravel()
    tiny = np.full(u.size, 0.01, np.float32)
    return np.asarray(noise("rough", u, v, tiny, tiny, period), np.float64).reshape(x.shape)


def _still(color: Array, gloss: float = 1.0) -> Texture:
    shown = np.clip(color, 0.004, 1).astype(np.float32)
    return Texture(shown, np.zeros(shown.shape[:2], np.uint8), np.full(shown.shape[:2], gloss, np.float32))


def _paint_floor(dancer: Dancer) -> Texture:
    x, z = np.meshgrid(np.linspace(-_HALF, _HALF, 420), np.linspace(_BACK, _FRONT, 260))
    base = np.asarray(CLOTHES[(dancer.seed // 7) % len(CLOTHES)])
    if dancer.stage in (0, 3):
        plank = np.floor(x / 16)
        tone = 0.85 + 0.3 * ((plank * 0.618 + np.floor(z / 120 + plank * 0.37) * 0.41) % 1)
        gap = np.exp(-((((x / 16) % 1 - 0.5) / 0.47) ** 30))
        color = (
            np.array([0.30, 0.17, 0.085])
            * (tone * (0.7 + 0.3 * gap) * (1 + 0.10 * _grain(x, z, (0.3, 0.02), 8)))[..., None]
        )
    elif dancer.stage == 1:
        tile = (np.floor(x / 40) + np.floor(z / 40)) % 2
        color = np.array([0.34, 0.34, 0.36]) * (0.75 + 0.45 * tile)[..., None]
    else:
        color = (0.25 + 0.45 * base) * (1 + 0.05 * _grain(x, z, (0.05, 0.05), 8))[..., None]
    return _still(color)


def _paint_wall(dancer: Dancer) -> Texture:
    x, y = np.meshgrid(np.linspace(-_HALF, _HALF, 420), np.linspace(_HIGH, 0, 210))
    base = 0.12 + 0.55 * np.asarray(CLOTHES[(dancer.seed // 3) % len(CLOTHES)])
    color = base * (1 + 0.04 * _grain(x, y, (0.03, 0.03), 8))[..., None]
    if dancer.stage == 1:
        row = np.floor(y / 11)
        across = (x / 26 + 0.5 * (row % 2)) % 1
        gap = step(0.0, 0.06, across) * step(1.0, 0.94, across) * step(0.0, 0.12, (y / 11) % 1)
        tone = 0.8 + 0.35 * ((row * 0.618 + np.floor(x / 26 + 0.5 * (row % 2)) * 0.37) % 1)
        color = np.array([0.36, 0.17, 0.12]) * (tone * (0.65 + 0.35 * gap))[..., None]
    elif dancer.stage == 2:
        color = base * (0.70 + 0.30 * np.cos(x / 9.0 + 1.2 * np.sin(x / 31)))[..., None]
    elif dancer.stage == 3:
        panel = step(0.02, 0.05, (x / 90) % 1) * step(0.98, 0.95, (x / 90) % 1)
        color = color * (0.6 + 0.4 * panel)[..., None]
        light = np.exp(-((((x / 90) % 1 - 0.5) / 0.16) ** 2)) * step(330, 60, y)
        color = color + np.array([0.30, 0.22, 0.14]) * (0.8 * light)[..., None]
    elif dancer.stage == 4:
        far = np.hypot(x, y - 120)
        color = color * (1.25 - 0.6 * step(60, 320, far))[..., None]
    skirting = step(9.0, 8.0, y)
    return _still(color * (1 - 0.5 * skirting)[..., None])
