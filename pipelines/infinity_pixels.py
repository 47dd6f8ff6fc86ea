"""Tokens into pixels: the second pass, in any order, of a canvas of any size.

Memory: a tile with its halo, and the windows of `models.infinity.tiles`; nothing grows with the canvas.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError
from ..media.gigapixel import open_canvas
from ..media.pixels import to_file
from ..media.token_file import TokenFile, open_tokens
from ..models.infinity.tiles import TILE, TiledDecoder
from ..models.infinity.tokenizer import Tokenizer
from ..models.infinity.windows import Box, tiles
from ..progress import Progress, silent
from ..weights.loading import load_as

PREVIEW_SIDE = 512
"""Pixels of the longer side of a preview, at most."""


def load_tokenizer(name: str | Path, device: torch.device | str = "cpu") -> Tokenizer:
    """A tokenizer by the name of a preset or a file. InputError where that is another network."""
    otherwise = "not a picture tokenizer; choose other weights"
    return load_as(Tokenizer, otherwise, name, device, torch.float32).eval().requires_grad_(False)


def decode_tokens(
    source: Path,
    tokenizer: Tokenizer,
    out: Path,
    *,
    frame: int = 0,
    region: Box | None = None,
    tile: int = TILE,
    progress: Progress = silent,
) -> tuple[int, int]:
    """Make the picture of a frame of a token file, or of a part of it, and return its height and width in pixels.

    region: in pixels, rounded outwards to whole cells (None: all); tile: cells along a side of a tile.
    progress: counts tiles, the last one is the preview. InputError: tokens of another tokenizer, patches that are not
    made yet, a region that isn't there, too little room on the disk.
    """
    with open_tokens(source) as tokens:
        _check_belongs(tokens, tokenizer)
        codes = tokens.canvas(frame)
        factor = tokenizer.config.factor
        part = _in_cells(region, codes.shape, factor, source)
        _check_made(tokens, frame)
        height, width = (side * factor for side in part.shape)
        count = -(-part.height // tile) * -(-part.width // tile)
        with open_canvas(out, height, width) as canvas:
            decoder = TiledDecoder(tokenizer, codes)
            for number, box in enumerate(tiles(part, tile, tile)):
                pixels = to_file(decoder.region(box)[0])
                canvas.write((box.top - part.top) * factor, (box.left - part.left) * factor, pixels)
                progress(number + 1, count, lambda pixels=pixels: preview(pixels))  # type: ignore[misc]
    return height, width


def preview(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture no larger than a preview needs to be."""
    height, width = pixels.shape[:2]
    if max(height, width) <= PREVIEW_SIDE:
        return pixels
    scale = PREVIEW_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def _check_belongs(tokens: TokenFile, tokenizer: Tokenizer) -> None:
    if tokens.job.codes != tokenizer.config.codes:
        raise InputError(
            f"{tokens.path}: has tokens of a tokenizer with {tokens.job.codes} codes, this one has "
            f"{tokenizer.config.codes}: choose {tokens.job.tokenizer[:80] or 'the one that they were made for'}"
        )


def _in_cells(region: Box | None, shape: tuple[int, int], factor: int, source: Path) -> Box:
    rows, columns = shape
    if region is None:
        return Box(0, 0, rows, columns)
    inside = (
        0 <= region.top < region.bottom <= rows * factor
        and 0 <= region.left < region.right <= columns * factor
    )
    if not inside:
        raise InputError(
            f"{source}: a region of {region.width}x{region.height} pixels at row {region.top}, column {region.left} is "
            f"not on a canvas of {columns * factor}x{rows * factor}"
        )
    return Box(
        region.top // factor, region.left // factor, -(-region.bottom // factor), -(-region.right // factor)
    )


def _check_made(tokens: TokenFile, frame: int) -> None:
    """Every patch of the canvas, as any of them may count for the statistics of tiles."""
    missing, patches = tokens.missing(frame), tokens.job.grid[1] * tokens.job.grid[2]
    if missing:
        raise InputError(
            f"{tokens.path}: {missing} of {patches} patches are not made yet; go on with the run that makes them"
        )
