"""Twice the size by the binomial filter 1-3-3-1, as StyleGAN2 does it: what lies outside of a picture counts as 0.

Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", appendix B.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

TAPS = (1.0, 3.0, 3.0, 1.0)


def binomial_kernel(gain: float = 1.0) -> Tensor:
    """`[4 4]` float32 that adds up to `gain`."""
    taps = torch.tensor(TAPS)
    return torch.outer(taps, taps) * (gain / 64)


def smooth(x: Tensor, kernel: Tensor, padding: int = 1) -> Tensor:
    """Every channel filtered by one kernel, which is symmetric: `[b c h w]`, `[k k]` -> `[b c h' w']`.

    h' = h + 2 padding - k + 1.
    """
    channels = x.shape[1]
    kernels = kernel.to(x.dtype).expand(channels, 1, *kernel.shape)
    return F.conv2d(x, kernels, padding=padding, groups=channels)


def doubled(picture: Tensor) -> Tensor:
    """`[b c h w]` -> `[b c 2h 2w]`: zeros between the pixels, then the filter at four times its strength.

    Away from the borders that is bilinear interpolation; with a border of zeros it is so everywhere.
    """
    wide = F.interpolate(F.pad(picture, (1, 1, 1, 1)), scale_factor=2.0, mode="bilinear", align_corners=False)
    return wide[:, :, 2:-2, 2:-2]
