"""Opening video files that nobody vouches for.

- Only container formats that hold their own data are tried. Play lists (HLS, DASH, concat, SDP) are refused, whatever
  their ending: they make FFmpeg open other files and addresses.
- Decoders refuse frames above `limits.MAX_PIXELS`; a file's claims about length or size allocate nothing.
- A path is opened as a file, never as a FFmpeg address (`http:`, `concat:`).
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from ..errors import InputError
from .clip import Source
from .limits import MAX_PIXELS, check_size

_DEMUXERS = (
    "mov,matroska,webm,avi,gif,mpegts,mpeg,mpegvideo,nut,flv,asf,mxf,ogg,ivf,obu,h264,hevc,m4v,yuv4mpegpipe,apng,"
    "wav,mp3,flac,aac"
)
_MADE_UP_TIMES = 1
"""FFmpeg's flag (AVFMT_FLAG_GENPTS), which PyAV sets: packets without a time get one, wrong where frames are reordered
(AVI)."""
_MAX_THREADS = 8
"""Every decoding thread holds a frame of its own."""


def describe(source: Source) -> str:
    """How error messages name a source."""
    return str(source) if isinstance(source, Path) else str(getattr(source, "name", "the video"))


@contextmanager
def opened_container(source: Source) -> Iterator[Any]:
    """An `av.container.InputContainer`; what can't be opened is an `InputError` that says why.

    An open file is read from its beginning; a `BytesIO` may be opened several times at once.
    """
    name = describe(source)
    try:
        container = av.open(
            _file_of(source),
            "r",
            container_options={"format_whitelist": _DEMUXERS},
            metadata_errors="replace",
        )
    except av.EOFError as error:
        raise InputError(f"{name}: a video without frames, or cut off before the first one") from error
    except av.FFmpegError as error:
        raise InputError(
            f"{name}: not a video or sound file that can be read, or damaged ({_reason(error)})"
        ) from error
    container.flags &= ~_MADE_UP_TIMES
    try:
        yield container
    finally:
        container.close()


def video_stream(container: Any, source: Source) -> Any:
    """The picture of a container, ready to be decoded with bounded memory (`av.VideoStream`)."""
    name = describe(source)
    pictures = [s for s in container.streams.video if Disposition.attached_pic not in s.disposition]
    if not pictures:
        raise InputError(f"{name}: has no video in it, only {_contents(container)}")
    stream = pictures[0]
    if stream.codec_context is None:
        raise InputError(f"{name}: this PyAV has no decoder for its video")
    check_size(stream.codec_context.width or 1, stream.codec_context.height or 1, name)
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = min(_MAX_THREADS, os.cpu_count() or 1)
    return stream


def _file_of(source: Source) -> Any:
    if isinstance(source, io.BytesIO):
        return io.BytesIO(source.getvalue())  # shares the bytes, has its own position
    if not isinstance(source, Path):
        source.seek(0)
        return source
    if not source.exists():
        raise InputError(f"{source}: no such file")
    if not source.is_file():
        raise InputError(f"{source}: not a file")
    if not os.access(source, os.R_OK):
        raise InputError(f"{source}: no permission to read it")
    return str(source.resolve())


def _contents(container: Any) -> str:
    kinds = sorted({str(stream.type) for stream in container.streams})
    return " and ".join(kinds) if kinds else "nothing"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
