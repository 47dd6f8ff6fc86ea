"""What decides how exemplars and drivers come to a few-shot network."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from torch import Tensor

from .drawings import Size

Layout = Literal["nvlabs", "imaginaire", "even"]
"""The published code base whose rules are followed for boxes, strokes, sizes of drawings. even: as nvlabs, but strokes
of poses don't jump when a joint is hidden; for networks that are trained anew."""


@dataclass(frozen=True)
class InputOptions:
    """The same for exemplars and drivers."""

    size: Size
    """(height, width) of what the network takes."""
    layout: Layout = "nvlabs"
    framing: Literal["whole", "fixed", "follow"] = "fixed"
    """whole: all of every picture is shown; fixed: the box around the subject of the first frame, as both published
    code bases have it; follow: a window that goes along with the subject (`models.fewshot.framing`)."""
    shape: Literal["own", "clip", "causal"] | None = None
    """own: the driver keeps its proportions; clip: it takes on the subject's, measured over the whole driver first;
    causal: the same frame by frame (faces only). None: as published, which is clip for faces of nvlabs, causal for
    those of imaginaire, own for bodies."""
    steady: Literal["off", "centred", "late"] = "off"
    """The median of five frames for every landmark of a driving face: around its frame, or as imaginaire has it, whose
    first four frames pass as they are and all others come two frames late."""
    one_box: bool = False
    """Exemplars of a face are all cut with the first one's box, which nvlabs does with frames of one clip."""
    place: bool = False
    """A driving body stands where the subject stands in the first exemplar, as large as it is there."""
    face_lines: bool = False
    """Poses are drawn with the lines of their faces: for networks that were trained without hiding them."""
    basic_points: bool = False
    """Poses are drawn without hands and feet."""

    subject: tuple[str, ...] = ()
    """Of label maps: names of the classes that the window is put around; none: the middle of every map is shown."""
    head: tuple[str, ...] = ()
    """Of these: the classes that a window that follows must not lose; none: all of the subject."""

    @property
    def aspect(self) -> float:
        """Width / height."""
        return self.size[1] / self.size[0]


class Prepared(NamedTuple):
    """Exemplars as a network takes them."""

    images: Tensor
    """`[K 3 h w]` float32, -1..1."""
    labels: Tensor
    """`[K c h w]` float32."""
