"""Decoded frames of a video file from an exact moment on."""

import warnings
from array import array
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any, NamedTuple

import av

from ..errors import InputError
from .clip import Source
from .containers import describe, opened_container, video_stream


class Timed(NamedTuple):
    """A decoded frame and its time in ticks of the stream's time base."""

    ticks: int
    frame: Any
    """`av.VideoFrame`, as stored: not rotated, any pixel format."""


def decoded_from(source: Source, ticks: int | None = None) -> Iterator[Timed]:
    """The frames at `ticks` or later (None: all), in the order in which they are shown.

    Seeks to the key frame before; where a file can't be sought exactly (no index, frames without times), decodes from
    its beginning instead. Times rise strictly: what stands still or runs back is put one tick later.
    """
    if ticks is not None:
        with opened_container(source) as container:
            stream = video_stream(container, source)
            if _sought(container, stream, ticks):
                frames = _decoded(container, stream, source)
                first = next(frames, None)
                if first is not None and first.pts is not None and first.pts <= ticks:
                    yield from _from(_timed(chain([first], frames), stream), ticks)
                    return
    with opened_container(source) as container:
        stream = video_stream(container, source)
        yield from _from(_timed(_decoded(container, stream, source), stream), ticks)


def frame_times(source: Source) -> "array[int] | None":
    """Time of every frame in ticks, sorted, read from the packets without decoding; None where some have none.

    State: 8 bytes a frame.
    """
    times = array("q")
    with opened_container(source) as container:
        stream = video_stream(container, source)
        for packet in container.demux(stream):
            if packet.size == 0 or packet.is_discard:
                continue
            if packet.pts is None:
                return None
            times.append(packet.pts)
    return array("q", sorted(times))


def ticks_per_frame(stream: Any, rate: Fraction) -> int:
    return max(1, round(1 / (rate * stream.time_base))) if stream.time_base else 1


def frame_rate_of(stream: Any) -> Fraction:
    """Frames per second as claimed, 24 where the file claims nothing sensible."""
    for claim in (stream.average_rate, stream.guessed_rate):
        if claim and 0 < claim <= 1000:
            return Fraction(claim)
    return Fraction(24)


def _sought(container: Any, stream: Any, ticks: int) -> bool:
    try:
        container.seek(ticks, stream=stream)
    except av.FFmpegError:
        return False
    return True


def _decoded(container: Any, stream: Any, source: Source) -> Iterator[Any]:
    """Frames without the packets that can't be decoded, which are counted in a warning at the end."""
    damaged = 0
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.InvalidDataError:
                damaged += 1
    except av.InvalidDataError:
        damaged += 1
    except av.FFmpegError as error:
        raise InputError(f"{describe(source)}: can't be decoded ({error.strerror})") from error
    if damaged:
        warnings.warn(f"{describe(source)}: damaged; {damaged} packets could not be decoded", stacklevel=2)


def _timed(frames: Iterator[Any], stream: Any) -> Iterator[Timed]:
    step = ticks_per_frame(stream, frame_rate_of(stream))
    last: int | None = None
    for frame in frames:
        ticks = frame.pts
        if ticks is None:
            ticks = 0 if last is None else last + step
        if last is not None and ticks <= last:
            ticks = last + 1
        last = ticks
        yield Timed(ticks, frame)


def _from(frames: Iterator[Timed], ticks: int | None) -> Iterator[Timed]:
    return (timed for timed in frames if ticks is None or timed.ticks >= ticks)
