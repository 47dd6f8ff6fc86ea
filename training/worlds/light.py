"""Light that reaches a point: sun past the houses, soft shadows on the ground, street lamps and headlights."""

from collections.abc import Sequence
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
Spot = tuple[float, float, float, float]
"""Middle x, z and radius along x, z, metres."""

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
        column, row = (x - LEFT) / CELL_X, (z - self.first) / CELL_Z
        np.clip(column, 0, COLUMNS - 1.001, out=column)
        np.clip(row, 0, table.shape[0] - 1.001, out=row)
        c, r = column.astype(np.intp), row.astype(np.intp)
        column -= c
        row -= r
        r *= COLUMNS
        r += c
        flat = table.ravel()
        lower = flat[r]
        lower += column * (flat[1:][r] - lower)
        upper = flat[COLUMNS:][r]
        upper += column * (flat[COLUMNS + 1 :][r] - upper)
        upper -= lower
        upper *= row
        lower += upper
        return lower


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
        headlights = [
            (x - 0.2, z - 7, 1.6, 6.0) for x, _, z, kind in scene.moving.sparks.tolist() if kind == 3
        ]
        own = (LANE, camera_z + 13, 2.6, 11.0)
        _add_lamps(ground, [*headlights, own], [0.5 * look.lamps] * len(headlights) + [0.8 * look.lamps])
    return ground


@lru_cache(maxsize=64)
def _still_map(before: Block, block: Block, after: Block, look: Look) -> GroundMap:
    """What falls on the ground of one block from the things that stand on it and on its neighbours."""
    shape = (round(BLOCK / CELL_Z), COLUMNS)
    ground = GroundMap(0.0, np.ones(shape, np.float32), np.zeros(shape, np.float32))
    for part, shift in ((before, -BLOCK), (block, 0.0), (after, BLOCK)):
        _cast_shadows(ground, part.shadows + np.array([0, shift, 0, 0, 0]), look)
        if look.lamps:
            spots = [(x, z + shift, 6.0, 7.5) for x, _, z in part.lamps.tolist()]
            _add_lamps(ground, spots, [look.lamps] * len(spots))
    return ground


@lru_cache(maxsize=1)
def _empty_block() -> Block:
    none = np.zeros
    return Block(PatchList(0).patches(), none((2, 0)), none((0, 5)), none((0, 3)), none((0, 4)))


def _cast_shadows(ground: GroundMap, shadows: NDArray[np.float64], look: Look) -> None:
    lean = -look.sun_axis[[0, 2]] / max(look.sun_axis[1], 0.35)
    x, z, rx, rz, strength = shadows.T
    high = np.where((rx == rz) & (rx > 1), 3.0, 0.25)  # tree crowns
    shares, at = _ellipses(ground, np.stack([x + high * lean[0], z + high * lean[1], rx, rz], 1), strength)
    np.multiply.at(ground.open_.ravel(), at, 1 - shares)


def _add_lamps(ground: GroundMap, spots: Sequence[Spot], strengths: Sequence[float]) -> None:
    shares, at = _ellipses(ground, np.array(spots).reshape(-1, 4), np.array(strengths))
    np.add.at(ground.glow.ravel(), at, shares)


def _ellipses(
    ground: GroundMap, spots: NDArray[np.float64], strength: NDArray[np.float64]
) -> tuple[Float, NDArray[np.intp]]:
    """Soft ellipses (x, z, radius x, radius z), `[n 4]`: what each gives to which cells, counted row by row."""
    offset, size = (LEFT, ground.first, 0, 0), (CELL_X, CELL_Z) * 2
    x, z, rx, rz = ((spots - offset) / size).astype(np.float32).T[..., None, None]
    across, along = (
        np.floor(middle) + np.arange(-reach, reach + 1, dtype=np.float32)
        for middle, reach in ((x, ceil(1.3 * rx.max(initial=0))), (z, ceil(1.3 * rz.max(initial=0))))
    )
    along = along.swapaxes(1, 2)
    squared = np.square((along - z) / rz) + np.square((across - x) / rx)
    shares = smooth(1.3, 0.3, np.float32(0.9) * squared) * strength.astype(np.float32)[:, None, None]
    within = (along >= 0) & (along < len(ground.glow)) & (across >= 0) & (across < COLUMNS)
    return shares[within], (along * COLUMNS + across)[within].astype(np.intp)


def sun_reaches(world: Float, skyline: NDArray[np.float64], look: Look) -> Float:
    """How much of the sun the houses let through at world points `[3 n]`: 0..1."""
    x, y, z = world
    axis = look.sun_axis
    side = 1.0 if axis[0] > 0 else -1.0
    way = side * FRONT - x
    way /= np.float32(axis[0])
    np.maximum(way, 0, out=way)
    cell = way * np.float32(axis[2])
    cell += z + BLOCK
    cell *= np.float32(1 / HEIGHT_CELL)
    cell -= np.float32(0.5)
    profile = skyline[1 if side > 0 else 0].astype(np.float32)
    first = np.floor(cell)
    cell -= first
    at = np.clip(first.astype(np.intp), 0, profile.size - 2)
    way *= np.float32(axis[1])
    way += y
    near, far = (smooth(-0.35, 0.35, way - heights[at]) for heights in (profile, profile[1:]))
    far -= near
    far *= cell
    near += far
    return near
