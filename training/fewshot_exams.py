"""What few-shot generators are examined on: unseen subjects, with what only the world knows about them.

Beside what `fewshot_clips.SubjectClips` lists, clips have the parts of the subject that pixels show (parts, uint8
`[t h w]`, as `identity.appearance` takes them), and the same frames as vid2vid takes them (rival_drawn, or rival_ids
and rival_instances): a network that was trained on a few other subjects is what few-shot networks are compared with.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from ..models.fewshot.config import FewShotConfig
from .clips import Batch
from .drawn_clips import pose_of, sketch_of
from .exams import EVALUATION_SEED
from .fewshot_clips import FaceSubjects, PuppetSubjects, Size, StreetSubjects, SubjectClips
from .fewshot_demos import APART
from .fewshot_recipe import DENSEPOSE_CHANNELS
from .identity import NOBODY, Appearance, Crowd, appearance, crowd_of
from .schedule import ClipShape
from .worlds.frame import WorldFrame

FIRST = 100
"""Number, among the subjects that are never trained on, of the first that is examined: earlier ones are in previews."""
OTHERS = 32
"""Subjects, other ones again, whose looks say what is usual."""
FIRST_OTHER = 10_000


class FaceExam(FaceSubjects):
    """Talking heads."""

    flow_to_exemplars = False

    def labels(self, frame: WorldFrame, corner: Size, small: Size, surface: int) -> Batch:
        own = super().labels(frame, corner, small, surface)
        return own | {"parts": _parts(frame, whole=False), "rival_drawn": sketch_of(frame)}


class PuppetExam(PuppetSubjects):
    """Dancers."""

    flow_to_exemplars = False

    def labels(self, frame: WorldFrame, corner: Size, small: Size, surface: int) -> Batch:
        own = super().labels(frame, corner, small, surface)
        return own | {"parts": _parts(frame, whole=False), "rival_drawn": pose_of(frame)}


class StreetExam(StreetSubjects):
    """Streets; everything is the subject."""

    def labels(self, frame: WorldFrame, corner: Size, small: Size, surface: int) -> Batch:
        own = super().labels(frame, corner, small, surface)
        ids, instances = (torch.from_numpy(each.copy()) for each in (frame.ids, frame.instances))
        return own | {"parts": _parts(frame, whole=True), "rival_ids": ids, "rival_instances": instances}


def _parts(frame: WorldFrame, whole: bool) -> Tensor:
    """whole: the background belongs to the subject."""
    parts = torch.from_numpy(frame.ids.copy())
    return parts if whole else parts.masked_fill(parts == 0, NOBODY)


@dataclass(frozen=True)
class FewShotExam:
    """A world, and the network that knows a few of its subjects."""

    subject: str
    size: Size
    """Usual (height, width)."""
    rival: str
    """Name of the preset."""
    parts: int
    """How many there are."""
    _clips: Callable[..., SubjectClips[Any]]

    def clips(self, config: FewShotConfig, size: Size, frames: int, exemplars: int) -> SubjectClips[Any]:
        """Clips that all have so many frames and exemplars; those whose numbers `unseen` gives show unseen subjects."""
        more: dict[str, object] = {"palette": config.palette} if config.palette else {}
        if config.kind == "pose":
            more["with_densepose"] = config.label_channels == DENSEPOSE_CHANNELS
        shape = ClipShape(width=size[1], height=size[0], frames=frames, zooms=(1.0,))
        return self._clips(
            EVALUATION_SEED, partial(_same, shape), partial(_same, (exemplars, exemplars)), 1, APART, **more
        )

    def crowd(self, config: FewShotConfig, size: Size) -> Crowd:
        """What parts look like in subjects that aren't examined; draws `OTHERS` pictures."""
        clips = self.clips(config, size, 1, 1)
        return crowd_of(self.look(clips[number]) for number in unseen(OTHERS, FIRST_OTHER))

    def look(self, clip: Batch) -> Appearance:
        """Of a clip's first true frame."""
        return appearance(clip["pictures"][0], clip["parts"][0], self.parts)


def unseen(count: int, first: int = FIRST) -> Iterator[int]:
    """Numbers of clips of so many subjects that are never trained on, each another one."""
    return iter(range(-1 - first, -1 - first - count, -1))


def _same(value: Any, number: int) -> Any:
    return value


FACES = FewShotExam("talking faces", (128, 128), "face", 19, FaceExam)
DANCERS = FewShotExam("dancers", (192, 128), "dancer", 25, PuppetExam)
STREETS = FewShotExam("streets", (128, 256), "street", 34, StreetExam)


def fewshot_exam_of(config: FewShotConfig) -> FewShotExam:
    """InputError for a generator of something that no world shows."""
    if config.palette:
        return STREETS
    for kind, channels, exam in (("face", (1,), FACES), ("pose", (3, DENSEPOSE_CHANNELS), DANCERS)):
        if config.kind == kind and config.label_channels in channels:
            return exam
    raise InputError(
        f"these weights paint {config.kind!r} from {config.label_channels} channels, which no world shows: choose "
        "weights of faces, poses or streets"
    )
