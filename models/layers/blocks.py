"""Convolution blocks of the pix2pixHD family, which vid2vid's networks are built from.

Source: NVIDIA/vid2vid at 2e6d137, `models/networks.py`. Every block takes and returns `[b c h w]`.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from .norm import FrameNorm


class ConvNormRelu(nn.Module):
    """Convolution (given ready-made), frame norm, modulation where one is given, ReLU."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d, affine: bool) -> None:
        super().__init__()
        self.conv = conv
        self.norm = FrameNorm(conv.out_channels, affine)

    def forward(self, x: Tensor, modulation: Tensor | None = None) -> Tensor:
        y = self.norm(self.conv(x))
        return F.relu(y if modulation is None else modulate(y, modulation), inplace=True)


def modulate(x: Tensor, modulation: Tensor) -> Tensor:
    """x * (1 + gain) + shift, a gain and a shift for every channel: `[b c h w]`, `[b 2*c]` -> `[b c h w]`."""
    gain, shift = modulation[:, :, None, None].chunk(2, dim=1)
    return x * (1 + gain) + shift


def stem(inputs: int, outputs: int) -> nn.Conv2d:
    """7x7 convolution that keeps the size, reflecting at the border."""
    return nn.Conv2d(inputs, outputs, 7, padding=3, padding_mode="reflect")


def down(channels: int, affine: bool = True) -> ConvNormRelu:
    """Half the size, twice the channels."""
    return ConvNormRelu(nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1), affine)


def up(channels: int, outputs: int, affine: bool = True) -> ConvNormRelu:
    """Twice the size."""
    conv = nn.ConvTranspose2d(channels, outputs, 3, stride=2, padding=1, output_padding=1)
    return ConvNormRelu(conv, affine)


class ResidualBlock(nn.Module):
    """x + (conv, norm, relu, conv, norm)(x); no ReLU after the sum."""

    def __init__(self, channels: int, affine: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")
        self.norm1 = FrameNorm(channels, affine)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")
        self.norm2 = FrameNorm(channels, affine)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        out: Tensor = x + self.norm2(self.conv2(y))
        return out


def residual_blocks(count: int, channels: int, affine: bool = True) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(channels, affine) for _ in range(count)))
