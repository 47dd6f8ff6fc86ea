"""Modulation by maps, over whole frames or over strips of rows that stay in a processor core's cache.

Over whole frames, gains and shifts of every map go to memory and come back, which takes a CPU longer than the
arithmetic. The numbers are the same but for rounding.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .layers import ConvWeights, channels_last, convolve_each

STRIP_VALUES = 2**17
"""Of the gains and shifts of a strip: half a megabyte of float32."""

Rows = Callable[[int, int], Tensor]
"""What rows `top` to `bottom` of a frame need of a map: `[a 1 w' 1 c]`, to be repeated to `[a y w' x c]`."""


class Modulation(NamedTuple):
    """x * gain + shift, both of them convolutions of a map."""

    features: Tensor
    """`[b i h w]`; may be smaller than what is modulated by powers of two."""
    conv: ConvWeights
    """`[b 2n i 1 1]`: gains, then shifts; one for each sample, or one for all."""


def modulate_all(x: Tensor, modulations: Sequence[Modulation], slope: float) -> Tensor:
    """Modulate by one map after the other, then leaky ReLU with that slope (1: none).

    `[b n h w]` -> `[b n h' w']`, the largest of the sizes; the smaller are enlarged by nearest neighbour. `x` may be
    overwritten.
    """
    sizes = [x.shape[2:], *(m.features.shape[2:] for m in modulations)]
    height, width = (max(sides) for sides in zip(*sizes, strict=True))
    modulations = list(modulations)
    while modulations and modulations[0].features.shape[2] <= x.shape[2] < height:
        x = modulate(x, convolve_each(*modulations.pop(0)))
    parts = [x, *(m.features for m in modulations)]
    if modulations and x.is_cpu and not torch.is_grad_enabled() and all(map(channels_last, parts)):
        return _modulate_in_strips(x, modulations, slope, (height, width))
    for features, conv in modulations:
        x = modulate(x, convolve_each(features, conv))
    return x if slope == 1 else F.leaky_relu_(x, slope)


def modulate(x: Tensor, gains: Tensor) -> Tensor:
    """x * gain + shift: `[b n h w]`, `[b 2n h' w']` gains first; the smaller is enlarged by nearest neighbour.

    One size is a multiple of the other. Nothing is copied for it where maps lie channels last.
    """
    gain, shift = gains.chunk(2, 1)
    if x.shape[2:] == gain.shape[2:]:
        return torch.addcmul(shift, x, gain)
    height, width = (min(a, b) for a, b in zip(x.shape[2:], gain.shape[2:], strict=True))
    x, gain, shift = (
        part.view(*part.shape[:2], height, part.shape[2] // height, width, part.shape[3] // width)
        for part in (x, gain, shift)
    )
    return torch.addcmul(shift, x, gain).flatten(2, 3).flatten(3, 4)


def _modulate_in_strips(
    x: Tensor, modulations: Sequence[Modulation], slope: float, size: tuple[int, int]
) -> Tensor:
    height, width = size
    channels = x.shape[1]
    out = torch.empty((len(x), channels, height, width), dtype=x.dtype, memory_format=torch.channels_last)
    rows = 1 << max(0, (STRIP_VALUES // (2 * channels * width)).bit_length() - 1)
    for sample in range(len(x)):
        source = _repeated(_pixels(x, sample), size)
        gains = [_gains(m, sample, size, rows) for m in modulations]
        target = _pixels(out, sample)
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            y = source(top, bottom)
            for each in gains:
                place = target[top:bottom] if each is gains[-1] else None
                gain, shift = each(top, bottom).chunk(2, 4)
                y = _repeat_smaller(y, gain, shift, place)
            if slope != 1:
                F.leaky_relu_(target[top:bottom], slope)
    return out


def _pixels(x: Tensor, sample: int) -> Tensor:
    """`[h w c]`, contiguous."""
    return x[min(sample, len(x) - 1)].permute(1, 2, 0)


def _repeated(pixels: Tensor, size: tuple[int, int]) -> Rows:
    """Rows of a map that may be smaller than the frame."""
    times = size[0] // pixels.shape[0]

    def rows(top: int, bottom: int) -> Tensor:
        return pixels[top // times : -(-bottom // times), None, :, None]

    return rows


def _gains(modulation: Modulation, sample: int, size: tuple[int, int], most_rows: int) -> Rows:
    """Gains and shifts of a map: of a smaller map all at once, else of a strip when it is its turn."""
    pixels = _pixels(modulation.features, sample)
    which = min(sample, len(modulation.conv.weight) - 1)
    weight, bias = modulation.conv.weight[which].flatten(1).t(), modulation.conv.bias[which]
    width, outputs = size[1], len(bias)
    if pixels.shape[0] < size[0]:
        return _repeated(F.linear(pixels, weight.t(), bias), size)
    buffer = pixels.new_empty(most_rows * width, outputs)

    def rows(top: int, bottom: int) -> Tensor:
        strip = buffer[: (bottom - top) * width]
        torch.addmm(bias, pixels[top:bottom].view(-1, pixels.shape[2]), weight, out=strip)
        return strip.view(bottom - top, 1, width, 1, outputs)

    return rows


def _repeat_smaller(y: Tensor, gain: Tensor, shift: Tensor, place: Tensor | None) -> Tensor:
    """y * gain + shift, each `[a 1 w' 1 c]` for one strip; place: where to write them, `[h w c]`."""
    down, across = min(y.shape[0], gain.shape[0]), min(y.shape[2], gain.shape[2])
    rows, columns = max(y.shape[0], gain.shape[0]), max(y.shape[2], gain.shape[2])
    if place is not None:
        rows, columns = place.shape[:2]

    def grouped(part: Tensor) -> Tensor:
        return part.reshape(down, part.shape[0] // down, across, part.shape[2] // across, part.shape[4])

    if place is None:
        made = torch.addcmul(grouped(shift), grouped(y), grouped(gain))
        return made.reshape(rows, 1, columns, 1, made.shape[4])
    target = place.view(down, rows // down, across, columns // across, place.shape[2])
    torch.addcmul(grouped(shift), grouped(y), grouped(gain), out=target)
    return place
