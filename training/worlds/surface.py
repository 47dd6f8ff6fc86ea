"""The visible samples of one material, as its painter sees them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .looks import Look
from .texture import Real

Float = NDArray[np.float32]


class Paint(NamedTuple):
    """What a painter gives back, `[3 n]` each, linear."""

    albedo: Float
    """How much of the light the surface throws back."""
    shine: Float | None = None
    """Light of its own."""


@dataclass(frozen=True, eq=False)
class Surface:
    """`n` samples."""

    u: Float
    v: Float
    """Position on the patch in metres, `[n]`."""
    width: Float
    height: Float
    """Size of the patch in metres, `[n]`."""
    blur_u: Float
    blur_v: Float
    """Metres of the patch that one pixel covers, `[n]`."""
    traits: Float
    """Those of the patches in order, `[TRAITS m]`."""
    counts: NDArray[np.int64]
    """How many samples in a row belong to each of the patches, `[m]`."""
    world: Float
    """x, y, z in metres from the start of the camera's block, `[3 n]`."""
    look: Look

    @property
    def color(self) -> Float:
        """The patch's own colour, `[3 n]`."""
        return np.repeat(self.traits[:3], self.counts, axis=1)

    def trait(self, number: int) -> Float:
        return np.repeat(self.traits[number], self.counts)


def mix(under: Real, over: tuple[float, float, float] | Real, amount: Real) -> Float:
    """`under` where `amount` is 0, `over` where it is 1; colours `[3 n]` or one colour."""
    top = np.asarray(over, np.float32).reshape(3, -1)
    return np.asarray(under + (top - under) * amount, np.float32)
