"""Convolutions, norms and nearest-neighbour enlargement, of which all parts of the generator are built.

Features may be smaller than they are meant to be: 1x1 convolutions, modulation and leaky ReLU commute with enlargement
by nearest neighbour, so that it is put off for as long as it can be, and what comes before it costs a quarter.
"""

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers.norm import EPS, FrameNorm
from .config import FewShotConfig

SLOPE = 0.2
"""Of every leaky ReLU."""
FEW_PIXELS = 256
"""Of maps up to this size, regrouping the weights for `convolve_doubled` costs more than it saves."""


class ConvWeights(NamedTuple):
    """A convolution for each sample of a batch."""

    weight: Tensor
    """`[b o i k k]`"""
    bias: Tensor
    """`[b o]`"""


class ChannelScale(nn.Module):
    """x * weight + bias for every channel: batch norm with stored statistics. They are never learnt."""

    weight: Tensor
    bias: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """`[b c h w]` -> `[b c h w]`"""
        return torch.addcmul(self.bias[:, None, None], x, self.weight[:, None, None])


def norm_after_convolution(
    config: FewShotConfig, channels: int, affine: bool = True, eps: float = EPS
) -> nn.Module:
    """Of what one convolution has made, which has taken in a folded norm. affine: with weight and bias of its own."""
    return nn.Identity() if config.norm == "folded" else FrameNorm(channels, affine, eps)


def norm_of_sum(config: FewShotConfig, channels: int, affine: bool = True) -> nn.Module:
    """Of what no single convolution has made. affine: with weight and bias of its own."""
    return ChannelScale(channels) if config.norm == "folded" else FrameNorm(channels, affine)


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU, in the memory of `x`, which nobody else may need."""
    return F.leaky_relu_(x, SLOPE)


class ConvBlock(nn.Module):
    """Convolution, norm, leaky ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, norm: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        self.norm = nn.Identity() if norm is None else norm

    def forward(self, x: Tensor) -> Tensor:
        """`[b i h w]` -> `[b o h/stride w/stride]`"""
        return leaky(self.norm(self.conv(x)))


class UpBlock(nn.Module):
    """Twice the size by nearest neighbour, 3x3 convolution, norm, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, norm: nn.Module | None = None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.Identity() if norm is None else norm

    def forward(self, x: Tensor) -> Tensor:
        """`[b i h w]` -> `[b o 2h 2w]`"""
        return leaky(self.norm(convolve_doubled(x, self.conv.weight, cast(Tensor, self.conv.bias))))


def enlarge(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Nearest neighbour: `[b c h w]` -> `[b c *size]`."""
    return x if x.shape[2:] == size else F.interpolate(x, size)


def convolve_doubled(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """3x3 convolution of `x` enlarged to twice its size: `[b i h w]`, `[o i 3 3]`, `[o]` -> `[b o 2h 2w]`.

    Of three enlarged rows, two are the same one of `x`: each of the four pixels that stand for one of `x` is a 2x2
    convolution, with the weights of equal pixels added up. That takes 4/9 of the multiplications; the numbers are the
    same but for rounding.
    """
    height, width = x.shape[2:]
    learning = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    if learning or height * width <= FEW_PIXELS:
        return F.conv2d(enlarge(x, (2 * height, 2 * width)), weight, bias, padding=1)
    phases = F.conv2d(x, doubled_kernels(weight), bias.repeat(4), padding=1)
    size = (len(x), len(weight), 2 * height, 2 * width)
    layout = torch.channels_last if channels_last(x) else torch.contiguous_format
    out = torch.empty(size, dtype=phases.dtype, device=x.device, memory_format=layout)
    for number, phase in enumerate(phases.chunk(4, 1)):  # [b o h+1 w+1]
        down, across = divmod(number, 2)
        out[:, :, down::2, across::2] = phase[:, :, down : down + height, across : across + width]
    return out


def doubled_kernels(weight: Tensor) -> Tensor:
    """`[o i 3 3]` -> `[4*o i 2 2]`, channels last: for the upper left pixel, the upper right one, the lower two."""
    above, here, below = weight.permute(0, 2, 3, 1).unbind(
        1
    )  # [o 3 i]: inputs lie side by side as they are read
    kernels = []
    for pair in ((above, here + below), (above + here, below)):
        left, middle, right = torch.stack(pair, 1).unbind(2)  # [o 2 i]
        kernels += [
            torch.stack([left, middle + right], 2),
            torch.stack([left + middle, right], 2),
        ]  # [o 2 2 i]
    return torch.cat(kernels).permute(0, 3, 1, 2)


def convolve_points(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """1x1 convolution, as the matrix product that it is where pixels lie channels last: `[b i h w]` -> `[b o h w]`."""
    if not channels_last(x):
        made: Tensor = conv(x)
        return made
    return F.linear(x.permute(0, 2, 3, 1), conv.weight.flatten(1), conv.bias).permute(0, 3, 1, 2)


def convolve_each(x: Tensor, conv: ConvWeights) -> Tensor:
    """A convolution of its own for each sample, or one for all, which keeps the size: `[b i h w]` -> `[b o h w]`."""
    batch, outputs, inputs, kernel, _ = conv.weight.shape
    if batch == 1:
        return F.conv2d(x, conv.weight[0], conv.bias[0], padding=kernel // 2)
    side_by_side = x.reshape(1, batch * inputs, *x.shape[2:])
    made = F.conv2d(
        side_by_side, conv.weight.flatten(0, 1), conv.bias.flatten(), padding=kernel // 2, groups=batch
    )
    return made.view(batch, outputs, *x.shape[2:])


def double_and_convolve_each(x: Tensor, conv: ConvWeights) -> Tensor:
    """The same of `x` enlarged to twice its size: `[b i h w]` -> `[b o 2h 2w]`; 3x3 kernels."""
    if len(conv.weight) == 1:
        return convolve_doubled(x, conv.weight[0], conv.bias[0])
    return convolve_each(enlarge(x, (2 * x.shape[2], 2 * x.shape[3])), conv)


def channels_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
