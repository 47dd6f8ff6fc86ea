"""Times of day and weather: light, air and sky, as data. Colours are linear; 1 is a bright wall in the noon sun."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .patches import Vector

LOOKS: tuple[str, ...] = ("noon", "dusk", "night", "snow")


@dataclass(frozen=True)
class Look:
    """One kind of light."""

    sun: Vector
    """Direction towards the sun or moon; need not be of length 1."""
    sun_light: Vector
    sky_light: Vector
    """Light from all of the sky on a surface that faces up."""
    zenith: Vector
    horizon: Vector
    haze: Vector
    """What distant things fade to."""
    haze_distance: float
    """Metres after which 63 % of a thing's colour is gone."""
    glow: Vector
    """Extra brightness of sky and haze around the sun."""
    cloud: Vector
    cloud_cover: float
    """0 clear .. 1 overcast."""
    lamps: float
    """Brightness of street lamps and headlights, 0..1."""
    lit_windows: float
    """Part of the windows behind which there is light."""
    snow: float
    """0 none .. 1 everything lies under snow."""
    exposure: float

    @property
    def sun_axis(self) -> NDArray[np.float64]:
        """Direction towards the sun, of length 1."""
        return np.asarray(np.array(self.sun) / np.linalg.norm(self.sun))


_TABLE = {
    "noon": Look(
        sun=(0.42, 0.78, -0.46), sun_light=(1.75, 1.58, 1.28), sky_light=(0.36, 0.44, 0.60),
        zenith=(0.05, 0.19, 0.58), horizon=(0.40, 0.62, 0.92), haze=(0.50, 0.66, 0.86), haze_distance=330,
        glow=(0.10, 0.08, 0.04), cloud=(1.25, 1.24, 1.22), cloud_cover=0.62, lamps=0.0, lit_windows=0.0, snow=0.0,
        exposure=1.2,
    ),
    "dusk": Look(
        sun=(0.36, 0.20, 0.91), sun_light=(2.1, 0.92, 0.34), sky_light=(0.25, 0.22, 0.34),
        zenith=(0.07, 0.11, 0.36), horizon=(1.05, 0.44, 0.20), haze=(0.52, 0.28, 0.22), haze_distance=210,
        glow=(1.3, 0.60, 0.16), cloud=(1.25, 0.42, 0.30), cloud_cover=0.66, lamps=0.5, lit_windows=0.3, snow=0.0,
        exposure=1.25,
    ),
    "night": Look(
        sun=(-0.4, 0.8, 0.3), sun_light=(0.012, 0.018, 0.04), sky_light=(0.022, 0.030, 0.066),
        zenith=(0.004, 0.008, 0.028), horizon=(0.034, 0.036, 0.066), haze=(0.026, 0.026, 0.044), haze_distance=170,
        glow=(0.02, 0.02, 0.03), cloud=(0.030, 0.030, 0.046), cloud_cover=0.6, lamps=1.0, lit_windows=0.42, snow=0.0,
        exposure=1.7,
    ),
    "snow": Look(
        sun=(0.3, 0.9, -0.3), sun_light=(0.16, 0.15, 0.14), sky_light=(0.74, 0.80, 0.92),
        zenith=(0.50, 0.58, 0.70), horizon=(0.76, 0.80, 0.86), haze=(0.74, 0.79, 0.86), haze_distance=150,
        glow=(0.0, 0.0, 0.0), cloud=(0.90, 0.92, 0.95), cloud_cover=0.9, lamps=0.12, lit_windows=0.16, snow=1.0,
        exposure=1.35,
    ),
}  # fmt: skip


def find_look(name: str) -> Look:
    """The look of that name, one of `LOOKS`."""
    return _TABLE[name]


def to_display(light: NDArray[np.float32], exposure: float) -> NDArray[np.float32]:
    """Linear light -> sRGB-like 0..1, with a soft shoulder."""
    shown: NDArray[np.float32] = np.exp(light * np.float32(-exposure))
    np.subtract(1, shown, out=shown)
    return np.asarray(np.sqrt(np.maximum(shown, 0, out=shown), out=shown))
