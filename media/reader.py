"""Open any clip: a video file, a folder of pictures, a single picture, the open file behind a ComfyUI VIDEO."""

from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError
from .clip import AudioWindow, ClipInfo, FrameReader, VideoFrame
from .folders import pictures_in
from .pictures import is_picture
from .stills import StillsReader, Window
from .video import VideoReader

__all__ = ["AudioWindow", "ClipInfo", "FrameReader", "VideoFrame", "check_clip", "open_frames"]

STILLS_RATE = Fraction(24)
"""Frames per second of pictures, which have no rate of their own."""


def open_frames(
    source: str | PathLike[str] | BinaryIO,
    *,
    start_time: float | Fraction = 0,
    duration: float | Fraction | None = None,
    frame_rate: Fraction = STILLS_RATE,
) -> FrameReader:
    """Open a clip for reading; use it in a `with` statement and iterate over it.

    source: path of a video, a picture or a folder of pictures (natural order), or an open binary video file.
    start_time, duration: the window to read, in seconds (None or 0: to the end), as a ComfyUI VIDEO's trim window.
    frame_rate: of pictures; videos have their own.
    Raises InputError if there is nothing to read; it names the file and the reason. At least one frame is there.
    """
    if start_time < 0 or (duration is not None and duration < 0):
        raise InputError("a window can't start before second 0 or be shorter than 0 seconds")
    start, length = Fraction(start_time), Fraction(duration) if duration else None
    if not isinstance(source, str | PathLike):
        return VideoReader(source, start, length)
    path = Path(source)
    if not path.is_dir() and not is_picture(path):
        return VideoReader(path, start, length)
    pictures = pictures_in(path) if path.is_dir() else [path]
    return StillsReader(Window(start, length).of(pictures, frame_rate), frame_rate)


def check_clip(source: Path) -> None:
    """InputError for what is no clip that can be read: before anything is made, or downloaded, for it."""
    with open_frames(source):
        pass
