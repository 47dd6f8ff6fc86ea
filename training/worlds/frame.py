"""One moment of a procedural world, with everything that is true about it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
