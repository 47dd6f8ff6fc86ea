"""Discriminators: is this patch of a picture (or of a few frames) real?

Source: Wang et al. 2018, 3.2; NVIDIA/vid2vid at 2e6d137, `models/networks.py` (MultiscaleDiscriminator,
NLayerDiscriminator). All of them here have three strided layers.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from ..labels.encoding import halve
from ..labels.planes import LabelPlanes, convolve_planes


@dataclass(frozen=True)
class DiscriminatorConfig:
    """A multi-scale patch discriminator."""

    channels: int
    """Input channels: labels and picture, or several pictures and the flows between them."""
    filters: int
    """Channels after the first layer at the coarsest copy; finer copies start with 1/2, 1/4 ... (at most 64)."""
    scales: int
    """Copies, each on an input of half the size of the one before."""


class BatchNorm(nn.BatchNorm2d):
    """Batch norm that always uses the batch at hand: the published networks never switch to running statistics."""

    def forward(self, x: Tensor) -> Tensor:
        """`[b c h w]` -> `[b c h w]`."""
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)


def _layer(inputs: int, outputs: int, stride: int, norm: bool, active: bool = True) -> nn.Sequential:
    parts: list[nn.Module] = [nn.Conv2d(inputs, outputs, 4, stride=stride, padding=2)]
    if norm:
        parts.append(BatchNorm(outputs, track_running_stats=False))
    if active:
        parts.append(nn.LeakyReLU(0.2))
    return nn.Sequential(*parts)


class PatchDiscriminator(nn.Module):
    """One copy: five layers; the last gives one number a patch."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        widths = [filters, 2 * filters, 4 * filters, min(8 * filters, 512)]
        self.layers = nn.ModuleList(
            [
                _layer(channels, widths[0], 2, norm=False),
                _layer(widths[0], widths[1], 2, norm=True),
                _layer(widths[1], widths[2], 2, norm=True),
                _layer(widths[2], widths[3], 1, norm=True),
                _layer(widths[3], 1, 1, norm=False, active=False),
            ]
        )

    def forward(self, x: Tensor | LabelPlanes) -> list[Tensor]:
        """`[b c h w]` -> every layer's output; the last is the decision map `[b 1 h' w']`."""
        first = self.layers[0]
        y = first[1](convolve_planes(first[0], x)) if isinstance(x, LabelPlanes) else first(x)
        outputs = [y]
        for layer in self.layers[1:]:
            outputs.append(layer(outputs[-1]))
        return outputs


class MultiscaleDiscriminator(nn.Module):
    """Patch discriminators on the input at full, half, quarter ... size."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        widths = [min(64, config.filters * 2**i) for i in range(config.scales)]
        self.copies = nn.ModuleList(PatchDiscriminator(config.channels, width) for width in widths)

    def forward(self, x: Tensor | LabelPlanes) -> list[list[Tensor]]:
        """`[b c h w]` (or its planes) -> for every copy, finest first, its layers' outputs."""
        outputs = []
        for index, copy in enumerate(self.copies):
            if index:
                x = x.halved() if isinstance(x, LabelPlanes) else halve(x)
            outputs.append(copy(x))
        return outputs
