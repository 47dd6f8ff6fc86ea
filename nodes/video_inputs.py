"""Inputs of every node that makes a video."""

from typing import Any

from comfy_api.latest import io

from . import compat
from .video import CODECS


def sound_input(of_what: str) -> Any:
    """of_what: whose sound is meant, for the tooltip."""
    return io.Video.Input(
        "sound",
        optional=True,
        tooltip=f"Footage whose sound goes into the video, for example what {of_what}.",
    )


def codec_input() -> Any:
    return compat.advanced(
        io.Combo,
        "codec",
        options=list(CODECS),
        default="h264",
        tooltip="h264: small, plays everywhere. ffv1: lossless, for further work on the frames.",
    )


def live_input(changed: str, disk: str) -> Any:
    """changed: what may change while what was painted is kept; disk: what keeping it takes."""
    return compat.advanced(
        io.Boolean,
        "live",
        default=True,
        optional=True,
        tooltip=f"Keep what is painted: after a change of the {changed}, or a stop, only the frames from there on are "
        f"painted again. Takes {disk} for every 24 frames, until ComfyUI ends.",
    )
