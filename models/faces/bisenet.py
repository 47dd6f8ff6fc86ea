"""BiSeNet: which part of a face a pixel belongs to.

Source: Yu et al. 2018, "BiSeNet"; zllrunning/face-parsing.PyTorch, `model.py`, as STIT at fac087f has it. Its spatial
path is the trunk's feature at an eighth of the size.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers.storage import stored_like

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures in 0..1, which the published network's are normalised by."""
SIDE = 512
"""Pixels that the published network was trained at."""


@dataclass(frozen=True)
class BiSeNetConfig:
    """The published network: 64 filters, `masks.BISENET_NAMES`."""

    classes: tuple[str, ...]
    """Names, in the order of the outputs."""
    filters: int
    """Channels of the first convolution; the trunk's last stage has eight times as many."""


class Features(NamedTuple):
    """What the three heads see."""

    fused: Tensor
    """[b 4f h/8 w/8]"""
    up16: Tensor
    """[b 2f h/8 w/8]"""
    up32: Tensor
    """[b 2f h/16 w/16]"""


class ConvNormRelu(nn.Module):
    """Convolution without bias, batch norm, ReLU; an odd kernel keeps the size."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)), inplace=True)


class ResidualUnit(nn.Module):
    """A unit of ResNet-18: ReLU after the sum."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = ConvNormRelu(inputs, outputs, 3, stride)
        self.conv = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.shortcut = None if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.shortcut_norm = None if same else nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv(self.first(x)))
        if self.shortcut is not None and self.shortcut_norm is not None:
            x = self.shortcut_norm(self.shortcut(x))
        return F.relu(x + y, inplace=True)


class Attention(nn.Module):
    """Features weighed, channel by channel, by what they are on average."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.features = ConvNormRelu(inputs, outputs, 3)
        self.weigh = nn.Conv2d(outputs, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.features(x)
        return features * torch.sigmoid(self.norm(self.weigh(_average(features))))


class Fusion(nn.Module):
    """Details and context side by side, weighed by what they are on average."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.features = ConvNormRelu(channels, channels, 1)
        self.squeeze = nn.Conv2d(channels, channels // 4, 1, bias=False)
        self.excite = nn.Conv2d(channels // 4, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.features(x)
        weights = torch.sigmoid(self.excite(F.relu(self.squeeze(_average(features)))))
        return features + features * weights


class Head(nn.Module):
    """Features to scores of classes, at the size that they are wanted in."""

    def __init__(self, inputs: int, inner: int, classes: int) -> None:
        super().__init__()
        self.features = ConvNormRelu(inputs, inner, 3)
        self.scores = nn.Conv2d(inner, classes, 1, bias=False)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        scores = self.scores(self.features(x))
        return F.interpolate(scores, (height, width), mode="bilinear", align_corners=True)


class BiSeNet(nn.Module):
    """Pictures, normalised by `normalized`, to scores `[b classes h w]`."""

    def __init__(self, config: BiSeNetConfig) -> None:
        super().__init__()
        self.config = config
        f, classes = config.filters, len(config.classes)
        self.stem = ConvNormRelu(3, f, 7, 2)
        widths = (f, f, 2 * f, 4 * f, 8 * f)
        self.stages = nn.ModuleList(
            nn.Sequential(
                ResidualUnit(widths[i], widths[i + 1], 2 if i else 1),
                ResidualUnit(widths[i + 1], widths[i + 1], 1),
            )
            for i in range(4)
        )
        self.attention16 = Attention(4 * f, 2 * f)
        self.attention32 = Attention(8 * f, 2 * f)
        self.average = ConvNormRelu(8 * f, 2 * f, 1)
        self.up16 = ConvNormRelu(2 * f, 2 * f, 3)
        self.up32 = ConvNormRelu(2 * f, 2 * f, 3)
        self.fusion = Fusion(4 * f)
        self.head = Head(4 * f, 4 * f, classes)
        self.head16 = Head(2 * f, f, classes)
        self.head32 = Head(2 * f, f, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """`[b 3 h w]` -> `[b classes h w]`; the heads that only training needs don't run."""
        scores: Tensor = self.head(self.features(pictures).fused, *pictures.shape[2:])
        return scores

    def scores(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of all three heads, for training: the last, that of a sixteenth, that of a thirty-second."""
        seen, size = self.features(pictures), pictures.shape[2:]
        return self.head(seen.fused, *size), self.head16(seen.up16, *size), self.head32(seen.up32, *size)

    def trunk(self, pictures: Tensor) -> list[Tensor]:
        """`[b 3 h w]` -> features at an eighth, a sixteenth, a thirty-second of the size, rounded up."""
        x = F.max_pool2d(self.stem(stored_like(pictures, self.stem.conv.weight)), 3, 2, padding=1)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features[1:]

    def features(self, pictures: Tensor) -> Features:
        """`[b 3 h w]` -> what the heads see."""
        f8, f16, f32 = self.trunk(pictures)
        context = self.attention32(f32) + self.average(_average(f32))
        up32 = self.up32(_spread(context, f16))
        up16 = self.up16(_spread(self.attention16(f16) + up32, f8))
        return Features(self.fusion(torch.cat([f8, up16], 1)), up16, up32)


def normalized(pictures: Tensor) -> Tensor:
    """`[b 3 h w]` in -1..1 (what lies outside is clamped) -> as the published network takes them."""
    mean, deviation = (pictures.new_tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    return ((pictures.clamp(-1, 1) + 1) / 2 - mean) / deviation


def _average(x: Tensor) -> Tensor:
    return x.mean((2, 3), keepdim=True)


def _spread(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[2:], mode="nearest")
