"""Colours of a palette back into class ids: exact where they are exact, the nearest where a codec changed them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..models.labels.palette import Palette

_FAR = 16
"""Distance in RGB that codecs cause along edges only: of label maps as H.264 (CRF 18 to 40) or JPEG, 3 to 38 % of the
pixels were farther from all colours of their palette, of photographs 63 to 99 %."""
_CHUNK = 16_384


class ColorIds(NamedTuple):
    """What `ColorTable.ids` returns."""

    ids: NDArray[np.int16]
    """`[h w]`"""
    off_palette: int
    """Pixels whose colour is not exactly that of a class; they have the class of the nearest colour."""


class ColorTable:
    """Looks up classes by colour. Of classes that share a colour, the one with the lowest id is meant.

    Memory: 32 MiB, an id for each of the 2^24 colours, filled as colours appear.
    """

    def __init__(self, palette: Palette) -> None:
        by_id = {c.color: c.id for c in sorted(palette.classes, key=lambda c: -c.id)}  # the lowest id stays
        self._colors = np.array(list(by_id), np.uint8)
        self._ids = np.array(list(by_id.values()), np.int16)
        self._color_of = palette.colors.astype(np.int32)
        self._exact = _codes(palette.colors)
        self._table = np.full(1 << 24, -1, np.int16)
        self._table[_codes(self._colors)] = self._ids

    def ids(self, pixels: NDArray[np.uint8]) -> ColorIds:
        """uint8 `[h w 3]` RGB -> the class of every pixel."""
        codes = _codes(pixels)
        ids = self._table[codes]
        unseen = np.unique(codes[ids < 0])
        if unseen.size:
            self._table[unseen] = self._nearest(unseen)
            ids = self._table[codes]
        return ColorIds(ids, int(np.count_nonzero(self._exact[ids] != codes)))

    def looks_like_labels(self, pixels: NDArray[np.uint8]) -> bool:
        """At least half of the pixels of uint8 `[h w 3]` have about the colour of a class; few of a photograph do."""
        step = max(1, round((pixels.shape[0] * pixels.shape[1] / 1_000_000) ** 0.5))
        some = pixels[::step, ::step]
        distance = ((some - self._color_of[self.ids(some).ids]) ** 2).sum(-1)
        return bool((distance <= _FAR**2).mean() >= 0.5)

    def _nearest(self, codes: NDArray[np.int32]) -> NDArray[np.int16]:
        """Ids for colours `[n]`, by Euclidean distance in RGB."""
        palette = self._colors.astype(np.float32)
        found = np.empty(codes.size, np.int16)
        for at in range(0, codes.size, _CHUNK):
            part = codes[at : at + _CHUNK]
            colors = np.stack([part >> 16, part >> 8 & 255, part & 255], -1).astype(np.float32)
            distance = (palette**2).sum(1) - 2 * colors @ palette.T  # + |color|^2, the same for all classes
            found[at : at + _CHUNK] = self._ids[distance.argmin(1)]
        return found


def all_in_palette(colors: NDArray[np.uint8], palette: Palette) -> bool:
    """Every colour of uint8 `[... 3]` is exactly that of a class."""
    known = np.array([c.color for c in palette.classes], np.uint8)
    return bool(np.isin(_codes(colors), _codes(known)).all())


def _codes(colors: NDArray[np.uint8]) -> NDArray[np.int32]:
    """uint8 `[... 3]` -> one number a colour, `[...]`."""
    wide = colors.astype(np.int32)
    codes: NDArray[np.int32] = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    return codes
