"""Convolution blocks of the pix2pixHD family, which vid2vid's networks are built from.

Source: NVIDIA/vid2vid at 2e6d137, `models/networks.py`. Every block takes and returns `[b c h w]`.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from .norm import FrameNorm


class ConvNormRelu(nn.Module):
    """Convolution (given ready-made), frame norm, ReLU."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d, affine: bool) -> None:
        super().__init__()
        self.conv = conv
        self.norm = FrameNorm(conv.out_channels, affine)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)), inplace=True)


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
        return x + self.norm2(self.conv2(y))


def residual_blocks(count: int, channels: int, affine: bool = True) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(channels, affine) for _ in range(count)))
