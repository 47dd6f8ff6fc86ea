"""Label streams made from another stream, frame by frame: converted, edited, resized."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from hashlib import blake2b

from .frames import LabelFrame, LabelStream
from .palette import Palette


class DerivedLabels(ABC):
    """A `LabelStream` over another: it holds one frame, and everything it doesn't change is the other's."""

    def __init__(
        self,
        stream: LabelStream,
        *,
        palette: Palette | None = None,
        height: int | None = None,
        width: int | None = None,
    ) -> None:
        self.stream = stream
        self.palette = palette or stream.palette
        self.height = height or stream.height
        self.width = width or stream.width

    @property
    def frame_rate(self) -> Fraction:
        return self.stream.frame_rate

    @property
    def frame_count(self) -> int | None:
        return self.stream.frame_count

    @property
    def fingerprint(self) -> str:
        digest = blake2b(self.stream.fingerprint.encode(), digest_size=16)
        digest.update(f"{type(self).__name__}:{self.recipe()}".encode())
        return digest.hexdigest()

    def frames(self, start: int = 0) -> Iterator[LabelFrame]:
        for number, frame in enumerate(self.stream.frames(start), start):
            yield self.change(frame, number)

    @abstractmethod
    def change(self, frame: LabelFrame, number: int) -> LabelFrame:
        """Frame `number` (0-based, counted in the stream) as it leaves here."""

    @abstractmethod
    def recipe(self) -> str:
        """Everything that determines `change`, as text: a part of the fingerprint."""
