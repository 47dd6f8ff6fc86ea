"""Light that reaches a point: sun past the houses, soft shadows on the ground, street lamps and headlights."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from .camera import LANE
from .layout import HEIGHT_CELL, Block, Scene
from .looks import Look
from .patches import PatchList
from .street_plan import BLOCK, FRONT
from .texture import smooth

Float = NDArray[np.float32]

CELL_X, CELL_Z = 0.25, 0.5
"""Size of the ground map's cells, metres."""
COLUMNS = 88
LEFT = -11.0
LAMP = (1.05, 0.70, 0.42)


@dataclass(frozen=True, eq=False)
class GroundMap:
    """What falls on the ground around the camera, on a grid that is fixed to the street."""

    first: float
    """z of the first row, metres."""
    open_: Float
    """1: nothing stands between the ground and the sky; `[rows COLUMNS]`."""
    glow: Float
    """Light of lamps, `[rows COLUMNS]`."""

    def read(self, table: Float, x: Float, z: Float) -> Float:
        """One of the tables at points `[n]`, bilinear; the border goes on outside."""
        column = np.clip((x - LEFT) / CELL_X, 0, COLUMNS - 1.001)
        row = np.clip((z - self.first) / CELL_Z, 0, table.shape[0] - 1.001)
        c, r = column.astype(np.intp), row.astype(np.intp)
        fc, fr = column - c, row - r
        at = r * COLUMNS + c
        flat = table.ravel()
        upper = flat[at]
        upper += fc * (flat[at + 1] - upper)
        lower = flat[at + COLUMNS]
        lower += fc * (flat[at + COLUMNS + 1] - lower)
        return np.asarray(upper + fr * (lower - upper), np.float32)


def ground_map(scene: Scene, camera_z: float, look: Look) -> GroundMap:
    """All shadows and pools of light from one block behind the camera's to two blocks ahead."""
    empty = _empty_block()
    blocks = (empty, *scene.blocks)
    still = [_still_map(*blocks[n : n + 3], look) for n in range(4)]
    ground = GroundMap(
        -BLOCK, np.concatenate([m.open_ for m in still]), np.concatenate([m.glow for m in still])
    )
    _cast_shadows(ground, scene.moving.shadows, look)
    if look.lamps:
        for x, _, z, kind in scene.moving.sparks.tolist():
            if kind == 3:
                _splat(ground, ground.glow, (x - 0.2, z - 7, 1.6, 6.0), 0.5 * look.lamps)
        _splat(ground, ground.glow, (LANE, camera_z + 13, 2.6, 11.0), 0.8 * look.lamps)
    return ground


@lru_cache(maxsize=64)
def _still_map(before: Block, block: Block, after: Block, look: Look) -> GroundMap:
    """What falls on the ground of one block from the things that stand on it and on its neighbours."""
    shape = (round(BLOCK / CELL_Z), COLUMNS)
    ground = GroundMap(0.0, np.ones(shape, np.float32), np.zeros(shape, np.float32))
    for part, shift in ((before, -BLOCK), (block, 0.0), (after, BLOCK)):
        _cast_shadows(ground, part.shadows + np.array([0, shift, 0, 0, 0]), look)
        for x, _, z in part.lamps.tolist():
            if look.lamps:
                _splat(ground, ground.glow, (x, z + shift, 6.0, 7.5), look.lamps)
    return ground


@lru_cache(maxsize=1)
def _empty_block() -> Block:
    none = np.zeros
    return Block(PatchList(0).patches(), none((2, 0)), none((0, 5)), none((0, 3)), none((0, 4)))


def _cast_shadows(ground: GroundMap, shadows: NDArray[np.float64], look: Look) -> None:
    lean = -look.sun_axis[[0, 2]] / max(look.sun_axis[1], 0.35)
    for x, z, rx, rz, strength in shadows.tolist():
        high = 3.0 if rx == rz and rx > 1 else 0.25  # tree crowns
        _splat(ground, ground.open_, (x + high * lean[0], z + high * lean[1], rx, rz), -strength)


def _splat(ground: GroundMap, table: Float, spot: tuple[float, float, float, float], strength: float) -> None:
    """A soft ellipse (x, z, radius x, radius z): light is added, shadow (negative strength) multiplied."""
    x, z, rx, rz = spot
    rows, columns = table.shape
    left, right = (
        max(ceil((x - 1.3 * rx - LEFT) / CELL_X), 0),
        min(ceil((x + 1.3 * rx - LEFT) / CELL_X), columns),
    )
    z -= ground.first
    near, far = max(ceil((z - 1.3 * rz) / CELL_Z), 0), min(ceil((z + 1.3 * rz) / CELL_Z), rows)
    if left >= right or near >= far:
        return
    across = ((np.arange(left, right, dtype=np.float32) * CELL_X + LEFT - x) / rx) ** 2
    along = ((np.arange(near, far, dtype=np.float32) * CELL_Z - z) / rz) ** 2
    fall = np.clip(1.3 - 0.9 * (along[:, None] + across), 0, 1)
    fall = fall * fall * (3 - 2 * fall)
    part = table[near:far, left:right]
    if strength > 0:
        part += fall * np.float32(strength)
    else:
        part *= 1 + fall * np.float32(strength)


def sun_reaches(world: Float, skyline: NDArray[np.float64], look: Look) -> Float:
    """How much of the sun the houses let through at world points `[3 n]`: 0..1."""
    x, y, z = world
    axis = look.sun_axis
    side = 1.0 if axis[0] > 0 else -1.0
    way = np.maximum((side * FRONT - x) / np.float32(axis[0]), 0)
    cell = (z + way * np.float32(axis[2]) + BLOCK) * np.float32(1 / HEIGHT_CELL) - np.float32(0.5)
    profile = skyline[1 if side > 0 else 0].astype(np.float32)
    first = np.floor(cell)
    at = np.clip(first.astype(np.intp), 0, profile.size - 2)
    ray = y + way * np.float32(axis[1])
    near, far = (smooth(-0.35, 0.35, ray - profile[at + n]) for n in (0, 1))
    return np.asarray(near + (cell - first) * (far - near), np.float32)
