"""Keypoints from files: folders of landmark lists (.txt) or of OpenPose's JSON, and JSON files of whole clips.

What a file may hold is bounded before it is believed: its size, the number of people, the range of coordinates.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from ..errors import InputError
from ..models.labels.faces import FARTHEST, LANDMARKS
from ..models.labels.people import PosedFrame, landmarks_of
from ..models.labels.people_json import read_frame
from .folders import natural_key
from .label_files import file_fingerprint
from .pictures import is_picture

SUFFIXES = (".txt", ".json")
_LARGEST_FRAME = 1_000_000
"""Bytes of a file that holds one frame."""
_LARGEST_CLIP = 400_000_000
"""Bytes of a file that holds a whole clip."""
_MAX_DEPTH = 4
_SEPARATOR = re.compile(r"[,;\s]+")


Found = TypeVar("Found", covariant=True)


class Keypoints(Protocol[Found]):
    """What was found in every frame of a clip, read one frame at a time, as often as wanted."""

    @property
    def frame_count(self) -> int | None:
        """None: without end."""
        ...

    @property
    def fingerprint(self) -> str: ...
    @property
    def name(self) -> str: ...
    def frames(self, start: int = 0) -> Iterator[Found]: ...


class Poses(Keypoints[PosedFrame], Protocol):
    """Everyone in every frame."""


class Landmarks(Keypoints[Tensor], Protocol):
    """The 68 landmarks of one face in every frame, `[68 2]` in pixels."""

    @property
    def size(self) -> tuple[int, int] | None:
        """(height, width) of the pictures that they were found in, where the source says."""
        ...


def holds_keypoints(source: Path) -> bool:
    """Whether a path is a keypoint file, or a folder with keypoint files and no pictures."""
    if source.is_dir():
        folder = _innermost(source)
        return next(_visible(folder), None) is not None and not any(map(is_picture, folder.iterdir()))
    return source.suffix.lower() in SUFFIXES


def keypoint_files(source: Path) -> list[Path]:
    """The keypoint files of a folder in natural order (or the file itself); one kind of ending, or an InputError.

    A folder that holds none but exactly one folder stands for that one.
    """
    if not source.exists():
        raise InputError(f"{source}: there is no such file or folder")
    if source.is_file():
        return [source]
    files = sorted(_visible(_innermost(source)), key=lambda file: natural_key(file.name))
    if not files:
        raise InputError(f"{source}: holds no keypoints; they end in {' or '.join(SUFFIXES)}")
    kinds = sorted({file.suffix.lower() for file in files})
    if len(kinds) > 1:
        raise InputError(
            f"{source}: holds {' and '.join(kinds)} files; keep one kind of keypoints in a folder"
        )
    return files


def keypoint_state(source: Path) -> str:
    """Changes when a keypoint file, or one of a folder, does: names, sizes and times of change."""
    return file_fingerprint(keypoint_files(source))


def is_face(source: Path) -> bool:
    """Whether keypoint files are lists of landmarks; else they are poses, which may have faces too."""
    first = keypoint_files(source)[0]
    return first.suffix.lower() == ".txt" or _is_landmarks(_json(first, _LARGEST_CLIP))


def open_poses(source: Path) -> Poses:
    """OpenPose's JSON: a folder with one file a frame, one such file, or a JSON list of frames (POSE_KEYPOINT)."""
    files = keypoint_files(source)
    if files[0].suffix.lower() != ".json":
        raise InputError(f"{files[0]}: landmarks of faces; poses are OpenPose's JSON files")
    if len(files) == 1:
        value = _json(files[0], _LARGEST_CLIP)
        if isinstance(value, list) and not _is_landmarks(value):
            return pose_clip(value, str(files[0]))
    return PoseFiles(files)


def pose_clip(frames: Sequence[Any], name: str) -> "PoseClip":
    """The frames of a POSE_KEYPOINT, checked."""
    if not frames:
        raise InputError(f"{name}: holds no frames")
    return PoseClip([read_frame(frame, f"{name}, frame {n}") for n, frame in enumerate(frames)], name)


def open_landmarks(source: Path) -> Landmarks:
    """A folder with one file a frame: 68 lines `x,y` (.txt), 68 points (.json), or OpenPose JSON that has faces."""
    files = keypoint_files(source)
    if files[0].suffix.lower() == ".json":
        value = _json(files[0], _LARGEST_CLIP)
        if not _is_landmarks(value):
            return FacesOf(open_poses(source))
    return LandmarkFiles(files)


class _Files:
    """One file a frame."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = list(files)
        self.name = str(files[0].parent if len(files) > 1 else files[0])

    @property
    def frame_count(self) -> int:
        return len(self.files)

    @property
    def fingerprint(self) -> str:
        return file_fingerprint(self.files)


class PoseFiles(_Files):
    """One OpenPose file a frame."""

    def __init__(self, files: Sequence[Path]) -> None:
        """InputError if the first is none."""
        super().__init__(files)
        next(self.frames())

    def frames(self, start: int = 0) -> Iterator[PosedFrame]:
        for file in self.files[start:]:
            yield read_frame(_json(file, _LARGEST_FRAME), str(file))


class PoseClip:
    """Frames in memory, some ten kilobytes each."""

    def __init__(self, frames: Sequence[PosedFrame], name: str) -> None:
        self._frames = list(frames)
        self.name = name

    @property
    def frame_count(self) -> int:
        return len(self._frames)

    @property
    def fingerprint(self) -> str:
        digest = blake2b(digest_size=16)
        for frame in self._frames:
            digest.update(f"{frame.size}{len(frame.people)}".encode())
            for person in frame.people:
                for name, part in person.parts().items():
                    digest.update(name.encode() + part.double().numpy().tobytes())
        return digest.hexdigest()

    def frames(self, start: int = 0) -> Iterator[PosedFrame]:
        yield from self._frames[start:]


class LandmarkFiles(_Files):
    """One list of landmarks a frame."""

    size = None

    def __init__(self, files: Sequence[Path]) -> None:
        """InputError if the first is none."""
        super().__init__(files)
        next(self.frames())

    def frames(self, start: int = 0) -> Iterator[Tensor]:
        for file in self.files[start:]:
            yield read_landmarks(file)


class LandmarkClip:
    """Landmarks in memory; in frames where no face was found, those before stay."""

    def __init__(self, found: Sequence[Tensor | None], size: tuple[int, int] | None, name: str) -> None:
        """found: `[68 2]` for every frame, or None; InputError if the first frame has none."""
        if not found or found[0] is None:
            raise InputError(f"{name}: the first frame shows no whole face; begin the clip where one is")
        held = found[0]
        self._frames = [held := held if points is None else points for points in found]
        self.name, self.size = name, size

    @property
    def frame_count(self) -> int:
        return len(self._frames)

    @property
    def fingerprint(self) -> str:
        digest = blake2b(str(self.size).encode(), digest_size=16)
        for points in self._frames:
            digest.update(points.double().numpy().tobytes())
        return digest.hexdigest()

    def frames(self, start: int = 0) -> Iterator[Tensor]:
        yield from self._frames[start:]


class FacesOf:
    """The largest face of every frame of a clip of poses; where none is seen whole, the one before it stays."""

    def __init__(self, poses: Poses) -> None:
        self._poses = poses
        self.name = poses.name
        self.frame_count = poses.frame_count
        first = next(self._poses.frames(), None)
        self.size = None if first is None else first.size
        if first is None or landmarks_of(first.people) is None:
            raise InputError(f"{self.name}: the first frame shows no whole face; begin the clip where one is")

    @property
    def fingerprint(self) -> str:
        return f"faces {self._poses.fingerprint}"

    def frames(self, start: int = 0) -> Iterator[Tensor]:
        held: Tensor | None = None
        for number, frame in enumerate(self._poses.frames(0)):
            found = landmarks_of(frame.people)
            held = held if found is None else found
            if number >= start and held is not None:
                yield held


def read_landmarks(path: Path) -> Tensor:
    """68 points, float64 `[68 2]`, from a .txt file of lines `x,y` (or `x y`) or a .json list of pairs."""
    rows = (
        _json(path, _LARGEST_FRAME)
        if path.suffix.lower() == ".json"
        else [
            _SEPARATOR.split(line.strip())
            for line in _text(path, _LARGEST_FRAME).splitlines()
            if line.strip()
        ]
    )
    if not isinstance(rows, list) or len(rows) != LANDMARKS:
        count = len(rows) if isinstance(rows, list) else "no list of"
        raise InputError(f"{path}: {count} points; a face has {LANDMARKS} landmarks, one 'x,y' a line")
    try:
        points = [(float(row[0]), float(row[1])) for row in rows]
    except (TypeError, ValueError, IndexError, KeyError):
        raise InputError(f"{path}: every line must be two numbers, x and y in pixels") from None
    if not all(math.isfinite(v) and abs(v) <= FARTHEST for point in points for v in point):
        raise InputError(f"{path}: a coordinate is not a number, or more than {FARTHEST:,} pixels away")
    return torch.tensor(points, dtype=torch.float64)


def _is_landmarks(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _innermost(folder: Path) -> Path:
    for _ in range(_MAX_DEPTH):
        if next(_visible(folder), None) is not None:
            return folder
        inner = [e for e in folder.iterdir() if e.is_dir() and not e.name.startswith(".")]
        if len(inner) != 1:
            return folder
        folder = inner[0]
    return folder


def _visible(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".") and entry.is_file():
            yield entry


def _text(path: Path, largest: int) -> str:
    try:
        if path.stat().st_size > largest:
            raise InputError(f"{path}: {path.stat().st_size:,} bytes are too many for keypoints")
        return path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; landmarks are lines 'x,y', poses are JSON") from None


def _json(path: Path, largest: int) -> Any:
    try:
        return json.loads(_text(path, largest))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON that can be read ({str(error)[:120]})") from error
