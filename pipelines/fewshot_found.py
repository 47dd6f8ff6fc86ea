"""What was found in pictures, whoever found it: exemplars and drivers out of streams that are open already.

ComfyUI's nodes hand such streams on; files and worlds by their names are `fewshot_sources`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import InputError
from ..media.keypoints import FacesOf, Landmarks, Poses
from ..models.labels.frames import AnyStream, LabelStream, is_drawn
from ..models.labels.palette import builtin_palette
from ..models.labels.people import landmarks_of
from ..training.worlds import WorldStream
from ..training.worlds.frame import FaceFrame, PuppetFrame
from .drawings import FaceDrawing, Footage, PoseDrawing, Size
from .fewshot import Given
from .fewshot_faces import FaceDriver, FaceExemplar, FaceSubject
from .fewshot_pose_maps import Surface
from .fewshot_poses import PoseDriver, PoseExemplar, PoseSubject
from .fewshot_sources import Exemplar, NetworkInputs
from .fewshot_streets import StreetExemplar, street_driver
from .world_drawings import SurfaceClip, WorldClip, WorldLandmarks, WorldPoses

T = TypeVar("T")

WANTED = {
    "face": "landmarks of a face, or keypoints that have faces",
    "pose": "keypoints of bodies",
    "street": "label maps",
}


@dataclass(frozen=True, eq=False)
class Found:
    """What is known of every frame of a clip, and its pictures."""

    landmarks: Landmarks | None = None
    poses: Poses | None = None
    labels: LabelStream | None = None
    densepose: Footage | None = None
    footage: Footage | None = None
    canvas: Size | None = None
    """(height, width) of the pictures that keypoints were found in, where they don't say so themselves."""
    frame_rate: Fraction | None = None

    @property
    def shows_all(self) -> bool:
        """Whether the pictures are a world's, which show the whole of a subject."""
        return self.footage is not None and isinstance(self.footage.clip, WorldClip)

    def with_pictures(self, footage: Footage | None) -> "Found":
        """The same with these pictures, if there are some."""
        return self if footage is None else replace(self, footage=footage)


def found_in(stream: AnyStream) -> Found:
    """What is behind drawn maps, a world, or label maps. InputError for drawn maps without keypoints."""
    if isinstance(stream, WorldStream):
        return _of_world(stream)
    if isinstance(stream, FaceDrawing):
        return Found(
            landmarks=stream.landmarks,
            footage=stream.footage,
            canvas=stream.canvas,
            frame_rate=stream.frame_rate,
        )
    if isinstance(stream, PoseDrawing):
        return Found(
            poses=stream.poses,
            densepose=stream.densepose,
            footage=stream.footage,
            canvas=stream.canvas,
            frame_rate=stream.frame_rate,
        )
    if is_drawn(stream):
        raise InputError(
            "these drawn maps have no keypoints behind them; give faces, poses, label maps or a world"
        )
    return Found(labels=stream)


def _of_world(world: WorldStream) -> Found:
    frame = next(world.truth())
    footage = Footage(WorldClip(world), world.fingerprint)
    if isinstance(frame, FaceFrame):
        return Found(landmarks=WorldLandmarks(world, "world"), labels=world, footage=footage)
    if isinstance(frame, PuppetFrame):
        surface = Footage(SurfaceClip(world), world.fingerprint)
        return Found(poses=WorldPoses(world, "world"), labels=world, densepose=surface, footage=footage)
    return Found(labels=world, footage=footage)


def found_exemplars(found: Found, network: NetworkInputs, frames: Sequence[int]) -> list[Exemplar]:
    """The exemplars that some frames are, counted from 0; InputError for what is no exemplar for this network."""
    if found.footage is None:
        raise InputError("exemplars: their pictures are missing; give the pictures that these maps belong to")
    make = {"face": _face, "pose": _pose}.get(network.kind, _street)
    return [make(found, network, number) for number in frames]


def found_driver(found: Found, given: Given) -> AnyStream:
    """The driving maps that go with exemplars; InputError for a driver of another kind than the network's."""
    network, options = given.network, given.options
    if network.kind == "street":
        labels = _known(found.labels, network, "driver")
        return street_driver(labels, builtin_palette(network.palette), options)
    canvas = None if found.footage is not None else found.canvas
    rate = found.frame_rate if found.footage is None else None
    if network.kind == "face":
        landmarks = found.landmarks or (None if found.poses is None else FacesOf(found.poses))
        return FaceDriver(
            _known(landmarks, network, "driver"),
            options,
            subject=given.subject.shape if isinstance(given.subject, FaceSubject) else None,
            canvas=canvas,
            footage=found.footage,
            frame_rate=rate,
        )
    return PoseDriver(
        _known(found.poses, network, "driver"),
        options,
        subject=given.subject if isinstance(given.subject, PoseSubject) else None,
        densepose=_surface_of(found, network, "driver"),
        canvas=canvas,
        footage=found.footage,
        frame_rate=rate,
    )


def _face(found: Found, network: NetworkInputs, number: int) -> Exemplar:
    name, picture = f"exemplar frame {number}", _picture(found.footage, number)
    if found.landmarks is None:
        posed = _nth(_known(found.poses, network, "exemplars").frames(number), number)
        points, size = landmarks_of(posed.people), posed.size
    else:
        points = _nth(found.landmarks.frames(number), number)
        size = found.landmarks.size or found.canvas
    if points is not None and size not in (None, picture.shape[:2]):
        height, width = picture.shape[:2]
        points = points * torch.tensor([width / size[1], height / size[0]], dtype=torch.float64)
    return FaceExemplar(picture, points, name)


def _pose(found: Found, network: NetworkInputs, number: int) -> Exemplar:
    poses = _known(found.poses, network, "exemplars")
    surface = _surface_of(found, network, "exemplars")
    return PoseExemplar(
        _picture(found.footage, number),
        _nth(poses.frames(number), number),
        None if surface is None else Surface(_picture(surface, number)),
        f"exemplar frame {number}",
    )


def _street(found: Found, network: NetworkInputs, number: int) -> Exemplar:
    labels = _known(found.labels, network, "exemplars")
    ids = _nth(labels.frames(number), number).ids
    return StreetExemplar(_picture(found.footage, number), ids, labels.palette, f"exemplar frame {number}")


def _surface_of(found: Found, network: NetworkInputs, whose: str) -> Footage | None:
    """DensePose for networks that take it."""
    if network.channels != 6:
        return None
    if found.densepose is None:
        raise InputError(
            f"{whose}: these weights take DensePose pictures beside the keypoints (6 channels); give them too"
        )
    return found.densepose


def _known(part: T | None, network: NetworkInputs, whose: str) -> T:
    if part is None:
        raise InputError(
            f"{whose}: of another kind; these weights paint {network.kind}, give {WANTED[network.kind]}"
        )
    return part


def _picture(footage: Footage | None, number: int) -> NDArray[np.uint8]:
    assert footage is not None, "checked by found_exemplars"
    return _nth(footage.clip.frames(number), number).pixels


def _nth(frames: Iterator[T], number: int) -> T:
    frame = next(frames, None)
    if frame is None:
        raise InputError(f"exemplars: there is no frame {number} (they are counted from 0)")
    return frame
