"""Tiles for tokenizers that we can't look into: they overlap, and fade into each other.

Each tile normalises by itself, so brightness and contrast drift from tile to tile; the fade hides the seam, not the
drift. For tokenizers of our own kind take `tiles.py`, whose tiles are the whole.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from .tiles import Codes, Tile
from .windows import Box, WindowedField, tiles, whole

Decode = Callable[[Tensor], Tensor]
"""Codes, int64 `[1 h w]` -> pixels `[1 3 f*h f*w]`."""


class BlendedDecoder:
    """Any part of the picture that a canvas of codes stands for, by a decoder of which nothing else is known.

    factor: pixels along a cell; tile: cells along a side of a tile; overlap: cells over which neighbours fade, less
    than `tile`.
    """

    def __init__(self, decode: Decode, codes: Codes, factor: int, tile: int = 32, overlap: int = 8) -> None:
        def compute(box: Box) -> Tensor:
            part = torch.as_tensor(codes[box.top : box.bottom, box.left : box.right])
            return decode(part.long()[None])

        rows, columns = codes.shape
        self.canvas = whole(rows, columns)
        self.factor = factor
        self._field = WindowedField(compute, rows, columns, tile, overlap, 0, factor)

    @torch.inference_mode()
    def region(self, box: Box) -> Tensor:
        """The pixels of a part of the canvas, `[1 3 f*h f*w]`."""
        return self._field.read(box)

    def tiles(self, size: int = 32) -> Iterator[Tile]:
        """All of the picture in tiles of so many cells along a side, walking along its shorter side first."""
        for box in tiles(self.canvas, size, size):
            yield Tile(box.top * self.factor, box.left * self.factor, self.region(box))
