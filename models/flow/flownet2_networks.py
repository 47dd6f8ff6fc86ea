"""The four kinds of network in FlowNet2. Each gives a flow in units of 20 pixels (`SmallMotions`: see there).

Source: Dosovitskiy et al. 2015 (FlowNetC, FlowNetS); Ilg et al. 2017, "FlowNet 2.0: Evolution of Optical Flow
Estimation with Deep Networks", 5 (FlowNet2-SD, fusion); NVIDIA/vid2vid at 2e6d137, `models/flownet2_pytorch/networks`.
`filters` is 64 in the published networks; all other widths are multiples of it.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .flownet2_correlation import CHANNELS, correlate
from .flownet2_layers import SLOPE, Refinement, outputs_of, stage


def _deep_stages(filters: int) -> list[nn.Sequential]:
    """From an eighth of the size to a sixty-fourth."""
    widths = (4 * filters, 8 * filters, 8 * filters, 16 * filters)
    return [stage(before, (after, 3, 2), (after, 3, 1)) for before, after in pairwise(widths)]


def _refinement(filters: int, *, smooth: bool, flow_bias: bool) -> Refinement:
    """From a sixty-fourth of the size to a quarter."""
    widths = (8 * filters, 4 * filters, 2 * filters, filters)
    skips = (8 * filters, 8 * filters, 4 * filters, 2 * filters)
    steps = tuple(zip(skips, widths, strict=True))
    return Refinement(16 * filters, steps, smooth=smooth, flow_bias=flow_bias)


class Matcher(nn.Module):
    """FlowNetC: both pictures by the same stages, then where in the second each place of the first is found."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        f = filters
        self.stem = nn.ModuleList([stage(3, (f, 7, 2)), stage(f, (2 * f, 5, 2)), stage(2 * f, (4 * f, 5, 2))])
        self.redirect = stage(4 * f, (f // 2, 1, 1))
        self.merge = stage(f // 2 + CHANNELS, (4 * f, 3, 1))
        self.stages = nn.ModuleList(_deep_stages(f))
        self.refinement = _refinement(f, smooth=False, flow_bias=True)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """`[b 3 h w]` each -> flow from the first to the second, `[b 2 h/4 w/4]`."""
        _, quarter, eighth = outputs_of(self.stem, first)
        other = outputs_of(self.stem, second)[-1]
        alike = F.leaky_relu(correlate(eighth, other), SLOPE)
        merged = self.merge(torch.cat([self.redirect(eighth), alike], 1))
        deep = outputs_of(self.stages, merged)
        flow: Tensor = self.refinement(deep[-1], [*deep[-2::-1], merged, quarter])
        return flow


class Improver(nn.Module):
    """FlowNetS, on the pictures and what a flow found before makes of them."""

    INPUTS = 12

    def __init__(self, filters: int) -> None:
        super().__init__()
        f = filters
        eighth = stage(2 * f, (4 * f, 5, 2), (4 * f, 3, 1))
        self.stages = nn.ModuleList(
            [stage(self.INPUTS, (f, 7, 2)), stage(f, (2 * f, 5, 2)), eighth, *_deep_stages(f)]
        )
        self.refinement = _refinement(f, smooth=False, flow_bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[b 12 h w]` -> flow `[b 2 h/4 w/4]`."""
        outputs = outputs_of(self.stages, x)
        flow: Tensor = self.refinement(outputs[-1], outputs[-2:0:-1])
        return flow


class SmallMotions(nn.Module):
    """FlowNet2-SD: smaller kernels, trained on motions of less than a pixel. Its flow is in units of 1/20 pixel."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        f = filters
        first = [stage(6, (f, 3, 1)), stage(f, (f, 3, 2), (2 * f, 3, 1))]
        quarter, eighth = (stage(2 * f, (n * f, 3, 2), (n * f, 3, 1)) for n in (2, 4))
        self.stages = nn.ModuleList([*first, quarter, eighth, *_deep_stages(f)])
        self.refinement = _refinement(f, smooth=True, flow_bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """Both pictures `[b 6 h w]` -> flow `[b 2 h/4 w/4]`."""
        outputs = outputs_of(self.stages, x)
        flow: Tensor = self.refinement(outputs[-1], outputs[-2:1:-1])
        return flow


class Fusion(nn.Module):
    """Chooses between two flows, at full size."""

    INPUTS = 11

    def __init__(self, filters: int) -> None:
        super().__init__()
        f = filters
        self.stages = nn.ModuleList(
            [
                stage(self.INPUTS, (f, 3, 1)),
                stage(f, (f, 3, 2), (2 * f, 3, 1)),
                stage(2 * f, (2 * f, 3, 2), (2 * f, 3, 1)),
            ]
        )
        steps = ((2 * f, f // 2), (f, f // 4))
        self.refinement = Refinement(2 * f, steps, smooth=True, flow_bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """`[b 11 h w]` -> flow `[b 2 h w]` in pixels."""
        full, half, quarter = outputs_of(self.stages, x)
        flow: Tensor = self.refinement(quarter, [half, full])
        return flow
