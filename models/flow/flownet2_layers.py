"""What the networks of FlowNet2 are built from: stages that shrink, and a refinement that grows a flow back.

Source: Dosovitskiy et al. 2015, "FlowNet: Learning Optical Flow with Convolutional Networks", figures 2 and 3;
NVIDIA/vid2vid at 2e6d137, `models/flownet2_pytorch/networks/submodules.py`. Flows inside are in units of 20 pixels.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

SLOPE = 0.1
"""Of the leaky ReLUs, on the negative side."""

Layer = tuple[int, int, int]
"""Output channels, kernel size, stride."""


def stage(inputs: int, *layers: Layer) -> nn.Sequential:
    """Convolutions, a leaky ReLU after each: the 1st at index 0, the 2nd at index 2."""
    widths = [inputs, *(outputs for outputs, _, _ in layers)]
    parts: list[nn.Module] = []
    for (before, after), (_, size, stride) in zip(pairwise(widths), layers, strict=True):
        parts += [nn.Conv2d(before, after, size, stride, size // 2), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*parts)


def outputs_of(stages: nn.ModuleList, x: Tensor) -> list[Tensor]:
    """What each stage makes of the one before it, `x` first."""
    outputs = [x]
    for each in stages:
        outputs.append(each(outputs[-1]))
    return outputs[1:]


def predictor(inputs: int) -> nn.Conv2d:
    """Features to flow."""
    return nn.Conv2d(inputs, 2, 3, padding=1)


class RefinementStep(nn.Module):
    """Features and flow at twice the size, joined by the contracting half's features of that size."""

    def __init__(self, inputs: int, skip: int, outputs: int, smooth: bool, flow_bias: bool) -> None:
        """smooth: a convolution without activation before the flow is read off."""
        super().__init__()
        self.channels = skip + outputs + 2
        self.features = nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(SLOPE))
        self.flow = nn.ConvTranspose2d(2, 2, 4, 2, 1, bias=flow_bias)
        self.smooth = nn.Conv2d(self.channels, outputs, 3, padding=1) if smooth else nn.Identity()
        self.predict = predictor(outputs if smooth else self.channels)

    def forward(self, x: Tensor, flow: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        """x `[b c h w]`, flow `[b 2 h w]`, skip `[b s 2h 2w]` -> features and flow at `2h x 2w`."""
        joined = torch.cat([skip, self.features(x), self.flow(flow)], 1)
        return joined, self.predict(self.smooth(joined))


class Refinement(nn.Module):
    """The expanding half: a flow from the deepest features, grown step by step."""

    def __init__(
        self, deepest: int, steps: Sequence[tuple[int, int]], *, smooth: bool, flow_bias: bool
    ) -> None:
        """steps: channels of (what is joined from the contracting half, what the step makes), coarse to fine."""
        super().__init__()
        self.first = predictor(deepest)
        self.steps = nn.ModuleList()
        inputs = deepest
        for skip, outputs in steps:
            step = RefinementStep(inputs, skip, outputs, smooth, flow_bias)
            self.steps.append(step)
            inputs = step.channels

    def forward(self, deepest: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """Features of the contracting half, coarse to fine -> flow `[b 2 h w]` of the size of the last."""
        x = deepest
        flow: Tensor = self.first(deepest)
        for step, skip in zip(self.steps, skips, strict=True):
            x, flow = step(x, flow, skip)
        return flow
