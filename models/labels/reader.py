"""A small network that reads a label map off a picture, and whose features say what pictures are like.

A U-Net (Ronneberger, Fischer, Brox 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation") whose skips
are added rather than appended, with residual blocks at an eighth of the size. It is for worlds that it was trained on,
not for photographs.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers.storage import stored_like

MULTIPLE = 8
"""Pictures whose height or width is no multiple of this are continued at the right and at the bottom."""


@dataclass(frozen=True)
class ReaderConfig:
    """How wide the network is, and what it tells apart."""

    palette: str
    """Name of a palette."""
    classes: tuple[int, ...]
    """Ids of the palette, one for each output."""
    widths: tuple[int, int, int, int]
    """Channels at full size, a half, a quarter and an eighth."""
    blocks: int
    """Residual blocks at an eighth."""
    height: int
    """Of the largest pictures that it has learnt from."""


class Reading(NamedTuple):
    """What the network makes of pictures."""

    scores: Tensor
    """Logits, `[b classes h w]`."""
    fine: Tensor
    """Penultimate features at full size, `[b c h w]`, not negative."""
    coarse: Tensor
    """The innermost features at an eighth, rounded up, `[b c h/8 w/8]`, not negative."""


class LabelReader(nn.Module):
    """Pictures to classes."""

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        self.config = config
        full, half, quarter, eighth = config.widths
        self.stem = _layer(3, full)
        self.downs = nn.ModuleList(
            (_layer(full, half, stride=2), _layer(half, quarter, stride=2), _layer(quarter, eighth, stride=2))
        )
        self.blocks = nn.Sequential(*(_Residual(eighth) for _ in range(config.blocks)))
        self.narrows = nn.ModuleList(
            (nn.Conv2d(eighth, quarter, 1), nn.Conv2d(quarter, half, 1), nn.Conv2d(half, full, 1))
        )
        self.ups = nn.ModuleList((_layer(quarter, quarter), _layer(half, half), _layer(full, full)))
        self.to_scores = nn.Conv2d(full, len(config.classes), 1)

    def forward(self, pictures: Tensor) -> Reading:
        """`[b 3 h w]` in -1..1, of any size."""
        height, width = pictures.shape[-2:]
        x = stored_like(pictures, self.to_scores.weight)
        x = self.stem(F.pad(x, (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate"))
        skips = []
        for down in self.downs:
            skips.append(x)
            x = down(x)
        coarse = x = self.blocks(x)
        for narrow, up in zip(self.narrows, self.ups, strict=True):
            x = up(F.interpolate(narrow(x), scale_factor=2.0, mode="nearest") + skips.pop())
        x = x[..., :height, :width]
        return Reading(self.to_scores(x), x, coarse)

    def ids(self, scores: Tensor) -> Tensor:
        """The likeliest class of every pixel: `[b classes h w]` -> ids of the palette, int64 `[b h w]`."""
        names = torch.tensor(self.config.classes, device=scores.device)
        return names[scores.argmax(1)]


class _Residual(nn.Module):
    """x + two layers, then ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _layer(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


def _layer(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
