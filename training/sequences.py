"""Training clips from footage: random moments of a few sequences, at the size of a stage."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_file, to_model
from ..media.reader import open_frames
from ..models.flow.estimators import unknown_flow
from ..models.flow.field import Flow
from ..models.labels.frames import DrawnStream, LabelFrame, LabelStream
from ..models.labels.palette import Palette
from ..models.labels.resize import ResizedLabels
from .cache import ArrayCache
from .clips import Batch, Clips
from .flow_teachers import FlowTeacher, kept_flow
from .recipe import ClipShape


class Moment(NamedTuple):
    """One frame of a sequence, at the size of a stage."""

    picture: NDArray[np.uint8]
    """`[h w 3]` RGB."""
    labels: Batch
    """What the network is given: ids and instances `[h w]`, or drawn `[c h w]`."""


class FootageSequence(Protocol):
    """Footage of any length with what the network is given for every frame."""

    @property
    def name(self) -> str:
        """For messages: the file or folder of the pictures."""
        ...

    @property
    def frames(self) -> int: ...
    @property
    def state(self) -> str:
        """Changes when the pictures do."""
        ...

    def moments(self, start: int, height: int, width: int) -> Iterator[Moment]:
        """From frame `start` on, one in memory at a time."""
        ...


@dataclass(frozen=True, eq=False)
class LabelledSequence:
    """Pictures with label maps."""

    labels: LabelStream
    pictures: Path
    """A folder of pictures or a video, of their own size."""
    frames: int
    state: str

    @property
    def name(self) -> str:
        return str(self.pictures)

    def moments(self, start: int, height: int, width: int) -> Iterator[Moment]:
        labels = ResizedLabels(self.labels, height, width)
        with open_frames(self.pictures) as reader:
            for frame, shown in zip(labels.frames(start), reader.frames(start), strict=False):
                small = Image.fromarray(shown.pixels).resize((width, height), Image.Resampling.BICUBIC)
                ids = {"ids": frame.ids, "instances": _instances(frame, labels.palette)}
                yield Moment(np.array(small), ids)


@dataclass(frozen=True, eq=False)
class DrawnSequence:
    """Pictures with maps that are drawn at the size of each stage: faces, poses, edges."""

    name: str
    draw: Callable[[int, int], DrawnStream]
    """At (height, width); its frames bring their pictures."""
    frames: int
    state: str

    def moments(self, start: int, height: int, width: int) -> Iterator[Moment]:
        for frame in self.draw(height, width).frames(start):
            if frame.picture is None:
                raise InputError(f"{self.name}: a drawn map without its picture can't be trained on")
            yield Moment(to_file(frame.picture), {"drawn": frame.channels.float()})


class FootageClips(Clips):
    """Random moments of sequences. There is one style, the first. One clip is in memory at a time."""

    def __init__(
        self,
        sequences: Sequence[FootageSequence],
        shape_of: Callable[[int], ClipShape],
        styles: int,
        seed: int,
        teacher: FlowTeacher,
        cache: ArrayCache | None = None,
    ) -> None:
        """styles: how many the network knows; seed: of the choice of moments; cache: of flow (None: none is kept)."""
        super().__init__(seed, shape_of)
        self.sequences, self.styles, self.teacher, self.cache = sequences, styles, teacher, cache
        self.longest = max(sequence.frames for sequence in sequences)
        self.in_process = teacher.on_device

    def __getitem__(self, index: int) -> Batch:
        draw, shape = self.chance(index), self.shape_of(index)
        sequence = draw.choice([s for s in self.sequences if s.frames >= shape.frames])
        start = draw.randint(0, sequence.frames - shape.frames)
        moments = list(islice(sequence.moments(start, shape.height, shape.width), shape.frames))
        if len(moments) < shape.frames:
            raise InputError(
                f"{sequence.name}: frames {start} to {start + shape.frames - 1} can't all be read; it ends before"
            )
        flows = list(self._flows(sequence, start, [moment.picture for moment in moments]))
        labels = {
            name: torch.stack([moment.labels[name] for moment in moments]) for name in moments[0].labels
        }
        return labels | {
            "pictures": torch.stack([to_model(moment.picture) for moment in moments]),
            "flow": torch.cat([flow.displacement for flow in flows]),
            "visible": torch.cat([1 - flow.occlusion for flow in flows]),
            "style": torch.eye(self.styles)[:1].flatten(),  # [1, 0, 0 ...], or nothing
        }

    def _flows(
        self, sequence: FootageSequence, start: int, pictures: list[NDArray[np.uint8]]
    ) -> Iterator[Flow]:
        yield unknown_flow(*pictures[0].shape[:2])
        for n in range(1, len(pictures)):
            key = f"{sequence.state} {start + n}"
            yield kept_flow(self.teacher, self.cache, key, pictures[n], pictures[n - 1])


def _instances(frame: LabelFrame, palette: Palette) -> Tensor:
    """Without an instance map the outlines of things stand in for it, as in `Vid2VidGenerator.encode`."""
    if frame.instances is not None:
        return frame.instances
    things = torch.tensor([c.id for c in palette.classes if c.thing], dtype=frame.ids.dtype)
    return torch.where(torch.isin(frame.ids, things), frame.ids, 0).to(torch.int32)
