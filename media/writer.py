"""Write any clip: a video file or a folder of pictures, under its final name only when it is whole."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError
from .audio import audio_window
from .clip import AudioWindow
from .codecs import VideoPlan, codec_for, plan_video
from .encoding import FrameClock, VideoEncoder, check_frame
from .gif import GifEncoder
from .movie import MovieFile
from .outputs import prepare_folder, settle, temporary_name, writing

FOLDER_IS_SILENT = "a folder of pictures holds no sound; the source's was left out"


class FrameWriter(ABC):
    """A clip being written, in a `with` statement. An exception inside leaves nothing behind."""

    notes: tuple[str, ...] = ()
    """What the user should know about the result (a padded size, re-encoded sound), one sentence each."""

    @abstractmethod
    def write(self, pixels: NDArray[np.uint8], time: Fraction | None = None) -> None:
        """Add a frame: uint8 `[h w 3]` RGB of the clip's size, shown from second `time` on.

        time None: frame number / frame rate. Times rise from frame to frame (else ValueError); they are kept as
        exactly as the container's clock allows: MP4, MOV as given by `time_base`, MKV and WebM in milliseconds,
        GIF in hundredths of a second; folders of pictures have no times.
        """

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_writer(
    path: str | PathLike[str],
    *,
    width: int,
    height: int,
    frame_rate: Fraction,
    codec: str | None = None,
    audio_from: AudioWindow | str | PathLike[str] | None = None,
    time_base: Fraction | None = None,
) -> FrameWriter:
    """A writer for `path`; use it in a `with` statement. The final name appears on a clean exit only.

    width, height: of the frames, in pixels. Codecs without odd sizes (h264, h265) store one column or row more.
    codec: a name of `codecs.CODECS`; None: what suits the ending (MP4, MOV, MKV h264; WebM vp9; GIF; no ending: a
    folder of PNG pictures). audio_from: a clip whose sound is carried over (`FrameReader.audio` for a trimmed one).
    time_base: the source's (`ClipInfo.time_base`), so that varying frame times stay exact.
    Raises InputError before the first frame if path, codec, size and rate don't go together or can't be written.
    """
    target = Path(path)
    name = codec_for(target, codec)
    plan = plan_video(name, width, height, Fraction(frame_rate), time_base)
    audio = audio_window(audio_from)
    return FolderWriter(target, plan, audio) if name == "png" else FileWriter(target, plan, audio)


class FileWriter(FrameWriter):
    """A video file. Memory: the encoder's."""

    def __init__(self, path: Path, plan: VideoPlan, audio: AudioWindow | None) -> None:
        self._path = path
        self._plan = plan
        self._clock = FrameClock(plan)
        self._movie = MovieFile(path, plan, audio)

    def __enter__(self) -> Self:
        with writing(self._path):
            self._movie.__enter__()
        self._encoder = open_encoder(self._movie.stream, self._plan)
        self.notes = self._movie.notes
        return self

    def write(self, pixels: NDArray[np.uint8], time: Fraction | None = None) -> None:
        check_frame(pixels, self._plan)
        ticks = self._clock.next_ticks(time)
        with writing(self._path):
            self._movie.mux(self._encoder.encode(pixels, ticks))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._movie.__exit__(kind, error, trace)

    def _finish(self) -> None:
        if self._clock.last_time is None:
            raise InputError(f"{self._path}: no frames were written to it")
        with writing(self._path):
            self._movie.mux(self._encoder.flush())
            self._movie.finish(self._clock.last_time + 1 / self._plan.frame_rate)


class FolderWriter(FrameWriter):
    """A folder of PNG pictures, `000000.png` and on. Memory: one frame."""

    def __init__(self, path: Path, plan: VideoPlan, audio: AudioWindow | None) -> None:
        self._path = path
        self._plan = plan
        self._temporary = temporary_name(path)
        self._number = 0
        if audio is not None:
            self.notes = (FOLDER_IS_SILENT,)

    def __enter__(self) -> Self:
        prepare_folder(self._path)
        with writing(self._path):
            self._temporary.mkdir()
        return self

    def write(self, pixels: NDArray[np.uint8], time: Fraction | None = None) -> None:
        check_frame(pixels, self._plan)
        with writing(self._path):
            write_picture(self._temporary / picture_name(self._number), pixels)
        self._number += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and not self._number:
                raise InputError(f"{self._path}: no frames were written to it")
            if kind is None:
                with writing(self._path):
                    settle(self._temporary, self._path)
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)


class Encoder(Protocol):
    """Frames into packets."""

    def encode(self, pixels: NDArray[np.uint8], ticks: int) -> Iterator[Any]: ...
    def flush(self) -> Iterator[Any]: ...


def open_encoder(stream: Any, plan: VideoPlan) -> Encoder:
    """The encoder of a stream that `codecs.add_video` made for that plan."""
    return GifEncoder(stream, plan) if plan.codec == "gif" else VideoEncoder(stream, plan)


def picture_name(number: int) -> str:
    return f"{number:06d}.png"


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """uint8 `[h w 3]` RGB -> a PNG file; fast rather than smallest."""
    Image.fromarray(pixels).save(path, format="PNG", compress_level=3)
