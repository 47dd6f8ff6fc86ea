"""Frames whose content is watched, so that it is known from which one on a run differs from an earlier one."""

from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from hashlib import blake2b

from torch import Tensor

from ..models.labels.frames import AnyFrame, AnyStream, DrawnFrame
from .styles import StyleCurve


class WatchedLabels:
    """`stream`, and a digest of its first n frames and of their looks for any n. Memory: some 50 bytes a frame."""

    def __init__(self, stream: AnyStream, look: StyleCurve | None) -> None:
        self._stream = stream
        self._look = look
        self._hash = blake2b(digest_size=16)
        self._digests = [self._hash.digest()]

    @property
    def height(self) -> int:
        return self._stream.height

    @property
    def width(self) -> int:
        return self._stream.width

    @property
    def frame_rate(self) -> Fraction:
        return self._stream.frame_rate

    @property
    def frame_count(self) -> int | None:
        return self._stream.frame_count

    @property
    def fingerprint(self) -> str:
        return self._stream.fingerprint

    def frames(self, start: int = 0) -> Generator[AnyFrame, None, None]:
        """The stream's; what passes is noted."""
        frames: Iterator[AnyFrame] = self._stream.frames(start)
        for number, frame in enumerate(frames, start):
            self._note(number, frame)
            yield frame

    def digest(self, frames: int) -> str:
        """Of the first `frames` frames, or of all if there are fewer; reads what has not passed yet."""
        missing = frames + 1 - len(self._digests)
        if missing > 0:
            with closing(self.frames(len(self._digests) - 1)) as rest:
                for _ in zip(range(missing), rest, strict=False):
                    pass
        return f"{frames} {self._digests[min(frames, len(self._digests) - 1)].hex()}"

    def _note(self, number: int, frame: AnyFrame) -> None:
        """The next frame that is not known yet goes into the digest; others are known, or too early to tell."""
        if number != len(self._digests) - 1:
            return
        style = None if self._look is None else self._look.at(number)
        content = (
            (frame.channels,)
            if isinstance(frame, DrawnFrame)
            else (frame.ids, frame.instances, frame.features)
        )
        for tensor in (*content, style):
            self._hash.update(b"-" if tensor is None else _content(tensor))
        self._digests.append(self._hash.digest())


def _content(tensor: Tensor) -> bytes:
    head = f"{tensor.dtype} {tuple(tensor.shape)} ".encode()
    return head + tensor.cpu().numpy().tobytes()
