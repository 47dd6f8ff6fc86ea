"""Backward warping."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..layers.storage import full_precision

Resampling = Literal["bilinear", "bicubic"]


def warp(image: Tensor, displacement: Tensor, resampling: Resampling = "bilinear") -> Tensor:
    """Sample `image` at (x + dx, y + dy); what lies outside repeats the border.

    image `[b c h w]`, any range; displacement `[b 2 h w]` (dx, dy) in pixels, backward; returns `[b c h w]`. Bicubic
    keeps what is carried over many frames sharp, and may leave the range of `image` a little.
    Source: NVIDIA/vid2vid at 2e6d137, `models/networks.py` (resample), with the semantics of torch 0.4:
    align_corners=True, border padding. The sampling position of half precision is computed in float32. Where
    the flow is NaN the middle of the picture is sampled: PyTorch would read outside of it, and end the process.
    """
    height, width = image.shape[-2:]
    flow = full_precision(displacement)
    x = torch.arange(width, dtype=flow.dtype, device=image.device) + flow[:, 0]
    y = torch.arange(height, dtype=flow.dtype, device=image.device)[:, None] + flow[:, 1]
    grid = torch.stack([2 * x / max(width - 1, 1) - 1, 2 * y / max(height - 1, 1) - 1], -1).nan_to_num()
    sampled = F.grid_sample(
        image.to(grid.dtype), grid, mode=resampling, padding_mode="border", align_corners=True
    )
    return sampled.to(image.dtype)
