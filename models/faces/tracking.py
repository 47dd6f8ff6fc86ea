"""Faces found frame by frame become tracks: one face is what overlaps, and what looks alike where that is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .alignment import Placement, place_face
from .landmarks import Points
from .track import ABSENT, FILLED, SEEN, FaceTrack

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoundFace:
    """A face in one frame."""

    landmarks: Points
    """`[5 2]` or `[68 2]`, pixels."""
    confidence: float = 1.0
    """0..1."""
    identity: Vector | None = None
    """Unit vector of a network that tells people apart; None: nobody knows."""


class Sight(NamedTuple):
    """One frame."""

    faces: Sequence[FoundFace]
    shot: int
    """Number of the shot; a new one ends every track."""


@dataclass(frozen=True)
class TrackingRules:
    """When two faces are one."""

    overlap: float = 0.3
    """Intersection over union that its square must have with the one seen last."""
    max_gap: int = 8
    """Frames without the face that are filled in by straight lines; a longer absence ends the track."""
    alike: float = 0.35
    """Cosine of identities below which faces are two people's, and from which on a face that comes back, after an
    absence or a cut, is the one that went. Without identities neither happens."""
    shortest: int = 3
    """Tracks seen in fewer frames are taken for mistakes, unless the clip has fewer."""


USUAL_RULES = TrackingRules()


def track_faces(sights: Iterable[Sight], rules: TrackingRules = USUAL_RULES) -> list[FaceTrack]:
    """Tracks in the order in which they begin, from the left to the right. Memory: the landmarks.

    Faces whose landmarks are no face's (all in one point) are passed over.
    """
    threads: list[_Thread] = []
    shots: list[int] = []
    for number, sight in enumerate(sights):
        new_shot = bool(shots) and sight.shot != shots[-1]
        shots.append(sight.shot)
        for thread in threads:
            thread.open &= not new_shot and number - thread.last - 1 <= rules.max_gap
        _continue(threads, [known for face in sight.faces if (known := _seen(face))], number, rules)
    least = min(rules.shortest, len(shots))
    kept = [thread for thread in threads if len(thread.faces) >= least]
    kept.sort(key=lambda thread: (min(thread.faces), thread.leftmost))
    return [_filled(thread, shots, rules.max_gap) for thread in kept]


def choose_track(
    tracks: Sequence[FaceTrack], numbers: Sequence[int] = (), at: tuple[int, float, float] | None = None
) -> tuple[int, ...]:
    """Numbers of the tracks that are meant: `numbers`, or the one at (frame, x, y), or the only one.

    InputError for no face, several without a choice, a number that isn't there, a place where no face is.
    """
    if not tracks:
        raise InputError("no face was found in any frame; give landmarks of it, or another clip")
    known = f"{len(tracks)} face{'s' * (len(tracks) > 1)} found ({', '.join(map(_told, range(len(tracks)), tracks))})"
    if numbers:
        wrong = [number for number in numbers if not 0 <= number < len(tracks)]
        if wrong:
            raise InputError(f"there is no face {wrong[0]}: {known}")
        return tuple(dict.fromkeys(numbers))
    if at is not None:
        return (_at(tracks, at, known),)
    if len(tracks) > 1:
        raise InputError(f"{known}; choose one of them by its number, or by a point in it")
    return (0,)


def overlap(a: Placement, b: Placement) -> float:
    """Intersection over union of the upright squares around two faces: 0..1."""
    half_a, half_b = np.linalg.norm(a.x), np.linalg.norm(b.x)
    low = np.maximum(a.center - half_a, b.center - half_b)
    high = np.minimum(a.center + half_a, b.center + half_b)
    shared = float(np.prod(np.clip(high - low, 0, None)))
    return shared / float(4 * half_a**2 + 4 * half_b**2 - shared)


class _Seen(NamedTuple):
    face: FoundFace
    place: Placement


@dataclass(eq=False)
class _Thread:
    """A track in the making."""

    faces: dict[int, FoundFace] = field(default_factory=dict)
    last: int = 0
    place: Placement | None = None
    open: bool = True
    identity: Vector | None = None
    """Sum over the frames, not of unit length."""

    def add(self, number: int, seen: _Seen) -> None:
        self.faces[number] = seen.face
        self.last, self.place, self.open = number, seen.place, True
        if seen.face.identity is not None:
            self.identity = seen.face.identity + (0 if self.identity is None else self.identity)

    def likeness(self, face: FoundFace) -> float | None:
        """Cosine; None where an identity is not known."""
        if self.identity is None or face.identity is None:
            return None
        return float(self.identity @ face.identity / np.linalg.norm(self.identity))

    @property
    def leftmost(self) -> float:
        return float(self.faces[min(self.faces)].landmarks[:, 0].mean())


def _seen(face: FoundFace) -> _Seen | None:
    try:
        return _Seen(face, place_face(face.landmarks))
    except InputError:
        return None


def _continue(threads: list[_Thread], faces: list[_Seen], number: int, rules: TrackingRules) -> None:
    """Give each face of a frame to the track that it fits best, the best fits first; what fits none begins one."""
    fits = [
        (score, t, f)
        for t, thread in enumerate(threads)
        for f, seen in enumerate(faces)
        if (score := _fit(thread, seen, rules)) > 0
    ]
    taken: set[int] = set()
    given: set[int] = set()
    for _, t, f in sorted(fits, key=lambda fit: -fit[0]):
        if t not in taken and f not in given:
            threads[t].add(number, faces[f])
            taken.add(t)
            given.add(f)
    for f, seen in enumerate(faces):
        if f not in given:
            threads.append(_Thread())
            threads[-1].add(number, seen)


def _fit(thread: _Thread, seen: _Seen, rules: TrackingRules) -> float:
    """How well a face goes on with a track: above 0 if it may; overlap counts more than looking alike."""
    assert thread.place is not None, "a track begins with a face"
    likeness = thread.likeness(seen.face)
    if likeness is not None and likeness < rules.alike:
        return 0.0
    near = overlap(thread.place, seen.place) if thread.open else 0.0
    if near >= rules.overlap:
        return 1.0 + near + (likeness or 0.0)
    return likeness or 0.0


def _filled(thread: _Thread, shots: Sequence[int], max_gap: int) -> FaceTrack:
    numbers = sorted(thread.faces)
    start, count = numbers[0], numbers[-1] + 1 - numbers[0]
    landmarks = np.full((count, *thread.faces[start].landmarks.shape), np.nan)
    confidence, presence = np.zeros(count), np.full(count, ABSENT, np.uint8)
    for number, face in thread.faces.items():
        row = number - start
        landmarks[row], confidence[row], presence[row] = face.landmarks, face.confidence, SEEN
    for a, b in pairwise(numbers):
        if 1 < b - a <= max_gap + 1 and shots[a] == shots[b]:
            share = np.arange(1, b - a)[:, None, None] / (b - a)
            between = slice(a + 1 - start, b - start)
            landmarks[between] = landmarks[a - start] * (1 - share) + landmarks[b - start] * share
            presence[between] = FILLED
    there = np.array(shots[start : start + count], np.int64)
    return FaceTrack(start, landmarks, confidence, presence, there)


def _at(tracks: Sequence[FaceTrack], at: tuple[int, float, float], known: str) -> int:
    frame, *point = at
    hits = []
    for number, track in enumerate(tracks):
        landmarks = track.landmarks_at(frame)
        if landmarks is not None:
            place = place_face(landmarks)
            away = float(np.abs(np.array(point) - place.center).max() / np.linalg.norm(place.x))
            hits.append((away, number))
    if not hits or min(hits)[0] > 1:
        raise InputError(f"there is no face at {point[0]:g},{point[1]:g} in frame {frame}: {known}")
    return min(hits)[1]


def _told(number: int, track: FaceTrack) -> str:
    return f"{number}: frames {track.start} to {track.stop - 1}"
