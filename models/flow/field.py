"""What optical flow flows as."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Flow:
    """Backward flow: where in the frame before each pixel was.

    Pixel (x, y) of the frame shows what stood at (x + dx, y + dy) in the frame before it.
    """

    displacement: Tensor
    """(dx, dy) in pixels, `[t 2 h w]` float."""
    occlusion: Tensor
    """1 where the frame before doesn't show the pixel (newly visible), 0 where it does: `[t 1 h w]` float."""
