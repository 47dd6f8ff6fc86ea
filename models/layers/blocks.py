"""Convolution blocks of the pix2pixHD family, which vid2vid's networks are built from.

Source: NVIDIA/vid2vid at 2e6d137, `models/networks.py`. Every block takes and returns `[b c h w]`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .norm import FrameNorm


class ConvNormRelu(nn.Module):
    """Convolution (given ready-made), frame norm, ReLU."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d, affine: bool) -> None:
        super().__init__()
        self.conv = conv
        self.norm = FrameNorm(conv.out_channels, affine)

    def forward(self, x: Tensor, modulation: Tensor | None = None, skipped: Tensor | None = None) -> Tensor:
        """modulation `[b 2*c]`: of what was normalised; skipped: features to add to those of the convolution."""
        y = self.norm(self.conv(x) if skipped is None else self.conv(x) + skipped)
        return F.relu(y if modulation is None else modulate(y, modulation), inplace=True)


def modulate(x: Tensor, modulation: Tensor) -> Tensor:
    """x * (1 + gain) + shift, a gain and a shift for every channel: `[b c h w]`, `[b 2*c]` -> `[b c h w]`."""
    gain, shift = modulation[:, :, None, None].chunk(2, dim=1)
    return x * (1 + gain) + shift


def stem(inputs: int, outputs: int) -> nn.Conv2d:
    """7x7 convolution that keeps the size, reflecting at the border."""
    return nn.Conv2d(inputs, outputs, 7, padding=3, padding_mode="reflect")


class FewOutputs(nn.Conv2d):
    """`stem` to a picture, a flow or a weight: too few channels to fill a processor's vectors.

    Computed as rows first: a 1x7 convolution to seven times the channels, then the sum of the rows, each shifted to its
    place. Twice as fast on a CPU; the numbers are the same but for the order of summation. In half precision the rows
    would be rounded, so there it stays one convolution.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 7, padding=3, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        return convolve_to_few(x, self.weight, self.bias)


def convolve_to_few(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What `FewOutputs` computes: `[b i h w]`, weight `[o i k k]` with an odd k -> `[b o h w]`."""
    outputs, inputs, size, _ = weight.shape
    padded = F.pad(x, (size // 2,) * 4, mode="reflect")
    if x.dtype in (torch.float16, torch.bfloat16):
        return F.conv2d(padded, weight, bias)
    rows = F.conv2d(
        padded, weight.transpose(1, 2).reshape(outputs * size, inputs, 1, size)
    )  # [b o*k h+k-1 w]
    places = torch.eye(outputs * size, dtype=x.dtype, device=x.device).view(outputs, size, outputs * size, 1)
    return F.conv2d(rows, places.transpose(1, 2), bias)


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
