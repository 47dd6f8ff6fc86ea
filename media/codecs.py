"""The ways in which frames are written: a table, and the encoder that a row of it stands for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path
from types import MappingProxyType
from typing import Any

import av

from ..errors import InputError
from .colors import CHROMA_TAG, tag_bt709
from .limits import check_size

_MOVIE = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
_FINE_GRID = 90_000
"""Ticks a second that common frame rates divide (MPEG's)."""
_FINEST = 10_000_000


@dataclass(frozen=True)
class Codec:
    """How one codec is used."""

    encoder: str
    """FFmpeg's encoder; empty for folders of pictures."""
    pixel_format: str
    options: Mapping[str, str]
    containers: Mapping[str, str]
    """File ending -> FFmpeg's container format."""
    tag: str = ""
    """Four letters that players look for in MP4 and MOV, where FFmpeg's choice is not the best."""
    reorder: int = 0
    """By how many frames packets are sent ahead of their turn at most."""


CODECS: Mapping[str, Codec] = MappingProxyType(
    {
        # without its macroblock tree, whose AVX-512 code gives other bits in every run at many sizes: a clip that
        # was interrupted shall be the clip that was not
        "h264": Codec(
            "libx264",
            "yuv420p",
            {"crf": "18", "preset": "medium", "x264-params": "mbtree=0"},
            _MOVIE,
            reorder=2,
        ),
        "h265": Codec(
            "libx265",
            "yuv420p",
            {"crf": "20", "x265-params": "log-level=none"},
            _MOVIE,
            tag="hvc1",
            reorder=2,
        ),
        "vp9": Codec(
            "libvpx-vp9",
            "yuv420p",
            {"crf": "24", "b:v": "0", "row-mt": "1", "cpu-used": "4"},
            {".webm": "webm", ".mkv": "matroska", ".mp4": "mp4"},
        ),
        "av1": Codec(
            "libsvtav1",
            "yuv420p",
            {"crf": "28", "preset": "8"},
            {".mp4": "mp4", ".webm": "webm", ".mkv": "matroska"},
        ),
        "prores": Codec("prores_ks", "yuv422p10le", {"profile": "3"}, {".mov": "mov", ".mkv": "matroska"}),
        "ffv1": Codec("ffv1", "bgr0", {"level": "3", "g": "1", "slicecrc": "1"}, {".mkv": "matroska"}),
        "gif": Codec("gif", "pal8", {}, {".gif": "gif"}),
        "png": Codec("", "rgb24", {}, {}),
    }
)
"""`h264` for viewing anywhere, `ffv1` and `png` without loss."""

_BY_ENDING = {".mp4": "h264", ".mov": "h264", ".mkv": "h264", ".webm": "vp9", ".gif": "gif", "": "png"}


def codec_for(path: Path, name: str | None = None) -> str:
    """The codec named, or the one that suits the file's ending; an InputError if the two don't go together."""
    ending = path.suffix.lower()
    if name is None:
        if ending not in _BY_ENDING:
            known = ", ".join(e for e in _BY_ENDING if e)
            raise InputError(
                f"{path}: no video is written to {ending} files; use one of {known}, or a folder's name"
            )
        return _BY_ENDING[ending]
    if name not in CODECS:
        raise InputError(f"unknown codec {name!r}; there are: {', '.join(CODECS)}")
    endings = CODECS[name].containers
    if endings and ending not in endings:
        raise InputError(
            f"{path}: {name} can't be stored in a {ending or 'nameless'} file; use {' or '.join(endings)}"
        )
    if not endings and ending in _BY_ENDING and ending:
        raise InputError(
            f"{path}: {name} is written as a folder of pictures; give a folder's name without {ending}"
        )
    return name


@dataclass(frozen=True)
class VideoPlan:
    """Everything that the encoded frames of a clip depend on, besides the frames."""

    codec: str
    width: int
    height: int
    """Of the frames as given, in pixels."""
    coded_width: int
    coded_height: int
    """Of the frames as stored: larger by at most one, where the codec has no odd sizes."""
    frame_rate: Fraction
    time_base: Fraction
    """Unit of the timestamps, in seconds."""

    @property
    def ticks_per_frame(self) -> int:
        """At a fixed rate; at least 1."""
        return max(1, round(1 / (self.frame_rate * self.time_base)))

    @property
    def padded(self) -> bool:
        return (self.coded_width, self.coded_height) != (self.width, self.height)


def plan_video(
    codec: str, width: int, height: int, frame_rate: Fraction, time_base: Fraction | None = None
) -> VideoPlan:
    """Decide what an encoder is set to. time_base None: a grid that holds `frame_rate` exactly and others finely."""
    check_size(width, height, f"a {codec} video")
    if frame_rate <= 0 or frame_rate > 1000:
        raise InputError(f"{frame_rate} frames per second: give a frame rate between 0 and 1000")
    rate = Fraction(frame_rate)
    if codec == "gif":
        time_base = Fraction(1, 100)
    elif time_base is None or time_base <= 0 or time_base < Fraction(1, _FINEST):
        grid = lcm(rate.numerator, _FINE_GRID)
        time_base = Fraction(1, grid if grid <= _FINEST else rate.numerator)
    even = (width + width % 2, height + height % 2)
    coded = (width, height) if (width, height) == even or _takes(codec, width, height) else even
    return VideoPlan(codec, width, height, *coded, rate, time_base)


def add_video(container: Any, plan: VideoPlan) -> Any:
    """Add the encoder of a plan to an `av.container.OutputContainer`; returns its `av.VideoStream`.

    Call it on another container with the same plan and its settings and headers are the same, so that packets of one
    can be stored in the other.
    """
    codec = CODECS[plan.codec]
    try:
        stream = container.add_stream(
            codec.encoder, rate=plan.frame_rate, options={**codec.options, **CHROMA_TAG}
        )
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"{plan.codec}: this build of PyAV can't write it ({error}); choose another codec"
        ) from error
    _set_up(stream.codec_context, codec, plan.coded_width, plan.coded_height, plan.time_base)
    if codec.tag and container.format.name in ("mp4", "mov"):
        stream.codec_context.codec_tag = codec.tag
    return stream


def _set_up(context: Any, codec: Codec, width: int, height: int, time_base: Fraction) -> None:
    if codec.encoder == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "0")  # its only switch for what it prints; errors come back as such
    context.width = width
    context.height = height
    context.pix_fmt = codec.pixel_format
    context.time_base = time_base
    context.thread_type = "AUTO"  # PyAV's default cuts H.264 pictures into slices, one a thread
    tag_bt709(context)


def _takes(codec: str, width: int, height: int) -> bool:
    """Ask the encoder whether it has frames of that (odd) size; versions differ."""
    settings = CODECS[codec]
    if not settings.encoder:
        return True
    try:
        context = av.CodecContext.create(settings.encoder, "w")
        _set_up(context, settings, width, height, Fraction(1, 24))
        context.framerate = Fraction(24)
        context.options = dict(settings.options)
        context.open()
    except (av.FFmpegError, ValueError):
        return False
    return True
