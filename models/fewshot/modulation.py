"""Decoder blocks whose norms are modulated by maps: SPADE, its weights learnt or made from the exemplars.

Source: Wang et al. 2019, 3.2 and appendix; Park et al., "Semantic Image Synthesis with Spatially-Adaptive
Normalization", 2019; NVlabs/few-shot-vid2vid at 009e23f, `models/networks/architecture.py` (SPADEResnetBlock);
NVlabs/imaginaire at c6f7484, `layers/residual.py` (HyperRes2dBlock). What differs: gains and shifts come from one
convolution, done at the size of the map.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .config import FewShotConfig
from .layers import (
    ConvWeights,
    convolve_doubled,
    convolve_each,
    enlarge,
    leaky,
    norm_after_convolution,
    norm_of_sum,
)


class Maps(NamedTuple):
    """What modulates a block, `[b c h w]` each; a map may be smaller than the block by a power of two."""

    label: Tensor
    exemplar: Tensor | None
    """Of the warped exemplar."""
    past: Tensor | None
    """Of the warped frame before; None also at the first frame."""


class BlockWeights(NamedTuple):
    """Generated convolutions from a block's label map to gains and shifts: `[b 2n i 1 1]`, gains first."""

    norm_0: ConvWeights
    norm_1: ConvWeights
    norm_s: ConvWeights


class MapNorm(nn.Module):
    """Normalise, then for each map in turn x * (1 + gain) + shift, both 1x1 convolutions of the map."""

    def __init__(
        self, norm: nn.Module, channels: int, map_channels: int, generated: bool, warped: bool
    ) -> None:
        super().__init__()

        def convolution(there: bool) -> nn.Conv2d | None:
            return nn.Conv2d(map_channels, 2 * channels, 1) if there else None

        self.norm = norm
        self.label = convolution(not generated)
        self.exemplar = convolution(warped)
        self.past = convolution(warped)

    def forward(self, x: Tensor, maps: Maps, generated: ConvWeights | None = None) -> Tensor:
        """`[b n h w]` -> `[b n h w]`, or larger where a map is; generated: for the label map."""
        y: Tensor = self.norm(x)
        if generated is not None:
            y = modulate(y, convolve_each(maps.label, with_one(generated)))
        elif self.label is not None:
            y = modulate(y, _gains(self.label, maps.label))
        for conv, each in ((self.exemplar, maps.exemplar), (self.past, maps.past)):
            if conv is not None and each is not None:
                y = modulate(y, _gains(conv, each))
        return y


def with_one(conv: ConvWeights) -> ConvWeights:
    """The convolution that gives 1 + gain for every gain."""
    gains, shifts = conv.bias.chunk(2, 1)
    return ConvWeights(conv.weight, torch.cat([gains + 1, shifts], 1))


def _gains(conv: nn.Conv2d, features: Tensor) -> Tensor:
    """1 + gains and shifts, `[b 2n h w]`."""
    assert conv.bias is not None, "made with a bias"
    one = with_one(ConvWeights(conv.weight[None], conv.bias[None]))
    return nn.functional.conv2d(features, one.weight[0], one.bias[0])


def modulate(x: Tensor, gains: Tensor) -> Tensor:
    """x * gain + shift: `[b n h w]`, `[b 2n h' w']` gains first; the smaller is enlarged by nearest neighbour.

    One size is a multiple of the other. Nothing is copied for it where maps lie channels last.
    """
    gain, shift = gains.chunk(2, 1)
    if x.shape[2:] == gain.shape[2:]:
        return torch.addcmul(shift, x, gain)
    height, width = (min(a, b) for a, b in zip(x.shape[2:], gain.shape[2:], strict=True))
    x, gain, shift = (_repeatable(part, height, width) for part in (x, gain, shift))
    return torch.addcmul(shift, x, gain).flatten(2, 3).flatten(3, 4)


def _repeatable(x: Tensor, height: int, width: int) -> Tensor:
    """`[b c height*y width*x]` as `[b c height y width x]`, a view."""
    return x.view(*x.shape[:2], height, x.shape[2] // height, width, x.shape[3] // width)


class ModulatedBlock(nn.Module):
    """shortcut(x) + conv_1(leaky(norm_1(conv_0(leaky(norm_0(x))))))"""

    def __init__(self, config: FewShotConfig, level: int) -> None:
        """The block that makes the features of 1/2^level of the size."""
        super().__init__()
        inputs, outputs = config.channels(level + 1), config.channels(level)
        warped = level < config.warped_levels
        maps = (outputs, level < config.generated_levels, warped)
        self.norm_0 = MapNorm(norm_of_sum(config, inputs, affine=False), inputs, *maps)
        self.conv_0 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm_1 = MapNorm(norm_after_convolution(config, outputs, affine=False), outputs, *maps)
        self.conv_1 = nn.Conv2d(outputs, outputs, 3, padding=1)
        shortened = inputs != outputs
        self.norm_s = MapNorm(norm_of_sum(config, inputs, affine=False), inputs, *maps) if shortened else None
        self.conv_s = nn.Conv2d(inputs, outputs, 1) if shortened else None

    def forward(
        self, x: Tensor, maps: Maps, size: tuple[int, int], generated: BlockWeights | None = None
    ) -> Tensor:
        """`[b i h w]` of this size, or half of it -> `[b o *size]`"""
        maps = Maps(*(None if each is None else _fitting(each, size) for each in maps))  # type: ignore[arg-type]
        inner = leaky(self.norm_0(x, maps, None if generated is None else generated.norm_0))
        if inner.shape[2:] == size:
            inner = self.conv_0(inner)
        else:
            assert self.conv_0.bias is not None, "made with a bias"
            inner = convolve_doubled(inner, self.conv_0.weight, self.conv_0.bias)
        inner = leaky(self.norm_1(inner, maps, None if generated is None else generated.norm_1))
        out: Tensor = self.conv_1(inner)
        if self.conv_s is not None and self.norm_s is not None:
            x = self.conv_s(self.norm_s(x, maps, None if generated is None else generated.norm_s))
        return out + enlarge(x, size)


def _fitting(x: Tensor, size: tuple[int, int]) -> Tensor:
    """A map of `size`, or one of which it is a multiple: others are resized by nearest neighbour."""
    multiple = all(whole % part == 0 for whole, part in zip(size, x.shape[2:], strict=True))
    return x if multiple else enlarge(x, size)
