"""A small network that finds one face and its landmarks: for the faces that it was trained on, not for photographs.

Heat maps of the landmarks by an hourglass (Newell et al. 2016, "Stacked Hourglass Networks for Human Pose Estimation"),
whose centres of mass are the landmarks (Nibali et al. 2018, "Numerical Coordinate Regression with Convolutional Neural
Networks").
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers.storage import full_precision, stored_like

CELL = 4
"""Pixels of a side to one of a heat map."""


@dataclass(frozen=True)
class FinderConfig:
    """How wide the network is, and what it looks at."""

    side: int
    """Height and width of the pictures; a multiple of 16."""
    points: int
    """Landmarks: 5 or 68."""
    widths: tuple[int, int, int, int]
    """Channels at a half, a quarter, an eighth and a sixteenth of the size."""
    blocks: int
    """Residual blocks at a sixteenth."""


class Found(NamedTuple):
    """What the network says."""

    points: Tensor
    """[b p 2]: (x, y) in pixels of the picture; pixel (0, 0) has its centre at (0, 0). Float32."""
    sure: Tensor
    """[b]: logits; above 0 there is a face. Float32."""


class FaceFinder(nn.Module):
    """Pictures `[b 3 side side]` in -1..1 to the landmarks of the one face in each."""

    def __init__(self, config: FinderConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter, eighth, last = config.widths
        self.stem = layer(3, half, stride=2)
        self.to_quarter = layer(half, quarter, stride=2)
        self.to_eighth = layer(quarter, eighth, stride=2)
        self.to_last = layer(eighth, last, stride=2)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                layer(last, last), nn.Conv2d(last, last, 3, padding=1, bias=False), nn.BatchNorm2d(last)
            )
            for _ in range(config.blocks)
        )
        self.last_up = nn.Conv2d(last, eighth, 1)
        self.eighth_layer = layer(eighth, eighth)
        self.quarter_across = nn.Conv2d(quarter, eighth, 1)
        self.quarter_layer = layer(eighth, eighth)
        self.heat = nn.Conv2d(eighth, config.points, 1)
        self.sure = nn.Linear(last, 1)

    def forward(self, pictures: Tensor) -> Found:
        """ValueError for pictures of another size."""
        side = self.config.side
        if pictures.ndim != 4 or pictures.shape[1:] != (3, side, side):
            raise ValueError(f"pictures: expected [b 3 {side} {side}], got {list(pictures.shape)}")
        x = stored_like(pictures, self.heat.weight)
        quarter = self.to_quarter(self.stem(x))
        eighth = self.to_eighth(quarter)
        last = self.to_last(eighth)
        for block in self.blocks:
            last = F.relu(last + block(last))
        up = self.eighth_layer(_doubled(self.last_up(last)) + eighth)
        up = self.quarter_layer(_doubled(up) + self.quarter_across(quarter))
        sure = full_precision(self.sure(last.mean((2, 3))))[:, 0]
        return Found(centres(full_precision(self.heat(up))), sure)


def centres(heat: Tensor) -> Tensor:
    """Logits of heat maps `[b p h w]` -> the centres of mass of their softmax, in pixels of the picture `[b p 2]`."""
    height, width = heat.shape[2:]
    share = heat.flatten(2).softmax(2).view(heat.shape)
    across, down = (torch.arange(n, device=heat.device, dtype=heat.dtype) for n in (width, height))
    x, y = (share.sum(2) * across).sum(2), (share.sum(3) * down).sum(2)
    return torch.stack([x, y], 2) * CELL + (CELL - 1) / 2


def layer(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
