"""One face through a clip: where it is in every frame, and where it isn't.

A track says what was found; an `Alignment` is what becomes of it: the square of every frame that shows the face,
steadied within each run of frames that no cut and no absence interrupts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from .alignment import Placement, Smoothing, place_face, quad_of, smooth_placements
from .landmarks import Points

ABSENT, SEEN, FILLED = 0, 1, 2
"""Presence in a frame: not there (the frame stays as it is), found, or filled in between two frames that were found."""


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One face, from frame `start` of the clip on; arrays have a row for each of the track's frames."""

    start: int
    landmarks: Points
    """`[t 5 2]` or `[t 68 2]` in pixels of the frame; nan where absent."""
    confidence: NDArray[np.float64]
    """`[t]`, 0..1 as the finder gives it; 0 where it was not found."""
    presence: NDArray[np.uint8]
    """`[t]` of `ABSENT`, `SEEN`, `FILLED`; the first and the last are `SEEN`."""
    shots: NDArray[np.int64]
    """`[t]`: number of the shot that each frame belongs to."""

    @property
    def stop(self) -> int:
        """The frame after the last."""
        return self.start + len(self.presence)

    @cached_property
    def frames(self) -> NDArray[np.int64]:
        """Numbers of the frames that show the face, rising."""
        return np.flatnonzero(self.presence != ABSENT) + self.start

    def runs(self) -> Iterator[range]:
        """Frames in a row, of one shot: what may be smoothed together."""
        begin = None
        for number in range(self.start, self.stop + 1):
            row = number - self.start
            there = number < self.stop and self.presence[row] != ABSENT
            goes_on = begin is not None and there and self.shots[row] == self.shots[row - 1]
            if begin is not None and not goes_on:
                yield range(begin, number)
                begin = None
            if there and begin is None:
                begin = number

    def landmarks_at(self, frame: int) -> Points | None:
        """`[n 2]`; None where the face is absent."""
        row = frame - self.start
        there = 0 <= row < len(self.presence) and self.presence[row] != ABSENT
        return self.landmarks[row] if there else None

    def placements(self, smoothing: Smoothing, scale: float = 1.0) -> Iterator[Placement]:
        """The steadied square of every frame in `frames`, in their order. A stream, see `smooth_placements`."""
        for run in self.runs():
            found = (place_face(self.landmarks[number - self.start], scale) for number in run)
            yield from smooth_placements(found, smoothing)

    def to_tensors(self) -> dict[str, Tensor]:
        """For a safetensors file; `track_from_tensors` reads it."""
        arrays = (self.landmarks, self.confidence, self.presence, self.shots)
        names = ("landmarks", "confidence", "presence", "shots")
        tensors = {
            name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in zip(names, arrays, strict=True)
        }
        return tensors | {"start": torch.tensor(self.start)}


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where the crops of one face lie. Row k is the k-th frame that shows it, and the k-th crop."""

    frames: NDArray[np.int64]
    """`[n]`: their numbers in the clip, rising."""
    quads: Points
    """`[n 4 2]`, see `alignment.quad_of`; `crop.crop_map` makes the transform of it."""
    runs: NDArray[np.int64]
    """`[n]`: number of the run of frames; masks are steadied within one."""
    landmarks: Points
    """`[n 5 2]` or `[n 68 2]` in pixels of the frame, as found."""
    size: int
    """Of the crops, pixels."""

    def to_tensors(self) -> dict[str, Tensor]:
        """For a safetensors file; `alignment_from_tensors` reads it."""
        arrays = {"frames": self.frames, "quads": self.quads, "runs": self.runs, "landmarks": self.landmarks}
        tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
        return tensors | {"size": torch.tensor(self.size)}


def align_track(track: FaceTrack, size: int, smoothing: Smoothing, scale: float = 1.0) -> Alignment:
    """The squares of a track. InputError for a size or a scale that is none."""
    if size < 16 or scale <= 0:
        raise InputError(
            f"crops of {size} pixels at scale {scale:g}: give at least 16 pixels and a scale above 0"
        )
    quads = np.stack([quad_of(placement) for placement in track.placements(smoothing, scale)])
    runs = np.concatenate([np.full(len(run), number) for number, run in enumerate(track.runs())])
    return Alignment(track.frames, quads, runs, track.landmarks[track.frames - track.start], size)


def join_tracks(tracks: Sequence[FaceTrack]) -> FaceTrack:
    """Several tracks as one face: a cut or a long absence ended them. InputError where two are in one frame."""
    ordered = sorted(tracks, key=lambda track: track.start)
    first, last = ordered[0], max(track.stop for track in ordered)
    count = last - first.start
    landmarks = np.full((count, *first.landmarks.shape[1:]), np.nan)
    confidence, presence = np.zeros(count), np.zeros(count, np.uint8)
    shots = np.zeros(count, np.int64)
    for track in ordered:
        there = slice(track.start - first.start, track.stop - first.start)
        shown = track.presence != ABSENT
        if (shown & (presence[there] != ABSENT)).any():
            raise InputError("these tracks are two faces: a frame shows both; choose one of them")
        landmarks[there][shown] = track.landmarks[shown]
        confidence[there][shown] = track.confidence[shown]
        presence[there][shown] = track.presence[shown]
        shots[there] = track.shots
    return FaceTrack(first.start, landmarks, confidence, presence, shots)


def track_from_tensors(tensors: Mapping[str, Tensor]) -> FaceTrack:
    """What `FaceTrack.to_tensors` gave; KeyError where a part is missing."""
    names = ("landmarks", "confidence", "presence", "shots")
    landmarks, confidence, presence, shots = (tensors[name].numpy() for name in names)
    return FaceTrack(int(tensors["start"]), landmarks, confidence, presence, shots)


def alignment_from_tensors(tensors: Mapping[str, Tensor]) -> Alignment:
    """What `Alignment.to_tensors` gave; KeyError where a part is missing."""
    frames, quads, runs, landmarks = (
        tensors[name].numpy() for name in ("frames", "quads", "runs", "landmarks")
    )
    return Alignment(frames, quads, runs, landmarks, int(tensors["size"]))
