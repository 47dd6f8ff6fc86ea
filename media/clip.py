"""What clips flow as: a frame with its time, the facts of a clip, a reader."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

Source = Path | BinaryIO
"""A file on disk, or an open binary file such as the `BytesIO` of a ComfyUI VIDEO."""


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One frame of a clip."""

    pixels: NDArray[np.uint8]
    """`[h w 3]` RGB, 0..255, upright (rotation and EXIF orientation are applied)."""
    time: Fraction
    """Seconds since the first frame of the clip (of its trim window), exactly as the file says."""


@dataclass(frozen=True)
class AudioWindow:
    """Sound that belongs to a clip: the sound of `source` from second `start` of its picture on."""

    source: Source
    start: Fraction = Fraction(0)


@dataclass(frozen=True)
class ClipInfo:
    """Facts of a clip. Size and times come from the first decoded frame; the rest is what the file claims."""

    width: int
    height: int
    """Of the upright frame, in pixels."""
    frame_rate: Fraction
    """Frames per second, a mean where the rate varies."""
    frame_count: int | None
    """None where only reading to the end would tell. A claim: never allocate by it."""
    duration: Fraction | None
    """Seconds, None where unknown. A claim too."""
    has_audio: bool
    time_base: Fraction | None
    """Unit of the file's timestamps in seconds (None: pictures, which have none). Give it to a writer so that
    varying frame times survive unrounded."""
    codec: str
    """FFmpeg's name of the video codec, or "png", "jpeg" ... for pictures."""


class FrameReader(ABC):
    """A clip opened for reading, as often as wanted. Iterating gives `VideoFrame`s, one in memory at a time."""

    info: ClipInfo
    audio: AudioWindow | None
    """The sound of exactly this window, for a writer's `audio_from`; None where there is none."""

    @abstractmethod
    def frames(self, start: int = 0) -> Iterator[VideoFrame]:
        """The frames from number `start` (0-based, within the window) on; none where the clip is shorter."""

    @abstractmethod
    def close(self) -> None:
        """Free what unfinished iterators hold open. They end."""

    def __iter__(self) -> Iterator[VideoFrame]:
        return self.frames()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
