"""Video files as frames: exact times, exact seeking, rotation, trim windows.

Times are the file's own, as fractions, so a variable frame rate stays what it is. Frame 0 of a window is the first
frame at or after its start, and has time 0. Pixels are given as stored: pixels that are not square stay so.
"""

from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import islice
from math import floor
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .clip import AudioWindow, ClipInfo, FrameReader, Source, VideoFrame
from .colors import to_rgb
from .containers import describe, opened_container, video_stream
from .decoding import Timed, decoded_from, frame_rate_of, frame_times

_ROUNDING = Fraction(1, 10**6)
"""Part of a tick by which a time given as a float may fall short of the tick that it means."""


class VideoReader(FrameReader):
    """A video file, or the window of it from `start_time` on, `duration` seconds long (None or 0: to the end).

    Memory: the decoder's reference frames, one frame for each of at most 8 decoding threads, and one RGB frame.
    `frames(start)` with a start other than 0 first lists the packets' times without decoding (8 bytes a frame).
    """

    def __init__(self, source: Source, start_time: Fraction, duration: Fraction | None) -> None:
        self._source = source
        self._running: WeakSet[Generator[VideoFrame, None, None]] = WeakSet()
        with opened_container(source) as container:
            stream = video_stream(container, source)
            self._time_base = Fraction(stream.time_base or Fraction(1, 1000))
            origin = int(stream.start_time or 0)
            begin = origin + self._ticks(start_time) if start_time > 0 else None
            self._stop = origin + self._ticks(start_time + duration) if duration else None
            first = self._first_frame(begin, start_time)
            trimmed = begin is not None or self._stop is not None
            self.info = ClipInfo(
                *_upright_size(first.frame),
                frame_rate=frame_rate_of(stream),
                frame_count=None if trimmed else int(stream.frames) or None,
                duration=None if trimmed else _claimed_duration(container, stream),
                has_audio=len(container.streams.audio) > 0,
                time_base=self._time_base,
                codec=str(stream.codec_context.codec.canonical_name),
            )
        self._first = first.ticks
        self._stored_size = (first.frame.width, first.frame.height)
        start = (first.ticks - origin) * self._time_base
        self.audio = AudioWindow(source, start) if self.info.has_audio else None

    def frames(self, start: int = 0) -> Iterator[VideoFrame]:
        iterator = self._frames(start)
        self._running.add(iterator)
        return iterator

    def native_frames(self, start: int = 0) -> Iterator[Timed]:
        """As `frames`, but as `av.VideoFrame`s in the file's own pixel format, not rotated, times in ticks."""
        ticks: int | None = self._first
        skipped = 0
        if start:
            times = frame_times(self._source)
            if times is None:
                skipped = start
            else:
                inside = [t for t in times if t >= self._first and (self._stop is None or t < self._stop)]
                ticks = inside[start] if start < len(inside) else None
                if ticks is None:
                    return
        for timed in islice(decoded_from(self._source, ticks), skipped, None):
            if self._stop is not None and timed.ticks >= self._stop:
                return
            self._check_size(timed)
            yield timed

    def time_of(self, timed: Timed) -> Fraction:
        """Seconds since the first frame of the window."""
        return (timed.ticks - self._first) * self._time_base

    def close(self) -> None:
        for iterator in list(self._running):
            iterator.close()

    def _frames(self, start: int) -> Generator[VideoFrame, None, None]:
        for timed in self.native_frames(start):
            yield VideoFrame(upright(to_rgb(timed.frame), timed.frame), self.time_of(timed))

    def _ticks(self, seconds: Fraction) -> int:
        return floor(seconds / self._time_base + _ROUNDING)

    def _first_frame(self, begin: int | None, start_time: Fraction) -> Timed:
        """Only a decoded frame tells the true size and where the window begins."""
        first = next(decoded_from(self._source, begin), None)
        if first is not None and (self._stop is None or first.ticks < self._stop):
            return first
        name = describe(self._source)
        if begin is None and first is None:
            raise InputError(f"{name}: a video without frames")
        raise InputError(f"{name}: has no frames in the window that starts at {float(start_time):g} seconds")

    def _check_size(self, timed: Timed) -> None:
        size = (timed.frame.width, timed.frame.height)
        if size != self._stored_size:
            raise InputError(
                f"{describe(self._source)}: changes size from {self._stored_size[0]}x{self._stored_size[1]} to "
                f"{size[0]}x{size[1]} at {float(self.time_of(timed)):.3f} seconds; cut it there"
            )


def upright(picture: NDArray[Any], frame: Any) -> NDArray[Any]:
    """Turn a picture `[h w ...]` of a frame as the frame's display matrix says, by quarter turns."""
    turns = round(int(frame.rotation) / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def _upright_size(frame: Any) -> tuple[int, int]:
    """(width, height)"""
    turned = round(int(frame.rotation) / 90) % 2 == 1
    return (frame.height, frame.width) if turned else (frame.width, frame.height)


def _claimed_duration(container: Any, stream: Any) -> Fraction | None:
    if stream.duration and stream.time_base:
        return Fraction(stream.duration * stream.time_base)
    return Fraction(container.duration, 1_000_000) if container.duration else None
