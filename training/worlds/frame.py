"""One moment of a procedural world, with everything that is true about it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.labels.people import Person


@dataclass(frozen=True, eq=False)
class WorldFrame:
    """A picture and its ground truth. The truth belongs to the centre of every pixel; nothing in it is smoothed."""

    rgb: NDArray[np.uint8]
    """What a camera would see, sRGB, `[h w 3]`, with anti-aliased edges."""
    ids: NDArray[np.uint8]
    """Cityscapes id of every pixel, `[h w]`."""
    instances: NDArray[np.int32]
    """Which car or person the pixel belongs to, `[h w]`; 0: none. The same thing keeps its number in every frame."""
    flow: NDArray[np.float32]
    """Backward flow (dx, dy) in pixels, `[2 h w]`: pixel (x, y) shows what stood at (x+dx, y+dy) one frame earlier."""
    occlusion: NDArray[np.bool_]
    """True where the frame before does not show the point: hidden, or outside the picture; `[h w]`."""
    depth: NDArray[np.float32]
    """Distance along the camera's axis in metres, `[h w]`; infinite for the sky."""


@dataclass(frozen=True, eq=False)
class FaceFrame(WorldFrame):
    """A talking head. `ids` are those of CelebAMask-HQ (`face_parts.Part`); `instances` are 1 on the person."""

    landmarks: NDArray[np.float32]
    """The 68 points of iBUG 300-W, (x, y) in pixels, also those that are turned away, `[68 2]`."""
    identity: NDArray[np.float32]
    """Who it is, in the order of `face_person.ATTRIBUTES`."""
    motion: NDArray[np.float32]
    """What it does: the fields of `face_muscles.Expression`, then those of `face_motion.HeadPose`."""


@dataclass(frozen=True, eq=False)
class PuppetFrame(WorldFrame):
    """A dancer. `ids` are DensePose's parts (`puppet_parts.BodyPart`); `instances` are 1 on the dancer."""

    people: tuple[Person, ...]
    """Keypoints in pixels as OpenPose gives them; confidence 0: outside of the picture, or a face turned away."""
    surface: NDArray[np.float32]
    """(u, v) on the surface of the part, 0..1, `[2 h w]`; 0 where there is none."""
