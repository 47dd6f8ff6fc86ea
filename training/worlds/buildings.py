"""Houses: a front with windows, the side wall that looks over lower neighbours, a mansard roof or a flat one."""

from collections.abc import Sequence

from .patches import Material, PatchList, Shape
from .street_plan import FRONT, KERB_HEIGHT, Label, linear

WALLS = tuple(
    linear(c)
    for c in (
        "d9c7a3", "c98f6b", "b5654a", "e3dccb", "8d9aa3", "d8b45f", "a7b08c", "c9a2a0", "7a4b3c", "efe6d8",
        "9db3bf", "cfae8b", "b97f5a", "6f7277",
    )
)  # fmt: skip
ROOFS = tuple(linear(c) for c in ("6b3a2c", "4a4a50", "7a4a36", "3d4248", "5b3630"))


def add_building(patches: PatchList, side: int, start: float, width: float, chance: Sequence[float]) -> float:
    """A house on the right (`side` 1) or left (-1) from `start` to `start + width`; `chance` holds 8 numbers in 0..1.

    Returns its height in metres.
    """
    floors = 2 + int(chance[0] * chance[0] * 4.2 + chance[1] * 1.4)
    ground = 3.5 + 0.6 * chance[2]
    height = ground + 3.1 * floors + 0.5
    front = side * (FRONT + 0.35 * round(chance[3]))
    back = side * (FRONT + 14)
    wall = WALLS[int(chance[4] * len(WALLS))]
    wall = (
        wall[0] * (0.85 + 0.3 * chance[5]),
        wall[1] * (0.85 + 0.3 * chance[5]),
        wall[2] * (0.85 + 0.3 * chance[5]),
    )
    bays = max(2, round(width / (2.5 + 0.9 * chance[6])))
    foot = KERB_HEIGHT - 0.1
    near, far = (start, start + width) if side < 0 else (start + width, start)
    patches.add(
        (front, foot, near), (0, 0, far - near), (0, height, 0), Material.FACADE, Label.BUILDING,
        wall, chance[7], (bays, floors, ground, height, width, side),
    )  # fmt: skip
    low, high = min(front, back), max(front, back)
    patches.add(
        (low, foot, start), (high - low, 0, 0), (0, height, 0), Material.WALL, Label.BUILDING,
        wall, chance[7], (bays, floors, ground, height, high - low, side),
    )  # fmt: skip
    if chance[1] > 0.45:
        height += _add_mansard(patches, side, (start, width), (front, back, foot + height), chance)
    return height


def _add_mansard(
    patches: PatchList,
    side: int,
    lot: tuple[float, float],
    edges: tuple[float, float, float],
    chance: Sequence[float],
) -> float:
    """A steep roof with dormers, and its end that looks towards the viewer; returns its height."""
    start, width = lot
    front, back, eaves = edges
    rise, run = 2.6, 1.1
    color = ROOFS[int(chance[3] * 0.999 * len(ROOFS))]
    near, far = (start, start + width) if side < 0 else (start + width, start)
    out = -0.25 * side
    bays = max(1, round(width / 4.5))
    patches.add(
        (front + out, eaves - 0.15, near), (0, 0, far - near), (side * run, rise, 0), Material.ROOF, Label.BUILDING,
        color, chance[6], (bays, rise, width),
    )  # fmt: skip
    low, high = min(front, back), max(front, back)
    taper = run / (high - low)
    patches.add(
        (low, eaves - 0.15, start), (high - low, 0, 0), (0, rise, 0), Material.ROOF, Label.BUILDING,
        color, chance[6], (taper, taper, 0), shape=Shape.TAPERED,
    )  # fmt: skip
    return rise
