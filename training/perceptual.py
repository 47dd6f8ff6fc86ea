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
SEED = 20180820
"""Decides every kernel: figures and checkpoints depend on it."""


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

    def __init__(self) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(SEED)
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


def perceptual_loss(features: PerceptualFeatures, a: Tensor, b: Tensor) -> Tensor:
    """Weighted L1 between the features of two pictures, and between the pictures themselves; `b` is the truth."""
    with torch.no_grad():
        target = features(b)
    terms = [
        weight * F.l1_loss(x, y)
        for weight, x, y in zip(features.level_weights, features(a), target, strict=True)
    ]
    if features.pixel_weight:
        terms.append(features.pixel_weight * F.l1_loss(a, b))
    return torch.stack(terms).sum()


def perceptual_distance(features: PerceptualFeatures, a: Tensor, b: Tensor) -> Tensor:
    """The LPIPS formula over random features: normalised differences, squared, averaged. `[b 3 h w]` -> `[b]`."""
    terms = []
    for x, y in zip(features(a), features(b), strict=True):
        difference = F.normalize(x, dim=1) - F.normalize(y, dim=1)
        terms.append(difference.square().sum(1).mean((1, 2)))
    return torch.stack(terms).mean(0)
