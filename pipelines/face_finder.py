"""Where the faces of a clip are: found by YuNet, or known from files, worlds and other nodes; and their tracks.

YuNet (Wu et al. 2023) runs in OpenCV; its weights, `face_detection_yunet_*.onnx` of the OpenCV Zoo (MIT), are brought
by the user. Any other finder joins as a `FaceSource`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat, tee
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import InputError, MissingExtraError
from ..media.keypoints import Landmarks, Poses, is_face, open_landmarks, open_poses
from ..models.faces.landmarks import Points, checked_face
from ..models.faces.shots import shot_numbers
from ..models.faces.track import FaceTrack
from ..models.faces.tracking import USUAL_RULES, FoundFace, Sight, TrackingRules, Vector, track_faces
from ..models.labels.people import Person
from ..progress import Progress, silent
from ..training.worlds.faces import FaceWorld
from ..weights.digest import sha256_of
from ..weights.folders import search_folders
from .drawings import Footage, Size
from .face_previews import marked
from .world_drawings import WorldClip, WorldLandmarks

Pixels = NDArray[np.uint8]
Identify = Callable[[Pixels, Points], Vector]
"""A frame and the landmarks of a face in it -> a unit vector that tells people apart."""

YUNET = "face_detection_yunet*.onnx"
SURE = 0.6
"""Confidence that YuNet must have."""
_SIDE = 640
"""YuNet looks at squares of this size: its older files have no other; faces of 10 to 300 pixels are found."""
_SEEN_POINT = 0.1
"""Confidence that every landmark of a face in a pose must exceed."""


class FaceSource(Protocol):
    """Where faces come from."""

    @property
    def fingerprint(self) -> str:
        """Changes when what is found may change."""
        ...

    def faces(self, frames: Iterable[Pixels]) -> Iterator[Sequence[FoundFace]]:
        """The faces of each frame, in the frame's pixels; `frames` are those of the clip from its first on."""
        ...


class YuNet:
    """Faces by OpenCV's YuNet: five landmarks each."""

    def __init__(self, weights: Path, sure: float = SURE) -> None:
        """InputError for a file that OpenCV can't use; MissingExtraError without OpenCV."""
        try:
            import cv2
        except ImportError as error:
            raise MissingExtraError("finding faces", "flow") from error
        self.fingerprint = f"yunet {sha256_of(weights)} {sure}" if weights.is_file() else ""
        if not self.fingerprint:
            raise InputError(f"{weights}: no such file; {yunet_advice()}")
        try:
            self._detector: Any = cv2.FaceDetectorYN.create(str(weights), "", (_SIDE, _SIDE), sure)
        except cv2.error as error:
            raise InputError(
                f"{weights}: no weights of YuNet that OpenCV can use; {yunet_advice()}"
            ) from error

    def faces(self, frames: Iterable[Pixels]) -> Iterator[Sequence[FoundFace]]:
        return map(self._found, frames)

    def _found(self, pixels: Pixels) -> list[FoundFace]:
        height, width = pixels.shape[:2]
        scale = _SIDE / max(height, width)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        square = np.zeros((_SIDE, _SIDE, 3), np.uint8)
        reduced = Image.fromarray(pixels).resize(small, Image.Resampling.BILINEAR)
        square[: small[1], : small[0]] = np.asarray(reduced)
        rows = self._detector.detect(np.ascontiguousarray(square[..., ::-1]))[1]
        back = np.array([width / small[0], height / small[1]])
        return [
            FoundFace((row[4:14].reshape(5, 2).astype(np.float64) + 0.5) * back - 0.5, float(row[14]))
            for row in ([] if rows is None else rows)
        ]


class KnownFaces:
    """Faces that somebody else found: those of each frame, in the order of the frames."""

    def __init__(
        self, frames: Callable[[], Iterator[Sequence[FoundFace]]], fingerprint: str, name: str
    ) -> None:
        self.fingerprint = f"known {fingerprint}"
        self._frames, self._name = frames, name

    def faces(self, frames: Iterable[Pixels]) -> Iterator[Sequence[FoundFace]]:
        known = self._frames()
        for number, _ in enumerate(frames):
            found = next(known, None)
            if found is None:
                raise InputError(
                    f"{self._name}: ends before frame {number}; give the faces of every frame of the clip"
                )
            yield found
        if next(known, None) is not None:
            raise InputError(f"{self._name}: goes on after the clip's last frame; it belongs to another clip")


def known_face(landmarks: Landmarks, size: Size) -> KnownFaces:
    """One face a frame, out of files or a world; size: (height, width) of the clip."""

    def frames() -> Iterator[Sequence[FoundFace]]:
        for points in landmarks.frames():
            yield [FoundFace(_in_pixels(points, landmarks.size, size, landmarks.name))]

    return KnownFaces(frames, landmarks.fingerprint, landmarks.name)


def known_people(poses: Poses, size: Size) -> KnownFaces:
    """Every whole face of every person of a clip of poses; frames may have none."""

    def frames() -> Iterator[Sequence[FoundFace]]:
        for posed in poses.frames():
            faces = map(_face_of, posed.people)
            yield [
                FoundFace(_in_pixels(face, posed.size, size, poses.name), sure)
                for face, sure in faces
                if face is not None
            ]

    return KnownFaces(frames, poses.fingerprint, poses.name)


def open_face_source(
    footage: Footage, landmarks: Path | None = None, weights: Path | None = None
) -> FaceSource:
    """Landmark or pose files if they are given; else what a world knows; else YuNet (None: its file in a model folder).

    InputError where there is none of these.
    """
    if landmarks is not None:
        if is_face(landmarks):
            return known_face(open_landmarks(landmarks), footage.size)
        return known_people(open_poses(landmarks), footage.size)
    known = world_landmarks(footage)
    if known is not None and weights is None:
        return known_face(known, footage.size)
    found = weights or yunet_file()
    if found is None:
        raise InputError(f"nothing says where the faces are; give landmarks of them, or {yunet_advice()}")
    return YuNet(found)


def yunet_file(folders: Sequence[Path] = ()) -> Path | None:
    """The newest file of YuNet in the model folders; None where there is none."""
    files = (
        file
        for folder in search_folders(folders)
        for file in sorted(folder.glob(YUNET), key=_year, reverse=True)
    )
    return next(files, None)


def yunet_advice() -> str:
    return (
        "bring face_detection_yunet_2023mar.onnx or newer of the OpenCV Zoo (MIT), and name it or put it into a model "
        "folder"
    )


def find_tracks(
    footage: Footage,
    source: FaceSource,
    rules: TrackingRules = USUAL_RULES,
    *,
    one_shot: bool = False,
    identify: Identify | None = None,
    progress: Progress = silent,
) -> tuple[list[FaceTrack], int]:
    """The tracks of a clip, and how many frames it has. Memory: two frames, and the landmarks.

    one_shot: look for no cuts; identify: tells people apart, so that somebody who comes back is known again.
    """
    count = 0

    def sights() -> Iterator[Sight]:
        nonlocal count
        mine, theirs, last = tee((frame.pixels for frame in footage.clip.frames()), 3)
        shots = repeat(0) if one_shot else shot_numbers(theirs)
        for faces, pixels in zip(source.faces(last), mine, strict=False):
            known = [_named(face, pixels, identify) for face in faces]
            shot = next(shots)
            count += 1
            yield Sight(known, shot)
            progress(
                count, footage.clip.info.frame_count, partial(marked, pixels, [f.landmarks for f in known])
            )

    return track_faces(sights(), rules), count


def _named(face: FoundFace, pixels: Pixels, identify: Identify | None) -> FoundFace:
    if identify is None:
        return face
    return FoundFace(face.landmarks, face.confidence, identify(pixels, face.landmarks))


def world_landmarks(footage: Footage) -> Landmarks | None:
    """What a world of faces knows; None for any other clip."""
    clip = footage.clip
    if isinstance(clip, WorldClip) and isinstance(clip.world.world, FaceWorld):
        return WorldLandmarks(clip.world, "world")
    return None


def _face_of(person: Person) -> tuple[Tensor | None, float]:
    """The 68 landmarks of a face that is seen whole, and how sure they are on average."""
    if person.face is None or not bool((person.face[:68, 2] > _SEEN_POINT).all()):
        return None, 0.0
    return person.face[:68, :2], min(1.0, float(person.face[:68, 2].mean()))


def _in_pixels(points: Tensor, found_in: Size | None, size: Size, name: str) -> Points:
    """Landmarks of pictures of another size, brought to the clip's; pixel centres stay pixel centres."""
    checked = checked_face(points.double().numpy(), name)
    if found_in in (None, size):
        return checked
    scale = np.array([size[1] / found_in[1], size[0] / found_in[0]])
    return np.asarray((checked + 0.5) * scale - 0.5)


def _year(file: Path) -> tuple[str, str]:
    """Sorts by the year in the name, then by the name."""
    year = re.search(r"20[0-9]{2}", file.name)
    return year[0] if year else "", file.name
