"""What a generator is examined on: unseen clips of the world it was made for, and the simplest way to paint them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from ..errors import InputError
from ..models.vid2vid.config import GeneratorConfig
from .baselines import CLIPS, FlatColors, MeanPictures
from .clips import Batch, Clips, StreetClips
from .drawn_clips import FaceClips, PuppetClips
from .drawn_demos import DANCER_DEMO, FACE_DEMO
from .schedule import ClipShape
from .worlds.looks import LOOKS

EVALUATION_SEED = 1_000_003
"""Clips of this seed are trained on by no recipe."""

Painter = Callable[[Batch], Iterable[Tensor]]
"""A clip (without batch dimension) -> its pictures, `[1 3 h w]` in -1..1 on the CPU, one a frame."""


@dataclass(frozen=True)
class Exam:
    """A world, and what is simplest there."""

    subject: str
    """What the clips show."""
    source: Callable[[int, Callable[[int], ClipShape], int], Clips]
    """Clips by seed, shape and number of styles."""
    styles: tuple[str, ...]
    size: tuple[int, int]
    """Usual (height, width)."""
    simplest: str
    """What the simplest painter makes."""
    _simplest: Callable[[Sequence[Batch], int], Painter]
    has_reader: bool
    """There is a segmenter of this world."""

    def clips(self, size: tuple[int, int], frames: int) -> Clips:
        """Unseen clips, (height, width)."""
        return self.source(EVALUATION_SEED, partial(_same, _shape(size, frames)), len(self.styles))

    def simplest_painter(self, size: tuple[int, int]) -> Painter:
        """Learnt from other clips of this (height, width)."""
        clips = self.source(EVALUATION_SEED + 1, partial(_same, _shape(size, 1)), len(self.styles))
        return self._simplest([clips[n] for n in range(CLIPS)], len(self.styles))


STREET = Exam("street", StreetClips, LOOKS, (128, 256), "flat colours", FlatColors, True)
FACES = Exam(
    "talking faces",
    FaceClips,
    FACE_DEMO.generator.style_names,
    (128, 128),
    "mean picture",
    MeanPictures,
    False,
)
DANCERS = Exam(
    "dancers", PuppetClips, DANCER_DEMO.generator.style_names, (192, 128), "mean picture", MeanPictures, False
)
EXAMS = (STREET, FACES, DANCERS)


def exam_of(config: GeneratorConfig) -> Exam:
    """InputError for a generator that knows other labels or other styles than our worlds have."""
    if config.palette == "cityscapes" and config.style_names in ((), LOOKS):
        return STREET
    for exam in (FACES, DANCERS):
        if not config.palette and config.style_names == exam.styles:
            return exam
    styles = ", ".join(config.style_names) or "none"
    known = "; ".join(f"{exam.subject} has {', '.join(exam.styles)}" for exam in EXAMS)
    raise InputError(
        f"these weights know the labels of {config.palette or 'drawn maps'!r} and the styles {styles}, which no world "
        f"has that there is to evaluate on ({known}): choose other weights"
    )


def _same(shape: ClipShape, number: int) -> ClipShape:
    return shape


def _shape(size: tuple[int, int], frames: int) -> ClipShape:
    height, width = size
    return ClipShape(width=width, height=height, frames=frames, zooms=(1.0,))
