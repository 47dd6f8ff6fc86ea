"""Streams of drawn maps: faces out of landmarks, poses out of keypoints and DensePose, edges out of footage.

Everything is drawn at the size of the footage, then cut and scaled as the published networks' loader does it.
Source: NVIDIA/vid2vid at 2e6d137, `data/face_dataset.py`, `data/pose_dataset.py`. Memory: one frame.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from hashlib import blake2b
from itertools import repeat
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.codecs import codec_for
from ..media.keypoints import Landmarks, Poses
from ..media.pixels import to_model
from ..models.labels.drawn import fit_planes, show_drawn
from ..models.labels.edges import canny, gray
from ..models.labels.face_proportions import with_other_proportions
from ..models.labels.faces import CHANNELS, Box, face_box, sketch_face
from ..models.labels.frames import DrawnFrame, DrawnStream
from ..models.labels.people import PosedFrame
from ..models.labels.poses import (
    DENSEPOSE_HEAD,
    DENSEPOSE_PARTS,
    central_columns,
    draw_pose,
    hide_heads,
    pose_input,
    without_parts,
)
from ..models.labels.resize import to_multiple
from ..progress import Progress, silent
from .clips import write_clip

Size = tuple[int, int]
"""(height, width)."""
Pictures = Iterator[NDArray[np.uint8] | None]

MULTIPLE = 32
"""Sizes that nobody chose become multiples of this."""
FACE_SIDE = 512
"""Height and width of drawn faces that nobody chose: the published face network's."""


@dataclass(frozen=True)
class Footage:
    """Pictures that keypoints belong to."""

    clip: FrameReader
    fingerprint: str
    """Changes when the pictures do."""

    @property
    def size(self) -> Size:
        return self.clip.info.height, self.clip.info.width


class Drawing(ABC):
    """A `DrawnStream`: what is drawn, at which size, from which files."""

    channels: int
    height: int
    width: int
    frame_rate: Fraction
    frame_count: int | None

    @abstractmethod
    def frames(self, start: int = 0) -> Iterator[DrawnFrame]:
        """The frames from number `start` (0-based) on, one in memory at a time."""

    @abstractmethod
    def recipe(self) -> str:
        """Everything that determines the frames, as text."""

    @property
    def fingerprint(self) -> str:
        facts = f"{type(self).__name__} {self.width}x{self.height} {self.frame_rate} {self.recipe()}"
        return blake2b(facts.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class FaceStyle:
    """How faces are drawn."""

    distance_maps: bool = True
    """15 channels with the distance to each curve, as the published network takes them; else one."""
    background_edges: bool = True
    """Edges of the footage around the face, where there is footage."""
    other_proportions: bool = False
    """Another face out of the same landmarks: see `face_proportions`."""


class FaceDrawing(Drawing):
    """Faces out of landmarks, cut to the square around the first frame's face."""

    def __init__(
        self,
        landmarks: Landmarks,
        *,
        canvas: Size | None = None,
        footage: Footage | None = None,
        size: Size | None = None,
        style: FaceStyle | None = None,
        frame_rate: Fraction | None = None,
        whole: bool = False,
    ) -> None:
        """canvas: size of the pictures that the landmarks were found in (None: the footage's);
        size: of the drawn maps (None: 512x512); frame_rate: None: the footage's, else 24; whole: no square is cut out.
        """
        self._landmarks, self._footage, self._style = landmarks, footage, style or FaceStyle()
        self._canvas = canvas_of(landmarks.name, canvas or landmarks.size, footage)
        everything = (0, 0, self._canvas[1], self._canvas[0])
        self._box: Box = everything if whole else face_box(next(landmarks.frames()), *self._canvas)
        self.height, self.width = size or (FACE_SIDE, FACE_SIDE)
        self.channels = CHANNELS if self._style.distance_maps else 1
        self.landmarks = landmarks
        """What is drawn."""
        self.canvas, self.footage = self._canvas, footage
        """(height, width) of the pictures that they were found in, and those pictures."""
        self.frame_rate = rate_of(frame_rate, footage)
        self.frame_count = landmarks.frame_count
        check_length(landmarks.name, landmarks.frame_count, footage)

    def recipe(self) -> str:
        pictures = "" if self._footage is None else self._footage.fingerprint
        return f"{self._landmarks.fingerprint} {self._canvas} {self._box} {asdict(self._style)} {pictures}"

    def frames(self, start: int = 0) -> Iterator[DrawnFrame]:
        pictures = pictures_from(self._footage, start)
        for landmarks, picture in zip(self._landmarks.frames(start), pictures, strict=False):
            yield self._draw(landmarks, picture)

    def _draw(self, landmarks: Tensor, picture: NDArray[np.uint8] | None) -> DrawnFrame:
        edges = None
        if picture is not None and self._style.background_edges:
            edges = torch.from_numpy(canny(gray(picture)))
        sketch = sketch_face(
            landmarks,
            *self._canvas,
            background_edges=edges,
            distance_maps=self._style.distance_maps,
            reshape=with_other_proportions if self._style.other_proportions else None,
            box=self._box,
        )
        lines = fit_planes(sketch.channels, self._box, self.height, self.width, smooth=True)
        parts = fit_planes(sketch.parts[None], self._box, self.height, self.width, smooth=False)[0]
        return DrawnFrame(lines.float() / 255, parts, scaled(picture, self._box, self.height, self.width))


@dataclass(frozen=True)
class PoseStyle:
    """How poses are drawn."""

    basic_points: bool = False
    """Trunk, arms and legs only."""
    hide_face: bool = False
    """Move the points of the head a little at random and take the head out of DensePose, as networks trained with
    --remove_face_labels saw them."""
    central_half: bool = False
    """Keep only the middle half of the width, as the published layout does with footage of one dancer."""


class PoseDrawing(Drawing):
    """Poses out of keypoints, DensePose pictures, or both: DensePose's three channels come first."""

    def __init__(
        self,
        poses: Poses | None,
        *,
        densepose: Footage | None = None,
        canvas: Size | None = None,
        footage: Footage | None = None,
        size: Size | None = None,
        style: PoseStyle | None = None,
        frame_rate: Fraction | None = None,
    ) -> None:
        """canvas: size of the pictures that the keypoints were found in (None: what the files say, DensePose's or the
        footage's); size: of the drawn maps, before the central half is cut out (None: the canvas, in multiples of 32).
        """
        if poses is None and densepose is None:
            raise InputError("a pose needs keypoints, DensePose pictures, or both")
        self._poses, self._densepose, self._footage = poses, densepose, footage
        self._style = style or PoseStyle()
        said = None if poses is None else next(poses.frames()).size
        name = "poses" if poses is None else poses.name
        self._canvas = canvas_of(name, canvas or (None if densepose else said), densepose or footage)
        self.height, self._full_width = size or (
            to_multiple(self._canvas[0], MULTIPLE),
            to_multiple(self._canvas[1], MULTIPLE),
        )
        self._columns = central_columns(self._full_width) if self._style.central_half else slice(None)
        self.width = len(range(self._full_width)[self._columns])
        self.channels = 3 * ((poses is not None) + (densepose is not None))
        self.poses, self.densepose = poses, densepose
        """What is drawn."""
        self.canvas, self.footage = self._canvas, footage
        """(height, width) of the pictures that they were found in, and those pictures."""
        self.frame_rate = rate_of(frame_rate, footage or densepose)
        counts = [
            c for c in (poses and poses.frame_count, densepose and densepose.clip.info.frame_count) if c
        ]
        self.frame_count = counts[0] if counts else None
        check_length(name, self.frame_count, densepose)
        check_length(name, self.frame_count, footage)

    def recipe(self) -> str:
        parts = [part.fingerprint if part else "" for part in (self._poses, self._densepose, self._footage)]
        return f"{parts} {self._canvas} {asdict(self._style)}"

    def frames(self, start: int = 0) -> Iterator[DrawnFrame]:
        people: Iterator[PosedFrame | None] = (
            repeat(None) if self._poses is None else self._poses.frames(start)
        )
        densepose = pictures_from(self._densepose, start)
        pictures = pictures_from(self._footage, start)
        for number, (posed, parts, picture) in enumerate(
            zip(people, densepose, pictures, strict=False), start
        ):
            yield self._draw(number, posed, parts, picture)

    def _draw(
        self,
        number: int,
        posed: PosedFrame | None,
        parts: NDArray[np.uint8] | None,
        picture: NDArray[np.uint8] | None,
    ) -> DrawnFrame:
        box = (0, 0, self._canvas[1], self._canvas[0])
        planes = None if parts is None else self._surface(parts, number)
        drawing = None if posed is None else self._people(posed, number)
        both = [
            None if p is None else fit_planes(p, box, self.height, self._full_width, smooth=False)
            for p in (planes, drawing)
        ]
        shown = scaled(picture, box, self.height, self._full_width)
        channels = pose_input(*both)[:, :, self._columns].contiguous()
        return DrawnFrame(channels, None, None if shown is None else shown[:, :, self._columns].contiguous())

    def _people(self, posed: PosedFrame, number: int) -> Tensor:
        people = list(posed.people)
        if posed.size is not None and posed.size != self._canvas:
            scale = self._canvas[1] / posed.size[1], self._canvas[0] / posed.size[0]
            people = [person.moved(scale) for person in people]
        if self._style.hide_face:
            people = hide_heads(people, torch.Generator().manual_seed(number))
        return draw_pose(people, *self._canvas, basic_points=self._style.basic_points)

    def _surface(self, parts: NDArray[np.uint8], number: int) -> Tensor:
        """DensePose as planes, uint8 `[3 h w]`."""
        if int(parts[..., 2].max()) > DENSEPOSE_PARTS:
            raise InputError(
                f"DensePose frame {number}: its third channel must hold parts 0 to {DENSEPOSE_PARTS}, not "
                f"{int(parts[..., 2].max())}; give IUV pictures without loss (PNG or FFV1), not coloured ones"
            )
        planes = torch.from_numpy(np.ascontiguousarray(parts)).permute(2, 0, 1).contiguous()
        return without_parts(planes, DENSEPOSE_HEAD) if self._style.hide_face else planes


class EdgeDrawing(Drawing):
    """The edges of footage: one channel of lines, 0 or 1."""

    channels = 1

    def __init__(self, footage: Footage, *, size: Size | None = None) -> None:
        """size: of the drawn maps; the footage is scaled to it first (None: the footage's, in multiples of 32)."""
        self._footage = footage
        self.height, self.width = size or (
            to_multiple(footage.size[0], MULTIPLE),
            to_multiple(footage.size[1], MULTIPLE),
        )
        self.frame_rate, self.frame_count = rate_of(None, footage), footage.clip.info.frame_count

    def recipe(self) -> str:
        return self._footage.fingerprint

    def frames(self, start: int = 0) -> Iterator[DrawnFrame]:
        for frame in self._footage.clip.frames(start):
            picture = np.array(
                Image.fromarray(frame.pixels).resize((self.width, self.height), Image.Resampling.BICUBIC)
            )
            edges = torch.from_numpy(canny(gray(picture)))
            yield DrawnFrame(edges.float()[None], None, to_model(picture))


def write_drawing(drawing: DrawnStream, out: Path, progress: Progress = silent) -> None:
    """Drawn maps as people see them, as a video or (no ending) a folder of pictures."""
    write_clip(
        map(show_drawn, drawing.frames()),
        out,
        size=(drawing.height, drawing.width),
        frame_rate=drawing.frame_rate,
        total=drawing.frame_count,
        codec=codec_for(out),
        progress=progress,
    )


def canvas_of(name: str, canvas: Size | None, footage: Footage | None) -> Size:
    """The size that keypoints are measured in: what is said, else the footage's; InputError if they differ or lack."""
    if footage is not None:
        if canvas is not None and canvas != footage.size:
            raise InputError(
                f"{name}: belongs to pictures of {canvas[1]}x{canvas[0]}, but the footage is {footage.size[1]}x"
                f"{footage.size[0]}; give the footage that the keypoints were found in"
            )
        return footage.size
    if canvas is None:
        raise InputError(
            f"{name}: nothing says how large the pictures were that the keypoints were found in; give the footage or "
            "the size of the canvas"
        )
    return canvas


def check_length(name: str, count: int | None, footage: Footage | None) -> None:
    """InputError for footage that doesn't pair up with keypoints."""
    pictures = None if footage is None else footage.clip.info.frame_count
    if None not in (pictures, count) and pictures != count:
        raise InputError(
            f"{name}: {count} frames of keypoints, but {pictures} pictures; there must be one for each"
        )


def rate_of(frame_rate: Fraction | None, footage: Footage | None) -> Fraction:
    """Frames per second: what is asked for, else the footage's, else 24."""
    return frame_rate or (Fraction(24) if footage is None else footage.clip.info.frame_rate)


def pictures_from(footage: Footage | None, start: int) -> Pictures:
    """The footage's frames from `start` on; None for ever without footage."""
    return repeat(None) if footage is None else (frame.pixels for frame in footage.clip.frames(start))


def scaled(picture: NDArray[np.uint8] | None, box: Box, height: int, width: int) -> Tensor | None:
    """The part of a picture inside `box`, bicubic: float `[3 height width]`, -1..1."""
    if picture is None:
        return None
    inside = Image.fromarray(picture).crop(box)
    return to_model(np.array(inside.resize((width, height), Image.Resampling.BICUBIC)))
