"""People as keypoints: OpenPose's body of 25 points with face and hands, and the other orders in use turned into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from ...errors import InputError

BODY, FACE, HAND = 25, 70, 21

NOSE, NECK, MID_HIP = 0, 1, 8
HEAD = (0, 15, 16, 17, 18)
"""Nose, eyes and ears in BODY_25."""

_COCO_18 = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
"""Where OpenPose's 18 COCO points stand in BODY_25."""
_COCO_17 = (0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11)
"""Where the 17 points of the COCO data set stand in BODY_25."""
_FEET = (19, 20, 21, 22, 23, 24)
"""Where the six foot points of COCO-WholeBody (left toes and heel, right toes and heel) stand in BODY_25."""
_SHOULDERS, _HIPS = (2, 5), (9, 12)


@dataclass(frozen=True, eq=False)
class Person:
    """Keypoints of one person: rows of (x, y, confidence), x and y in pixels, 0..1; confidence 0: not seen."""

    pose: Tensor
    """OpenPose's BODY_25, `[25 3]`."""
    face: Tensor | None = None
    """68 landmarks and two pupils, `[70 3]`."""
    hand_left: Tensor | None = None
    """`[21 3]`: the wrist, then four points of each finger from the thumb on."""
    hand_right: Tensor | None = None

    def moved(self, scale: tuple[float, float], shift: tuple[float, float] = (0.0, 0.0)) -> "Person":
        """Every point times `scale` = (x, y), plus `shift`; confidences stay."""
        factor, offset = torch.tensor([*scale, 1.0]), torch.tensor([*shift, 0.0])
        parts = {name: part * factor + offset for name, part in self.parts().items()}
        return replace(self, **parts)

    def parts(self) -> Mapping[str, Tensor]:
        """What is known of this person, by the names of the fields."""
        every = {
            "pose": self.pose,
            "face": self.face,
            "hand_left": self.hand_left,
            "hand_right": self.hand_right,
        }
        return {name: part for name, part in every.items() if part is not None}


class PosedFrame(NamedTuple):
    """Everyone in one frame."""

    people: tuple[Person, ...]
    size: tuple[int, int] | None
    """(height, width) of the picture in pixels, where the source says."""


def body_25(points: Tensor, feet: Tensor | None = None) -> Tensor:
    """A body of 25, 18 (OpenPose's COCO) or 17 (the COCO data set) points `[n 3]` as BODY_25.

    The neck and the middle of the hips, where the order lacks them, lie between the shoulders and the hips.
    feet `[6 3]`: toes and heels, left then right. InputError for another number of points.
    """
    orders: dict[int, Sequence[int]] = {BODY: range(BODY), len(_COCO_18): _COCO_18, len(_COCO_17): _COCO_17}
    if points.shape[0] not in orders:
        raise InputError(
            f"a body of {points.shape[0]} keypoints; known are OpenPose's 25 and 18 and COCO's 17 points"
        )
    body = points.new_zeros(BODY, 3)
    body[list(orders[points.shape[0]])] = points
    if points.shape[0] == len(_COCO_17):
        body[NECK] = _between(body, _SHOULDERS)
    if points.shape[0] != BODY:
        body[MID_HIP] = _between(body, _HIPS)
    if feet is not None:
        body[list(_FEET)] = feet
    return body


def face_70(points: Tensor) -> Tensor:
    """68 or 70 face points `[n 3]` as 70: pupils that nobody found have confidence 0."""
    if points.shape[0] not in (FACE - 2, FACE):
        raise InputError(f"a face of {points.shape[0]} keypoints; known are 68 and OpenPose's 70 points")
    return torch.cat([points, points.new_zeros(FACE - points.shape[0], 3)])


def whole_body(points: Tensor) -> Person:
    """The 133 points of COCO-WholeBody `[133 3]`, or the 17 of COCO `[17 3]`, as a person."""
    if points.shape[0] == len(_COCO_17):
        return Person(body_25(points))
    if points.shape[0] != 133:
        raise InputError(
            f"a person of {points.shape[0]} keypoints; known are COCO's 17 and COCO-WholeBody's 133 points"
        )
    body, feet, face, left, right = torch.split(points, [17, 6, 68, HAND, HAND])
    return Person(body_25(body, feet), face_70(face), left, right)


def landmarks_of(people: Sequence[Person], threshold: float = 0.1) -> Tensor | None:
    """The 68 landmarks `[68 2]` of the largest face that is seen whole; None where there is none.

    threshold: confidence that every landmark must exceed.
    """
    faces = [person.face[:68] for person in people if person.face is not None]
    whole = [face[:, :2] for face in faces if bool((face[:, 2] > threshold).all())]
    return max(whole, key=lambda face: float(face[:, 0].max() - face[:, 0].min()), default=None)


def tallest(people: Sequence[Person], threshold: float = 0.01) -> Person | None:
    """Who reaches highest and lowest, by the points of the body that are surer than `threshold`; None for nobody."""

    def height(person: Person) -> float:
        seen = person.pose[person.pose[:, 2] > threshold, 1]
        return float(seen.max() - seen.min()) if len(seen) else -1.0

    best = max(people, key=height, default=None)
    return None if best is None or height(best) < 0 else best


def _between(body: Tensor, pair: tuple[int, int]) -> Tensor:
    """The middle of two points, as sure as the less sure one; unseen if either is."""
    a, b = body[pair[0]], body[pair[1]]
    sure = torch.minimum(a[2], b[2])
    return torch.cat([(a[:2] + b[:2]) / 2, sure[None]]) if sure > 0 else torch.zeros_like(a)
