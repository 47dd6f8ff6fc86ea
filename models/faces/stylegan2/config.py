"""What a StyleGAN2 generator is made of, and which numbers steer which of its layers."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

SMALLEST = 4
"""Pixels of the first block's sides."""


class StyleVector(NamedTuple):
    """One vector of the style space: it scales the input channels of one layer."""

    block: int
    """0 is the one of 4 pixels; each next one has twice the size."""
    part: Literal["first", "second", "to_rgb"]
    row: int
    """Of the code that it comes from."""
    width: int


@dataclass(frozen=True)
class StyleGAN2Config:
    """Karras et al. 2020; both published layouts (NVlabs/stylegan2-ada-pytorch, rosinality) are this network."""

    channels: tuple[int, ...]
    """Of every block, from 4 pixels up; the picture has 4 * 2**(blocks - 1) pixels a side."""
    z_width: int
    """Numbers of a random draw."""
    w_width: int
    """Numbers of a row of a code."""
    mapping_layers: int
    clamp: float | None
    """Features and pictures of single blocks are kept within this; None: not at all."""

    @property
    def resolution(self) -> int:
        """Height and width of the pictures."""
        return SMALLEST << (len(self.channels) - 1)

    @property
    def rows(self) -> int:
        """Of a code: one for each convolution, and one for the last layer to colours."""
        return 2 * len(self.channels)

    @property
    def style_vectors(self) -> tuple[StyleVector, ...]:
        """The style space in order: block by block its convolutions, then its layer to colours.

        A layer to colours shares its row with the first convolution of the next block.
        """
        vectors = [
            StyleVector(0, "second", 0, self.channels[0]),
            StyleVector(0, "to_rgb", 1, self.channels[0]),
        ]
        for block, (inputs, outputs) in enumerate(pairwise(self.channels), 1):
            vectors.append(StyleVector(block, "first", 2 * block - 1, inputs))
            vectors.append(StyleVector(block, "second", 2 * block, outputs))
            vectors.append(StyleVector(block, "to_rgb", 2 * block + 1, outputs))
        return tuple(vectors)


def published_channels(resolution: int, base: int = 32768, most: int = 512) -> tuple[int, ...]:
    """Channels of the published networks: base / side, at most `most`."""
    blocks = (resolution // SMALLEST).bit_length()
    return tuple(min(base // (SMALLEST << block), most) for block in range(blocks))
