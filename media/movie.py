"""A video file in the making: packets of one picture stream, and the sound beside them."""

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av

from .audio import AudioTrack
from .clip import AudioWindow
from .codecs import CODECS, VideoPlan, add_video
from .encoding import start
from .outputs import prepare_file, settle, temporary_name


class MovieFile:
    """Open it in a `with` statement, `mux` packets, `finish`. Without `finish` no file remains.

    The file is written under `temporary` (None: a hidden name beside it) and renamed by `finish`. What the disk refuses
    comes as an OSError, to be told by `outputs.writing`.
    """

    def __init__(
        self, path: Path, plan: VideoPlan, audio: AudioWindow | None, temporary: Path | None = None
    ) -> None:
        self.stream: Any = None
        """`av.VideoStream` with the encoder of the plan."""
        self.notes: tuple[str, ...] = ()
        """What the user should know about the file."""
        self._path = path
        self._plan = plan
        self._audio = audio
        self._temporary = temporary or temporary_name(path)
        self._track: AudioTrack | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        prepare_file(self._path)
        form = CODECS[self._plan.codec].containers[self._path.suffix.lower()]
        options = {"movflags": "+faststart"} if form in ("mp4", "mov") else {}
        with ExitStack() as stack:
            stack.callback(self._temporary.unlink, missing_ok=True)
            self._temporary.touch()
            self._container = av.open(str(self._temporary), "w", format=form, container_options=options)
            stack.callback(_close_quietly, self._container)
            self.stream = add_video(self._container, self._plan)
            if self._audio is not None and self._plan.codec != "gif":
                self._track = stack.enter_context(AudioTrack(self._container, self._audio))
            start(self._container, self._plan)
            self._open = stack.pop_all()
        self.notes = tuple(_notes(self._plan, self._track, self._audio))
        return self

    def mux(self, packets: Iterable[Any]) -> None:
        """Write packets (`av.Packet`) in decoding order, and the sound that belongs before each of them."""
        for packet in packets:
            if self._track is not None:
                self._track.advance(Fraction(packet.dts * packet.time_base))
            packet.stream = self.stream
            self._container.mux(packet)

    def finish(self, end: Fraction) -> None:
        """Write the sound until second `end`, close the file and give it its name."""
        if self._track is not None:
            self._track.advance(end)
        self._container.close()
        settle(self._temporary, self._path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


def _notes(plan: VideoPlan, track: AudioTrack | None, audio: AudioWindow | None) -> Iterable[str]:
    if plan.padded:
        yield (
            f"{plan.codec} stores even sizes only: the pictures of {plan.width}x{plan.height} were made "
            f"{plan.coded_width}x{plan.coded_height} by repeating the last row or column"
        )
    if track is not None and track.note:
        yield track.note
    if audio is not None and track is None:
        yield f"a {plan.codec} file holds no sound; the source's was left out"


def _close_quietly(container: Any) -> None:
    """A file that is thrown away may fail to close: its disk may be full."""
    with suppress(OSError, av.FFmpegError):
        container.close()
