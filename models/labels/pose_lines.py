"""How strokes join a person's keypoints: the rules of the published code bases, which networks were trained on.

Source: NVIDIA/vid2vid at 2e6d137 and NVlabs/few-shot-vid2vid at 009e23f, `data/keypoint2img.py`; NVlabs/imaginaire at
c6f7484, `utils/visualization/pose.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from .curves import curve_through
from .strokes import Color, stroke

Points = NDArray[np.float64]
Limbs = Mapping[tuple[int, int], Color]
"""Pairs of BODY_25 points and the colour between them, in the order of drawing."""

_HEAD: Limbs = {
    (17, 15): (153, 0, 153),
    (15, 0): (153, 0, 102),
    (0, 16): (102, 0, 153),
    (16, 18): (51, 0, 153),
}
_TRUNK_AND_ARMS: Limbs = {
    (0, 1): (153, 0, 51),
    (1, 8): (153, 0, 0),
    (1, 2): (153, 51, 0),
    (2, 3): (153, 102, 0),
    (3, 4): (153, 153, 0),
    (1, 5): (102, 153, 0),
    (5, 6): (51, 153, 0),
    (6, 7): (0, 153, 0),
}
_RIGHT_LEG: Limbs = {(8, 9): (0, 153, 51), (9, 10): (0, 153, 102), (10, 11): (0, 153, 153)}
_LEFT_LEG: Limbs = {(8, 12): (0, 102, 153), (12, 13): (0, 51, 153), (13, 14): (0, 0, 153)}
_RIGHT_FOOT: Limbs = dict.fromkeys([(11, 24), (11, 22), (22, 23)], (0, 153, 153))
_LEFT_FOOT: Limbs = dict.fromkeys([(14, 21), (14, 19), (19, 20)], (0, 0, 153))
_FINGERS: tuple[tuple[tuple[int, ...], Color], ...] = (
    ((0, 1, 2, 3, 4), (204, 0, 0)),
    ((0, 5, 6, 7, 8), (163, 204, 0)),
    ((0, 9, 10, 11, 12), (0, 204, 82)),
    ((0, 13, 14, 15, 16), (0, 82, 204)),
    ((0, 17, 18, 19, 20), (163, 0, 204)),
)
_FACE = (
    tuple(range(17, 22)),
    tuple(range(22, 27)),
    tuple(range(31, 36)),
    (36, 37, 38, 39),
    (39, 40, 41, 36),
    (42, 43, 44, 45),
    (45, 46, 47, 42),
    tuple(range(48, 55)),
    (*range(54, 60), 48),
)
_WHITE = (255, 255, 255)
SURE, _SURE_FACE = 0.01, 0.1
"""Confidence that a point needs; of a finger or a curve of the face, every point."""
_BODY_BRUSH, _FINE_BRUSH = 3, 1


@dataclass(frozen=True)
class PoseRules:
    """What is joined, and with what strokes."""

    limbs: Limbs = field(hash=False)
    basic_limbs: Limbs = field(hash=False)
    """Where only the basic points are asked for."""
    face: tuple[tuple[int, ...], ...]
    """Landmarks of the face, chain by chain; empty: no face."""
    body_share: int | None = None
    """Half the width of a limb's stroke is the height of the body // this; None: 3 pixels."""
    fine_share: int | None = None
    """The same for fingers and faces; None: 1 pixel."""
    fine_ends: bool = True
    """Strokes of fingers and faces have discs at their ends, as limbs have."""
    rounded: bool = False
    """Lengths of lines are rounded to whole pixels, else truncated (`curves.curve_through`)."""
    even: bool = False
    """A body is as high as what is seen of it. sic, if not: what is unseen counts as the picture's upper border, so
    that strokes become wider whenever a joint is hidden; networks trained with the published code expect it."""

    def brushes(self, body: Points) -> tuple[int, int]:
        """Half the width of strokes in pixels: limbs, then fingers and faces. body `[25 2]`, 0 where unseen."""
        rows = body[body.any(1), 1] if self.even and body.any() else body[:, 1]
        height = int(np.ptp(rows))
        body_brush = _BODY_BRUSH if self.body_share is None else max(1, height // self.body_share)
        fine_brush = _FINE_BRUSH if self.fine_share is None else max(1, height // self.fine_share)
        return body_brush, fine_brush

    def without_face(self) -> "PoseRules":
        return replace(self, face=())


VID2VID = PoseRules(
    {**_HEAD, **_TRUNK_AND_ARMS, **_RIGHT_LEG, **_RIGHT_FOOT, **_LEFT_LEG, **_LEFT_FOOT},
    {**_TRUNK_AND_ARMS, **_RIGHT_LEG, **_RIGHT_FOOT, **_LEFT_LEG, **_LEFT_FOOT},
    (*_FACE[:2], tuple(range(27, 31)), *_FACE[2:]),
)
"""Fixed strokes; faces without a jaw; basic points without the head, but with feet."""

FEWSHOT = PoseRules(
    {**_HEAD, **_TRUNK_AND_ARMS, **_RIGHT_LEG, **_LEFT_LEG, **_RIGHT_FOOT, **_LEFT_FOOT},
    {**_HEAD, **_TRUNK_AND_ARMS, **_RIGHT_LEG, **_LEFT_LEG},
    (tuple(range(17)), *_FACE[:2], (28, 31), _FACE[2], (35, 28), *_FACE[3:]),
    body_share=150,
    fine_share=450,
    fine_ends=False,
)
"""Strokes grow with the body; faces have a jaw; basic points have a head, but no feet."""

IMAGINAIRE = replace(FEWSHOT, rounded=True)
"""The same but for the lengths of lines."""

EVEN = replace(FEWSHOT, even=True)
"""For training anew: strokes don't jump when a joint is hidden."""


class Chance:
    """Whether something is left out."""

    def __init__(self, chance: float, generator: torch.Generator | None) -> None:
        if chance > 0 and generator is None:
            raise ValueError("draw_pose: leaving things out by chance needs a generator")
        self._chance, self._generator = chance, generator

    def keeps(self) -> bool:
        return self._chance <= 0 or float(torch.rand((), generator=self._generator)) > self._chance


def draw_person(
    parts: Mapping[str, Points], height: int, width: int, rules: PoseRules, basic_points: bool, chance: Chance
) -> NDArray[np.uint8]:
    """One person on black, uint8 `[h w 3]`; parts: rows of (x, y, confidence) under the names of `Person`'s fields."""
    canvas = np.zeros((height, width, 3), np.uint8)
    body = seen_body(parts["pose"])
    thick, fine = rules.brushes(body)
    for limb, color in (rules.basic_limbs if basic_points else rules.limbs).items():
        if chance.keeps():
            _line(canvas, body[list(limb)], color, thick, rules, ends=True)
    if basic_points:
        return canvas
    for hand in (parts.get("hand_left"), parts.get("hand_right")):
        if chance.keeps() and hand is not None:
            fingers = _sure_points(hand, [finger for finger, _ in _FINGERS], SURE)
            for finger, color in _FINGERS:
                _chain(canvas, fingers, finger, color, fine, rules)
    face = parts.get("face")
    if chance.keeps() and face is not None:
        points = _sure_points(face, rules.face, _SURE_FACE)
        for numbers in rules.face:
            _chain(canvas, points, numbers, _WHITE, fine, rules)
    return canvas


def seen_body(pose: Points) -> Points:
    """(x, y) of the points that are seen, 0 elsewhere: `[25 3]` -> `[25 2]`."""
    seen: Points = np.where(pose[:, 2:] > SURE, pose[:, :2], 0)
    return seen


def _sure_points(points: Points, groups: Sequence[tuple[int, ...]], threshold: float) -> Points:
    """(x, y) of the points in groups that are sure as a whole; 0 elsewhere. `[n 3]` -> `[n 2]`."""
    kept = np.zeros((len(points), 2))
    for group in groups:
        if (points[list(group), 2] > threshold).all():
            kept[list(group)] = points[list(group), :2]
    return kept


def _chain(
    canvas: NDArray[np.uint8],
    points: Points,
    numbers: Sequence[int],
    color: Color,
    brush: int,
    rules: PoseRules,
) -> None:
    """Lines from point to point."""
    for a, b in pairwise(numbers):
        _line(canvas, points[[a, b]], color, brush, rules, ends=rules.fine_ends)


def _line(
    canvas: NDArray[np.uint8], points: Points, color: Color, brush: int, rules: PoseRules, *, ends: bool
) -> None:
    if (points[:, 0] != 0).all():
        stroke(canvas, curve_through(points, rounded=rules.rounded), color, brush, ends=ends)
