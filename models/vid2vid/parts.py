"""What parts of a picture look like: its features, their means over parts, and parts painted with vectors.

Source: NVIDIA/vid2vid at 2e6d137, `models/networks.py` (Encoder); Wang et al., "High-Resolution Image Synthesis and
Semantic Manipulation with Conditional GANs", 2018, 3.4. Instance norm without weights throughout.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..labels.planes import LabelPlanes
from ..layers.blocks import stem
from ..layers.storage import full_precision
from .scale import Decoder, Encoder


class GlobalNetwork(nn.Module):
    """Encoder, residual blocks, decoder: everything but the last convolution."""

    def __init__(self, channels: int, filters: int, downsamplings: int, blocks: int) -> None:
        super().__init__()
        self.encoder = Encoder(channels, filters, downsamplings, blocks, affine=False)
        self.decoder = Decoder(filters, downsamplings, 0, affine=False)

    def forward(self, x: Tensor | LabelPlanes) -> Tensor:
        """`[b c h w]` -> `[b filters h w]`."""
        out: Tensor = self.decoder(self.encoder(x))
        return out


class StyleEncoder(nn.Module):
    """A picture's style, pixel by pixel; `part_means` makes one vector of each part."""

    def __init__(self, channels: int, filters: int, downsamplings: int) -> None:
        super().__init__()
        self.network = GlobalNetwork(3, filters, downsamplings, 0)
        self.to_style = stem(filters, channels)

    def forward(self, picture: Tensor) -> Tensor:
        """`[b 3 h w]` in -1..1 -> `[b channels h w]` float32 in -1..1."""
        return torch.tanh(full_precision(self.to_style(self.network(picture))))


def part_means(features: Tensor, parts: Tensor, count: int) -> Tensor:
    """Mean of the features over each part: `[c h w]` and ids `[h w]` in 0..count-1 -> `[count c]`; absent: 0."""
    index = parts.flatten().long()
    sums = features.new_zeros(count, features.shape[0]).index_add_(0, index, features.flatten(1).t())
    sizes = torch.bincount(index, minlength=count).clamp(min=1)
    return sums / sizes[:, None]


def paint_style(parts: Tensor, styles: Tensor) -> Tensor:
    """A style map: every pixel gets its part's vector. Ids `[b h w]`, styles `[count c]` -> `[b c h w]`."""
    return F.embedding(parts.long(), styles).movedim(-1, 1).contiguous()
