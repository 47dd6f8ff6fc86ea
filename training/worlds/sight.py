"""What the camera sees at one moment: the scene, and which patch lies under every pixel."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import floor

import numpy as np
from numpy.typing import NDArray

from .camera import Lens, Pose, pose_at
from .layout import Scene, scene_at
from .raster import View, look_at, rasterize
from .street_plan import BLOCK


@dataclass(frozen=True, eq=False)
class Sight:
    """Lengths are metres from the start of the camera's block, so that they stay small for ever."""

    scene: Scene
    pose: Pose
    was: Pose
    """The camera one frame earlier, in the same axes."""
    lens: Lens
    view: View
    winner: NDArray[np.int16]
    """The number (in `view`, plus 1) of the patch at every pixel's centre, 0: sky; `[h w]`."""


@lru_cache(maxsize=8)
def see(seed: int, t: int, width: int, height: int, frame_rate: Fraction) -> Sight:
    """Look at the street at frame `t`. The last few are kept: each frame also needs the one before it."""
    seconds, before = float(t / frame_rate), float((t - 1) / frame_rate)
    pose, was = pose_at(seed, seconds), pose_at(seed, before)
    base = floor(pose.z / BLOCK)
    origin = base * BLOCK
    pose, was = replace(pose, z=pose.z - origin), replace(was, z=was.z - origin)
    lens = Lens(width, height)
    scene = scene_at(seed, base, pose.z, seconds, before)
    view = look_at(scene.patches, pose, lens)
    return Sight(scene, pose, was, lens, view, rasterize(scene.patches, view, lens))
