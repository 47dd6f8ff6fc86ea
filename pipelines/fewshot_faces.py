"""Faces for few-shot networks: exemplars and a driver, out of landmarks, as drawn maps of one channel.

The driver's face may take on the proportions of the exemplars'. Memory: a few frames.
Source: NVlabs/few-shot-vid2vid at 009e23f, `data/fewshot_face_dataset.py`; NVlabs/imaginaire at c6f7484,
`utils/visualization/face.py`, `model_utils/fs_vid2vid.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import tee
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..media.keypoints import Landmarks
from ..media.pixels import to_model
from ..models.fewshot.face_shape import (
    FaceShape,
    Ratios,
    mean_shape,
    ratios,
    reshape,
    reshape_causally,
    steady,
    steady_late,
)
from ..models.fewshot.framing import follow
from ..models.fewshot.sightings import sight_face
from ..models.fewshot.stages import (
    Framed,
    face_framed,
    face_plane,
    imaginaire_face_framed,
    imaginaire_face_plane,
    imaginaire_scaled,
    whole_framed,
)
from ..models.fewshot.windows import Window, cut
from ..models.labels.faces import checked_landmarks, with_skull
from ..models.labels.frames import DrawnFrame
from .drawings import Drawing, Footage, Size, canvas_of, check_length, pictures_from, rate_of
from .fewshot_options import InputOptions, Prepared

Points = NDArray[np.float64]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class FaceExemplar:
    """A picture of the subject."""

    picture: Pixels
    """uint8 `[h w 3]`, of any size and aspect: the box around the face is scaled to the network's size."""
    landmarks: Tensor | None
    """`[68 2]` in its pixels; None: no face was found in it."""
    name: str


class FaceSubject(NamedTuple):
    """What the exemplars of a face make of it."""

    prepared: Prepared
    shape: FaceShape
    """The proportions that a driver takes on."""


def prepare_faces(exemplars: Sequence[FaceExemplar], options: InputOptions) -> FaceSubject:
    """Exemplars cut to the box around their faces, drawn and scaled; InputError for one that shows no face."""
    if not exemplars:
        raise InputError("exemplars: there are none; give at least one picture of the subject's face")
    images, labels, faces = [], [], []
    framed: Framed | None = None
    for exemplar in exemplars:
        points = _landmarks_of(exemplar)
        if framed is None or not options.one_box:
            framed = _framed(points, exemplar.picture.shape[:2], options)
        on_stage = _on_stage(points, framed.window, framed, options)
        images.append(_shown(exemplar.picture, framed.window, framed, options))
        labels.append(_drawn(on_stage, framed, options))
        faces.append(on_stage)
    width = np.ptp(faces[0][:, 0])
    alike = (points if options.one_box else points * (width / np.ptp(points[:, 0])) for points in faces)
    return FaceSubject(Prepared(torch.stack(images), torch.stack(labels)), mean_shape(alike))


class FaceDriver(Drawing):
    """A face's drawn maps, frame by frame, as `Drawing` has them; `picture` is the footage in the same window."""

    channels = 1

    def __init__(
        self,
        landmarks: Landmarks,
        options: InputOptions,
        *,
        subject: FaceShape | None = None,
        canvas: Size | None = None,
        footage: Footage | None = None,
        frame_rate: Fraction | None = None,
    ) -> None:
        """subject: the proportions to take on (`prepare_faces`); None: the driver's own;
        canvas: size of the pictures that the landmarks were found in (None: the footage's); frame_rate: None: the
        footage's, else 24.
        """
        self._landmarks, self._options, self._footage = landmarks, options, footage
        self._shape = options.shape or ("causal" if options.layout == "imaginaire" else "clip")
        self._subject = None if self._shape == "own" else subject
        self._canvas = canvas_of(landmarks.name, canvas or landmarks.size, footage)
        first = checked_landmarks(next(landmarks.frames()))
        self._framed = _framed(first, self._canvas, options)
        self.height, self.width = options.size
        self.frame_rate, self.frame_count = rate_of(frame_rate, footage), landmarks.frame_count
        check_length(landmarks.name, landmarks.frame_count, footage)
        if self._subject is not None and self._shape == "clip" and landmarks.frame_count is None:
            raise InputError(
                f"{landmarks.name}: has no end, so its proportions can't be measured first; let them follow frame by "
                "frame, or limit its frames"
            )

    def recipe(self) -> str:
        subject = "" if self._subject is None else [part.tolist() for part in self._subject[:2]]
        pictures = "" if self._footage is None else self._footage.fingerprint
        return f"{self._landmarks.fingerprint} {self._canvas} {self._options} {subject} {pictures}"

    def windows(self) -> Iterator[Window]:
        """What of each picture is shown, for pasting back (`models.fewshot.windows.paste`)."""
        return (window for window, _ in self._shaped())

    def frames(self, start: int = 0) -> Iterator[DrawnFrame]:
        pictures = pictures_from(self._footage, start)
        for number, (window, points) in enumerate(self._shaped()):
            if number >= start:
                picture = next(pictures)
                shown = None if picture is None else _shown(picture, window, self._framed, self._options)
                yield DrawnFrame(_drawn(points, self._framed, self._options), None, shown)

    def _shaped(self) -> Iterator[tuple[Window, Points]]:
        """The window of every frame, and the points that are drawn."""
        windows, points = tee(self._seen())
        faces: Iterator[Points] = (face for _, face in points)
        if self._subject is not None and self._shape == "causal":
            faces = reshape_causally(faces, self._subject)
        elif self._subject is not None:
            by = self._ratios
            faces = (reshape(face, by) for face in faces)
        if self._options.steady != "off":
            faces = steady(faces) if self._options.steady == "centred" else steady_late(faces)
        return zip((window for window, _ in windows), faces, strict=False)

    @cached_property
    def _ratios(self) -> Ratios:
        """Of the whole clip: one pass over the landmarks."""
        assert self._subject is not None, "asked for where there is one"
        return ratios(self._subject, mean_shape(points for _, points in self._seen()))

    def _seen(self) -> Iterator[tuple[Window, Points]]:
        """The window of every frame, and its points on the stage."""
        every = map(checked_landmarks, self._landmarks.frames())
        if self._options.framing != "follow":
            for points in every:
                yield self._framed.window, self._place(points, self._framed.window)
            return
        ahead, faces = tee(every)
        canvas = self._canvas if self._options.layout == "imaginaire" else None
        windows = follow(self._framed.window, map(sight_face, ahead), canvas=canvas)
        for window, points in zip(windows, faces, strict=False):
            yield window, self._place(points, window)

    def _place(self, points: Points, window: Window) -> Points:
        return _on_stage(points, window, self._framed, self._options)


def _landmarks_of(exemplar: FaceExemplar) -> Points:
    if exemplar.landmarks is None:
        raise InputError(
            f"{exemplar.name}: shows no whole face; give a picture of the subject's face, or its landmarks"
        )
    try:
        points = checked_landmarks(exemplar.landmarks)
    except InputError as error:
        raise InputError(f"{exemplar.name}: {error}") from error
    height, width = exemplar.picture.shape[:2]
    x, y = points.mean(0)
    if not (0 <= x <= width and 0 <= y <= height):
        raise InputError(
            f"{exemplar.name}: the landmarks lie outside of the picture, which is {width}x{height}; give those that "
            "were found in it"
        )
    return points


def _framed(points: Points, canvas: Size, options: InputOptions) -> Framed:
    if options.framing == "whole":
        return whole_framed((canvas[0], canvas[1]))
    if options.layout == "imaginaire":
        return imaginaire_face_framed(points, canvas, aspect=options.aspect)
    return face_framed(points, options.aspect)


def _on_stage(points: Points, window: Window, framed: Framed, options: InputOptions) -> Points:
    """Where landmarks are on the stage, `[68 2]`; nvlabs adds the skull there, `[83 2]`."""
    there = window.onto(points, framed.stage.box)
    return there if options.layout == "imaginaire" else with_skull(there)


def _drawn(points: Points, framed: Framed, options: InputOptions) -> Tensor:
    plane = imaginaire_face_plane if options.layout == "imaginaire" else face_plane
    return plane(points, framed.stage, options.size)


def _shown(picture: Pixels, window: Window, framed: Framed, options: InputOptions) -> Tensor:
    """A window of a picture as the network takes it, float32 `[3 h w]`, -1..1."""
    if options.layout != "imaginaire":
        return to_model(cut(picture, window, options.size))
    left, top, right, bottom = framed.stage.box
    box_size = (bottom - top, right - left)
    enlarged = to_model(cut(picture, window, box_size, Image.Resampling.BILINEAR))
    return imaginaire_scaled(enlarged, (0, 0, box_size[1], box_size[0]), options.size, smooth=True)
