"""The parts of an unfinished video: each closed, encoded on its own, and joined without encoding again.

A part is a small video file and a list of the times at which its packets are shown, in the order in which they are
decoded: no container keeps them exactly for every codec.
"""

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .clip import AudioWindow
from .codecs import VideoPlan, add_video
from .colors import to_rgb
from .encoding import DecodingTimes, VideoEncoder, start
from .gif import GifEncoder
from .movie import MovieFile
from .outputs import settle, write_whole

_FORMATS = {"prores": "mov"}
"""NUT keeps the packets of every codec as they are, except for ProRes, which it doesn't know."""


def part_plan(plan: VideoPlan) -> VideoPlan:
    """How the parts of a file are encoded: as the file, but a GIF's parts without loss (its join encodes)."""
    if plan.codec != "gif":
        return plan
    return VideoPlan(
        "ffv1", plan.width, plan.height, plan.width, plan.height, plan.frame_rate, plan.time_base
    )


class PartWriter:
    """One part in the making, at `path`; `finish` gives it its name, `discard` removes it."""

    def __init__(self, path: Path, plan: VideoPlan) -> None:
        self._path = path
        self._temporary = path.with_suffix(".unfinished")
        self._times: list[int] = []
        form = _FORMATS.get(plan.codec, "nut")
        self._container = av.open(str(self._temporary), "w", format=form)
        self._stream = add_video(self._container, plan)
        start(self._container, plan)
        self._encoder = VideoEncoder(self._stream, plan)

    def write(self, pixels: NDArray[np.uint8], ticks: int) -> None:
        self._mux(self._encoder.encode(pixels, ticks))

    def finish(self) -> None:
        self._mux(self._encoder.flush())
        self._container.close()
        write_whole(_times_file(self._path), json.dumps(self._times).encode())
        settle(self._temporary, self._path)

    def discard(self) -> None:
        try:
            self._container.close()
        except (OSError, av.FFmpegError):
            pass
        finally:
            self._temporary.unlink(missing_ok=True)

    def _mux(self, packets: Iterator[Any]) -> None:
        for packet in packets:
            self._times.append(packet.pts)
            packet.stream = self._stream
            self._container.mux(packet)


def part_files(path: Path) -> list[Path]:
    """Every file that belongs to a part."""
    return [path, _times_file(path)]


def join_parts(
    parts: Sequence[Path],
    path: Path,
    plan: VideoPlan,
    audio: AudioWindow | None,
    end: Fraction,
    temporary: Path,
) -> tuple[str, ...]:
    """Write the parts, in order, as one file at `path`, with sound; returns notes for the user.

    The packets are copied, their times are continuous; only a GIF is encoded here. `end`: seconds until the last
    picture ends. Memory: one packet (GIF: three frames) and the times of a part.
    """
    with MovieFile(path, plan, audio, temporary) as movie:
        if plan.codec == "gif":
            _paint_gif(parts, movie, plan)
        else:
            _copy_packets(parts, movie, plan)
        movie.finish(end)
        return movie.notes


def _copy_packets(parts: Sequence[Path], movie: MovieFile, plan: VideoPlan) -> None:
    decoding = DecodingTimes(plan)
    for part in parts:
        with av.open(str(part)) as container:
            stream = container.streams.video[0]
            if (stream.codec_context.extradata or b"") != (movie.stream.codec_context.extradata or b""):
                raise InputError(
                    f"{part}: was written by another encoder; remove {part.parent} and start again"
                )
            for shown in sorted(_times(part)):
                decoding.add(shown)
            for packet, shown in _packets(container, stream, part):
                decoding.stamp(packet, shown)
                packet.time_base = plan.time_base
                movie.mux([packet])


def _paint_gif(parts: Sequence[Path], movie: MovieFile, plan: VideoPlan) -> None:
    encoder = GifEncoder(movie.stream, plan)
    for part in parts:
        with av.open(str(part)) as container:
            stream = container.streams.video[0]
            for packet, shown in _packets(container, stream, part):
                for frame in packet.decode():
                    movie.mux(encoder.encode(to_rgb(frame), shown))
    movie.mux(encoder.flush())


def _packets(container: Any, stream: Any, part: Path) -> Iterator[tuple[Any, int]]:
    """Packets of a part with the times at which they are shown."""
    packets = (packet for packet in container.demux(stream) if packet.size)
    return zip(packets, _times(part), strict=True)


def _times(part: Path) -> list[int]:
    times: list[int] = json.loads(_times_file(part).read_bytes())
    return times


def _times_file(part: Path) -> Path:
    return part.with_suffix(".times.json")
