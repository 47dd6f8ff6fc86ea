"""What the world is made of: flat patches (parallelograms) with a shape cut out of them and a material on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]


class Shape(IntEnum):
    """What is cut out of the parallelogram: see `raster.inside`."""

    FULL = 0
    ELLIPSE = 1
    CROWN = 2
    TAPERED = 3
    CAR_SIDE = 4
    CAR_END = 5
    TRIANGLE = 6
    CAPSULE = 7


class Material(IntEnum):
    """How the surface looks: see `materials`."""

    SKY = 0
    ROAD = 1
    PAVEMENT = 2
    KERB = 3
    GRASS = 4
    FACADE = 5
    WALL = 6
    ROOF = 7
    CROWN = 8
    TRUNK = 9
    METAL = 10
    LAMP = 11
    CAR_SIDE = 12
    CAR_END = 13
    CAR_TOP = 14
    GLASS = 15
    CLOTH = 16
    SIGN = 17
    SIGNAL = 18


TRAITS = 10
"""Numbers that every patch carries for its material: red, green, blue (linear 0..1), chance 0..1, then its own."""


@dataclass(frozen=True, eq=False)
class Patches:
    """`n` patches. A point of a patch is `origin + u across + v up`, u and v in 0..1; seen from the front,
    `across x up` points away from the viewer. The `was_` fields are the same one frame earlier."""

    origin: NDArray[np.float64]
    across: NDArray[np.float64]
    up: NDArray[np.float64]
    was_origin: NDArray[np.float64]
    was_across: NDArray[np.float64]
    was_up: NDArray[np.float64]
    material: NDArray[np.uint8]
    shape: NDArray[np.uint8]
    label: NDArray[np.uint8]
    instance: NDArray[np.int32]
    key: NDArray[np.int64]
    """Names the patch in every frame."""
    traits: NDArray[np.float32]
    """`[n TRAITS]`."""
    reach: NDArray[np.float32]
    """Drawn up to this distance in metres."""

    def moved(self, z: float) -> "Patches":
        """The same patches `z` metres further along the street."""
        shift = np.array([0.0, 0.0, z])
        return replace(self, origin=self.origin + shift, was_origin=self.was_origin + shift)


def join(parts: Sequence[Patches]) -> Patches:
    return Patches(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Patches)))


@dataclass
class PatchList:
    """Collects patches one by one; their keys count up from `next_key`, which may be set anew at any time."""

    next_key: int
    _rows: list[tuple[object, ...]] = field(default_factory=list)

    def add(
        self, origin: Vector, across: Vector, up: Vector, material: Material, label: int,
        color: Vector = (0.5, 0.5, 0.5), chance: float = 0.0, own: Sequence[float] = (), *,
        shape: Shape = Shape.FULL, instance: int = 0, reach: float = 300.0,
        was: tuple[Vector, Vector, Vector] | None = None,
    ) -> None:  # fmt: skip
        """One patch; `own` are the material's own traits; `was` are origin, across and up one frame earlier."""
        traits = (*color, chance, *own, *(0.0,) * (TRAITS - 4 - len(own)))
        frames = (origin, across, up, *(was or (origin, across, up)))
        self._rows.append((*frames, material, shape, label, instance, self.next_key, traits, reach))
        self.next_key += 1

    def patches(self) -> Patches:
        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * 13
        o, a, u, was_o, was_a, was_u = (np.array(c, np.float64).reshape(-1, 3) for c in columns[:6])
        material, shape, label = (np.array(c, np.uint8) for c in columns[6:9])
        instance, key = np.array(columns[9], np.int32), np.array(columns[10], np.int64)
        traits = np.array(columns[11], np.float32).reshape(-1, TRAITS)
        reach = np.array(columns[12], np.float32)
        return Patches(o, a, u, was_o, was_a, was_u, material, shape, label, instance, key, traits, reach)
