"""Training clips of the worlds of faces and puppets: drawn maps with the pictures that they were drawn from.

Maps are those of the published networks: 15 channels of a face (lines, distances), 6 of a pose (DensePose, OpenPose).
A style is a person: subject number n of the world, in a light of their own, so that a network with as many styles as
subjects can be told whom to paint.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..models.labels.faces import MIRRORED, draw_face
from ..models.labels.poses import draw_pose, pose_input
from .augment import choose_corner, cut, spaced, zoomed
from .clips import Batch, Clips, window_of
from .schedule import ClipShape
from .worlds.faces import FaceWorld
from .worlds.frame import FaceFrame, PuppetFrame, WorldFrame
from .worlds.puppets import PuppetWorld
from .worlds.stage_looks import STAGE_LOOKS

FIRST_FRAMES = 2000
"""Clips begin at one of the first frames of a world, which has no end."""


class DrawnClips(Clips):
    """Endless clips of a few subjects."""

    order: tuple[int, ...] | None
    """See `Clips.turned`."""

    def __init__(self, seed: int, shape_of: Callable[[int], ClipShape], styles: int) -> None:
        """styles: how many people are seen, and can be told apart by their style; 0: one, without a style."""
        super().__init__(seed, shape_of)
        self.styles = styles

    def __getitem__(self, index: int) -> Batch:
        draw, shape = self.chance(index), self.shape_of(index)
        subject, seed, start = (
            draw.randrange(max(1, self.styles)),
            draw.randrange(2**31),
            draw.randrange(FIRST_FRAMES),
        )
        look = STAGE_LOOKS[subject % len(STAGE_LOOKS)]
        view, step = self.chance(index, "view"), self.step(index)
        small = shape.height, shape.width
        size = zoomed(small, view.choice(shape.zooms))
        large, corner = replace(shape, height=size[0], width=size[1]), choose_corner(view, size, small)
        times = range(start, start + (shape.frames - 1) * step + 1)
        frames = list(spaced((self._frame(seed, look, large, subject, t) for t in times), step))
        if size != small:
            frames = [cut(frame, corner, small) for frame in frames]
        clip = {key: torch.stack([frame[key] for frame in frames]) for key in frames[0]}
        clip["style"] = torch.eye(self.styles)[subject : subject + 1].flatten()
        return self.turned(index, clip, self.order)

    def _frame(self, seed: int, look: str, shape: ClipShape, subject: int, t: int) -> Batch:
        frame = self.render(seed, look, shape, subject, t)
        seen = window_of(frame, np.s_[..., : shape.height, : shape.width])
        return {key: seen[key] for key in ("pictures", "flow", "visible")} | {"drawn": self.map_of(frame)}

    @abstractmethod
    def render(self, seed: int, look: str, shape: ClipShape, subject: int, t: int) -> WorldFrame:
        """A frame of the world."""

    @abstractmethod
    def map_of(self, frame: WorldFrame) -> Tensor:
        """What the network is given: float `[c h w]`."""


class FaceClips(DrawnClips):
    """Talking heads as sketches."""

    order = MIRRORED

    def render(self, seed: int, look: str, shape: ClipShape, subject: int, t: int) -> FaceFrame:
        return FaceWorld(seed, look, shape.width, shape.height, subject=subject).render(t)

    def map_of(self, frame: WorldFrame) -> Tensor:
        return sketch_of(frame)


class PuppetClips(DrawnClips):
    """Dancers as poses."""

    order = None

    def render(self, seed: int, look: str, shape: ClipShape, subject: int, t: int) -> PuppetFrame:
        return PuppetWorld(seed, look, shape.width, shape.height, subject=subject).render(t)

    def map_of(self, frame: WorldFrame) -> Tensor:
        return pose_of(frame)


def sketch_of(frame: WorldFrame) -> Tensor:
    """A face as lines and distances, float `[15 h w]`."""
    assert isinstance(frame, FaceFrame), "of a world of faces"
    height, width = frame.ids.shape
    return draw_face(torch.from_numpy(frame.landmarks), height, width, distance_maps=True)


def pose_of(frame: WorldFrame) -> Tensor:
    """A dancer as DensePose and OpenPose, float `[6 h w]`."""
    assert isinstance(frame, PuppetFrame), "of a world of puppets"
    height, width = frame.ids.shape
    surface = (frame.surface * 255).round().astype(np.uint8)
    densepose = torch.from_numpy(np.concatenate([surface, frame.ids[None]]))
    return pose_input(densepose, draw_pose(frame.people, height, width))
