"""A folder of pictures, or a single picture, as a clip."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError
from .clip import ClipInfo, FrameReader, VideoFrame
from .folders import check_same_size
from .pictures import read_picture


class Window(NamedTuple):
    """A part of a clip, in seconds."""

    start: Fraction = Fraction(0)
    length: Fraction | None = None
    """None: to the end."""

    def of(self, pictures: Sequence[Path], frame_rate: Fraction) -> list[Path]:
        """The pictures shown in it; an InputError if there are none."""
        if frame_rate <= 0:
            raise InputError(f"{frame_rate} frames per second: give a frame rate above 0")
        stop = None if self.length is None else int((self.start + self.length) * frame_rate)
        inside = list(pictures[int(self.start * frame_rate) : stop])
        if not inside:
            raise InputError(
                f"{pictures[0].parent}: has no frames in the window that starts at {float(self.start):g} seconds"
            )
        return inside


class StillsReader(FrameReader):
    """Pictures shown one after the other at `frame_rate`. All sizes are checked when it is opened.

    Memory: one picture, and the names.
    """

    def __init__(self, pictures: Sequence[Path], frame_rate: Fraction) -> None:
        self._pictures = list(pictures)
        width, height = check_same_size(self._pictures)
        self.audio = None
        self.info = ClipInfo(
            width=width,
            height=height,
            frame_rate=frame_rate,
            frame_count=len(self._pictures),
            duration=len(self._pictures) / frame_rate,
            has_audio=False,
            time_base=None,
            codec=self._pictures[0].suffix.lower().lstrip("."),
        )

    def frames(self, start: int = 0) -> Iterator[VideoFrame]:
        for number in range(start, len(self._pictures)):
            pixels = read_picture(self._pictures[number])
            if pixels.shape[:2] != (self.info.height, self.info.width):
                raise InputError(f"{self._pictures[number]}: has changed its size since the clip was opened")
            yield VideoFrame(pixels, number / self.info.frame_rate)

    def close(self) -> None:
        """Nothing is held open between frames."""
