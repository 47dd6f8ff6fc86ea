"""What stands where: blocks of the street, made when they come into sight, and the traffic that moves through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, floor, pi, sin

import numpy as np
from numpy.typing import NDArray

from .buildings import add_building
from .camera import CRUISE, LANE
from .chance import draw
from .furniture import add_hedge, add_lamp, add_sign, add_signal, add_tree
from .patches import Material, Patches, PatchList, join
from .street_plan import BLOCK, FRONT, JUNCTION, KERB_HEIGHT, ROAD_HALF, Label, linear
from .vehicles import Step, add_car, add_person, walking_phase

SIGHT = 4
"""Blocks ahead of the camera that are drawn."""
STONE = linear("9a968e")
GRASS = linear("6f8f48")
HEIGHT_CELL = 0.5
"""Metres between two entries of a block's skyline."""
GARDEN = 30.0
"""Depth of the gardens between some houses, metres."""
KEYS = 1 << 12
"""Patches that a block or a moving thing may have at most."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Block:
    """A part of the street: one block from z = 0 to BLOCK, or all that moves."""

    patches: Patches
    skyline: Array
    """Height of the houses left and right, one number for every HEIGHT_CELL, `[2 cells]`."""
    shadows: Array
    """Things that keep light off the ground: x, z, radius x, radius z, strength, `[n 5]`."""
    lamps: Array
    """Street lamps: x, y, z, `[n 3]`."""
    sparks: Array
    """Other lights: x, y, z, kind (0 red, 1 yellow, 2 green, 3 headlight, 4 tail light), `[n 4]`."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything in sight, in metres from the start of the camera's block."""

    patches: Patches
    blocks: tuple[Block, ...]
    """From the one behind the camera's on; each in its own metres."""
    moving: Block

    @property
    def skyline(self) -> Array:
        """That of the blocks in a row; it begins one block behind the camera's."""
        return np.concatenate([b.skyline for b in self.blocks], 1)

    @property
    def lamps(self) -> Array:
        return np.concatenate(
            [b.lamps + np.array([0, 0, (n - 1) * BLOCK]) for n, b in enumerate(self.blocks)]
        )

    @property
    def sparks(self) -> Array:
        still = [b.sparks + np.array([0, 0, (n - 1) * BLOCK, 0]) for n, b in enumerate(self.blocks)]
        return np.concatenate([*still, self.moving.sparks])


def scene_at(seed: int, base: int, eye: float, seconds: float, before: float) -> Scene:
    """What can be seen from z = `eye` in block `base`, at one time; `before` is the time of the frame before."""
    blocks, still = _stretch(seed, base)
    moving = _traffic(seed, base * BLOCK, eye, (seconds, before))
    return Scene(join([still, moving.patches]), blocks, moving)


@lru_cache(maxsize=16)
def _stretch(seed: int, base: int) -> tuple[tuple[Block, ...], Patches]:
    """The blocks from the one before `base` on, and all their patches, in metres from the start of `base`."""
    blocks = tuple(_block(seed, base + i) for i in range(-1, SIGHT + 1))
    return blocks, join([b.patches.moved((n - 1) * BLOCK) for n, b in enumerate(blocks)])


@lru_cache(maxsize=64)
def _block(seed: int, index: int) -> Block:
    """One block of the street, from z = 0 to BLOCK."""
    chance = draw(seed, index, 1, 420)
    patches = PatchList((index % (1 << 30)) * KEYS)
    skyline = np.zeros((2, int(BLOCK / HEIGHT_CELL)))
    shadows: list[tuple[float, ...]] = []
    lamps: list[tuple[float, ...]] = []
    sparks: list[tuple[float, ...]] = []
    end = BLOCK - JUNCTION if chance[0] < 0.6 else BLOCK
    verge = 1.5 if chance[6] < 0.45 else 0.0
    _add_ground(patches, end, verge)
    for s, side in enumerate((-1, 1)):
        _add_lots(patches, side, end, skyline[s], chance[10 + 150 * s : 150 + 150 * s])
        _add_trees(patches, side, end, shadows, chance[310 + 50 * s : 360 + 50 * s])
        _add_parked(patches, side, end, shadows, index, draw(seed, index, 2 + s, 80))
        for z in (9.0, 33.0) if side < 0 else (21.0, 45.0):
            lamps.append(add_lamp(patches, side, z))
            shadows.append((side * (ROAD_HALF + 0.45), z, 0.25, 0.25, 0.6))
    add_sign(patches, 1, 15.0 + 30 * chance[1], int(chance[2] * 4))
    add_sign(patches, -1, 12.0 + 30 * chance[3], int(chance[4] * 4))
    if end < BLOCK:
        state = 2 if chance[5] < 0.6 else int(chance[5] * 10) % 2
        for side in (-1, 1):
            sparks.append((*add_signal(patches, side, end - 1.0, state), state))
    return Block(
        patches.patches(), skyline, np.array(shadows).reshape(-1, 5), np.array(lamps).reshape(-1, 3),
        np.array(sparks).reshape(-1, 4),
    )  # fmt: skip


def _add_ground(patches: PatchList, end: float, verge: float) -> None:
    """Road, kerbs, a strip of grass as wide as `verge`, pavements; a side street begins at `end`."""
    crossing = 1.0 if end < BLOCK else 0.0
    patches.add((-90, 0, 0), (180, 0, 0), (0, 0, BLOCK), Material.ROAD, Label.ROAD, STONE, 0, (crossing, end))
    for side in (-1, 1):
        x = side * ROAD_HALF
        near_z, far_z = (0.0, end) if side < 0 else (end, 0.0)
        patches.add(
            (x, 0, near_z), (0, 0, far_z - near_z), (0, KERB_HEIGHT, 0), Material.KERB, Label.SIDEWALK, STONE
        )
        inner = side * (ROAD_HALF + verge)
        patches.add(
            (min(inner, side * FRONT), KERB_HEIGHT, 0), (FRONT - ROAD_HALF - verge, 0, 0), (0, 0, end),
            Material.PAVEMENT, Label.SIDEWALK, STONE, 0, (side, verge),
        )  # fmt: skip
        if verge:
            patches.add(
                (min(x, inner), KERB_HEIGHT, 0),
                (verge, 0, 0),
                (0, 0, end),
                Material.GRASS,
                Label.TERRAIN,
                GRASS,
            )


def _add_lots(patches: PatchList, side: int, end: float, skyline: Array, chance: Array) -> None:
    """Houses and gardens along one side, and a row of houses behind that closes the view."""
    z, k, garden = 0.0, 0, end < BLOCK
    while end - z > 1:
        width = min(8.5 + 8 * chance[k], end - z)
        if end - z - width < 7:
            width = end - z
        cells = slice(round(z / HEIGHT_CELL), round((z + width) / HEIGHT_CELL))
        if chance[k + 1] < 0.86:
            skyline[cells] = add_building(patches, side, z, width, chance[k + 2 : k + 10].tolist())
        else:
            garden = True
            x = side * FRONT - (GARDEN if side < 0 else 0)
            patches.add(
                (x, KERB_HEIGHT - 0.05, z),
                (GARDEN, 0, 0),
                (0, 0, width),
                Material.GRASS,
                Label.TERRAIN,
                GRASS,
            )
            if chance[k + 2] < 0.6:
                add_hedge(patches, side, z + 0.4, width - 0.8, float(chance[k + 2]))
            for n in range(2):
                where = z + width * (0.3 + 0.45 * n)
                add_tree(
                    patches,
                    side * (13 + 3 * chance[k + 3 + n]),
                    where,
                    chance[k + 4 + n : k + 8 + n].tolist(),
                )
        z, k = z + width, k + 10
    if not garden:
        return
    height = 9 + 9 * chance[130]
    x = side * (FRONT + 30)
    near, far = (0.0, BLOCK) if side < 0 else (BLOCK, 0.0)
    patches.add(
        (x, 0, near), (0, 0, far - near), (0, height, 0), Material.FACADE, Label.BUILDING,
        linear("b7a58c"), float(chance[131]), (20, int(height / 3), 3.5, height, BLOCK, side),
    )  # fmt: skip


def _add_trees(
    patches: PatchList, side: int, end: float, shadows: list[tuple[float, ...]], chance: Array
) -> None:
    """An avenue: trees on the pavement's kerb side, with gaps."""
    for n in range(int(end / 10.5)):
        if chance[8 * n] < 0.62:
            x, z = side * (ROAD_HALF + 0.9), 4.0 + 10.5 * n + 2 * chance[8 * n + 1]
            radius = add_tree(patches, x, z, chance[8 * n + 2 : 8 * n + 6].tolist())
            shadows.append((x, z, radius * 1.15, radius * 1.15, 0.62))


def _add_parked(
    patches: PatchList, side: int, end: float, shadows: list[tuple[float, ...]], index: int, chance: Array
) -> None:
    """Cars along the kerb."""
    for n in range(int((end - 6) / 6.2)):
        if chance[8 * n] < 0.6:
            x, z = side * (ROAD_HALF - 1.08 + 0.12 * chance[8 * n + 1]), 2.5 + 6.2 * n + chance[8 * n + 2]
            instance = 1 + (index % (1 << 20)) * 64 + (side > 0) * 32 + n
            add_car(patches, Step(x, z), side < 0, chance[8 * n + 3 : 8 * n + 7].tolist(), instance, False)
            shadows.append((x, z + 2.15, 1.12, 2.5, 0.85))


@dataclass(frozen=True)
class Lane:
    """Things that follow each other at the same mean speed."""

    number: int
    x: float
    spacing: float
    speed: float
    """Metres per second along z; negative: towards the viewer."""
    wander: float
    """How far each strays from its place, metres."""


DRIVING = (Lane(0, -LANE, 42.0, -8.0, 9.0), Lane(1, LANE, 34.0, CRUISE, 2.5))
WALKING = (
    Lane(2, -7.3, 13.0, 1.25, 5.0), Lane(3, -8.3, 17.0, -1.35, 6.0), Lane(4, 7.5, 14.0, 1.3, 5.0),
    Lane(5, 8.4, 18.0, -1.2, 6.0),
)  # fmt: skip


def _in_sight(lane: Lane, middle: float, seconds: float, reach: float) -> range:
    """Numbers of the things of a lane that may be seen from z = `middle` of the whole street."""
    start = middle - lane.speed * seconds
    first = floor((start - 8 - lane.wander) / lane.spacing)
    return range(first, floor((start + reach + lane.wander) / lane.spacing) + 2)


def _traffic(seed: int, origin: float, eye: float, times: tuple[float, float]) -> Block:
    """Cars and people on their way, now and one frame before; z counts from `origin`."""
    patches = PatchList(0)
    shadows: list[tuple[float, ...]] = []
    sparks: list[tuple[float, ...]] = []
    for lane in (*DRIVING, *WALKING):
        walking = lane in WALKING
        for n in _in_sight(lane, origin + eye, times[0], 90 if walking else 170):
            chance = draw(seed, n, 20 + lane.number, 8).tolist()
            if chance[0] > 0.72 or (lane.number == 1 and n == 0):
                continue
            step, phase = _step(lane, n, origin, times, chance)
            patches.next_key = (1 << 56) + (lane.number << 50) + (n % (1 << 30)) * KEYS
            instance = (1 << 27) * (1 + lane.number) + n % (1 << 26)
            if walking:
                add_person(patches, step, phase, chance[1:], instance)
                shadows.append((step.x, step.z, 0.45, 0.35, 0.5))
                continue
            add_car(patches, step, lane.speed < 0, chance[1:], instance, True)
            shadows.append((step.x, step.z + 2.15, 1.12, 2.5, 0.85))
            kind = 3 if lane.speed < 0 else 4
            sparks.extend((step.x + x, 0.62, step.z, kind) for x in (-0.62, 0.62))
    return Block(
        patches.patches(), np.zeros((2, 0)), np.array(shadows).reshape(-1, 5), np.zeros((0, 3)),
        np.array(sparks).reshape(-1, 4),
    )  # fmt: skip


def _step(
    lane: Lane, n: int, origin: float, times: tuple[float, float], chance: Sequence[float]
) -> tuple[Step, tuple[float, float]]:
    """Where the thing is relative to `origin`, what it did since the frame before, and its walking cycle."""
    where = []
    for s in times:
        stray = lane.wander * (chance[4] - 0.5) + 0.3 * lane.wander * sin(0.23 * s + 2 * pi * chance[5])
        x = lane.x + 0.12 * cos(0.19 * s + 2 * pi * chance[6])
        where.append((x, n * lane.spacing + lane.speed * s + stray))
    (x, z), (was_x, was_z) = where
    phase = (walking_phase(z, chance[7]), walking_phase(was_z, chance[7]))
    return Step(x, z - origin, x - was_x, z - was_z), phase
