"""Correlation of two feature maps: how alike is each place of one to the places around it in the other?

Source: Dosovitskiy et al. 2015, 3, equation 1, with patches of one pixel; NVIDIA/vid2vid at 2e6d137,
`models/flownet2_pytorch/networks/correlation_package`, there a CUDA kernel, here plain tensor operations.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

REACH, STEP = 20, 2
"""Largest displacement, and the distance between displacements, in pixels of the feature map."""
CHANNELS = (2 * (REACH // STEP) + 1) ** 2
"""Displacements that are tried."""


def correlate(a: Tensor, b: Tensor) -> Tensor:
    """Mean over channels of a(x, y) * b(x + dx, y + dy) for every displacement; 0 where that is outside of `b`.

    a, b `[b c h w]` -> `[b 441 h w]`; displacements -20..20 in steps of 2, dy the slower.
    """
    height, width = a.shape[-2:]
    padded = F.pad(b, (REACH,) * 4)
    shifts = range(0, 2 * REACH + 1, STEP)
    planes = [(a * padded[..., y : y + height, x : x + width]).mean(1) for y in shifts for x in shifts]
    return torch.stack(planes, 1)
