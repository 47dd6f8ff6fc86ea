"""Bodies for few-shot networks: exemplars and a driver, out of keypoints and DensePose pictures, as drawn maps.

One person is followed through the driver, and may take on the proportions of the exemplars'. Memory: a few frames.
Source: NVlabs/few-shot-vid2vid at 009e23f, `data/fewshot_pose_dataset.py`; NVlabs/imaginaire at c6f7484,
`utils/visualization/pose.py`, `model_utils/fs_vid2vid.py`.
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
from ..media.keypoints import Poses
from ..media.pixels import to_model
from ..models.fewshot.body_shape import (
    BodyRatios,
    BodyShape,
    body_ratios,
    body_shape,
    exemplar_shape,
    reshape_body,
)
from ..models.fewshot.boxes import body_box, mapped_body_box
from ..models.fewshot.framing import follow
from ..models.fewshot.person_track import track_person
from ..models.fewshot.sightings import sight_body
from ..models.fewshot.stages import Framed, Stage, whole_framed
from ..models.fewshot.windows import Window, cut, window_of
from ..models.labels.drawn import fit_planes
from ..models.labels.frames import DrawnFrame
from ..models.labels.people import Person, PosedFrame
from ..models.labels.pose_lines import EVEN, FEWSHOT, IMAGINAIRE, seen_body
from ..models.labels.poses import DENSEPOSE_PARTS, checked_person, draw_pose, pose_input
from .drawings import Drawing, Footage, Pictures, Size, canvas_of, check_length, pictures_from, rate_of
from .fewshot_options import InputOptions, Prepared

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class PoseExemplar:
    """A picture of the subject."""

    picture: Pixels
    """uint8 `[h w 3]`, of any size and aspect: the box around the body is scaled to the network's size."""
    posed: PosedFrame
    """Everyone in it; the tallest is the subject."""
    densepose: Pixels | None
    """IUV picture uint8 `[h w 3]` of the same size, for networks that take DensePose."""
    name: str


class PoseSubject(NamedTuple):
    """What the exemplars of a body make of it."""

    prepared: Prepared
    shape: BodyShape
    """The proportions that a driver takes on, and where the first exemplar stands."""
    framed: Framed
    """Of the first exemplar."""


def prepare_poses(exemplars: Sequence[PoseExemplar], options: InputOptions) -> PoseSubject:
    """Exemplars cut to the boxes around their bodies, drawn and scaled; InputError for one that shows no body."""
    if not exemplars:
        raise InputError("exemplars: there are none; give at least one picture of the subject's body")
    images, labels, people, frames = [], [], [], []
    for exemplar in exemplars:
        canvas = (exemplar.picture.shape[0], exemplar.picture.shape[1])
        person = next(track_person([_people_on(exemplar.posed, canvas)]), None)
        if person is None:
            raise InputError(
                f"{exemplar.name}: shows no body from the shoulders to the hips; give a picture that does, with its "
                "keypoints"
            )
        seen = sight_body(person)
        if seen is None or not (0 <= seen.x <= canvas[1] and 0 <= seen.y <= canvas[0]):
            raise InputError(
                f"{exemplar.name}: the keypoints lie outside of the picture, which is {canvas[1]}x{canvas[0]}; give "
                "those that were found in it"
            )
        if exemplar.densepose is not None and exemplar.densepose.shape[:2] != canvas:
            height, width = exemplar.densepose.shape[:2]
            raise InputError(
                f"{exemplar.name}: its DensePose picture is {width}x{height}, but the picture {canvas[1]}x{canvas[0]}; "
                "both must be of one size"
            )
        framed = _framed(person, exemplar.densepose, canvas, options)
        images.append(to_model(cut(exemplar.picture, framed.window, options.size)))
        labels.append(_planes(person, exemplar.densepose, framed.window, framed, options, exemplar.name))
        people.append(person)
        frames.append(framed)
    if len({len(planes) for planes in labels}) > 1:
        raise InputError("exemplars: some have DensePose pictures and some have none; give all or none")
    shape = exemplar_shape(people, exemplars[0].name)
    return PoseSubject(Prepared(torch.stack(images), torch.stack(labels)), shape, frames[0])


class PoseDriver(Drawing):
    """A body's drawn maps, frame by frame, as `Drawing` has them; `picture` is the footage in the same window.

    There is no picture for a body that was moved to the subject's place.
    """

    def __init__(
        self,
        poses: Poses,
        options: InputOptions,
        *,
        subject: PoseSubject | None = None,
        densepose: Footage | None = None,
        canvas: Size | None = None,
        footage: Footage | None = None,
        frame_rate: Fraction | None = None,
    ) -> None:
        """subject: whose proportions to take on (`prepare_poses`); None, or with the shape "own": the driver's own;
        canvas: size of the pictures that the keypoints were found in (None: what the files say, DensePose's or the
        footage's).
        """
        self._poses, self._options, self._densepose, self._footage = poses, options, densepose, footage
        self._subject = None if options.shape == "own" else subject
        said = next(poses.frames()).size
        self._canvas = canvas_of(poses.name, canvas or (None if densepose else said), densepose or footage)
        self.height, self.width = options.size
        self.channels = 3 if densepose is None else 6
        self.frame_rate, self.frame_count = rate_of(frame_rate, footage or densepose), poses.frame_count
        check_length(poses.name, self.frame_count, densepose)
        check_length(poses.name, self.frame_count, footage)
        self._check_shape()
        first = next(self._people(), None)
        if first is None:
            raise InputError(
                f"{poses.name}: no frame shows a body from the shoulders to the hips; give keypoints of a whole body"
            )
        first = next(self._shaped(iter([first])))
        surface = next(pictures_from(densepose, 0))
        self._framed = _framed(first, surface, self._canvas, options)
        if self._placed and self._subject is not None:
            self._framed = self._subject.framed

    def _check_shape(self) -> None:
        if self._subject is None:
            return
        if self._options.shape == "causal":
            raise InputError(
                "a body's proportions are measured over a whole clip; frame by frame is for faces"
            )
        if self._densepose is not None:
            raise InputError(
                "proportions can be changed of keypoints, not of DensePose pictures; let the driver keep its own "
                "proportions, or leave DensePose out"
            )
        if self._poses.frame_count is None:
            raise InputError(
                f"{self._poses.name}: has no end, so its proportions can't be measured; limit its frames"
            )

    @property
    def _placed(self) -> bool:
        """Whether people are in the coordinates of the first exemplar's picture."""
        return self._subject is not None and self._options.place

    def recipe(self) -> str:
        parts = [part.fingerprint if part else "" for part in (self._poses, self._densepose, self._footage)]
        subject = ""
        if self._subject is not None:
            shape = self._subject.shape
            subject = f"{shape.lengths.tolist()} {shape.x} {shape.ground} {self._subject.framed}"
        return f"{parts} {self._canvas} {self._options} {subject}"

    def windows(self) -> Iterator[Window]:
        """What of each picture is shown, for pasting back (`models.fewshot.windows.paste`)."""
        return (window for window, _ in self._seen())

    def frames(self, start: int = 0) -> Iterator[DrawnFrame]:
        footage = None if self._placed else self._footage
        surfaces, pictures = (pictures_from(f, start) for f in (self._densepose, footage))
        for number, (window, person) in enumerate(self._seen()):
            if number >= start:
                yield self._draw(number, window, person, surfaces, pictures)

    def _draw(
        self, number: int, window: Window, person: Person, surfaces: Pictures, pictures: Pictures
    ) -> DrawnFrame:
        picture = next(pictures)
        shown = None if picture is None else to_model(cut(picture, window, self._options.size))
        name = f"DensePose frame {number}"
        return DrawnFrame(
            _planes(person, next(surfaces), window, self._framed, self._options, name), None, shown
        )

    def _seen(self) -> Iterator[tuple[Window, Person]]:
        """The window of every frame, and the person as the network sees it."""
        people = self._shaped(self._people())
        if self._options.framing != "follow":
            return ((self._framed.window, person) for person in people)
        ahead, people = tee(people)
        return zip(follow(self._framed.window, map(sight_body, ahead)), people, strict=False)

    def _shaped(self, people: Iterator[Person]) -> Iterator[Person]:
        if self._subject is None:
            return people
        by = self._ratios
        return (reshape_body(person, by) for person in people)

    def _people(self) -> Iterator[Person]:
        """The person of every frame, on the canvas."""
        return track_person(_people_on(posed, self._canvas) for posed in self._poses.frames())

    @cached_property
    def _ratios(self) -> BodyRatios:
        """Of the whole clip: one pass over the keypoints."""
        assert self._subject is not None, "asked for where there is one"
        driver = body_shape(self._people(), self._poses.name)
        return body_ratios(self._subject.shape, driver, place=self._options.place)


def _people_on(posed: PosedFrame, canvas: Size) -> list[Person]:
    """Everyone, in pixels of the canvas."""
    for person in posed.people:
        checked_person(person)
    if posed.size is None or posed.size == canvas:
        return list(posed.people)
    scale = canvas[1] / posed.size[1], canvas[0] / posed.size[0]
    return [person.moved(scale) for person in posed.people]


def _framed(person: Person, densepose: Pixels | None, canvas: Size, options: InputOptions) -> Framed:
    if options.framing == "whole":
        return whole_framed(canvas)
    if options.layout == "imaginaire" and densepose is not None:
        box = mapped_body_box(torch.from_numpy(densepose).permute(2, 0, 1), options.aspect)
    else:
        box = body_box(seen_body(checked_person(person)["pose"]), *canvas, options.aspect)
    return Framed(Stage(canvas, box), window_of(box))


def _planes(
    person: Person,
    densepose: Pixels | None,
    window: Window,
    framed: Framed,
    options: InputOptions,
    name: str,
) -> Tensor:
    """What the network takes of one frame, float32 `[3 h w]` or `[6 h w]`, -1..1; `name` is the DensePose picture's."""
    rules = {"nvlabs": FEWSHOT, "imaginaire": IMAGINAIRE, "even": EVEN}[options.layout]
    drawing = draw_pose(
        [_on_stage(person, window, framed.stage)],
        *framed.stage.surface,
        rules=rules if options.face_lines else rules.without_face(),
        basic_points=options.basic_points,
    )
    lines = fit_planes(drawing, framed.stage.box, *options.size, smooth=False)
    if densepose is None:
        return pose_input(None, lines)
    if int(densepose[..., 2].max()) > DENSEPOSE_PARTS:
        raise InputError(
            f"{name}: its third channel must hold parts 0 to {DENSEPOSE_PARTS}, not {int(densepose[..., 2].max())}; "
            "give IUV pictures without loss (PNG or FFV1), not coloured ones"
        )
    surface = cut(densepose, window, options.size, Image.Resampling.NEAREST)
    return pose_input(torch.from_numpy(surface).permute(2, 0, 1), lines)


def _on_stage(person: Person, window: Window, stage: Stage) -> Person:
    """The person where it is drawn, such that the window fills the stage's box."""
    if window == window_of(stage.box):
        return person
    corners = window.onto(np.array([[0.0, 0.0], [1.0, 1.0]]), stage.box)
    scale = corners[1] - corners[0]
    return person.moved((float(scale[0]), float(scale[1])), (float(corners[0, 0]), float(corners[0, 1])))
