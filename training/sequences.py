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
from .augment import choose_corner, cut, zoomed
from .cache import ArrayCache
from .clips import Batch, Clips
from .flow_teachers import FlowTeacher, kept_flow
from .schedule import ClipShape


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

    @property
    def order(self) -> tuple[int, ...] | None:
        """See `Clips.turned`."""
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
    order: tuple[int, ...] = ()

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
    order: tuple[int, ...] | None

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
        sequence, times = self.place(index)
        clip = self.consecutive(index, sequence, times)
        clip["style"] = torch.eye(self.styles)[:1].flatten()  # [1, 0, 0 ...], or nothing
        return self.turned(index, clip, sequence.order)

    def place(self, index: int) -> tuple[FootageSequence, range]:
        """Where clip `index` is: the sequence, and the numbers of its frames there."""
        draw, shape = self.chance(index), self.shape_of(index)
        sequence = draw.choice([s for s in self.sequences if s.frames >= shape.frames])
        step = self.step(index, (sequence.frames - 1) // max(1, shape.frames - 1))
        span = (shape.frames - 1) * step + 1
        start = draw.randint(0, sequence.frames - span)
        return sequence, range(start, start + span, step)

    def consecutive(self, index: int, sequence: FootageSequence, times: range) -> Batch:
        """The frames of clip `index` with what is known of their motion; InputError where one can't be read."""
        frames = list(self._frames(index, sequence, times))
        if len(frames) < len(times):
            raise InputError(
                f"{sequence.name}: frames {times[0]} to {times[-1]} can't all be read; it ends before"
            )
        return {name: torch.stack([frame[name] for frame in frames]) for name in frames[0]}

    def _frames(self, index: int, sequence: FootageSequence, times: range) -> Iterator[Batch]:
        """The frames of clip `index` with the flow between them, cut out of larger ones where its shape says so."""
        shape, view = self.shape_of(index), self.chance(index, "view")
        small, zoom = (shape.height, shape.width), view.choice(shape.zooms)
        moments = sequence.moments(times.start, *zoomed(small, zoom))
        corner, before = None, None
        for t, moment in zip(times, islice(moments, 0, None, times.step), strict=False):
            size = moment.picture.shape[0], moment.picture.shape[1]
            corner = corner or choose_corner(view, size, small)
            flow = (
                unknown_flow(*size)
                if before is None
                else self._flow(sequence, t, times.step, moment.picture, before)
            )
            before = moment.picture
            whole = moment.labels | {
                "pictures": to_model(moment.picture),
                "flow": flow.displacement[0],
                "visible": 1 - flow.occlusion[0],
            }
            yield whole if zoom == 1 else cut(whole, corner, small)

    def _flow(
        self, sequence: FootageSequence, t: int, step: int, now: NDArray[np.uint8], before: NDArray[np.uint8]
    ) -> Flow:
        """From frame `t` to the one `step` frames before."""
        key = f"{sequence.state} {t}" if step == 1 else f"{sequence.state} {t} from {t - step}"
        return kept_flow(self.teacher, self.cache, key, now, before)


def _instances(frame: LabelFrame, palette: Palette) -> Tensor:
    """Without an instance map the outlines of things stand in for it, as in `Vid2VidGenerator.encode`."""
    if frame.instances is not None:
        return frame.instances
    things = torch.tensor([c.id for c in palette.classes if c.thing], dtype=frame.ids.dtype)
    return torch.where(torch.isin(frame.ids, things), frame.ids, 0).to(torch.int32)
