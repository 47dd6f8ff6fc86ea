"""Where a pixel is, as waves across the picture: convolutions see what is around a pixel, but not where that is.

Source: Tancik et al., "Fourier Features Let Networks Learn High Frequency Functions in Low Dimensional Domains", 2020,
with octaves for frequencies.
"""

import math

import torch
from torch import Tensor

WAVES = 4
"""Of an octave: sine and cosine, across the width and down the height."""


def position_waves(octaves: int, size: tuple[int, int], device: torch.device) -> Tensor:
    """`[1 4*octaves h w]` float32 in -1..1 at (height, width); the first octave has half a wave, each next one twice.

    The same place of a larger picture has the same values.
    """
    sides = []
    for length in size:
        place = (torch.arange(length, device=device) + 0.5) / length
        angle = math.pi * 2.0 ** torch.arange(octaves, device=device)[:, None] * place
        sides.append(torch.cat([angle.sin(), angle.cos()]))
    down, across = sides
    return torch.cat([across[:, None, :].expand(-1, *size), down[:, :, None].expand(-1, *size)])[None]
