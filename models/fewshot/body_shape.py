"""The proportions of one body given to another: the driver dances, its limbs are as long as the subject's.

In a picture a limb that points at the camera looks short and never long, so how long it really is shows in the frames
where it looks longest. Lengths are therefore taken near their upper end over a clip, left and right counting as one,
and one ratio a limb holds for the whole clip: whatever the points do from frame to frame, the ratios add no jitter.
A limb that either of the two never shows keeps the driver's proportions.

The feet stay on the ground: hips rise or fall, and steps grow or shrink, as legs become longer or shorter.
This is this package's own; the published code bases have it for faces only (`face_shape`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from ..labels.people import BODY, MID_HIP, NECK, NOSE, Person
from ..labels.pose_lines import SURE
from .sightings import sight_body

Vector = NDArray[np.float64]

LIMBS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((MID_HIP, NECK),),
    ((NECK, NOSE),),
    ((NOSE, 15), (NOSE, 16)),
    ((15, 17), (16, 18)),
    ((NECK, 2), (NECK, 5)),
    ((2, 3), (5, 6)),
    ((3, 4), (6, 7)),
    ((MID_HIP, 9), (MID_HIP, 12)),
    ((9, 10), (12, 13)),
    ((10, 11), (13, 14)),
    ((11, 22), (14, 19)),
    ((22, 23), (19, 20)),
    ((11, 24), (14, 21)),
)
"""Pairs of BODY_25 points that are as long as each other: the end that stays, the end that moves with all that hangs on
it. From the hips outwards: what a limb hangs on stands before it."""
_FOREARM, _HEAD, _LEGS = 6, [2, 3], [8, 9]
"""Numbers of limbs that hands, faces and the height of the hips go by."""
_LENGTHS = np.geomspace(1, 1e5, 4001)
"""Pixels; lengths are counted in these steps of 0.3 %."""
_NEAR_TOP = 0.9
"""Share of the frames in which a limb looks no longer than it is taken to be; in the others points may be wrong."""
_MOST = 2.0
"""Ratios beyond this, or below its inverse, are more likely wrong points than proportions."""


class BodyShape(NamedTuple):
    """A body's proportions and where it stands, in pixels of its pictures."""

    lengths: Vector
    """Of `LIMBS`; nan where one was never seen."""
    x: float
    """The middle between shoulders and hips, on average."""
    ground: float
    """Where its lowest point is when that is lowest."""


@dataclass(frozen=True, eq=False)
class BodyRatios:
    """What turns the driver's body into the subject's."""

    limbs: Vector
    """Factors of `LIMBS`."""
    anchor: Vector
    """(x, ground) of the driver: what doesn't move when legs grow."""
    place: Vector
    """Where that goes."""
    scale: float
    """Factor of everything."""


class BodyMeasure:
    """Frames of one body, gathered one by one; memory doesn't grow with them."""

    def __init__(self) -> None:
        self._lengths = np.zeros((len(LIMBS), len(_LENGTHS)), np.int64)
        self._lowest: dict[int, int] = {}
        self._x = 0.0
        self._count = 0

    def add(self, person: Person) -> None:
        """A frame; one without a trunk doesn't count."""
        sighting = sight_body(person)
        if sighting is None:
            return
        places, seen = _body(person)
        for number, pairs in enumerate(LIMBS):
            for a, b in pairs:
                if seen[a] and seen[b]:
                    step = int(np.searchsorted(_LENGTHS, np.linalg.norm(places[a] - places[b])))
                    self._lengths[number, min(step, len(_LENGTHS) - 1)] += 1
        lowest = round(float(places[seen, 1].max()))
        self._lowest[lowest] = self._lowest.get(lowest, 0) + 1
        self._x += sighting.x
        self._count += 1

    def shape(self, name: str) -> BodyShape:
        """InputError, which begins with `name`, where no frame shows a body."""
        if not self._count:
            raise InputError(
                f"{name}: no body from the shoulders to the hips is seen; give pictures that show one"
            )
        lengths = [_LENGTHS[_quantile(c)] if c.any() else np.nan for c in self._lengths]
        rows = sorted(self._lowest)
        ground = rows[_quantile(np.array([self._lowest[row] for row in rows]))]
        return BodyShape(np.array(lengths), self._x / self._count, float(ground))


def body_shape(people: Iterable[Person], name: str) -> BodyShape:
    """The proportions of one body in the frames of a clip: one pass, one frame in memory."""
    measure = BodyMeasure()
    for person in people:
        measure.add(person)
    return measure.shape(name)


def exemplar_shape(people: Sequence[Person], name: str) -> BodyShape:
    """The proportions of one body in a few pictures of any size; it stands as in the first."""
    first = sight_body(people[0]) if people else None
    if first is None:
        return body_shape((), name)
    sightings = [(person, sight_body(person)) for person in people]
    sizes = [(person, first.size / s.size) for person, s in sightings if s is not None]
    alike = body_shape((person.moved((scale, scale)) for person, scale in sizes), name)
    return body_shape(people[:1], name)._replace(lengths=alike.lengths)


def body_ratios(subject: BodyShape, driver: BodyShape, *, place: bool = False) -> BodyRatios:
    """What gives the driver the subject's proportions; the lengths of its limbs add up to what they did.

    place: the driver also becomes as large as the subject, and stands where the subject stands.
    """
    factors = subject.lengths / driver.lengths
    both = np.isfinite(factors)
    scale = float(subject.lengths[both].sum() / driver.lengths[both].sum()) if both.any() else 1.0
    limbs = np.where(both, factors / scale, 1.0).clip(1 / _MOST, _MOST)
    anchor = np.array([driver.x, driver.ground])
    if not place:
        return BodyRatios(limbs, anchor, anchor, 1.0)
    return BodyRatios(limbs, anchor, np.array([subject.x, subject.ground]), scale)


def reshape_body(person: Person, by: BodyRatios) -> Person:
    """The driver's person with the subject's proportions; hands and faces go with wrists and noses."""
    places, seen = _body(person)
    moved = _limbs_moved(places, seen, by)
    parts = {"pose": _with_places(person.pose, _placed(moved, by))}
    hangs = (
        ("face", NOSE, None, float(by.limbs[_HEAD].mean())),
        ("hand_left", 7, 0, float(by.limbs[_FOREARM])),
        ("hand_right", 4, 0, float(by.limbs[_FOREARM])),
    )
    known = person.parts()
    for name, joint, own, ratio in hangs:
        if name in known:
            points = known[name].detach().double().cpu().numpy()[:, :2]
            center = places[joint] if own is None else points[own]
            grown = center + (points - center) * ratio + (moved[joint] - places[joint])
            parts[name] = _with_places(known[name], _placed(grown, by))
    return replace(person, **parts)


def _limbs_moved(places: Vector, seen: NDArray[np.bool_], by: BodyRatios) -> Vector:
    """The body's points `[25 2]`; those that aren't seen go along with what they hang on."""
    root = next((n for n in (MID_HIP, 9, 12, NECK) if seen[n]), None)
    moved = places.copy()
    if root is None:
        return moved
    legs = float(by.limbs[_LEGS].mean())
    moved[MID_HIP] = places[MID_HIP] + (places[root] - by.anchor) * (legs - 1)
    held: dict[int, tuple[int, list[float]]] = {}
    for number, pairs in enumerate(LIMBS):
        for a, b in pairs:
            start, ratios = held.get(a, (a, []))
            ratios = [*ratios, float(by.limbs[number])]
            shift = moved[start] - places[start]
            if seen[b] and (seen[start] or start == MID_HIP):
                stretch = float(np.mean(ratios)) - 1 if seen[start] else 0.0
                moved[b] = places[b] + shift + (places[b] - places[start]) * stretch
            else:
                moved[b] = places[b] + shift
                held[b] = (start, ratios)
    return moved


def _placed(points: Vector, by: BodyRatios) -> Vector:
    placed: Vector = (points - by.anchor) * by.scale + by.place
    return placed


def _body(person: Person) -> tuple[Vector, NDArray[np.bool_]]:
    """Places `[25 2]`, and which of them are seen."""
    pose = person.pose.detach().double().cpu().numpy()
    assert pose.shape == (BODY, 3), "of BODY_25"
    return pose[:, :2], pose[:, 2] > SURE


def _with_places(points: Tensor, places: Vector) -> Tensor:
    """Rows of (x, y, confidence) elsewhere; what isn't seen stays."""
    there = torch.cat([torch.from_numpy(places).to(points), points[:, 2:]], 1)
    return torch.where(points[:, 2:] > 0, there, points)


def _quantile(counts: NDArray[np.int64]) -> int:
    """The bin near the upper end of what was counted."""
    total = np.cumsum(counts)
    return int(np.searchsorted(total, _NEAR_TOP * total[-1]))
