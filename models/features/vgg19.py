"""VGG19 up to its thirteenth convolution: the features of vid2vid's perceptual loss.

Source: Simonyan and Zisserman 2014, "Very Deep Convolutional Networks for Large-Scale Image Recognition", table 1, E;
NVIDIA/vid2vid at 2e6d137, `models/networks.py` (Vgg19, VGGLoss), which shows it pictures in -1..1 as they are, without
the mean and deviation that it was trained with.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (1, 1, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8)
"""Channels of the convolutions, in multiples of the first."""
FIRST_OF_LEVEL = (0, 2, 4, 8, 12)
"""Convolutions that begin a level, at half the size of the one before; their output, after the ReLU, is its feature."""
LARGEST_WIDTH = 1024
"""Wider pictures are halved until they are not."""


@dataclass(frozen=True)
class VGG19Config:
    """How wide the network is."""

    filters: int
    """Channels of the first convolution; 64 as published (12.9 million parameters without the classifier)."""


class VGG19(nn.Module):
    """Convolutions 1_1 to 5_1."""

    description = "VGG19"
    level_weights: tuple[float, ...] = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
    """Of the differences between features, finest level first."""
    pixel_weight = 0.0
    """Of the difference between the pictures themselves."""

    def __init__(self, config: VGG19Config) -> None:
        super().__init__()
        self.config = config
        widths = [3, *(config.filters * factor for factor in WIDTHS)]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        """`[b 3 h w]` in -1..1 -> relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""
        while x.shape[-1] > LARGEST_WIDTH:
            x = F.avg_pool2d(x, 2)
        features = []
        for index, convolution in enumerate(self.convolutions):
            if index in FIRST_OF_LEVEL[1:]:
                x = F.max_pool2d(x, 2)
            x = F.relu(convolution(x))
            if index in FIRST_OF_LEVEL:
                features.append(x)
        return features
