"""Light that reaches a point: sun past the houses, soft shadows on the ground, street lamps and headlights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import LANE
from .layout import HEIGHT_CELL, Scene
from .looks import Look
from .street_plan import BLOCK, FRONT
from .texture import smooth

Float = NDArray[np.float32]

CELL_X, CELL_Z = 0.25, 0.5
"""Size of the ground map's cells, metres."""
COLUMNS, ROWS = 88, 200
LEFT = -11.0
LAMP = (1.05, 0.70, 0.42)


@dataclass(frozen=True, eq=False)
class GroundMap:
    """What falls on the ground around the camera, on a grid that is fixed to the street."""

    first: float
    """z of the first row, metres."""
    open_: Float
    """1: nothing stands between the ground and the sky; `[ROWS COLUMNS]`."""
    glow: Float
    """Light of lamps, `[ROWS COLUMNS]`."""

    def read(self, table: Float, x: Float, z: Float) -> Float:
        """One of the tables at points `[n]`, bilinear; the border goes on outside."""
        column = np.clip((x - LEFT) / CELL_X, 0, COLUMNS - 1.001)
        row = np.clip((z - self.first) / CELL_Z, 0, ROWS - 1.001)
        c, r = column.astype(np.int32), row.astype(np.int32)
        fc, fr = column - c, row - r
        at = r * COLUMNS + c
        flat = table.ravel()
        upper = flat[at]
        upper += fc * (flat[at + 1] - upper)
        lower = flat[at + COLUMNS]
        lower += fc * (flat[at + COLUMNS + 1] - lower)
        return np.asarray(upper + fr * (lower - upper), np.float32)


def ground_map(scene: Scene, camera_z: float, look: Look) -> GroundMap:
    """Draw all shadows and pools of light near the camera."""
    first = np.floor(camera_z) - 3.0
    xs = (LEFT + CELL_X * np.arange(COLUMNS)).astype(np.float32)
    zs = (first + CELL_Z * np.arange(ROWS)).astype(np.float32)
    open_ = np.ones((ROWS, COLUMNS), np.float32)
    glow = np.zeros((ROWS, COLUMNS), np.float32)
    lean = -look.sun_axis[[0, 2]] / max(look.sun_axis[1], 0.35)
    seen = np.abs(scene.shadows[:, 1] - (first + ROWS * CELL_Z / 2)) < ROWS * CELL_Z / 2 + 6
    for x, z, rx, rz, strength in scene.shadows[seen].tolist():
        high = 3.0 if rx == rz and rx > 1 else 0.25
        _splat(open_, xs, zs, (x + high * lean[0], z + high * lean[1], rx, rz), -strength)
    if look.lamps:
        for x, _, z in scene.lamps.tolist():
            _splat(glow, xs, zs, (x, z, 6.0, 7.5), look.lamps)
        for x, _, z, kind in scene.sparks.tolist():
            if kind == 3:
                _splat(glow, xs, zs, (x - 0.2, z - 7, 1.6, 6.0), 0.5 * look.lamps)
        _splat(glow, xs, zs, (LANE, camera_z + 13, 2.6, 11.0), 0.8 * look.lamps)
    return GroundMap(first, open_, glow)


def _splat(table: Float, xs: Float, zs: Float, spot: tuple[float, float, float, float], strength: float) -> None:
    """A soft ellipse (x, z, radius x, radius z): light is added, shadow (negative strength) multiplied."""
    x, z, rx, rz = spot
    left, right = np.searchsorted(xs, (x - 1.3 * rx, x + 1.3 * rx)).tolist()
    near, far = np.searchsorted(zs, (z - 1.3 * rz, z + 1.3 * rz)).tolist()
    if left >= right or near >= far:
        return
    across = ((xs[left:right] - x) / rx) ** 2
    along = ((zs[near:far] - z) / rz) ** 2
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
    cell = ((z + way * np.float32(axis[2]) + BLOCK) * np.float32(1 / HEIGHT_CELL)).astype(np.int32)
    profile = skyline[1 if side > 0 else 0].astype(np.float32)
    height = profile[np.clip(cell, 0, profile.size - 1)]
    above = y + way * np.float32(axis[1]) - height
    return smooth(-0.35, 0.35, above)
