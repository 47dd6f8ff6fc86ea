"""Where exemplars and drivers come from: files and worlds, named the same way at every door."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.keypoints import Landmarks, Poses, holds_keypoints, is_face, open_landmarks, open_poses
from ..media.labels import read_palette
from ..models.labels.frames import AnyStream, LabelStream
from ..models.labels.people import landmarks_of
from ..training.worlds import open_world
from ..training.worlds.frame import FaceFrame, PuppetFrame
from .drawings import Footage, Size
from .drawn_sources import open_footage
from .fewshot_faces import FaceDriver, FaceExemplar, FaceSubject, prepare_faces
from .fewshot_options import InputOptions
from .fewshot_pose_maps import Surface
from .fewshot_poses import PoseDriver, PoseExemplar, PoseSubject, prepare_poses
from .fewshot_streets import StreetExemplar, StreetSubject, prepare_streets, street_driver
from .sources import WORLD, open_label_source
from .world_drawings import SurfaceClip, WorldClip, WorldLandmarks, WorldPoses

T = TypeVar("T")

Subject = FaceSubject | PoseSubject | StreetSubject
"""What exemplars of each kind make of it; all have `prepared`."""
Exemplar = FaceExemplar | PoseExemplar | StreetExemplar
"""A picture of the subject, with what belongs to it; all have `picture` and `name`."""


@dataclass(frozen=True)
class NetworkInputs:
    """What a network takes, as far as its inputs are concerned."""

    kind: str
    """face, pose or street."""
    channels: int
    """Of its label maps: 1 for faces, 3 or 6 (with DensePose) for poses, one for each class of streets."""
    palette: str = ""
    """Of streets."""


@dataclass(frozen=True)
class Source:
    """Keypoints or label maps, with the files that belong to them."""

    labels: str
    """A folder or file of landmarks, OpenPose's JSON or label maps, or a world, which brings everything."""
    footage: Path | None = None
    """The pictures that they were found in: a picture, a folder, a video. Exemplars need them."""
    densepose: Path | None = None
    """DensePose pictures, one for every frame, for poses with 6 channels."""
    numbers: Path | None = None
    """Pictures that say which person each pixel of DensePose belongs to, where there are several."""
    canvas: Size | None = None
    """(height, width) of the pictures, where nothing else says so."""
    frames: tuple[int, ...] = (0,)
    """Of exemplars: which frames, counted from 0."""
    palette: str | None = None
    """Of label maps; None: read off the files."""


def open_exemplars(sources: Sequence[Source], network: NetworkInputs, options: InputOptions) -> Subject:
    """All exemplars of a subject, ready for the network; InputError for what can't be one."""
    return prepare([e for source in sources for e in exemplars_of(source, network)], network, options)


def exemplars_of(source: Source, network: NetworkInputs) -> Iterator[Exemplar]:
    """The pictures of a source, each with what belongs to it."""
    if network.kind == "face":
        return _faces(source)
    return _poses(source, network) if network.kind == "pose" else _streets(source)


def prepare(exemplars: Sequence[Exemplar], network: NetworkInputs, options: InputOptions) -> Subject:
    """Exemplars of the network's kind, ready for it; InputError for none, and for what can't be one."""
    if network.kind == "face":
        return prepare_faces([e for e in exemplars if isinstance(e, FaceExemplar)], options)
    if network.kind == "pose":
        return prepare_poses([e for e in exemplars if isinstance(e, PoseExemplar)], options)
    streets = [e for e in exemplars if isinstance(e, StreetExemplar)]
    return prepare_streets(streets, read_palette(network.palette), options)


def open_driver(
    source: Source,
    network: NetworkInputs,
    options: InputOptions,
    subject: Subject | None = None,
    frame_rate: Fraction | None = None,
) -> AnyStream:
    """The driving maps, ready for the network; subject: whose proportions they take on.

    InputError for a driver of another kind than the network's.
    """
    if network.kind == "street":
        return street_driver(_open_labels(source), read_palette(network.palette), options)
    files = _open(source, network)
    if network.kind == "face":
        return FaceDriver(
            _landmarks(source),
            options,
            subject=subject.shape if isinstance(subject, FaceSubject) else None,
            canvas=source.canvas,
            footage=files.footage,
            frame_rate=frame_rate,
        )
    return PoseDriver(
        _poses_of(source),
        options,
        subject=subject if isinstance(subject, PoseSubject) else None,
        densepose=files.densepose,
        numbers=files.numbers,
        canvas=source.canvas,
        footage=files.footage,
        frame_rate=frame_rate,
    )


@dataclass(frozen=True)
class _Files:
    footage: Footage | None
    densepose: Footage | None = None
    numbers: Footage | None = None


def _open(source: Source, network: NetworkInputs) -> _Files:
    """Footage and DensePose of a source whose keypoints are of the network's kind."""
    if source.labels.startswith(WORLD):
        world = open_world(source.labels)
        surface = (
            Footage(SurfaceClip(world), world.fingerprint)
            if network.kind == "pose" and network.channels == 6
            else None
        )
        return _Files(Footage(WorldClip(world), world.fingerprint), surface)
    footage = None if source.footage is None else open_footage(source.footage)
    if network.kind != "pose" or network.channels != 6:
        return _Files(footage)
    if source.densepose is None:
        raise InputError(
            f"{source.labels}: this network takes DensePose pictures beside the keypoints; give them too"
        )
    numbers = None if source.numbers is None else open_footage(source.numbers)
    return _Files(footage, open_footage(source.densepose), numbers)


def _landmarks(source: Source) -> Landmarks:
    if source.labels.startswith(WORLD):
        world = open_world(source.labels)
        if not isinstance(next(world.truth()), FaceFrame):
            raise InputError(f"{source.labels}: this world has no faces, but the network paints faces")
        return WorldLandmarks(world, source.labels)
    path = _keypoint_path(source, "landmarks of a face (.txt, or OpenPose's JSON with faces)", "faces")
    return open_landmarks(path)


def _poses_of(source: Source) -> Poses:
    if source.labels.startswith(WORLD):
        world = open_world(source.labels)
        if not isinstance(next(world.truth()), PuppetFrame):
            raise InputError(f"{source.labels}: this world has no bodies, but the network paints bodies")
        return WorldPoses(world, source.labels)
    path = _keypoint_path(source, "OpenPose's JSON files", "bodies")
    if is_face(path):
        raise InputError(
            f"{source.labels}: landmarks of a face, but the network paints bodies; give OpenPose's JSON files"
        )
    return open_poses(path)


def _keypoint_path(source: Source, wanted: str, painted: str) -> Path:
    path = Path(source.labels)
    if not path.exists():
        raise InputError(f"{source.labels}: there is no such file or folder")
    if not holds_keypoints(path):
        raise InputError(
            f"{source.labels}: holds no keypoints, but the network paints {painted}; give {wanted}"
        )
    return path


def _open_labels(source: Source) -> LabelStream:
    path = Path(source.labels)
    if not source.labels.startswith(WORLD) and path.exists() and holds_keypoints(path):
        raise InputError(f"{source.labels}: holds keypoints, but the network paints streets; give label maps")
    return open_label_source(source.labels, palette=source.palette)


def _faces(source: Source) -> Iterator[FaceExemplar]:
    clip, found = _pictures(source), _found_faces(source)
    for number in source.frames:
        picture = _picture(clip, source, number)
        points, size = _nth(found(number), source, number)
        height, width = picture.shape[:2]
        if points is not None and size not in (None, (height, width)):
            points = points * torch.tensor([width / size[1], height / size[0]], dtype=torch.float64)
        yield FaceExemplar(picture, points, _name(source, number))


def _found_faces(source: Source) -> Callable[[int], Iterator[tuple[Tensor | None, Size | None]]]:
    """Landmarks of the frames from a number on, None where no face is seen, and the size of their pictures."""
    if not source.labels.startswith(WORLD) and Path(source.labels).exists():
        path = Path(source.labels)
        if holds_keypoints(path) and not is_face(path):
            poses = open_poses(path)
            return lambda start: ((landmarks_of(f.people), f.size) for f in poses.frames(start))
    landmarks = _landmarks(source)
    return lambda start: ((points, landmarks.size) for points in landmarks.frames(start))


def _poses(source: Source, network: NetworkInputs) -> Iterator[PoseExemplar]:
    poses, clip = _poses_of(source), _pictures(source)
    files = _open(source, network)
    for number in source.frames:
        surface, whose = (
            None if part is None else _picture(part.clip, source, number)
            for part in (files.densepose, files.numbers)
        )
        yield PoseExemplar(
            _picture(clip, source, number),
            _nth(poses.frames(number), source, number),
            None if surface is None else Surface(surface, whose),
            _name(source, number),
        )


def _streets(source: Source) -> Iterator[StreetExemplar]:
    labels, clip = _open_labels(source), _pictures(source)
    for number in source.frames:
        frame = _nth(labels.frames(number), source, number)
        yield StreetExemplar(_picture(clip, source, number), frame.ids, labels.palette, _name(source, number))


def _pictures(source: Source) -> FrameReader:
    """The exemplars' pictures."""
    if source.labels.startswith(WORLD):
        return WorldClip(open_world(source.labels))
    if source.footage is None:
        raise InputError(
            f"{source.labels}: an exemplar needs its picture; give the footage that it belongs to"
        )
    return open_footage(source.footage).clip


def _picture(clip: FrameReader, source: Source, number: int) -> NDArray[np.uint8]:
    return _nth(clip.frames(number), source, number).pixels


def _nth(frames: Iterator[T], source: Source, number: int) -> T:
    frame = next(frames, None)
    if frame is None:
        raise InputError(f"{source.labels}: has no frame {number} (they are counted from 0)")
    return frame


def _name(source: Source, number: int) -> str:
    return f"{source.labels}, frame {number}"
