"""Which part of a body every pixel of a pose belongs to: masks out of the DensePose channels that networks take.

Poses are `[b c h w]` in -1..1 (`poses.pose_input`), DensePose in the first three channels; channel 2 is the part 0..24
spread over the whole range.
Source: NVlabs/few-shot-vid2vid at 009e23f, `models/input_process.py`, `models/face_refiner.py`; NVlabs/imaginaire at
c6f7484, `model_utils/fs_vid2vid.py`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .faces import Box
from .poses import DENSEPOSE_HEAD, DENSEPOSE_PARTS

GROUPS: tuple[tuple[int, ...], ...] = (
    (0,),
    (1, 2),
    (3, 4),
    (5, 6),
    (7, 8, 9, 10),
    (11, 12, 13, 14),
    (15, 16, 17, 18),
    (19, 20, 21, 22),
    DENSEPOSE_HEAD,
)
"""Background, torso, hands, feet, upper legs, lower legs, upper arms, lower arms, head."""
_TOLERANCE = 0.1
"""Of a part's number, which rounding may have moved."""
_SURROUNDINGS = 7
"""Pixels around a body that belong to the foreground."""
_SMALLEST_HEAD = 32
"""Side of the smallest square around a head, pixels."""


def group_masks(poses: Tensor) -> Tensor:
    """One mask for each of `GROUPS`: bool `[b 9 h w]`."""
    return torch.stack([_belongs(poses, group) for group in GROUPS], 1)


def head_mask(poses: Tensor) -> Tensor:
    """Where the head is: bool `[b 1 h w]`."""
    return _belongs(poses, DENSEPOSE_HEAD)[:, None]


def without_head(poses: Tensor) -> Tensor:
    """The same poses, their DensePose -1 (background) where the head is; the other channels stay."""
    head = head_mask(poses)
    return torch.cat([poses[:, :3].masked_fill(head, -1.0), poses[:, 3:]], 1)


def foreground(poses: Tensor) -> Tensor:
    """The body and its surroundings: bool `[b 1 h w]`."""
    reach = _SURROUNDINGS
    return F.max_pool2d(poses[:, 2:3], 2 * reach + 1, stride=1, padding=reach) > -1


def head_square(poses: Tensor, *, by_lines: bool = False) -> Box:
    """The square around the heads of poses, moved into the picture: what a discriminator of faces looks at.

    1.25 times as high as the head in DensePose. by_lines: 2.5 times as wide as the white lines of the face in the last
    three channels, which poses have that were drawn with faces. At least 32 pixels, at most the picture's width; where
    there is no head, a quarter of the height below the upper border.
    """
    height, width = poses.shape[-2:]
    marks = (poses[:, -3:] > 0).all(1) if by_lines else poses[:, 2] > 0.9
    rows, columns = (marks.any(axis).any(0).nonzero().flatten().tolist() for axis in (2, 1))
    if not rows:
        x, y, side = width // 2, height // 4, height // 32 * 8
    else:
        x = (columns[0] + columns[-1]) // 2
        if by_lines:
            y, side = (rows[0] * 3 + rows[-1] * 2) // 5, int((columns[-1] - columns[0]) * 2.5)
        else:
            y, side = (rows[0] + rows[-1]) // 2, int((rows[-1] - rows[0]) * 1.25)
        side = min(width, max(_SMALLEST_HEAD, side))
        half = side // 2
        x, y = (max(half, min(n - 1 - half, v)) for v, n in ((x, width), (y, height)))
    half = side // 2
    return x - half, y - half, x + half, y + half


def _belongs(poses: Tensor, parts: tuple[int, ...]) -> Tensor:
    """Where one of the parts is: bool `[b h w]`."""
    number = (poses[:, 2] / 2 + 0.5) * DENSEPOSE_PARTS
    mask = torch.zeros_like(number, dtype=torch.bool)
    for part in parts:
        mask |= (number - part).abs() < _TOLERANCE
    return mask
