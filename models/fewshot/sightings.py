"""Where a subject is in a frame: a steady place, a size, and the head that must not be lost.

Places and sizes come from many points at once, so that a pixel of noise in each moves them by a fraction of one;
mouths, brows and hands, which move without their owner going anywhere, don't count.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..labels.people import HEAD, MID_HIP, NECK, Person
from ..labels.pose_lines import SURE

Points = NDArray[np.float64]

_RIGID = (0, 1, 2, 14, 15, 16, *range(27, 36), 36, 39, 42, 45)
"""Landmarks that hardly move within a head: beside the ears, the nose, the corners of the eyes."""
_SKULL_SHARE = 2 / 3
"""Height of the skull above the ears, in heights of the face below them."""
_SHOULDERS, _HIPS = (NECK, 2, 5), (MID_HIP, 9, 12)
_LIMBS: tuple[tuple[tuple[tuple[int, int], ...], float], ...] = (
    (((1, 8),), 0.29),
    (((9, 10), (12, 13)), 0.245),
    (((10, 11), (13, 14)), 0.245),
    (((2, 3), (5, 6)), 0.17),
    (((3, 4), (6, 7)), 0.15),
)
"""Trunk, thighs, shins, upper arms, forearms: pairs of BODY_25 points, and their length in heights of a body."""
_HEAD_SHARE = 0.09
"""Half the height of a head, in heights of a body."""


class Area(NamedTuple):
    """A part of a picture in pixels."""

    left: float
    top: float
    right: float
    bottom: float


class Sighting(NamedTuple):
    """A subject in one frame, in pixels of the picture."""

    x: float
    y: float
    size: float
    """Grows with the subject; what it measures is the same in all frames."""
    head: Area | None
    """None where no head is seen."""


def sight_face(points: Points) -> Sighting:
    """A face out of its landmarks `[68 2]`; the head is the jaw and the skull above it."""
    rigid = points[list(_RIGID)]
    middle = rigid.mean(0)
    size = float(np.sqrt(((rigid - middle) ** 2).sum(1).mean()))
    face = _around(points)
    ears = float(points[[0, 16], 1].mean())
    crown = ears - (face.bottom - ears) * _SKULL_SHARE
    return Sighting(float(middle[0]), float(middle[1]), size, face._replace(top=min(face.top, crown)))


def sight_body(person: Person) -> Sighting | None:
    """A person: the middle between shoulders and hips, the height that the limbs in sight suggest; None: no trunk.

    Limbs that point at the camera look short, so the longer one of a pair counts.
    """
    pose = person.pose.double().cpu().numpy()
    seen = pose[:, 2] > SURE
    shoulders, hips = (pose[[n for n in part if seen[n]], :2] for part in (_SHOULDERS, _HIPS))
    if not len(shoulders) or not len(hips):
        return None
    length = share = 0.0
    for pairs, part in _LIMBS:
        lengths = [np.linalg.norm(pose[a, :2] - pose[b, :2]) for a, b in pairs if seen[a] and seen[b]]
        if lengths:
            length, share = length + float(max(lengths)), share + part
    if length <= 0:
        return None
    x, y = (shoulders.mean(0) + hips.mean(0)) / 2
    size = length / share
    head = pose[[n for n in HEAD if seen[n]], :2]
    return Sighting(
        float(x), float(y), size, _grown(_around(head), _HEAD_SHARE * size) if len(head) else None
    )


def sight_mask(subject: Tensor, head: Tensor | None = None) -> Sighting | None:
    """What a mask bool `[h w]` covers (a person, a face, a car); None where it covers nothing.

    head: mask of the head, bool `[h w]` (None: all of the subject must stay in sight).
    """
    rows, columns = (axis.double() for axis in subject.nonzero(as_tuple=True))
    if not len(rows):
        return None
    kept = subject if head is None else head
    places = kept.nonzero().flip(1).double().numpy()
    area = _around(np.concatenate([places, places + 1])) if len(places) else None
    return Sighting(float(columns.mean()) + 0.5, float(rows.mean()) + 0.5, float(len(rows)) ** 0.5, area)


def _around(points: Points) -> Area:
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return Area(float(left), float(top), float(right), float(bottom))


def _grown(area: Area, by: float) -> Area:
    return Area(area.left - by, area.top - by, area.right + by, area.bottom + by)
