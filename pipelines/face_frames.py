"""Pictures of a clip by their number, as often and in any order as tuning asks for them, without a place in memory.

Video files are read in order. Here a clip is decoded once into plain bytes in a temporary file of the work folder, and
mapped: 3 megabytes a picture of 1024 pixels, gone when it is closed, whatever happens.
"""

import tempfile
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.outputs import writing
from ..media.pixels import to_file, to_model

Pixels = NDArray[np.uint8]


class NumberedPictures:
    """A context manager; `pictures[k]` is uint8 `[side side 3]`, a copy."""

    def __init__(self, clip: FrameReader, folder: Path, count: int, side: int) -> None:
        """folder: where the file lies; count: of the pictures; side: that they are brought to, averaging pixels where
        they shrink.

        InputError for another number of pictures, and for a full disk.
        """
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        with writing(folder):
            made = 0
            for frame in clip.frames():
                self._file.write(np.ascontiguousarray(_at_side(frame.pixels, side)).data)
                made += 1
            self._file.flush()
        if made != count:
            self._file.close()
            raise InputError(
                f"there are {made} pictures, but {count} frames show the face; give one for each"
            )
        self._bytes: np.memmap[tuple[int, ...], np.dtype[np.uint8]] = np.memmap(
            self._file, np.uint8, "r", shape=(made, side, side, 3)
        )

    def __getitem__(self, number: int) -> Pixels:
        return np.array(self._bytes[number])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The file is gone."""
        self._file.close()


def _at_side(pixels: Pixels, side: int) -> Pixels:
    if pixels.shape[:2] == (side, side):
        return pixels
    resized = interpolate(to_model(pixels)[None], (side, side), mode="bilinear", antialias=True)
    return to_file(resized[0])
