"""StyleGAN2's discriminator: how real a picture looks.

Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", 3.2 (residual), and Karras et al.
2018, "Progressive Growing of GANs", 3 (deviation in a minibatch); the shapes of NVlabs/stylegan2-ada-pytorch at
d72cc7d, `training/networks.py`, without classes.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...layers.binomial import binomial_kernel, smooth
from ...layers.equalized import EqualizedConvolution, EqualizedLinear
from ...layers.storage import full_precision, stored_like
from .config import SMALLEST

GAIN = math.sqrt(2)
EPS = 1e-8


@dataclass(frozen=True)
class DiscriminatorConfig:
    """For pictures of 4 * 2**(len(channels) - 1) pixels a side."""

    channels: tuple[int, ...]
    """At every size, from 4 pixels up, as in the generator's config."""
    group: int
    """Pictures whose deviation from each other is shown to the last layers, at most; 4 in the published networks."""

    @property
    def resolution(self) -> int:
        """Height and width of the pictures."""
        return SMALLEST << (len(self.channels) - 1)


class DownBlock(nn.Module):
    """Two convolutions to half the size, beside a linear way around them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualizedConvolution(inputs, inputs, 3, padding=1)
        self.second = EqualizedConvolution(inputs, outputs, 3, stride=2)
        self.around = EqualizedConvolution(inputs, outputs, 1, stride=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[b i h w]` -> `[b o h/2 w/2]`."""
        filtered = binomial_kernel().to(x.device)
        y = activated(self.first(x))
        y = activated(self.second(smooth(y, filtered, padding=2)))
        out: Tensor = (y + self.around(smooth(x, filtered))) * math.sqrt(0.5)
        return out


class Discriminator(nn.Module):
    """Pictures `[b 3 r r]` to scores `[b]`, float32: above 0 is real."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        channels, last = config.channels[::-1], config.channels[0]
        self.from_rgb = EqualizedConvolution(3, channels[0], 1)
        self.blocks = nn.ModuleList(map(DownBlock, channels[:-1], channels[1:]))
        self.last = EqualizedConvolution(last + 1, last, 3, padding=1)
        self.hidden = EqualizedLinear(last * SMALLEST * SMALLEST, last)
        self.score = EqualizedLinear(last, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """ValueError for pictures of another size."""
        side = self.config.resolution
        if pictures.ndim != 4 or pictures.shape[1:] != (3, side, side):
            raise ValueError(f"pictures: expected [b 3 {side} {side}], got {list(pictures.shape)}")
        x = activated(self.from_rgb(stored_like(pictures, self.blocks[0].first.weight)))  # type: ignore[union-attr, arg-type]
        for block in self.blocks:
            x = block(x)
        x = activated(self.last(with_deviation(x, self.config.group)))
        x = activated(self.hidden(x.flatten(1)))
        return full_precision(self.score(x)[:, 0])


def activated(x: Tensor) -> Tensor:
    """Leaky ReLU that keeps the variance."""
    return F.leaky_relu(x, 0.2) * GAIN


def with_deviation(x: Tensor, group: int) -> Tensor:
    """`[b c h w]` -> `[b c+1 h w]`: one more plane says how different the pictures of a group are.

    It is the standard deviation over the group, averaged over channels and pixels. Picture i belongs with i + n, i + 2n
    ... of n groups; where `group` doesn't divide the batch, groups are as large as fits.
    """
    size = math.gcd(len(x), group)
    groups = full_precision(x).reshape(size, -1, *x.shape[1:])  # [size n c h w]
    deviation = (groups.var(0, unbiased=False) + EPS).sqrt().mean((1, 2, 3))  # [n]
    plane = deviation.repeat(size).to(x.dtype)[:, None, None, None]
    return torch.cat([x, plane.expand(-1, 1, *x.shape[2:])], 1)
