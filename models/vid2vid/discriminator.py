"""Discriminators: is this patch of a picture (or of a few frames) real?

Source: Wang et al. 2018, 3.2; NVIDIA/vid2vid at 2e6d137, `models/networks.py` (MultiscaleDiscriminator,
NLayerDiscriminator). The published networks never switch to running statistics, so neither do these.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from ..labels.encoding import halve
from ..labels.planes import LabelPlanes, convolve_planes

MOST_FILTERS = 512
"""Of any layer."""


@dataclass(frozen=True)
class DiscriminatorConfig:
    """A multi-scale patch discriminator."""

    channels: int
    """Input channels: labels and picture, or several pictures and the flows between them."""
    filters: int
    """Channels after the first layer of the finest copy; each coarser copy has twice as many, 64 at most."""
    scales: int
    """Copies, each on an input of half the size of the one before."""
    strided_layers: int
    """Layers that halve the size; two follow that don't. 3 in the reference's scripts: patches of 70x70 pixels."""


def _layer(inputs: int, outputs: int, stride: int, norm: bool, active: bool = True) -> nn.Sequential:
    """4x4 convolution; batch norm with the statistics of the batch at hand, always; leaky ReLU."""
    parts: list[nn.Module] = [nn.Conv2d(inputs, outputs, 4, stride=stride, padding=2)]
    if norm:
        parts.append(nn.BatchNorm2d(outputs, track_running_stats=False))
    if active:
        parts.append(nn.LeakyReLU(0.2))
    return nn.Sequential(*parts)


class PatchDiscriminator(nn.Module):
    """One copy: strided layers, one that keeps the size, and one number for every patch."""

    def __init__(self, channels: int, filters: int, strided_layers: int) -> None:
        super().__init__()
        widths = [min(filters * 2**i, MOST_FILTERS) for i in range(strided_layers + 1)]
        inner = [
            _layer(before, after, 2 if i < strided_layers else 1, norm=True)
            for i, (before, after) in enumerate(pairwise(widths), 1)
        ]
        first = _layer(channels, filters, 2, norm=False)
        last = _layer(widths[-1], 1, 1, norm=False, active=False)
        self.layers = nn.ModuleList([first, *inner, last])

    def forward(self, x: Tensor | LabelPlanes) -> list[Tensor]:
        """`[b c h w]` -> every layer's output; the last is the decision map `[b 1 h' w']`."""
        first = cast(nn.Sequential, self.layers[0])
        if isinstance(x, LabelPlanes):
            outputs = [first[1](convolve_planes(cast(nn.Conv2d, first[0]), x))]
        else:
            outputs = [first(x)]
        for layer in self.layers[1:]:
            outputs.append(layer(outputs[-1]))
        return outputs


class MultiscaleDiscriminator(nn.Module):
    """Patch discriminators on the input at full, half, quarter ... size."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        widths = [min(64, config.filters * 2**i) for i in range(config.scales)]
        self.copies = nn.ModuleList(
            PatchDiscriminator(config.channels, width, config.strided_layers) for width in widths
        )

    def forward(self, x: Tensor | LabelPlanes) -> list[list[Tensor]]:
        """`[b c h w]` (or its planes) -> for every copy, finest first, its layers' outputs."""
        outputs = []
        for index, copy in enumerate(self.copies):
            if index:
                x = x.halved() if isinstance(x, LabelPlanes) else halve(x)
            outputs.append(copy(x))
        return outputs
