"""Label maps from files: folders of pictures, single pictures, videos; read without loss wherever that is possible."""

import warnings
from collections.abc import Iterator
from fractions import Fraction
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import InputError
from ..models.labels.frames import LabelFrame, LabelStream
from ..models.labels.palette import Palette, builtin_palette, builtin_palette_names
from .clip import Source
from .folders import pictures_in
from .label_colors import ColorTable, all_in_palette
from .label_files import PictureMaps, RawMap, RawMaps, VideoMaps, sort_out
from .label_folder import INSTANCES
from .pictures import is_picture
from .stills import Window
from .video import VideoReader

PICTURE_RATE = Fraction(24)
"""Frames per second of label maps that are pictures, unless told otherwise."""
_DEFAULT_PALETTE = "cityscapes"
_LARGEST_FILE = 4_000_000
"""Bytes of a palette's JSON file."""


def open_labels(
    source: str | PathLike[str] | BinaryIO,
    *,
    palette: Palette | None = None,
    instances: str | PathLike[str] | None = None,
    frame_rate: Fraction | None = None,
    start_time: float | Fraction = 0,
    duration: float | Fraction | None = None,
) -> LabelStream:
    """Open label maps: a folder of pictures, a picture, a video, the open file behind a ComfyUI VIDEO.

    Grey pictures hold ids. RGB ones hold the palette's colours. Palette PNGs hold ids if the file shows its numbers in
    the palette's colours; else, if all its colours are the palette's, those count; else the numbers are ids. Videos
    hold ids if they are grey and without loss, else colours. A colour that is not the palette's stands for the class
    of the nearest one, and a warning says how many pixels that were (a lossy video has many).

    palette: what the ids or colours mean. None: the built-in palette whose colours the first map has, else Cityscapes.
    instances: instance maps, one for every label map in the same order: a folder, a picture or a video, of numbers or
    of colours. None: the folder `instances` inside `source`, or Cityscapes twins (see `label_files.sort_out`), else
    none. frame_rate: of pictures (None: 24). start_time, duration: the window to read, in seconds.

    The first map is read and checked. Raises InputError with the file's name: nothing there, sizes that differ, an id
    that the palette lacks, a picture or video that is no label map, as many instance maps as there are not labels.
    Memory of the stream: one map of each kind, and 32 MiB for colours.
    """
    window = Window(Fraction(start_time), Fraction(duration) if duration else None)
    rate = frame_rate or PICTURE_RATE
    prefer_train_ids = palette is not None and palette.name == "cityscapes_train"
    maps, twins = _open_maps(source, rate, window, prefer_train_ids)
    instance_maps = twins if instances is None else _open_maps(instances, rate, window, False)[0]
    return labels_of(maps, palette, instance_maps)


def labels_of(maps: RawMaps, palette: Palette | None, instances: RawMaps | None) -> LabelStream:
    """Label maps out of raw ones, as `open_labels` makes them, after the same checks."""
    if instances is not None:
        _check_pair(maps, instances)
    first = next(maps.maps())
    labels = FileLabels(maps, palette or guess_palette(first), instances)
    labels.check(first)
    return labels


def read_palette(name: str | PathLike[str]) -> Palette:
    """A built-in palette by name, or a palette from a JSON file (any path that ends in `.json`)."""
    path = Path(name)
    if path.suffix.lower() != ".json":
        return builtin_palette(str(name))
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(f"{path}: too large for a palette")
        return Palette.from_json(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: the palette can't be read ({error.strerror})") from error
    except ValueError as error:  # of the palette, or of UTF-8
        raise InputError(f"{path}: {error}") from error


def guess_palette(first: RawMap) -> Palette:
    """The built-in palette whose colours a map shows, Cityscapes if it shows none or several have them."""
    names = sorted(builtin_palette_names(), key=lambda name: name != _DEFAULT_PALETTE)
    for palette in map(builtin_palette, names):
        if first.values.ndim == 3:
            if all_in_palette(first.values, palette):
                return palette
        elif first.shown_as is not None and _shows(first, first.shown_as, palette):
            return palette
    return builtin_palette(_DEFAULT_PALETTE)


class FileLabels:
    """The `LabelStream` that `open_labels` makes."""

    def __init__(self, maps: RawMaps, palette: Palette, instances: RawMaps | None) -> None:
        self.palette = palette
        self.height, self.width = maps.height, maps.width
        self.frame_rate, self.frame_count = maps.frame_rate, maps.frame_count
        self._maps = maps
        self._instances = instances
        self._known = np.zeros(1 << 16, np.bool_)
        self._known[[c.id for c in palette.classes]] = True
        self._colors: ColorTable | None = None

    @property
    def fingerprint(self) -> str:
        digest = blake2b(self.palette.to_json().encode(), digest_size=16)
        digest.update(f"{self.frame_rate}{self.width}x{self.height}{self._maps.fingerprint}".encode())
        if self._instances is not None:
            digest.update(self._instances.fingerprint.encode())
        return digest.hexdigest()

    def frames(self, start: int = 0) -> Iterator[LabelFrame]:
        off_palette = pixels = 0
        instances = None if self._instances is None else self._instances.maps(start)
        try:
            for raw in self._maps.maps(start):
                self._check_size(raw)
                ids, off = self._ids(raw)
                off_palette += off
                pixels += ids.size
                yield LabelFrame(
                    torch.from_numpy(ids), None if instances is None else self._next(instances, raw)
                )
        finally:
            if off_palette:
                warnings.warn(self._complaint(off_palette, pixels), stacklevel=2)

    def check(self, first: RawMap) -> None:
        """Refuse pictures that are no label maps at all."""
        self._check_size(first)
        self._ids(first)
        if first.values.ndim == 3 and not self._table.looks_like_labels(first.values):
            raise InputError(
                f"{first.name}: no label map in the colours of the palette {self.palette.name!r}; most of its pixels "
                "have other colours. Name the palette that it was made with, or make label maps of it first"
            )

    @property
    def _table(self) -> ColorTable:
        if self._colors is None:
            self._colors = ColorTable(self.palette)
        return self._colors

    def _ids(self, raw: RawMap) -> tuple[NDArray[Any], int]:
        """uint8 (int16 if the palette needs it) `[h w]`, and how many pixels have none of the palette's colours."""
        kind = np.uint8 if self.palette.channels <= 256 else np.int16
        if raw.values.ndim == 3:
            found = self._table.ids(raw.values)
            return found.ids.astype(kind), found.off_palette
        if raw.shown_as is not None and _means_colors(raw, raw.shown_as, self.palette):
            return self._table.ids(raw.shown_as[raw.values]).ids.astype(kind), 0
        self._check_ids(raw)
        return raw.values.astype(kind), 0

    def _check_ids(self, raw: RawMap) -> None:
        values = raw.values
        low, high = int(values.min()), int(values.max())
        if low >= 0 and high < self._known.size and self._known[values].all():
            return
        wrong = next(
            v for v in np.unique(values).tolist() if not (0 <= v < self._known.size and self._known[v])
        )
        hint = "give the palette that the maps were made with, or correct the maps"
        if wrong >= 1000:
            hint = "it looks like an instance map (class * 1000 + number): give it as instances, beside label maps"
        raise InputError(f"{raw.name}: class id {wrong} is not in the palette {self.palette.name!r}; {hint}")

    def _check_size(self, raw: RawMap) -> None:
        height, width = raw.values.shape[:2]
        if (height, width) != (self.height, self.width):
            raise InputError(
                f"{raw.name}: {width}x{height} pixels, but the label maps have {self.width}x{self.height}; all must "
                "have one size"
            )

    def _next(self, instances: Iterator[RawMap], raw: RawMap) -> torch.Tensor:
        other = next(instances, None)
        if other is None:
            raise InputError(f"{raw.name}: there is no instance map for it any more")
        self._check_size(other)
        return torch.from_numpy(instance_numbers(other))

    def _complaint(self, off_palette: int, pixels: int) -> str:
        share = 100 * off_palette / pixels
        return (
            f"{self._maps.name}: {off_palette:,} of {pixels:,} pixels ({share:.2f} %) had a colour that is not in the "
            f"palette {self.palette.name!r} and were given the class of the nearest colour; label maps as PNG pictures "
            "or FFV1 video keep them exact"
        )


def instance_numbers(raw: RawMap) -> NDArray[np.int32]:
    """int32 `[h w]`, different where the file's values are: numbers as they are, colours as r + 256 g + 65536 b."""
    if raw.values.ndim == 2:
        return raw.values.astype(np.int32)
    wide = raw.values.astype(np.int32)
    numbers: NDArray[np.int32] = wide[..., 0] + 256 * wide[..., 1] + 65536 * wide[..., 2]
    return numbers


def _open_maps(
    source: str | PathLike[str] | BinaryIO, rate: Fraction, window: Window, prefer_train_ids: bool
) -> tuple[RawMaps, RawMaps | None]:
    """The maps of a source, and the instance maps that lie with them."""
    path: Source = Path(source) if isinstance(source, str | PathLike) else source
    if not isinstance(path, Path) or not (path.is_dir() or is_picture(path)):
        return VideoMaps(VideoReader(path, window.start, window.length), path), None
    pictures = pictures_in(path) if path.is_dir() else [path]
    labels, instances = sort_out(pictures, prefer_train_ids)
    beside = pictures[0].parent / INSTANCES
    if path.is_dir() and instances is None and beside.is_dir():
        instances = pictures_in(beside)
    chosen = PictureMaps(window.of(labels, rate), rate)
    return chosen, PictureMaps(window.of(instances, rate), rate) if instances else None


def _check_pair(maps: RawMaps, instances: RawMaps) -> None:
    if (instances.width, instances.height) != (maps.width, maps.height):
        raise InputError(
            f"{instances.name}: instance maps of {instances.width}x{instances.height} pixels for label maps of "
            f"{maps.width}x{maps.height} in {maps.name}; both must have one size"
        )
    if None not in (maps.frame_count, instances.frame_count) and maps.frame_count != instances.frame_count:
        raise InputError(
            f"{instances.name}: {instances.frame_count} instance maps for {maps.frame_count} label maps in "
            f"{maps.name}; give one for each"
        )


def _used(raw: RawMap) -> NDArray[np.intp]:
    """The numbers that occur in a map of 8 bits."""
    return np.flatnonzero(np.bincount(raw.values.ravel(), minlength=1))


def _shows(raw: RawMap, shown_as: NDArray[np.uint8], palette: Palette) -> bool:
    """A palette picture shows its numbers in the colours that the palette has for these ids."""
    used = _used(raw)
    if used[-1] >= min(palette.channels, len(shown_as)):
        return False
    return bool((shown_as[used] == palette.colors[used]).all())


def _means_colors(raw: RawMap, shown_as: NDArray[np.uint8], palette: Palette) -> bool:
    """A palette picture's numbers are in no order of the palette, but its colours are the palette's."""
    if _shows(raw, shown_as, palette) or _used(raw)[-1] >= len(shown_as):
        return False
    return all_in_palette(shown_as[_used(raw)], palette)
