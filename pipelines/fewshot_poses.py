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

import torch

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
from ..models.fewshot.framing import follow
from ..models.fewshot.person_track import track_person
from ..models.fewshot.sightings import sight_body
from ..models.fewshot.stages import Framed
from ..models.fewshot.windows import Window, cut
from ..models.labels.frames import DrawnFrame
from ..models.labels.people import Person, PosedFrame
from ..models.labels.poses import checked_person
from .drawings import Drawing, Footage, Size, canvas_of, check_length, pictures_from, rate_of
from .fewshot_options import InputOptions, Prepared
from .fewshot_pose_maps import Pixels, Surface, pose_framed, pose_map, surface_planes


@dataclass(frozen=True, eq=False)
class PoseExemplar:
    """A picture of the subject."""

    picture: Pixels
    """uint8 `[h w 3]`, of any size and aspect: the box around the body is scaled to the network's size."""
    posed: PosedFrame
    """Everyone in it; the tallest is the subject."""
    surface: Surface | None
    """For networks that take DensePose."""
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
        planes = surface_planes(exemplar.surface, person, canvas, exemplar.name)
        framed = pose_framed(person, planes, canvas, options)
        images.append(to_model(cut(exemplar.picture, framed.window, options.size)))
        labels.append(pose_map(person, planes, framed.window, framed.stage, options))
        people.append(person)
        frames.append(framed)
    if len({len(label) for label in labels}) > 1:
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
        numbers: Footage | None = None,
        canvas: Size | None = None,
        footage: Footage | None = None,
        frame_rate: Fraction | None = None,
    ) -> None:
        """subject: whose proportions to take on (`prepare_poses`) with the shape "clip"; None: the driver's own;
        numbers: pictures whose first channel says whom a pixel belongs to, 0: nobody, so that DensePose shows one
        person only; canvas: size of the pictures that the keypoints were found in (None: what the files say,
        DensePose's or the footage's).
        """
        self._poses, self._options, self._footage = poses, options, footage
        self._densepose, self._numbers = densepose, numbers
        self._shape = options.shape or "own"
        self._subject = None if self._shape == "own" else subject
        said = next(poses.frames()).size
        self._canvas = canvas_of(poses.name, canvas or (None if densepose else said), densepose or footage)
        self.height, self.width = options.size
        self.channels = 3 if densepose is None else 6
        self.frame_rate, self.frame_count = rate_of(frame_rate, footage or densepose), poses.frame_count
        check_length(poses.name, self.frame_count, densepose)
        check_length(poses.name, self.frame_count, numbers)
        check_length(poses.name, self.frame_count, footage)
        self._check_shape()
        first = next(self._people(), None)
        if first is None:
            raise InputError(
                f"{poses.name}: no frame shows a body from the shoulders to the hips; give keypoints of a whole body"
            )
        first = next(self._shaped(iter([first])))
        planes = surface_planes(next(self._surfaces(0), None), first, self._canvas, "DensePose frame 0")
        self._framed = pose_framed(first, planes, self._canvas, options)
        if self._placed and self._subject is not None:
            self._framed = self._subject.framed

    def _check_shape(self) -> None:
        if self._subject is None:
            return
        if self._shape == "causal":
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
        given = (self._poses, self._densepose, self._numbers, self._footage)
        parts = [part.fingerprint if part else "" for part in given]
        subject = ""
        if self._subject is not None:
            shape = self._subject.shape
            subject = f"{shape.lengths.tolist()} {shape.x} {shape.ground} {self._subject.framed}"
        return f"{parts} {self._canvas} {self._options} {subject}"

    def windows(self) -> Iterator[Window]:
        """What of each picture is shown, for pasting back (`models.fewshot.windows.paste`)."""
        return (window for window, _ in self._seen())

    def frames(self, start: int = 0) -> Iterator[DrawnFrame]:
        surfaces = self._surfaces(start)
        pictures = pictures_from(None if self._placed else self._footage, start)
        for number, (window, person) in enumerate(self._seen()):
            if number < start:
                continue
            picture, surface = next(pictures), next(surfaces)
            planes = surface_planes(surface, person, self._canvas, f"DensePose frame {number}")
            yield DrawnFrame(
                pose_map(person, planes, window, self._framed.stage, self._options),
                None,
                None if picture is None else to_model(cut(picture, window, self._options.size)),
            )

    def _surfaces(self, start: int) -> Iterator[Surface | None]:
        """DensePose of the frames from `start` on; None for ever without it."""
        pairs = zip(pictures_from(self._densepose, start), pictures_from(self._numbers, start), strict=False)
        return (None if picture is None else Surface(picture, whose) for picture, whose in pairs)

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
