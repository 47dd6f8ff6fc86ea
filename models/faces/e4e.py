"""e4e: a picture of a face to the code from which StyleGAN2 paints it again, in one pass.

Source: Tov et al. 2021, "Designing an Encoder for StyleGAN Image Manipulation"; omertov/encoder4editing at 99ea505,
`models/encoders/psp_encoders.py`. What we do differently: no generator runs along, and pictures come in batches.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import InputError
from ..layers.equalized import EqualizedLinear
from ..layers.storage import stored_like
from .ir_se50 import Trunk, TrunkConfig

COARSE, MIDDLE = 3, 7
"""Rows before these come from the coarse and the middle level of the pyramid, the others from the fine one."""


@dataclass(frozen=True)
class E4EConfig:
    """The published encoders: 256 pixels, rows of 512 numbers, `ir_se50.PUBLISHED_TRUNK`."""

    resolution: int
    """Height and width of the pictures; a power of two."""
    rows: int
    """Of a code: 18 for a generator of 1024 pixels."""
    w_width: int
    """Numbers of a row."""
    widths: tuple[int, ...]
    """Of the trunk, see `TrunkConfig`; four groups."""
    units: tuple[int, ...]
    head_width: int | None = field(default=None, metadata={"absent_if_default": True})
    """Channels of the heads' convolutions; None: as many as a row has numbers."""

    def head_side(self, row: int) -> int:
        """Pixels of the side of what a row's head sees."""
        divisor = 16 if row < COARSE else 8 if row < MIDDLE else 4
        return self.resolution // divisor


class Pyramid(NamedTuple):
    """What the heads see."""

    fine: Tensor
    """[b w r/4 r/4]"""
    middle: Tensor
    """[b w r/8 r/8]"""
    coarse: Tensor
    """[b w r/16 r/16]"""


class Head(nn.Module):
    """Convolutions that halve the size until one pixel is left, then a linear layer."""

    def __init__(self, channels: int, width: int, outputs: int, side: int) -> None:
        super().__init__()
        steps = side.bit_length() - 1
        inputs = [channels] + [width] * (steps - 1)
        self.convolutions = nn.ModuleList(nn.Conv2d(i, width, 3, 2, padding=1) for i in inputs)
        self.linear = EqualizedLinear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """`[b c side side]` -> `[b o]`."""
        for convolution in self.convolutions:
            x = F.leaky_relu_(convolution(x), 0.01)
        out: Tensor = self.linear(x.flatten(1))
        return out


class E4E(nn.Module):
    """Pictures `[b 3 r r]` in -1..1 to codes `[b rows w]`."""

    average: Tensor

    def __init__(self, config: E4EConfig) -> None:
        super().__init__()
        self.config = config
        width = config.widths[-1]
        self.trunk = Trunk(TrunkConfig(config.widths, config.units))
        self.middle_lateral = nn.Conv2d(config.widths[2], width, 1)
        self.fine_lateral = nn.Conv2d(config.widths[1], width, 1)
        self.heads = nn.ModuleList(
            Head(width, config.head_width or config.w_width, config.w_width, config.head_side(row))
            for row in range(config.rows)
        )
        self.register_buffer("average", torch.zeros(config.rows, config.w_width))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.offsets(self.pyramid(self.taps(pictures))) + self.average

    def taps(self, pictures: Tensor) -> list[Tensor]:
        """`[b 3 r r]` -> the trunk's features at a quarter, an eighth, a sixteenth. ValueError for other sizes."""
        side = self.config.resolution
        if pictures.ndim != 4 or pictures.shape[1:] != (3, side, side):
            raise ValueError(
                f"pictures: expected [b 3 {side} {side}], got {list(pictures.shape)}; resize them by encoder_input"
            )
        features: list[Tensor] = self.trunk(stored_like(pictures, self.trunk.stem.weight))
        return features[1:]

    def pyramid(self, taps: list[Tensor]) -> Pyramid:
        """Each level is added to the next finer one."""
        fine, middle, coarse = taps
        middle = _enlarged(coarse, middle) + self.middle_lateral(middle)
        fine = _enlarged(middle, fine) + self.fine_lateral(fine)
        return Pyramid(fine, middle, coarse)

    def offsets(self, pyramid: Pyramid, rows: int | None = None) -> Tensor:
        """Codes before the average is added: `[b rows w]`.

        The first row is the base of all; each other head says what its row adds. rows: only so many heads run, the
        other rows stay the base (1: a code of one and the same row); None: all.
        """
        base = self.heads[0](pyramid.coarse)
        codes = [base]
        for row, head in enumerate(self.heads[1:rows], 1):
            seen = pyramid.coarse if row < COARSE else pyramid.middle if row < MIDDLE else pyramid.fine
            codes.append(base + head(seen))
        codes += [base] * (self.config.rows - len(codes))
        return torch.stack(codes, 1)


def encoder_input(pictures: Tensor, side: int, *, antialias: bool) -> Tensor:
    """`[b 3 h w]` -> `[b 3 side side]`, bilinear.

    antialias: pixels are averaged where the picture shrinks, as in e4e's own demo. Without it, as in STIT with the
    torchvision of its day, a quarter of the size sees four pixels of sixteen.
    """
    return F.interpolate(
        pictures, size=(side, side), mode="bilinear", align_corners=False, antialias=antialias
    )


def check_belongs(config: E4EConfig, rows: int, w_width: int, what: str) -> None:
    """InputError unless an encoder makes codes that a generator takes."""
    if (config.rows, config.w_width) != (rows, w_width):
        raise InputError(
            f"{what}: takes codes of {rows} rows of {w_width} numbers, but the encoder makes {config.rows} of "
            f"{config.w_width}; choose the encoder that was trained for this generator"
        )


def _enlarged(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=True)
