"""Training clips from footage with label maps: random moments of a few sequences, scaled to the size of a stage."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_model
from ..media.reader import open_frames
from ..models.flow.estimators import unknown_flow
from ..models.flow.field import Flow
from ..models.labels.frames import LabelFrame, LabelStream
from ..models.labels.palette import Palette
from ..models.labels.resize import ResizedLabels
from .cache import ArrayCache
from .clips import Batch, Clips
from .flow_teachers import FlowTeacher, kept_flow
from .recipe import ClipShape


@dataclass(frozen=True, eq=False)
class FootageSequence:
    """A clip of any length with a label map for every frame."""

    labels: LabelStream
    pictures: Path
    """A folder of pictures or a video, of their own size."""
    frames: int
    state: str
    """Changes when the pictures do."""


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

    def __getitem__(self, index: int) -> Batch:
        draw, shape = self.chance(index), self.shape_of(index)
        sequence = draw.choice([s for s in self.sequences if s.frames >= shape.frames])
        start = draw.randint(0, sequence.frames - shape.frames)
        labels = ResizedLabels(sequence.labels, shape.height, shape.width)
        frames = list(islice(labels.frames(start), shape.frames))
        pictures = list(_pictures(sequence.pictures, start, shape))
        if min(len(frames), len(pictures)) < shape.frames:
            raise InputError(
                f"{sequence.pictures}: frames {start} to {start + shape.frames - 1} can't all be read; it ends before"
            )
        flows = list(self._flows(sequence, start, pictures))
        return {
            "ids": torch.stack([frame.ids for frame in frames]),
            "instances": torch.stack([_instances(frame, labels.palette) for frame in frames]),
            "pictures": torch.stack([to_model(picture) for picture in pictures]),
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


def _pictures(path: Path, start: int, shape: ClipShape) -> Iterator[NDArray[np.uint8]]:
    """The frames of a clip that begins with frame `start`, uint8 `[h w 3]` at the training size."""
    with open_frames(path) as reader:
        for frame in islice(reader.frames(start), shape.frames):
            picture = Image.fromarray(frame.pixels)
            yield np.array(picture.resize((shape.width, shape.height), Image.Resampling.BICUBIC))


def _instances(frame: LabelFrame, palette: Palette) -> Tensor:
    """Without an instance map the outlines of things stand in for it, as in `Vid2VidGenerator.encode`."""
    if frame.instances is not None:
        return frame.instances
    things = torch.tensor([c.id for c in palette.classes if c.thing], dtype=frame.ids.dtype)
    return torch.where(torch.isin(frame.ids, things), frame.ids, 0).to(torch.int32)
