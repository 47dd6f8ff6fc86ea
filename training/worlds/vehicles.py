"""Cars and people: small groups of patches that move as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from .patches import Material, PatchList, Shape, Vector
from .street_plan import KERB_HEIGHT, Label, linear

PAINTS = tuple(
    linear(c)
    for c in ("a9262b", "20242b", "c9ccd0", "f0f0ee", "2f4a7c", "7d8388", "35513f", "b8a98a", "4a6f9c")
)
COATS = tuple(
    linear(c)
    for c in ("2b3a55", "7c2f33", "3b3b3b", "8a7a55", "4d6b4a", "b9b2a6", "5a4a6e", "c2632e", "2a6a74")
)
SKINS = tuple(linear(c) for c in ("e3b48f", "c68e68", "8d5a3b", "f0c8a8"))


@dataclass(frozen=True)
class Step:
    """Where a thing is, and how far it has come since the frame before; metres."""

    x: float
    z: float
    dx: float = 0.0
    dz: float = 0.0


def add_car(
    patches: PatchList, step: Step, oncoming: bool, chance: Sequence[float], instance: int, driving: bool
) -> None:
    """A car whose nearer end stands at (x, z); seen from behind, or from the front when `oncoming`."""
    length, width = 3.9 + 0.7 * chance[0], 1.78
    paint = PAINTS[int(chance[1] * len(PAINTS))]
    shoulder, roof = 0.92, 1.42 + 0.12 * chance[2]
    nose, tail = (
        (1.25, 0.35) if not oncoming else (0.35, 1.25)
    )  # metres from the far and near end to the cabin
    lights = (1.0 if oncoming else 0.0, 1.0 if driving else 0.0)
    x0, x1, z0, z1 = step.x - width / 2, step.x + width / 2, step.z, step.z + length
    lean, slope_near, slope_far = 0.16, 0.95 if oncoming else 0.55, 0.55 if oncoming else 0.95
    c0, c1 = z0 + tail, z1 - nose

    def add(
        origin: Vector, across: Vector, up: Vector, material: Material, own: Sequence[float], shape: Shape
    ) -> None:
        before = (origin[0] - step.dx, origin[1], origin[2] - step.dz)
        patches.add(
            origin, across, up, material, Label.CAR, paint, chance[3], own,
            shape=shape, instance=instance, reach=170, was=(before, across, up),
        )  # fmt: skip

    high = roof - shoulder
    ends, depth = 2 * lean, c1 - c0
    add((x0, 0.02, z0), (width, 0, 0), (0, shoulder, 0), Material.CAR_END, lights, Shape.CAR_END)
    add((x0, 0.02, z1), (0, 0, -length), (0, shoulder, 0), Material.CAR_SIDE, lights, Shape.CAR_SIDE)
    add((x1, 0.02, z0), (0, 0, length), (0, shoulder, 0), Material.CAR_SIDE, lights, Shape.CAR_SIDE)
    add((x0, shoulder - 0.01, z0), (width, 0, 0), (0, 0, length), Material.CAR_TOP, lights, Shape.FULL)
    narrow = (lean / width, lean / width, 0.0)
    add((x0, shoulder, c0), (width, 0, 0), (0, high, slope_near), Material.GLASS, narrow, Shape.TAPERED)
    left = (slope_far / depth, slope_near / depth, 1.0)
    right = (slope_near / depth, slope_far / depth, 1.0)
    add((x0, shoulder, c1), (0, 0, -depth), (lean, high, 0), Material.GLASS, left, Shape.TAPERED)
    add((x1, shoulder, c0), (0, 0, depth), (-lean, high, 0), Material.GLASS, right, Shape.TAPERED)
    add(
        (x0 + lean, roof, c0 + slope_near), (width - ends, 0, 0), (0, 0, depth - slope_near - slope_far),
        Material.CAR_TOP, lights, Shape.FULL,
    )  # fmt: skip


def add_person(
    patches: PatchList, step: Step, phase: tuple[float, float], chance: Sequence[float], instance: int
) -> None:
    """Somebody on the pavement; `phase` is the walking cycle (radians) now and one frame earlier."""
    tall = 1.6 + 0.25 * chance[0]
    coat = COATS[int(chance[1] * len(COATS))]
    trousers = COATS[int(chance[2] * 3) * 2]
    skin = SKINS[int(chance[3] * len(SKINS))]
    hip, neck, wide = 0.48 * tall, 0.83 * tall, 0.23 + 0.06 * chance[2]
    places = ((step.x, step.z), (step.x - step.dx, step.z - step.dz))
    moments = [
        (x, z, KERB_HEIGHT + 0.02 * cos(2 * p), sin(p)) for (x, z), p in zip(places, phase, strict=True)
    ]

    def part(
        left: float,
        low: float,
        size: tuple[float, float],
        swing: float,
        color: Vector,
        kind: float,
        shape: Shape,
    ) -> None:
        """One limb; its lower end swings to and fro."""
        poses = []
        for x, z, bob, pace in moments:
            shift = swing * pace
            origin = (x + left + shift, low + bob, z - shift * 0.5)
            poses.append((origin, (size[0], 0.0, 0.0), (-shift, size[1], shift * 0.5)))
        (origin, across, up), was = poses
        patches.add(
            origin, across, up, Material.CLOTH, Label.PERSON, color, chance[1], (kind,),
            shape=shape, instance=instance, reach=90, was=was,
        )  # fmt: skip

    part(-0.13, 0.0, (0.14, hip + 0.06), 0.16, trousers, 0.0, Shape.FULL)
    part(0.0, 0.0, (0.14, hip + 0.06), -0.16, trousers, 0.0, Shape.FULL)
    part(-wide, hip - 0.08, (2 * wide, neck - hip + 0.12), 0.0, coat, 1.0, Shape.CAPSULE)
    part(-0.105, neck, (0.21, tall - neck + 0.03), 0.0, skin, 2.0, Shape.ELLIPSE)


def walking_phase(distance: float, chance: float) -> float:
    """The walking cycle in radians after so many metres: two steps in 1.5 m."""
    return 2 * pi * (distance / 1.5 + chance)
