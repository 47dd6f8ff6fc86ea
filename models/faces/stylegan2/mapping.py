"""From a random draw to a code."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...layers.equalized import EqualizedLinear
from .config import StyleGAN2Config

RATE = 0.01
"""The published networks' learning rate here, relative to the rest."""


class Mapping(nn.Module):
    """Linear layers with leaky ReLUs; what they say on average is `average`."""

    average: Tensor

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        self.rows = config.rows
        widths = [config.z_width] + [config.w_width] * (config.mapping_layers - 1)
        self.layers = nn.ModuleList(EqualizedLinear(width, config.w_width, rate=RATE) for width in widths)
        self.register_buffer("average", torch.zeros(config.w_width))

    def row(self, z: Tensor) -> Tensor:
        """`[b z]`, of unit variance -> `[b w]`."""
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2) * math.sqrt(2)
        return x

    def forward(self, z: Tensor, truncation: float = 1.0, cutoff: int | None = None) -> Tensor:
        """`[b z]` -> `[b rows w]`.

        truncation: 1 leaves the code as it is, 0 gives the average. cutoff: only so many of the first rows are drawn
        towards the average; None: all.
        """
        codes = self.row(z)[:, None].repeat(1, self.rows, 1)
        return truncated(codes, self.average, truncation, cutoff)


def truncated(codes: Tensor, average: Tensor, truncation: float, cutoff: int | None = None) -> Tensor:
    """Codes drawn towards the average: `[b rows w]`, `[w]` -> `[b rows w]`."""
    if truncation == 1.0:
        return codes
    near = average + truncation * (codes - average)
    return near if cutoff is None else torch.cat([near[:, :cutoff], codes[:, cutoff:]], 1)
