"""Where each pixel of a frame comes from in another picture, and how far to trust it.

Source: NVlabs/few-shot-vid2vid at 009e23f, `models/networks/generator.py` (FlowGenerator).
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..flow.warp import warp
from ..layers.storage import full_precision
from .config import FewShotConfig
from .frame import Warped
from .layers import ConvBlock, UpBlock, leaky, norm_after_convolution, norm_of_sum


class FlowBlock(nn.Module):
    """x + conv_1(leaky(norm_1(conv_0(leaky(norm_0(x))))))"""

    def __init__(self, config: FewShotConfig, channels: int) -> None:
        super().__init__()
        self.norm_0 = norm_of_sum(config, channels)
        self.conv_0 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm_1 = norm_after_convolution(config, channels)
        self.conv_1 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """`[b c h w]` -> `[b c h w]`"""
        inner = leaky(self.norm_1(self.conv_0(leaky(self.norm_0(x)))))
        out: Tensor = x + self.conv_1(inner)
        return out


class FlowNetwork(nn.Module):
    """From two label maps and the other picture to flow and mask."""

    def __init__(self, config: FewShotConfig) -> None:
        super().__init__()
        flow = config.flow
        widths = [min(flow.filters << i, config.most_filters) for i in range(flow.downsamplings + 1)]

        def norm(channels: int) -> nn.Module:
            return norm_after_convolution(config, channels)

        self.first = ConvBlock(2 * config.label_channels + 3, widths[0], norm=norm(widths[0]))
        self.downs = nn.ModuleList(
            ConvBlock(before, after, stride=2, norm=norm(after)) for before, after in pairwise(widths)
        )
        self.blocks = nn.ModuleList(FlowBlock(config, widths[-1]) for _ in range(flow.blocks))
        self.ups = nn.ModuleList(
            UpBlock(before, after, norm(after)) for before, after in pairwise(reversed(widths))
        )
        self.to_flow = nn.Conv2d(widths[0], 2, 3, padding=1)
        self.to_mask = nn.Conv2d(widths[0], 1, 3, padding=1)
        self.gain = flow.gain

    def forward(self, labels: Tensor, other_labels: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        """`[b c h w]`, `[b c h w]`, `[b 3 h w]` -> backward flow in pixels `[b 2 h w]` (dx, dy), and mask
        `[b 1 h w]`: 1 where a new pixel is to be trusted, 0 where the moved one is. Both float32."""
        x: Tensor = self.first(torch.cat([labels, other_labels, other], 1))
        for layers in (self.downs, self.blocks, self.ups):
            for layer in layers:
                x = layer(x)
        pairs = zip(self.to_flow.parameters(), self.to_mask.parameters(), strict=True)
        weight, bias = (torch.cat(pair) for pair in pairs)
        both = full_precision(F.conv2d(x, weight, bias, padding=1))
        return both[:, :2] * self.gain, torch.sigmoid(both[:, 2:])


def warped(picture: Tensor, flow: Tensor, mask: Tensor) -> Warped:
    """The picture, float32, moved by the flow."""
    return Warped(flow, mask, warp(picture, flow))
