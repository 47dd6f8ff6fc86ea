"""FlowNet2: flow between two pictures, by networks that improve on each other; vid2vid's teacher of flow.

Source: Ilg et al. 2017, "FlowNet 2.0: Evolution of Optical Flow Estimation with Deep Networks", figure 2;
NVIDIA/vid2vid at 2e6d137, `models/flownet2_pytorch/models.py`. Any size and the confidence: `flownet2_estimate`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .flownet2_networks import Fusion, Improver, Matcher, SmallMotions
from .warp import warp

SIDE_MULTIPLE = 64
"""Sides of the pictures are multiples of this."""
UNIT = 20
"""Pixels that a flow of 1 inside the networks means."""


@dataclass(frozen=True)
class FlowNet2Config:
    """Widths of all five networks."""

    filters: int
    """Channels of their first layers, a multiple of 4; 64 as published (162.5 million parameters)."""


@dataclass(frozen=True, eq=False)
class FlowSteps:
    """The flow, and what the networks on the way to it said, at a quarter of the size, each in its own unit."""

    matched: Tensor
    improved: Tensor
    twice_improved: Tensor
    small: Tensor
    flow: Tensor
    """`[b 2 h w]` in pixels."""


class FlowNet2(nn.Module):
    """A matcher, two improvers, a network for small motions beside them, and their fusion."""

    def __init__(self, config: FlowNet2Config) -> None:
        super().__init__()
        self.config = config
        self.matcher = Matcher(config.filters)
        self.improver1 = Improver(config.filters)
        self.improver2 = Improver(config.filters)
        self.small_motions = SmallMotions(config.filters)
        self.fusion = Fusion(config.filters)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Flow from `first` to `second`: pixel (x, y) of `first` is found at (x + dx, y + dy) in `second`.

        `[b 3 h w]` each, -1..1, both sides multiples of 64 -> `[b 2 h w]` in pixels.
        """
        return self.steps(first, second).flow

    def steps(self, first: Tensor, second: Tensor) -> FlowSteps:
        """As `forward`, with all that was found on the way."""
        first, second = centred(first, second)
        both = torch.cat([first, second], 1)
        matched = self.matcher(first, second)
        flow = F.interpolate(matched * UNIT, scale_factor=4, mode="bilinear")
        improved = self.improver1(_evidence(first, second, flow))
        flow = F.interpolate(improved * UNIT, scale_factor=4, mode="bilinear")
        twice_improved = self.improver2(_evidence(first, second, flow))
        large = F.interpolate(twice_improved * UNIT, scale_factor=4, mode="nearest")
        small = self.small_motions(both)
        slow = F.interpolate(small / UNIT, scale_factor=4, mode="nearest")
        errors = [_length(first - warp(second, flow)) for flow in (slow, large)]
        choice = torch.cat([first, slow, large, _length(slow), _length(large), *errors], 1)
        return FlowSteps(matched, improved, twice_improved, small, self.fusion(choice))


def centred(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Both pictures less the mean that each channel has over the two of them."""
    mean = 0.5 * (first.mean((2, 3), keepdim=True) + second.mean((2, 3), keepdim=True))
    return first - mean, second - mean


def _evidence(first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    """What an improver sees of a flow: both pictures, the second moved onto the first, flow, what differs."""
    moved = warp(second, flow)
    return torch.cat([first, second, moved, flow / UNIT, _length(first - moved)], 1)


def _length(x: Tensor) -> Tensor:
    """Euclidean norm over the channels, `[b c h w]` -> `[b 1 h w]`."""
    length: Tensor = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    return length
