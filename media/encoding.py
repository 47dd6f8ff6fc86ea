"""RGB frames into packets of one video stream."""

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .codecs import CODECS, VideoPlan
from .colors import from_rgb


class FrameClock:
    """Gives every frame its time in ticks: by number at a fixed rate, or as told."""

    def __init__(self, plan: VideoPlan, frames_before: int = 0, last_time: Fraction | None = None) -> None:
        self._plan = plan
        self._number = frames_before
        self.last_time = last_time
        """Seconds of the frame before, None if there was none."""
        self._last_ticks = -1 if last_time is None else round(last_time / plan.time_base)

    def next_ticks(self, time: Fraction | None) -> int:
        """`time`: seconds since the clip's start, later than the frame before; None: number / frame rate.

        Two times that round to one tick become two ticks.
        """
        time = self._number / self._plan.frame_rate if time is None else Fraction(time)
        if time < 0 or (self.last_time is not None and time <= self.last_time):
            raise ValueError(f"frame {self._number}: its time {time} is not later than {self.last_time}")
        self._number += 1
        self.last_time = time
        self._last_ticks = max(round(time / self._plan.time_base), self._last_ticks + 1)
        return self._last_ticks


class DecodingTimes:
    """When the packets of a stream are decoded: rising, and never after they are shown.

    The n-th packet is decoded when the frame is shown that lies `reorder` frames before the n-th; the first ones
    before the first frame. Encoders' own times are not used: x265 makes them up for clips of two or three frames.
    """

    def __init__(self, plan: VideoPlan) -> None:
        self._reorder = CODECS[plan.codec].reorder
        self._step = plan.ticks_per_frame
        self._times: deque[int] | None = None

    def add(self, shown: int) -> None:
        """The next frame, in the order in which they are shown."""
        if self._times is None:
            self._times = deque(shown - self._step * k for k in range(self._reorder, 0, -1))
        self._times.append(shown)

    def stamp(self, packet: Any, shown: int) -> None:
        """Set the times of the next packet (`av.Packet`), in the order in which they are decoded."""
        assert self._times, "no packet comes before its frame"
        packet.pts, packet.dts = shown, self._times.popleft()
        packet.duration = self._step


class VideoEncoder:
    """The encoder of a stream that `codecs.add_video` made. Memory: the encoder's look-ahead, some 40 frames."""

    def __init__(self, stream: Any, plan: VideoPlan) -> None:
        self._stream = stream
        self._plan = plan
        self._decoding = DecodingTimes(plan)

    def encode(self, pixels: NDArray[np.uint8], ticks: int) -> Iterator[Any]:
        """uint8 `[h w 3]` RGB at a time in ticks of the plan -> the packets that are ready (`av.Packet`)."""
        frame = from_rgb(pad_to(pixels, self._plan.coded_width, self._plan.coded_height), self._format)
        frame.pts = ticks
        frame.time_base = self._plan.time_base
        self._decoding.add(ticks)
        yield from self._packets(frame)

    def flush(self) -> Iterator[Any]:
        """The packets that the encoder still holds."""
        yield from self._packets(None)

    @property
    def _format(self) -> str:
        return str(self._stream.codec_context.pix_fmt)

    def _packets(self, frame: Any) -> Iterator[Any]:
        for packet in self._stream.encode(frame):
            self._decoding.stamp(packet, packet.pts)
            yield packet


def check_frame(pixels: NDArray[np.uint8], plan: VideoPlan) -> None:
    if pixels.dtype != np.uint8 or pixels.shape != (plan.height, plan.width, 3):
        raise ValueError(
            f"frame: expected uint8 [{plan.height} {plan.width} 3], got {pixels.dtype} {list(pixels.shape)}; "
            "see media.pixels.to_file"
        )


def pad_to(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Repeat the last column and row until `[h w 3]` has the size."""
    below, right = height - pixels.shape[0], width - pixels.shape[1]
    return np.pad(pixels, ((0, below), (0, right), (0, 0)), mode="edge") if below or right else pixels


def start(container: Any, plan: VideoPlan) -> None:
    """Open all encoders of a container and write its header; an InputError if they refuse the size or rate."""
    try:
        container.start_encoding()
    except OSError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"{plan.codec} can't write {plan.width}x{plan.height} pixels at {plan.frame_rate} frames per second "
            f"({error}); choose another size or codec"
        ) from error
