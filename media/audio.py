"""The sound of a source beside new pictures: copied without re-encoding where the new file may hold it.

Sound is cut to the pictures: from the window's start, to the packet (some 20 ms), until the last picture ends.
"""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any

import av

from .clip import AudioWindow
from .containers import describe, opened_container

_COPIED = {
    "mp4": {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"},
    "mov": {
        "aac",
        "mp3",
        "ac3",
        "eac3",
        "alac",
        "pcm_s16le",
        "pcm_s16be",
        "pcm_s24le",
        "pcm_s24be",
        "pcm_f32le",
    },
    "webm": {"opus", "vorbis"},
    "matroska": {"aac", "mp3", "ac3", "eac3", "alac", "opus", "vorbis", "flac", "dts", "truehd", "pcm_s16le"}
    | {"pcm_s24le", "pcm_f32le"},
}
"""Container -> sound that it holds and that players of it know."""
_HAS_EDIT_LISTS = {"mp4", "mov"}
_ENCODERS = {"mp4": "aac", "mov": "aac", "webm": "libopus", "matroska": "libopus"}
_RATE = 48_000
_BIT_RATE = 192_000


def audio_window(source: AudioWindow | str | PathLike[str] | None) -> AudioWindow | None:
    """The sound that belongs to a clip: a window, or a whole file by its path. InputError if it can't be opened."""
    if source is None:
        return None
    window = source if isinstance(source, AudioWindow) else AudioWindow(Path(source))
    with opened_container(window.source):
        return window


class AudioTrack:
    """One sound track on its way into an `av.container.OutputContainer`; a context manager.

    Make it before the container's first packet. `advance` muxes the sound up to a moment, so that picture and sound
    lie side by side in the file. Memory: one packet, or one frame of sound.
    """

    def __init__(self, container: Any, window: AudioWindow) -> None:
        self.note = ""
        """What the user should know about the sound, empty if nothing."""
        self._container = container
        self._open = ExitStack()
        self._packets: Iterator[tuple[Fraction, Any]] = iter(())
        self._next: tuple[Fraction, Any] | None = None
        source = self._open.enter_context(opened_container(window.source))
        if source.streams.audio:
            self._connect(source, window)

    def __enter__(self) -> "AudioTrack":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def advance(self, until: Fraction) -> None:
        """Mux the sound that begins before second `until` of the new clip."""
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
            if self._next is None or self._next[0] >= until:
                return
            self._container.mux(self._next[1])
            self._next = None

    def _connect(self, source: Any, window: AudioWindow) -> None:
        stream = source.streams.audio[0]
        name = describe(window.source)
        kind = self._container.format.name
        if stream.codec_context is None:
            self.note = f"the sound of {name} was left out: this PyAV can't decode it"
            return
        codec = str(stream.codec_context.codec.canonical_name)
        start = window.start + _picture_start(source)
        if codec in _COPIED[kind]:
            out = self._container.add_stream_from_template(stream)
            self._packets = _copied(_packets_from(source, stream, start), out, start, kind in _HAS_EDIT_LISTS)
            return
        out = self._container.add_stream(_ENCODERS[kind], rate=_RATE)
        out.codec_context.bit_rate = _BIT_RATE
        out.codec_context.layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        self.note = (
            f"the sound of {name} ({codec}) was re-encoded as {_ENCODERS[kind]}, which a {kind} file may hold"
        )
        self._packets = _encoded(_packets_from(source, stream, start), out, start)


def _picture_start(source: Any) -> Fraction:
    """When the pictures of a source begin, in seconds of its own clock: windows count from there."""
    for stream in source.streams.video:
        if stream.start_time and stream.time_base:
            return Fraction(stream.start_time * stream.time_base)
    return Fraction(0)


def _packets_from(source: Any, stream: Any, start: Fraction) -> Iterator[Any]:
    """The packets of a stream that begin at `start` seconds or later; all of them if `start` is 0.

    Without those whose times stand still or run back, which no file may hold; until the file is damaged.
    """
    first = round(start / stream.time_base)
    if first > 0:
        with suppress(av.FFmpegError):
            source.seek(first, stream=stream)
    last = None
    with suppress(av.InvalidDataError):
        for packet in source.demux(stream):
            if packet.dts is None or packet.pts is None or (first > 0 and packet.pts < first):
                continue
            if last is None or packet.dts > last:
                last = packet.dts
                yield packet


def _copied(
    packets: Iterator[Any], out: Any, start: Fraction, before_zero: bool
) -> Iterator[tuple[Fraction, Any]]:
    """`before_zero`: the file may hold what decoders need before the first sound that is heard. Files that may not
    would shift pictures and sound for it."""
    for packet in packets:
        offset = round(start / packet.time_base)
        packet.pts -= offset
        packet.dts -= offset
        time = Fraction(packet.pts * packet.time_base)
        if before_zero or packet.pts + (packet.duration or 0) > 0:
            packet.stream = out
            yield time, packet


def _encoded(packets: Iterator[Any], out: Any, start: Fraction) -> Iterator[tuple[Fraction, Any]]:
    """Decode and encode again; PyAV's audio encoder resamples and cuts into its own frame size."""
    for packet in packets:
        with suppress(av.InvalidDataError):
            for frame in packet.decode():
                frame.pts -= round(start / frame.time_base)
                yield from _stamped(out.encode(frame))
    yield from _stamped(out.encode(None))


def _stamped(packets: list[Any]) -> Iterator[tuple[Fraction, Any]]:
    for packet in packets:
        yield Fraction(packet.pts * packet.time_base), packet
