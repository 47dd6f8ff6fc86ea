"""The camera in the moving car: where it is at any time, and how it sees flat patches of the world.

World axes: x right, y up, z forward along the street, metres. Camera axes: x right, y down, z forward.
Pixel positions have their origin at the top left corner of the picture; pixel centres lie at +0.5.
"""

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from .chance import draw

Array = NDArray[np.float64]

CRUISE = 9.0
"""Mean speed of the camera's car, metres per second."""
LANE = 1.75
"""Distance of the driving lanes' middles from the centre line, metres; one drives on the right."""


@dataclass(frozen=True)
class Pose:
    """Where the camera stands and looks."""

    x: float
    y: float
    z: float
    """Metres along the street."""
    axes: Array
    """Columns are the camera's right, down and forward in the world, `[3 3]`."""


def pose_at(seed: int, seconds: float) -> Pose:
    """The camera of world `seed`, at any time: steady driving with slow curves, sway and springs."""
    p = draw(seed, 0, 11, 6) * 2 * pi
    s = seconds
    x = LANE + 0.18 * sin(0.37 * s + p[0])
    y = 1.42 + 0.012 * sin(5.3 * s + p[1])
    z = CRUISE * s + 1.6 * sin(0.29 * s + p[2])
    yaw = 0.075 * sin(0.31 * s + p[3]) + 0.02 * sin(0.83 * s + p[4])
    pitch = 0.028 + 0.0035 * sin(2.3 * s + p[5])
    roll = 0.12 * 0.075 * 0.31 * cos(0.31 * s + p[3]) + 0.0025 * sin(1.7 * s + p[0])
    return Pose(x, y, z, _axes(yaw, pitch, roll))


def _axes(yaw: float, pitch: float, roll: float) -> Array:
    """Turn right by `yaw`, down by `pitch`, clockwise by `roll` (radians)."""
    forward = np.array([sin(yaw) * cos(pitch), -sin(pitch), cos(yaw) * cos(pitch)])
    right = np.array([cos(yaw), 0.0, -sin(yaw)])
    down = np.cross(right, forward)
    return np.stack([cos(roll) * right + sin(roll) * down, cos(roll) * down - sin(roll) * right, forward], 1)


@dataclass(frozen=True)
class Lens:
    """From camera axes to pixels."""

    width: int
    height: int

    @property
    def focal(self) -> float:
        """Focal length in pixels: 58 degrees across a picture of 2:1."""
        return 0.9 * min(self.width, 2 * self.height)

    @property
    def matrix(self) -> Array:
        """Camera coordinates -> homogeneous pixels, `[3 3]`."""
        return np.array([[self.focal, 0, self.width / 2], [0, self.focal, self.height * 0.53], [0, 0, 1]])


def patch_to_camera(pose: Pose, origin: Array, across: Array, up: Array) -> Array:
    """Matrices from a patch's (u, v, 1) to camera coordinates: `[n 3]` corners and edges -> `[n 3 3]`."""
    columns = np.stack([across, up, origin - (pose.x, pose.y, pose.z)], 2)
    return np.asarray(pose.axes.T @ columns)
