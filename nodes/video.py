"""Frames at ComfyUI's door: a VIDEO is read as a stream, an IMAGE batch is a short clip, a file becomes a VIDEO."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from comfy import model_management
from comfy_api.latest import Input, InputImpl, io
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..media.clip import AudioWindow, ClipInfo, FrameReader, Source, VideoFrame
from ..media.pixels import from_image, to_file, to_image, to_model
from ..media.reader import open_frames
from .compat import trim_window

IMAGE_BYTES = 3 * 4
"""Of one pixel of an IMAGE: three channels, float32."""

CODECS = {"h264": "mp4", "ffv1": "mkv"}
"""Codecs that nodes offer -> ending of the file."""

FRAME_RATES = {"default": 24.0, "min": 1.0, "max": 240.0, "step": 0.001, "round": 0.001}


class ImageClip(FrameReader):
    """An IMAGE batch `[t h w c]`, 0..1, as a clip; frames are converted when they are asked for."""

    audio = None

    def __init__(self, images: Tensor, frame_rate: Fraction) -> None:
        count, height, width = images.shape[:3]
        self._images = images
        self.info = ClipInfo(
            width=width,
            height=height,
            frame_rate=frame_rate,
            frame_count=count,
            duration=count / frame_rate,
            has_audio=False,
            time_base=None,
            codec="image",
        )

    def frames(self, start: int = 0) -> Iterator[VideoFrame]:
        for t in range(start, self._images.shape[0]):
            pixels = to_file(from_image(self._images[t : t + 1])[0])
            yield VideoFrame(pixels, t / self.info.frame_rate)

    def close(self) -> None:
        """Nothing is open."""


def open_clip(frames: Input.Video | Tensor, frame_rate: float) -> FrameReader:
    """What a VIDEO shows of its file, or an IMAGE batch at `frame_rate` frames a second; close it after use."""
    if isinstance(frames, Tensor):
        return ImageClip(frames, exact_rate(frame_rate))
    start, duration = trim_window(frames)
    return open_frames(source(frames), start_time=start, duration=duration or None)


def source(video: Input.Video) -> Source:
    """The file behind a VIDEO, on disk or in memory: never its decoded frames, which would fill the memory."""
    stream = video.get_stream_source()
    return Path(stream) if isinstance(stream, str) else stream


def as_video(path: Path) -> Input.Video:
    """A VIDEO that reads `path` when it is needed."""
    return InputImpl.VideoFromFile(str(path))


def sound_of(video: Input.Video | None) -> AudioWindow | None:
    """The sound of what a VIDEO shows; None for none."""
    if video is None:
        return None
    with open_clip(video, frame_rate=1.0) as clip:
        return clip.audio


def exact_rate(frames_per_second: float) -> Fraction:
    """23.976 as a widget gives it -> the fraction that is meant; InputError for 0 and below."""
    if not frames_per_second > 0:
        raise InputError(f"frames per second must be more than 0, not {frames_per_second}")
    return Fraction(frames_per_second).limit_denominator(1001)


def frames_input(name: str, tooltip: str) -> Any:
    """An input that takes a VIDEO or an IMAGE batch."""
    return io.MultiType.Input(name, types=[io.Video, io.Image], tooltip=tooltip)


def rate_input() -> Any:
    """Frames a second, for nodes that take an IMAGE batch, which doesn't know its own."""
    return io.Float.Input(
        "frame_rate",
        **FRAME_RATES,
        tooltip="Frames per second of an IMAGE batch. A VIDEO keeps its own and ignores this.",
    )


def save_pictures(images: Tensor | None, folder: Path) -> list[Path]:
    """An IMAGE batch as PNG files in `folder`, in order; none for None."""
    paths = []
    for number, image in enumerate([] if images is None else images):
        paths.append(folder / f"first_{number}.png")
        Image.fromarray(to_file(from_image(image[None])[0])).save(paths[-1])
    return paths


def check_batch(frames: int | None, height: int, width: int) -> None:
    """InputError if an IMAGE batch of that many frames (None: nobody knows) can't fit into memory."""
    if frames is None:
        raise InputError("a clip of unknown length can't become one IMAGE batch; make a VIDEO instead")
    needed = frames * height * width * IMAGE_BYTES
    free = model_management.get_free_memory(torch.device("cpu"))
    if needed > free:
        raise InputError(
            f"{frames} frames of {width}x{height} take {needed / 1e9:.1f} GB as an IMAGE batch, {free / 1e9:.1f} GB of "
            "memory are free; make a VIDEO instead, or a shorter clip"
        )


def read_batch(path: Path, frames: int) -> Tensor:
    """The first `frames` frames of a file as an IMAGE, float32 `[frames h w 3]`, filled one by one."""
    with open_frames(path) as clip:
        batch = torch.empty(frames, clip.info.height, clip.info.width, 3)
        for place, frame in zip(batch, clip, strict=False):
            place.copy_(to_image(to_model(frame.pixels)[None])[0])
    return batch
