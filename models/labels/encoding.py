"""Label maps as network input: one-hot channels, instance edges, pyramids, foreground masks.

Source: NVIDIA/vid2vid at 2e6d137, `models/vid2vid_model_G.py` (encode_input, build_pyr); Wang et al. 2018, 3.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def one_hot(ids: Tensor, channels: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """`[b h w]` integer ids, each in 0..channels-1 -> `[b channels h w]` of 0 and 1."""
    planes = torch.zeros(ids.shape[0], channels, *ids.shape[1:], dtype=dtype, device=ids.device)
    return planes.scatter_(1, ids.long().unsqueeze(1), 1)


def instance_edges(instances: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """1 where a pixel differs from any of its four neighbours, so that lines are two pixels wide.

    `[b h w]` integers -> `[b 1 h w]`.
    """
    edges = torch.zeros(instances.shape, dtype=torch.bool, device=instances.device)
    across = instances[:, :, 1:] != instances[:, :, :-1]
    down = instances[:, 1:] != instances[:, :-1]
    edges[:, :, 1:] |= across
    edges[:, :, :-1] |= across
    edges[:, 1:] |= down
    edges[:, :-1] |= down
    return edges.unsqueeze(1).to(dtype)


def encode_labels(
    ids: Tensor, instances: Tensor | None, channels: int, dtype: torch.dtype = torch.float32
) -> Tensor:
    """One-hot classes, then the instance edges where instances are given: `[b channels(+1) h w]`."""
    planes = one_hot(ids, channels, dtype)
    return planes if instances is None else torch.cat([planes, instance_edges(instances, dtype)], 1)


def halve(x: Tensor) -> Tensor:
    """The pyramid's step: 3x3 mean at stride 2 that doesn't count the padding. `[b c h w]` -> half the size."""
    return F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)


def pyramid(x: Tensor, levels: int) -> list[Tensor]:
    """`[b c h w]` at full, half, quarter ... size; coarse levels of one-hot maps are soft."""
    scales = [x]
    while len(scales) < levels:
        scales.append(halve(scales[-1]))
    return scales


def foreground_mask(planes: Tensor, foreground: Sequence[int]) -> Tensor:
    """How much of every pixel belongs to the foreground classes: `[b c h w]` one-hot (or pooled) -> `[b 1 h w]`."""
    return planes[:, list(foreground)].sum(1, keepdim=True).clamp_(0, 1)
