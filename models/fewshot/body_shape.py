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
_ROUNDS, _UPPER = 3, 0.75
"""Rounds in which sizes and proportions of a body in several pictures are found from each other; share of its limbs
that look no longer in a picture than its size there says."""
_MOST = 2.0
"""Ratios beyond this, or below its inverse, are more likely wrong points than proportions."""
_VARIETY = 0.08
"""Standard deviation of the logarithm of a limb's share among people."""
_SHORTENING = 0.15
"""How much shorter (logarithm) a limb looks in a single view; the longest of n views is n times nearer the truth."""


class BodyShape(NamedTuple):
    """A body's proportions and where it stands, in pixels of its pictures."""

    lengths: Vector
    """Of `LIMBS`; nan where one was never seen."""
    views: Vector
    """How often each was seen, left and right."""
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
        views = self._lengths.sum(1).astype(np.float64)
        rows = sorted(self._lowest)
        ground = rows[_quantile(np.array([self._lowest[row] for row in rows]))]
        return BodyShape(np.array(lengths), views, self._x / self._count, float(ground))


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
    seen = [(person, s.size) for person, s in sightings if s is not None]
    lengths = [_lengths_of(person) for person, _ in seen]
    sizes = np.array([size for _, size in seen])
    for _ in range(_ROUNDS):
        alike = body_shape(
            (person.moved((s, s)) for (person, _), s in zip(seen, sizes[0] / sizes, strict=True)), name
        )
        sizes = np.array([_size_of(own, alike.lengths) for own in lengths])
    return body_shape(people[:1], name)._replace(lengths=alike.lengths, views=alike.views)


def _lengths_of(person: Person) -> Vector:
    """Of `LIMBS`, the longer one of a pair; nan where none is seen."""
    places, seen = _body(person)
    longest = []
    for pairs in LIMBS:
        lengths = [float(np.linalg.norm(places[a] - places[b])) for a, b in pairs if seen[a] and seen[b]]
        longest.append(max(lengths, default=np.nan))
    return np.array(longest)


def _size_of(own: Vector, lengths: Vector) -> float:
    """How large a body with these proportions is, whose limbs can look shorter than they are, but not longer."""
    both = np.isfinite(own) & np.isfinite(lengths)
    return _weighted_quantile(own[both] / lengths[both], lengths[both], _UPPER)


def body_ratios(subject: BodyShape, driver: BodyShape, *, place: bool = False) -> BodyRatios:
    """What gives the driver the subject's proportions; the lengths of its limbs add up to what they did.

    A limb that was seen once or twice may have pointed at the camera, so its ratio counts for less: as much as is
    likely, given how much bodies differ (`_VARIETY`) and how short limbs look (`_SHORTENING`).
    place: the driver also becomes as large as the subject, and stands where the subject stands.
    """
    factors = subject.lengths / driver.lengths
    both = np.isfinite(factors)
    limbs, scale = np.ones(len(LIMBS)), 1.0
    if both.any():
        lengths = driver.lengths[both]
        doubt = (_SHORTENING / subject.views[both]) ** 2 + (_SHORTENING / driver.views[both]) ** 2
        trust = _VARIETY**2 / (_VARIETY**2 + doubt)
        ratios = factors[both] / _weighted_quantile(factors[both], lengths, 0.5)
        limbs[both] = (ratios**trust).clip(1 / _MOST, _MOST)
        limbs[both] *= lengths.sum() / (limbs[both] * lengths).sum()
        scale = float(subject.lengths[both].sum() / lengths.sum())
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


def _weighted_quantile(values: Vector, weights: Vector, share: float) -> float:
    """The value that has this share of the weight below it."""
    order = np.argsort(values)
    place = int(np.searchsorted(np.cumsum(weights[order]), weights.sum() * share))
    return float(values[order][min(place, len(values) - 1)])


def _quantile(counts: NDArray[np.int64]) -> int:
    """The bin near the upper end of what was counted."""
    total = np.cumsum(counts)
    return int(np.searchsorted(total, _NEAR_TOP * total[-1]))
