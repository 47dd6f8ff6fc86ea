"""Procedural worlds as drawn maps: the landmarks and keypoints that a world knows, drawn as those of footage are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from ..media.clip import ClipInfo, FrameReader, VideoFrame
from ..models.labels.people import PosedFrame
from ..training.worlds import open_world
from .drawings import Drawing, FaceDrawing, FaceStyle, Footage, PoseDrawing, PoseStyle, Size


def world_drawing(spec: str, size: Size | None, face: FaceStyle, pose: PoseStyle) -> Drawing:
    """The whole picture of a world, drawn; InputError for a world without landmarks or people."""
    world = open_world(spec)
    frame: Any = next(world.truth())
    footage = Footage(WorldClip(world), world.fingerprint)
    size = size or (world.height, world.width)
    if hasattr(frame, "landmarks"):
        return FaceDrawing(WorldLandmarks(world, spec), footage=footage, size=size, style=face, whole=True)
    if hasattr(frame, "people"):
        return PoseDrawing(WorldPoses(world, spec), footage=footage, size=size, style=pose)
    raise InputError(
        f"{spec}: this world has label maps only, but these weights paint drawn maps; give landmarks of a face (.txt) "
        "or poses (.json)"
    )


class WorldClip(FrameReader):
    """What a camera would see of a world, as a clip."""

    audio = None

    def __init__(self, world: Any) -> None:
        self._world = world
        self.info = ClipInfo(
            width=world.width,
            height=world.height,
            frame_rate=world.frame_rate,
            frame_count=world.frame_count,
            duration=None,
            has_audio=False,
            time_base=None,
            codec="world",
        )

    def frames(self, start: int = 0) -> Iterator[VideoFrame]:
        for number, frame in enumerate(self._world.truth(start), start):
            yield VideoFrame(frame.rgb, number / self.info.frame_rate)

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class _Known:
    """What both kinds of keypoints of a world share."""

    world: Any
    name: str
    size: Size | None = None

    @property
    def frame_count(self) -> int | None:
        count: int | None = self.world.frame_count
        return count

    @property
    def fingerprint(self) -> str:
        return str(self.world.fingerprint)


class WorldLandmarks(_Known):
    """The landmarks that a world knows, as `media.keypoints.Landmarks`."""

    def frames(self, start: int = 0) -> Iterator[Tensor]:
        return (torch.from_numpy(frame.landmarks) for frame in self.world.truth(start))


class WorldPoses(_Known):
    """The people that a world knows, as `media.keypoints.Poses`."""

    def frames(self, start: int = 0) -> Iterator[PosedFrame]:
        size = (self.world.height, self.world.width)
        return (PosedFrame(tuple(frame.people), size) for frame in self.world.truth(start))
