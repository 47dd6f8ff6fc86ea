"""Pictures of any size out of codes and into codes, tile by tile, without a seam.

What makes seams in tiled VQGANs is group norm, more than the tiles' edges. So the part at the cells' resolution, where
all attention is and hardly any of the work, runs in large overlapping windows (`windows.py`); the rest runs in tiles of
any size with as much halo as its convolutions see and with the statistics of the canvas (`norm_statistics.py`). Tiles
then equal the whole to float rounding, whatever their size.

A canvas of up to `WINDOW` x `WINDOW` cells is one window, and one of up to `MEASURED` cells is measured whole, which
makes its picture: there the result is that of the network run at once. On larger ones statistics come from a few
windows, and attention reaches as far as its window, so colours may differ slightly from those of a run at once,
everywhere alike.

Memory, for f16 networks in float32: a tile of n x n cells and its halo take about 3 * 128 KB * (n + 14)^2, the measured
cells as much as the tile of n = 34, a window 8 MB and its attention some 50 MB.
"""

from collections.abc import Callable, Iterator, Sequence
from math import isqrt
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from ...errors import InputError
from .norm_statistics import Frozen, Recorder, Statistics
from .tokenizer import Tokenizer, check_size
from .tokenizer_layers import Normalize, live
from .windows import Box, WindowedField, tiles, whole

WINDOW = 64
"""Cells along a side of a window at the cells' resolution."""
TILE = 32
"""Cells along a side of a tile, if nobody says otherwise."""
MEASURED = 2304
"""Cells that are looked at to fix the statistics."""
PLACES = 4
"""Windows that these are spread over, on canvases which have more."""


class Codes(Protocol):
    """A canvas of codes: a tensor, an array, or what reads parts of one from a file."""

    @property
    def shape(self) -> Sequence[int]:
        """Rows and columns of cells."""

    def __getitem__(self, part: tuple[slice, slice], /) -> Any:
        """Integers `[h w]`, a tensor or an array."""


ReadPixels = Callable[[int, int, int, int], Tensor]
"""Part of a picture: top, left, height, width in pixels -> `[1 3 h w]` in -1..1."""


class Tile(NamedTuple):
    """A part of the picture."""

    top: int
    left: int
    """In pixels."""
    pixels: Tensor
    """`[1 3 h w]`, about -1..1, not clamped."""


class TiledDecoder:
    """Any part of the picture that a canvas of codes stands for.

    codes: integers `[h w]`;
    statistics: of an earlier decoder of the same canvas, to get its very pixels again (None: measured at once);
    window: cells along a side of a window; measured: cells that fix the statistics, more take more memory.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        codes: Codes,
        *,
        statistics: Statistics | None = None,
        window: int = WINDOW,
        measured: int = MEASURED,
    ) -> None:
        rows, columns = codes.shape
        self.canvas = whole(rows, columns)
        self.factor = tokenizer.config.factor
        self._tokenizer, self._codes = tokenizer, codes
        self._halo = tokenizer.config.decoder_halo
        self._pixels: Tensor | None = None  # of a canvas that is measured whole
        self.statistics = self._measure(window, measured) if statistics is None else statistics
        """Of the group norms whose tiles share them; keep them to decode further parts alike."""
        self._normalize = Frozen(tokenizer.decoder, self.statistics)
        self._features = self._windows(window, self._normalize)

    @torch.inference_mode()
    def region(self, box: Box) -> Tensor:
        """The pixels of a part of the canvas, `[1 3 f*h f*w]`. InputError for one that isn't on it."""
        _check_inside(box, self.canvas)
        if self._pixels is not None:
            return box.of(self._pixels, self.canvas, self.factor)
        around = box.grown(self._halo, self.canvas)
        pixels = self._tokenizer.decoder.above_cells(self._features.read(around), self._normalize)
        return box.of(pixels, around, self.factor)

    def tiles(self, size: int = TILE) -> Iterator[Tile]:
        """All of the picture in tiles of so many cells along a side, walking along the canvas's shorter side first."""
        for box in tiles(self.canvas, size, size):
            yield Tile(box.top * self.factor, box.left * self.factor, self.region(box))

    def bands(self, rows: int = TILE, size: int = TILE) -> Iterator[Tensor]:
        """All of the picture from top to bottom, in bands of so many rows of cells: `[1 3 f*rows f*w]`.

        size: cells along the tiles that a band is made of. Memory: a band, and a few windows of the narrower side;
        on wide canvases windows are computed again for every band.
        """
        for top in range(0, self.canvas.bottom, rows):
            bottom = min(top + rows, self.canvas.bottom)
            lefts = range(0, self.canvas.right, size)
            boxes = [Box(top, left, bottom, min(left + size, self.canvas.right)) for left in lefts]
            yield torch.cat([self.region(box) for box in boxes], 3)

    def _windows(self, window: int, normalize: Normalize) -> WindowedField:
        def compute(box: Box) -> Tensor:
            features = self._tokenizer.decoder.at_cells(self._embedded(box), how)
            return features

        how = live if _fits(self.canvas, window) else normalize
        return WindowedField(
            compute, self.canvas.bottom, self.canvas.right, *_window_shape(self._tokenizer, window)
        )

    def _embedded(self, box: Box) -> Tensor:
        codes = torch.as_tensor(self._codes[box.top : box.bottom, box.left : box.right])
        return self._tokenizer.embed(codes.to(self._tokenizer.codes.device).long()[None])

    @torch.inference_mode()
    def _measure(self, window: int, cells: int) -> Statistics:
        decoder, reach = self._tokenizer.decoder, self._tokenizer.config.latent_reach
        found: dict[str, Tensor] = {}
        if not _fits(self.canvas, window):
            boxes = spread(self.canvas, window, window)
            at_cells = Recorder(decoder, boxes[0].shape, _cut(boxes[0], self.canvas, reach))
            decoder.at_cells(torch.cat([self._embedded(box) for box in boxes]), at_cells)
            found |= at_cells.statistics
        features = self._windows(window, Frozen(decoder, found))
        boxes = sample(self.canvas, cells, self._halo)
        above = Recorder(decoder, boxes[0].shape, _cut(boxes[0], self.canvas, self._halo))
        pixels = decoder.above_cells(torch.cat([features.read(box) for box in boxes]), above)
        self._pixels = pixels if boxes == [self.canvas] else None
        return found | above.statistics


class TiledEncoder:
    """The codes of a picture of any size, or of any part of it.

    read: reads a part of the picture; size: its height and width in pixels, multiples of the tokenizer's factor
    (InputError if not); the rest as in `TiledDecoder`. tile: cells along a side of the tiles that pixels are read in.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        read: ReadPixels,
        size: tuple[int, int],
        *,
        statistics: Statistics | None = None,
        window: int = WINDOW,
        tile: int = TILE,
        measured: int = MEASURED,
    ) -> None:
        check_size(*size, tokenizer.config.factor)
        self.factor = tokenizer.config.factor
        self.canvas = whole(size[0] // self.factor, size[1] // self.factor)
        self._tokenizer, self._read, self._tile = tokenizer, read, tile
        self._halo = tokenizer.config.encoder_halo
        self._whole: Tensor | None = None  # features of a canvas that is measured whole
        self.statistics = self._measure(window, measured) if statistics is None else statistics
        """Of the group norms whose tiles share them."""
        self._latents = self._windows(window, Frozen(tokenizer.encoder, self.statistics))

    @torch.inference_mode()
    def latent(self, box: Box) -> Tensor:
        """What is compared with the codes, `[1 d h w]`, for a part of the canvas. InputError for one beside it."""
        _check_inside(box, self.canvas)
        return self._latents.read(box)

    @torch.inference_mode()
    def region(self, box: Box) -> Tensor:
        """Codes of a part of the canvas, int64 `[h w]`. InputError for one that isn't on it."""
        return self._tokenizer.nearest(self.latent(box))[0]

    def tiles(self, size: int = TILE) -> Iterator[tuple[Box, Tensor]]:
        """Codes of all the picture, in tiles, walking along its shorter side first: where, and int64 `[h w]`."""
        for box in tiles(self.canvas, size, size):
            yield box, self.region(box)

    def whole(self) -> Tensor:
        """Codes of all the picture, int64 `[h w]`."""
        codes = torch.empty(self.canvas.shape, dtype=torch.int64)
        for box, values in self.tiles():
            box.of(codes, self.canvas).copy_(values)
        return codes

    def _windows(self, window: int, normalize: Normalize) -> WindowedField:
        def compute(box: Box) -> Tensor:
            latent: Tensor = self._tokenizer.to_code(
                self._tokenizer.encoder.at_cells(self._features(box, normalize), how)
            )
            return latent

        how = live if _fits(self.canvas, window) else normalize
        return WindowedField(
            compute, self.canvas.bottom, self.canvas.right, *_window_shape(self._tokenizer, window)
        )

    def _features(self, box: Box, normalize: Normalize) -> Tensor:
        """What the encoder has of these cells where it reaches their resolution, `[1 c h w]`."""
        if self._whole is not None:
            return box.of(self._whole, self.canvas)
        total: Tensor | None = None
        for tile in tiles(box, self._tile, self._tile):
            around = tile.grown(self._halo, self.canvas)
            values = tile.of(self._tokenizer.encoder.above_cells(self._pixels(around), normalize), around)
            total = values.new_empty(*values.shape[:2], *box.shape) if total is None else total
            tile.of(total, box).copy_(values)
        assert total is not None, "a box has cells"
        return total

    def _pixels(self, box: Box) -> Tensor:
        top, left, height, width = (side * self.factor for side in (box.top, box.left, box.height, box.width))
        return self._read(top, left, height, width).to(self._tokenizer.codes)

    @torch.inference_mode()
    def _measure(self, window: int, cells: int) -> Statistics:
        encoder, reach = self._tokenizer.encoder, self._tokenizer.config.latent_reach
        boxes = sample(self.canvas, cells, self._halo)
        above = Recorder(encoder, boxes[0].shape, _cut(boxes[0], self.canvas, self._halo))
        features = encoder.above_cells(torch.cat([self._pixels(box) for box in boxes]), above)
        self._whole = features if boxes == [self.canvas] else None
        if _fits(self.canvas, window):
            return above.statistics
        normalize = Frozen(encoder, above.statistics)
        boxes = spread(self.canvas, window, window)
        at_cells = Recorder(encoder, boxes[0].shape, _cut(boxes[0], self.canvas, reach))
        encoder.at_cells(torch.cat([self._features(box, normalize) for box in boxes]), at_cells)
        return above.statistics | at_cells.statistics


def reading(picture: Tensor) -> ReadPixels:
    """Reads parts of a picture in memory, `[3 h w]` in -1..1."""

    def read(top: int, left: int, height: int, width: int) -> Tensor:
        return picture[None, :, top : top + height, left : left + width]

    return read


def spread(canvas: Box, height: int, width: int) -> list[Box]:
    """Windows of at most that size at different heights and at different places along the canvas."""
    height, width = min(height, canvas.height), min(width, canvas.width)
    down, along = canvas.height - height, canvas.width - width
    count = PLACES if down or along else 1
    tops = [round(down * (i * 3 % count + 0.5) / count) for i in range(count)]
    lefts = [round(along * (i + 0.5) / count) for i in range(count)]
    return [Box(top, left, top + height, left + width) for top, left in zip(tops, lefts, strict=True)]


def sample(canvas: Box, cells: int, halo: int) -> list[Box]:
    """All of a canvas of at most so many cells; else windows that have as many together, or room for their edges."""
    if canvas.height * canvas.width <= cells:
        return [canvas]
    side = max(isqrt(cells // PLACES), 3 * halo)
    height = min(side, canvas.height)
    return spread(canvas, height, min(side * side // height, canvas.width) if height < side else side)


def _check_inside(box: Box, canvas: Box) -> None:
    if box.grown(0, canvas) != box or min(box.shape) < 1:
        raise InputError(
            f"cells {box.top}..{box.bottom} down, {box.left}..{box.right} along are no part of a canvas of "
            f"{canvas.right}x{canvas.bottom} cells"
        )


def _fits(canvas: Box, window: int) -> bool:
    return max(canvas.shape) <= window


def _cut(box: Box, canvas: Box, reach: int) -> tuple[int, int]:
    """Cells at the edges of a window where its values are not right, because they are no edges of the canvas."""
    return (reach if box.height < canvas.height else 0, reach if box.width < canvas.width else 0)


def _window_shape(tokenizer: Tokenizer, window: int) -> tuple[int, int, int]:
    """Size, overlap and reach of windows, in cells."""
    reach = tokenizer.config.latent_reach
    return window, max(window // 2, 2 * reach + 2), reach
