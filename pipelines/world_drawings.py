"""Procedural worlds as drawn maps: the landmarks, keypoints and body parts that a world knows, drawn whole.

They are what `training.drawn_clips` trains networks on: faces without the edges of their background.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.clip import ClipInfo, FrameReader, VideoFrame
from ..models.labels.people import PosedFrame
from ..training.worlds import WorldStream, open_world
from ..training.worlds.frame import FaceFrame, PuppetFrame, WorldFrame
from .drawings import Drawing, FaceDrawing, FaceStyle, Footage, PoseDrawing, PoseStyle, Size


def world_drawing(
    spec: str, size: Size | None, face: FaceStyle, pose: PoseStyle, channels: int | None = None
) -> Drawing:
    """The whole picture of a world, drawn; InputError for a world without faces or people.

    channels: what the network takes; 3: people without DensePose.
    """
    world = open_world(spec)
    frame = next(world.truth())
    footage = Footage(WorldClip(world), world.fingerprint)
    size = size or (world.height, world.width)
    if isinstance(frame, FaceFrame):
        plain = replace(face, background_edges=False)
        return FaceDrawing(WorldLandmarks(world, spec), footage=footage, size=size, style=plain, whole=True)
    if isinstance(frame, PuppetFrame):
        surface = None if channels == 3 else Footage(SurfaceClip(world), world.fingerprint)
        return PoseDrawing(WorldPoses(world, spec), densepose=surface, footage=footage, size=size, style=pose)
    raise InputError(
        f"{spec}: this world has label maps only, but these weights paint drawn maps; give landmarks of a face (.txt) "
        "or poses (.json)"
    )


class WorldClip(FrameReader):
    """What a camera would see of a world, as a clip."""

    audio = None

    def __init__(self, world: WorldStream) -> None:
        self.world = world
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
        for number, frame in enumerate(self.world.truth(start), start):
            yield VideoFrame(self.picture(frame), number / self.info.frame_rate)

    def picture(self, frame: WorldFrame) -> NDArray[np.uint8]:
        """What is shown of a frame: uint8 `[h w 3]`."""
        return frame.rgb

    def close(self) -> None:
        """Nothing is open."""


class SurfaceClip(WorldClip):
    """The surface of a world's people as DensePose shows it: u, v, part."""

    def picture(self, frame: WorldFrame) -> NDArray[np.uint8]:
        assert isinstance(frame, PuppetFrame), "of a world of puppets"
        surface = (frame.surface * 255).round().astype(np.uint8)
        return np.stack([*surface, frame.ids], -1)


@dataclass(frozen=True)
class _Known:
    """What both kinds of keypoints of a world share."""

    world: WorldStream
    name: str
    size: Size | None = None

    @property
    def frame_count(self) -> int | None:
        return self.world.frame_count

    @property
    def fingerprint(self) -> str:
        return self.world.fingerprint


class WorldLandmarks(_Known):
    """The landmarks that a world knows, as `media.keypoints.Landmarks`."""

    def frames(self, start: int = 0) -> Iterator[Tensor]:
        for frame in self.world.truth(start):
            assert isinstance(frame, FaceFrame), "of a world of faces"
            yield torch.from_numpy(frame.landmarks)


class WorldPoses(_Known):
    """The people that a world knows, as `media.keypoints.Poses`."""

    def frames(self, start: int = 0) -> Iterator[PosedFrame]:
        for frame in self.world.truth(start):
            assert isinstance(frame, PuppetFrame), "of a world of puppets"
            yield PosedFrame(frame.people, (self.world.height, self.world.width))
