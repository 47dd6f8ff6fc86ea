"""How alike two pictures look, by the features of a network; and one that needs no download, of fixed random kernels.

Untrained convolution features rank distortions far better than pixels do, but not as well as those of a network that
has learnt to see (He, Wang, Hopcroft 2016, "A Powerful Generative Model Using Random Weights for the Deep Image
Representation"). Figures made with it are comparable among each other only, never with published LPIPS figures:
everything that prints them says "random features".
"""

import math
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (16, 32, 64, 64)
"""Channels of the levels."""
JUDGE, TEACHER = 20180821, 20180820
"""Seeds of the kernels: of those that figures are made with, and of those that a training loss sees with. A network
that learns from some kernels pleases them more than others; figures come from kernels that nothing learns from."""
FLOOR = 0.05
"""Strength of random features that can just be seen: what noise of nearly two levels of 255 excites."""


class PerceptualFeatures(Protocol):
    """A network whose features are compared."""

    description: str
    """What figures and logs call it."""
    level_weights: tuple[float, ...]
    """Of the differences between features, finest level first, in a training loss."""
    pixel_weight: float
    """Of the difference between the pictures themselves."""

    def __call__(self, x: Tensor) -> list[Tensor]:
        """`[b 3 h w]` in -1..1 -> features, finest level first."""


class RandomFeatures(nn.Module):
    """Four levels of frozen random 3x3 convolutions with ReLU, each at half the size of the one before."""

    description = "random features"
    level_weights: tuple[float, ...] = (1 / len(WIDTHS),) * len(WIDTHS)
    pixel_weight = 1.0

    def __init__(self, seed: int = JUDGE) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        inputs = 3
        for level, width in enumerate(WIDTHS):
            kernel = torch.randn(width, inputs, 3, 3, generator=draw)
            if level == 0:
                kernel = kernel - kernel.mean((2, 3), keepdim=True)  # it sees edges, not colours
            self.register_buffer(f"kernel{level}", kernel * math.sqrt(2 / (9 * inputs)))
            inputs = width

    def forward(self, x: Tensor) -> list[Tensor]:
        """`[b 3 h w]` in -1..1 -> the levels' features, finest first."""
        features = []
        for level in range(len(WIDTHS)):
            x = F.avg_pool2d(x, 2) if level else x
            x = F.relu(F.conv2d(x, self.get_buffer(f"kernel{level}"), padding=1))
            features.append(x)
        return features


def perceptual_loss(
    features: PerceptualFeatures, a: Tensor, b: Tensor, target: list[Tensor] | None = None
) -> Tensor:
    """Weighted L1 between the features of two pictures, and between the pictures themselves.

    `b` is the truth; target: its features, where they are known already.
    """
    if target is None:
        with torch.no_grad():
            target = features(b)
    terms = [
        weight * F.l1_loss(x, y)
        for weight, x, y in zip(features.level_weights, features(a), target, strict=True)
    ]
    if features.pixel_weight:
        terms.append(features.pixel_weight * F.l1_loss(a, b))
    return torch.stack(terms).sum()


def perceptual_distance(
    features: PerceptualFeatures, a: Tensor, b: Tensor, target: list[Tensor] | None = None
) -> Tensor:
    """The LPIPS formula: differences between normalised features, squared, averaged. `[b 3 h w]` -> `[b]`.

    target: the features of b, where they are known already.

    Features near `FLOOR` and below aren't brought to full length: LPIPS does, and so asks for the direction of what
    nobody can see. Source: Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric".
    """
    terms = []
    for x, y in zip(features(a), features(b) if target is None else target, strict=True):
        difference = _direction(x) - _direction(y)
        terms.append(difference.square().sum(1).mean((1, 2)))
    return torch.stack(terms).mean(0)


def _direction(x: Tensor) -> Tensor:
    return x / (x.square().sum(1, keepdim=True) + FLOOR**2).sqrt()
