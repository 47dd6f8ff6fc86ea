"""The trunk that e4e and networks that know people share: residual units with squeeze and excitation.

Source: Deng et al. 2019, "ArcFace", 3.2 (improved residual units); Hu et al. 2018, "Squeeze-and-Excitation Networks";
TreB1eN/InsightFace_Pytorch, `model.py`, as omertov/encoder4editing at 99ea505 has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

REDUCTION = 16
"""Channels to one of the squeezed ones."""


@dataclass(frozen=True)
class TrunkConfig:
    """The published trunk (50 layers) has 64, 128, 256, 512 channels in 3, 4, 14, 3 units."""

    widths: tuple[int, ...]
    """Channels of each group; the first unit of a group halves height and width."""
    units: tuple[int, ...]
    """Of each group."""

    def strides(self) -> Iterator[tuple[int, int, int]]:
        """Input channels, output channels and stride of every unit."""
        inputs = self.widths[0]
        for width, count in zip(self.widths, self.units, strict=True):
            for unit in range(count):
                yield inputs, width, 1 if unit else 2
                inputs = width


PUBLISHED_TRUNK = TrunkConfig(widths=(64, 128, 256, 512), units=(3, 4, 14, 3))


class Excitation(nn.Module):
    """Channels are weighed by what the whole picture says."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // REDUCTION, 1, bias=False)
        self.excite = nn.Conv2d(channels // REDUCTION, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.relu(self.squeeze(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.excite(seen))


class Unit(nn.Module):
    """norm, 3x3 convolution, PReLU, 3x3 convolution with the stride, norm, excitation; then the input is added."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.activation = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.excitation = Excitation(outputs)
        self.shortcut = None if inputs == outputs else nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.shortcut_norm = None if inputs == outputs else nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """`[b i h w]` -> `[b o h/stride w/stride]`, rounded up."""
        y = self.activation(self.conv1(self.norm1(x)))
        added: Tensor = self.excitation(self.norm2(self.conv2(y)))
        if self.shortcut is None or self.shortcut_norm is None:
            return added + x[:, :, :: self.stride, :: self.stride]
        shortcut: Tensor = self.shortcut_norm(self.shortcut(x))
        return added + shortcut


class Trunk(nn.Module):
    """Pictures to features of four sizes."""

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Conv2d(3, config.widths[0], 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(config.widths[0])
        self.stem_activation = nn.PReLU(config.widths[0])
        self.units = nn.ModuleList(Unit(*shape) for shape in config.strides())

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """`[b 3 h w]` in -1..1 -> the output of each group: half, a quarter, an eighth, a sixteenth of the size."""
        x = self.stem_activation(self.stem_norm(self.stem(pictures)))
        units = iter(self.units)
        features = []
        for count in self.config.units:
            for _ in range(count):
                x = next(units)(x)
            features.append(x)
        return features
