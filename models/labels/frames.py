"""What label maps and drawn maps flow as: one frame, a stream of frames, a short clip in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from .palette import Palette

if TYPE_CHECKING:
    from typing_extensions import TypeIs


@dataclass(frozen=True)
class LabelFrame:
    """One moment of a label-map video."""

    ids: Tensor
    """Class of every pixel, `[h w]`, uint8 or int16, values of the stream's palette."""
    instances: Tensor | None = None
    """Instance of every pixel, `[h w]` int32; only differences matter (None: none are known)."""
    features: Tensor | None = None
    """What the instance at every pixel shall look like, `[f h w]` float32 in the numbers of a network that takes such
    (`models.vid2vid.features`); None: nothing is asked for."""


@dataclass(frozen=True, eq=False)
class DrawnFrame:
    """One moment of a video of drawn maps: sketches of faces, poses, edges."""

    channels: Tensor
    """What a network takes, `[c h w]` float32: lines and distances in 0..1, poses in -1..1."""
    parts: Tensor | None = None
    """Which part of a face every pixel belongs to, `[h w]` uint8, ids of `faces.PARTS`; None: no face."""
    picture: Tensor | None = None
    """The footage that the map was drawn from, `[3 h w]` float32 in -1..1, where there is any."""


def id_dtype(palette: Palette) -> torch.dtype:
    """uint8 where the ids of a palette fit, else int16."""
    return torch.uint8 if palette.channels <= 256 else torch.int16


class MapStream(Protocol):
    """What label maps and drawn maps of any length have in common."""

    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def frame_rate(self) -> Fraction:
        """Frames per second."""
        ...

    @property
    def frame_count(self) -> int | None:
        """None where it can't be known before the end."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes when the content does: resumed work is checked against it."""
        ...


class LabelStream(MapStream, Protocol):
    """A label-map video of any length, read one frame at a time, as often as wanted."""

    @property
    def palette(self) -> Palette: ...

    def frames(self, start: int = 0) -> Iterator[LabelFrame]:
        """The frames from number `start` (0-based) on, one in memory at a time."""
        ...


class DrawnStream(MapStream, Protocol):
    """A video of drawn maps of any length, read one frame at a time, as often as wanted."""

    @property
    def channels(self) -> int:
        """Of every frame."""
        ...

    def frames(self, start: int = 0) -> Iterator[DrawnFrame]:
        """The frames from number `start` (0-based) on, one in memory at a time."""
        ...


AnyFrame = LabelFrame | DrawnFrame
AnyStream = LabelStream | DrawnStream


def is_drawn(stream: AnyStream) -> "TypeIs[DrawnStream]":
    """Whether a stream holds drawn maps; else it holds label maps."""
    return hasattr(stream, "channels")


@dataclass(frozen=True, eq=False)
class LabelFrames:
    """A short clip of label maps in memory: a `LabelStream` over tensors."""

    ids: Tensor
    """`[t h w]`, uint8 or int16."""
    palette: Palette
    instances: Tensor | None = None
    """`[t h w]` int32."""
    frame_rate: Fraction = Fraction(24)

    @property
    def height(self) -> int:
        return self.ids.shape[1]

    @property
    def width(self) -> int:
        return self.ids.shape[2]

    @property
    def frame_count(self) -> int:
        return self.ids.shape[0]

    @property
    def fingerprint(self) -> str:
        digest = blake2b(self.palette.to_json().encode(), digest_size=16)
        for part in (self.ids, self.instances):
            if part is not None:
                digest.update(str(list(part.shape)).encode())
                digest.update(part.to(torch.int32).cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def frames(self, start: int = 0) -> Iterator[LabelFrame]:
        for t in range(start, self.ids.shape[0]):
            yield LabelFrame(self.ids[t], None if self.instances is None else self.instances[t])
