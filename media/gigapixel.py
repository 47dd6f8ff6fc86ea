"""Pictures larger than memory: BigTIFF, whose tiles are written in any order, and PNG for those of a usual size.

BigTIFF needs tifffile (BSD-3, pure Python; the extra `gigapixel`). The file is uncompressed, its tiles lie one after
the other and are mapped into memory, so that writing one is a copy and nothing is held.
"""

from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError, MissingExtraError
from .limits import MAX_PIXELS
from .outputs import check_room, prepare_file, settle, temporary_name, writing

TILE = 512
"""Pixels along a side of a tile of the file."""
TIFF = (".tif", ".tiff")


class Canvas(Protocol):
    """A picture that is being written. The file appears under its name when the block ends without an error."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def write(self, top: int, left: int, pixels: NDArray[np.uint8]) -> None:
        """Put a part of the picture in its place: uint8 `[h w 3]` RGB."""


def open_canvas(path: Path, height: int, width: int) -> Canvas:
    """A writer by the ending of the name: .tif for any size, .png up to `limits.MAX_PIXELS` pixels.

    InputError: another ending, too many pixels for PNG, too little room on the disk, tifffile missing.
    """
    ending = path.suffix.lower()
    if ending not in (*TIFF, ".png"):
        raise InputError(
            f"{path}: large pictures are written as .tif, others as .png; choose one of these endings"
        )
    if ending == ".png" and height * width > MAX_PIXELS:
        raise InputError(
            f"{path}: {width}x{height} pixels are too many for PNG (at most {MAX_PIXELS:,}); choose a name that ends "
            "in .tif"
        )
    prepare_file(path)
    return BigTiff(path, height, width) if ending in TIFF else Png(path, height, width)


class Png:
    """Held in memory until it is whole."""

    def __init__(self, path: Path, height: int, width: int) -> None:
        self._path = path
        self._pixels = np.zeros((height, width, 3), np.uint8)

    def __enter__(self) -> Self:
        return self

    def write(self, top: int, left: int, pixels: NDArray[np.uint8]) -> None:
        """Put a part of the picture in its place: uint8 `[h w 3]` RGB."""
        height, width = pixels.shape[:2]
        self._pixels[top : top + height, left : left + width] = pixels

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            return
        unfinished = temporary_name(self._path)
        with writing(self._path):
            Image.fromarray(self._pixels).save(unfinished, "PNG")
            settle(unfinished, self._path)


class BigTiff:
    """Uncompressed, tiled, RGB. Its tiles lie in one mapped array `[down along TILE TILE 3]`."""

    def __init__(self, path: Path, height: int, width: int) -> None:
        self._path, self._height, self._width = path, height, width
        self._unfinished = temporary_name(path)
        self._down, self._along = -(-height // TILE), -(-width // TILE)
        check_room(path, self._down * self._along * TILE * TILE * 3)

    def __enter__(self) -> Self:
        try:
            import tifffile
        except ImportError as error:
            raise MissingExtraError("writing large pictures", "gigapixel") from error
        with writing(self._path):
            tifffile.imwrite(
                self._unfinished,
                shape=(self._height, self._width, 3),
                dtype=np.uint8,
                photometric="rgb",
                bigtiff=True,
                tile=(TILE, TILE),
                metadata=None,
            )
            with tifffile.TiffFile(self._unfinished) as file:
                offsets = file.pages[0].dataoffsets
            size = TILE * TILE * 3
            assert all(b - a == size for a, b in pairwise(offsets)), "tiles lie in a row"
            tiles = (self._down, self._along, TILE, TILE, 3)
            self._tiles = np.memmap(self._unfinished, np.uint8, "r+", offsets[0], tiles)
        return self

    def write(self, top: int, left: int, pixels: NDArray[np.uint8]) -> None:
        """Put a part of the picture in its place: uint8 `[h w 3]` RGB."""
        height, width = pixels.shape[:2]
        if min(top, left) < 0 or top + height > self._height or left + width > self._width:
            raise ValueError(
                f"{height}x{width} pixels at {top}, {left} are not on {self._height}x{self._width}"
            )
        for row in range(top // TILE, -(-(top + height) // TILE)):
            down, rows = _shared(row, top, height)
            for column in range(left // TILE, -(-(left + width) // TILE)):
                along, columns = _shared(column, left, width)
                self._tiles[row, column, down, along] = pixels[rows, columns]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with writing(self._path):
                    self._tiles.flush()
                    del self._tiles
                    settle(self._unfinished, self._path)
        finally:
            self._unfinished.unlink(missing_ok=True)


def _shared(tile: int, start: int, length: int) -> tuple[slice, slice]:
    """What a tile of the file and a part of the picture have in common along one side: in the one, and in the other."""
    begin, end = max(start, tile * TILE), min(start + length, (tile + 1) * TILE)
    return slice(begin - tile * TILE, end - tile * TILE), slice(begin - start, end - start)
