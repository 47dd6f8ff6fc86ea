"""Where the discriminator of faces looks: one square around the heads in all frames of a chunk.

Source: NVIDIA/vid2vid at 2e6d137, `models/vid2vid_model_D.py` (get_face_region). Drawn poses are `[n c h w]` in -1..1,
as the network takes them.
"""

from typing import NamedTuple

import torch
from torch import Tensor

HEAD_PART = 0.9
"""DensePose parts 23 and 24 are the head: the third channel, in which part 24 is 1, is above this there."""
NECK_COLOR = (153, 0, 51)
"""The line from neck to nose in an OpenPose drawing, RGB."""
COLOR_TOLERANCE = 0.01


class Region(NamedTuple):
    """Rows `top` to `bottom`, columns `left` to `right`, the ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    def cut(self, x: Tensor) -> Tensor:
        """`[... h w]` -> the part of it in the region."""
        return x[..., self.top : self.bottom, self.left : self.right]


def face_side(width: int) -> int:
    """Side of the square for pictures of that width: a quarter, to the multiple of 8 below."""
    return width // 32 * 8


def face_region(heads: Tensor, side: int) -> Region | None:
    """A square around the middle of all that `heads` marks, moved into the picture; None where it marks nothing.

    heads bool `[n h w]`; side in pixels, even; heads that are further apart than that are cut off.
    """
    rows, columns = heads.any(2).any(0).nonzero(), heads.any(1).any(0).nonzero()
    if not len(rows):
        return None
    height, width = heads.shape[1:]
    top, left = (
        max(side // 2, min(length - 1 - side // 2, int(marked[0] + marked[-1]) // 2)) - side // 2
        for marked, length in ((rows, height), (columns, width))
    )
    return Region(top, top + side, left, left + side)


def densepose_heads(drawn: Tensor) -> Tensor:
    """Poses with DensePose in the first three channels -> bool `[n h w]`."""
    return drawn[:, 2] > HEAD_PART


def openpose_heads(drawn: Tensor) -> Tensor:
    """Poses with the OpenPose drawing in the first three channels -> where the neck is, bool `[n h w]`."""
    color = torch.tensor(NECK_COLOR, dtype=drawn.dtype, device=drawn.device) / 127.5 - 1
    return ((drawn[:, :3] - color[:, None, None]).abs() < COLOR_TOLERANCE).all(1)
