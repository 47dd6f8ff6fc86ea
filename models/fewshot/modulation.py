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
    SLOPE,
    ConvWeights,
    convolve_doubled,
    convolve_points,
    enlarge,
    norm_after_convolution,
    norm_of_sum,
)
from .strips import Modulation, modulate_all


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
        self,
        norm: nn.Module,
        channels: int,
        map_channels: int,
        generated: bool,
        warped: bool,
        activated: bool,
    ) -> None:
        """generated: the label map's convolution is given with each call; warped: there are maps of warped pictures;
        activated: leaky ReLU in the end."""
        super().__init__()

        def convolution(there: bool) -> nn.Conv2d | None:
            return nn.Conv2d(map_channels, 2 * channels, 1) if there else None

        self.norm = norm
        self.label = convolution(not generated)
        self.exemplar = convolution(warped)
        self.past = convolution(warped)
        self.slope = SLOPE if activated else 1.0

    def forward(self, x: Tensor, maps: Maps, generated: ConvWeights | None = None) -> Tensor:
        """`[b n h w]` -> `[b n h w]`, or larger where a map is; generated: for the label map."""
        label = generated if self.label is None else _own(self.label)
        assert label is not None, "made with a convolution of the label map, or called with one"
        modulations = [Modulation(maps.label, with_one(label))]
        for conv, each in ((self.exemplar, maps.exemplar), (self.past, maps.past)):
            if conv is not None and each is not None:
                modulations.append(Modulation(each, with_one(_own(conv))))
        return modulate_all(self.norm(x), modulations, self.slope)


def with_one(conv: ConvWeights) -> ConvWeights:
    """The convolution that gives 1 + gain for every gain."""
    gains, shifts = conv.bias.chunk(2, 1)
    return ConvWeights(conv.weight, torch.cat([gains + 1, shifts], 1))


def _own(conv: nn.Conv2d) -> ConvWeights:
    assert conv.bias is not None, "made with a bias"
    return ConvWeights(conv.weight[None], conv.bias[None])


class ModulatedBlock(nn.Module):
    """shortcut(x) + conv_1(leaky(norm_1(conv_0(leaky(norm_0(x))))))"""

    def __init__(self, config: FewShotConfig, level: int) -> None:
        """The block that makes the features of 1/2^level of the size."""
        super().__init__()
        inputs, outputs = config.channels(level + 1), config.channels(level)
        generated, warped = level < config.generated_levels, level < config.warped_levels

        def before(activated: bool) -> MapNorm:
            norm = norm_of_sum(config, inputs, affine=False)
            return MapNorm(norm, inputs, outputs, generated, warped, activated)

        self.norm_0 = before(activated=True)
        self.conv_0 = nn.Conv2d(inputs, outputs, 3, padding=1)
        inner = norm_after_convolution(config, outputs, affine=False)
        self.norm_1 = MapNorm(inner, outputs, outputs, generated, warped, activated=True)
        self.conv_1 = nn.Conv2d(outputs, outputs, 3, padding=1)
        shortened = inputs != outputs
        self.norm_s = before(activated=False) if shortened else None
        self.conv_s = nn.Conv2d(inputs, outputs, 1) if shortened else None

    def forward(
        self, x: Tensor, maps: Maps, size: tuple[int, int], generated: BlockWeights | None = None
    ) -> Tensor:
        """`[b i h w]` of this size, or half of it -> `[b o *size]`"""
        maps = Maps(*(None if each is None else _fitting(each, size) for each in maps))  # type: ignore[arg-type]
        inner = self.norm_0(x, maps, None if generated is None else generated.norm_0)
        if inner.shape[2:] == size:
            inner = self.conv_0(inner)
        else:
            assert self.conv_0.bias is not None, "made with a bias"
            inner = convolve_doubled(inner, self.conv_0.weight, self.conv_0.bias)
        inner = self.norm_1(inner, maps, None if generated is None else generated.norm_1)
        out: Tensor = self.conv_1(inner)
        if self.conv_s is not None and self.norm_s is not None:
            modulated = self.norm_s(x, maps, None if generated is None else generated.norm_s)
            x = convolve_points(modulated, self.conv_s)
        return out + enlarge(x, size)


def _fitting(x: Tensor, size: tuple[int, int]) -> Tensor:
    """A map of `size`, or one of which it is a multiple: others are resized by nearest neighbour."""
    multiple = all(whole % part == 0 for whole, part in zip(size, x.shape[2:], strict=True))
    return x if multiple else enlarge(x, size)
