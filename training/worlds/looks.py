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
        sun=(0.42, 0.78, -0.46), sun_light=(1.25, 1.16, 0.98), sky_light=(0.42, 0.50, 0.64),
        zenith=(0.10, 0.26, 0.62), horizon=(0.52, 0.68, 0.86), haze=(0.56, 0.68, 0.82), haze_distance=260,
        glow=(0.10, 0.08, 0.04), cloud=(1.15, 1.15, 1.15), cloud_cover=0.45, lamps=0.0, lit_windows=0.0, snow=0.0,
        exposure=1.25,
    ),
    "dusk": Look(
        sun=(0.42, 0.17, 0.9), sun_light=(1.5, 0.72, 0.30), sky_light=(0.34, 0.28, 0.36),
        zenith=(0.10, 0.13, 0.34), horizon=(0.95, 0.46, 0.22), haze=(0.72, 0.40, 0.26), haze_distance=150,
        glow=(1.1, 0.55, 0.16), cloud=(1.0, 0.42, 0.30), cloud_cover=0.55, lamps=0.55, lit_windows=0.3, snow=0.0,
        exposure=1.25,
    ),
    "night": Look(
        sun=(-0.4, 0.8, 0.3), sun_light=(0.012, 0.016, 0.03), sky_light=(0.020, 0.026, 0.050),
        zenith=(0.004, 0.007, 0.022), horizon=(0.030, 0.030, 0.050), haze=(0.026, 0.025, 0.036), haze_distance=160,
        glow=(0.02, 0.02, 0.03), cloud=(0.022, 0.022, 0.032), cloud_cover=0.5, lamps=1.0, lit_windows=0.42, snow=0.0,
        exposure=1.6,
    ),
    "snow": Look(
        sun=(0.3, 0.9, -0.3), sun_light=(0.10, 0.10, 0.11), sky_light=(0.80, 0.84, 0.92),
        zenith=(0.58, 0.64, 0.72), horizon=(0.78, 0.81, 0.85), haze=(0.76, 0.80, 0.85), haze_distance=110,
        glow=(0.0, 0.0, 0.0), cloud=(0.88, 0.90, 0.93), cloud_cover=0.9, lamps=0.0, lit_windows=0.12, snow=1.0,
        exposure=1.25,
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
