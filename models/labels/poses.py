"""Poses as drawings: OpenPose keypoints become coloured limbs, DensePose pictures become channels.

Source: NVIDIA/vid2vid at 2e6d137, `data/keypoint2img.py`, `data/pose_dataset.py`; Wang et al. 2018, 4 (pose to body).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from .curves import curve_through
from .people import BODY, FACE, HAND, HEAD, Person
from .strokes import Color, stroke

Points = NDArray[np.float64]

_HEAD: dict[tuple[int, int], Color] = {
    (17, 15): (153, 0, 153),
    (15, 0): (153, 0, 102),
    (0, 16): (102, 0, 153),
    (16, 18): (51, 0, 153),
}
_LIMBS: dict[tuple[int, int], Color] = {
    (0, 1): (153, 0, 51),
    (1, 8): (153, 0, 0),
    (1, 2): (153, 51, 0),
    (2, 3): (153, 102, 0),
    (3, 4): (153, 153, 0),
    (1, 5): (102, 153, 0),
    (5, 6): (51, 153, 0),
    (6, 7): (0, 153, 0),
    (8, 9): (0, 153, 51),
    (9, 10): (0, 153, 102),
    **dict.fromkeys([(10, 11), (11, 24), (11, 22), (22, 23)], (0, 153, 153)),
    (8, 12): (0, 102, 153),
    (12, 13): (0, 51, 153),
    **dict.fromkeys([(13, 14), (14, 21), (14, 19), (19, 20)], (0, 0, 153)),
}
"""Pairs of BODY_25 points and the colour between them, in the order of drawing; the head comes first."""
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
    tuple(range(27, 31)),
    tuple(range(31, 36)),
    (36, 37, 38, 39),
    (39, 40, 41, 36),
    (42, 43, 44, 45),
    (45, 46, 47, 42),
    tuple(range(48, 55)),
    (*range(54, 60), 48),
)
_WHITE = (255, 255, 255)
_SURE, _SURE_FACE = 0.01, 0.1
"""Confidence that a point needs; of a finger or a curve of the face, every point."""
_BODY_BRUSH, _FINE_BRUSH = 3, 1
FARTHEST = 100_000
"""Pixels that a keypoint may lie outside of the picture."""

DENSEPOSE_PARTS = 24
DENSEPOSE_HEAD = (23, 24)


def draw_pose(
    people: Sequence[Person],
    height: int,
    width: int,
    *,
    basic_points: bool = False,
    dropped: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw people onto black: uint8 `[3 height width]`, RGB.

    Each is drawn alone; drawings add up as bytes do, so what overlaps wraps around. A limb is left out if one of its
    points is unsure, or lies at x = 0.
    basic_points: trunk, arms and legs only; dropped: chance that a limb, a hand or a face is left out, drawn from
    `generator` (training). InputError for keypoints of another shape, nan, or far outside.
    """
    canvas = np.zeros((height, width, 3), np.uint8)
    for person in people:
        canvas += _drawn(_checked(person), height, width, basic_points, _Chance(dropped, generator))
    return torch.from_numpy(canvas).permute(2, 0, 1).contiguous()


def hide_heads(people: Sequence[Person], generator: torch.Generator) -> list[Person]:
    """People whose heads can't be recognised by the places of their points, moved at random (deviation: 5 pixels).

    Training with `--remove_face_labels` does this, so that a network learns to paint one face whatever the input.
    """
    return [_with_hidden_head(person, generator) for person in people]


def without_parts(densepose: Tensor, parts: Sequence[int]) -> Tensor:
    """A DensePose picture uint8 `[3 h w]` with some parts (1..24) made background."""
    gone = torch.isin(densepose[2], torch.tensor(list(parts), dtype=torch.uint8))
    return densepose.masked_fill(gone, 0)


def drop_parts(densepose: Tensor, chance: float, generator: torch.Generator) -> Tensor:
    """A DensePose picture uint8 `[3 h w]`, each of its parts left out with that chance (training)."""
    lost = torch.rand(DENSEPOSE_PARTS, generator=generator) < chance
    return without_parts(densepose, [part for part in range(1, DENSEPOSE_PARTS + 1) if lost[part - 1]])


def pose_input(densepose: Tensor | None, drawing: Tensor | None) -> Tensor:
    """What a pose network takes, -1..1 float32: `[6 h w]`, or `[3 h w]` where one of the two is None.

    densepose uint8 `[3 h w]` as a PNG shows it: two surface coordinates, then the part 0..24, which is spread over the
    whole range; drawing uint8 `[3 h w]` (`draw_pose`).
    """
    maps = []
    if densepose is not None:
        maps.append(densepose.float() / torch.tensor([255.0, 255.0, DENSEPOSE_PARTS])[:, None, None])
    if drawing is not None:
        maps.append(drawing.float() / 255)
    if not maps:
        raise InputError("a pose needs keypoints, a DensePose picture, or both")
    return torch.cat(maps) * 2 - 1


def central_columns(width: int) -> slice:
    """The middle half of a picture's columns, in whole multiples of 64, which the published layout keeps."""
    reach = width // 4 // 32 * 32
    if reach == 0:
        raise InputError(
            f"pose: a picture of {width} columns has no central half of 64 or more; use 128 or more"
        )
    return slice(width // 2 - reach, width // 2 + reach)


class _Chance:
    """Whether something is left out."""

    def __init__(self, chance: float, generator: torch.Generator | None) -> None:
        if chance > 0 and generator is None:
            raise ValueError("draw_pose: leaving things out by chance needs a generator")
        self._chance, self._generator = chance, generator

    def keeps(self) -> bool:
        return self._chance <= 0 or float(torch.rand((), generator=self._generator)) > self._chance


def _drawn(
    parts: dict[str, Points], height: int, width: int, basic_points: bool, chance: _Chance
) -> NDArray[np.uint8]:
    canvas = np.zeros((height, width, 3), np.uint8)
    body = np.where(parts["pose"][:, 2:] > _SURE, parts["pose"][:, :2], 0)
    for limb, color in (_LIMBS if basic_points else _HEAD | _LIMBS).items():
        if chance.keeps():
            _line(canvas, body[list(limb)], color, _BODY_BRUSH)
    if basic_points:
        return canvas
    for hand in (parts.get("hand_left"), parts.get("hand_right")):
        if chance.keeps() and hand is not None:
            fingers = _sure_points(hand, [finger for finger, _ in _FINGERS], _SURE)
            for finger, color in _FINGERS:
                _chain(canvas, fingers, finger, color)
    face = parts.get("face")
    if chance.keeps() and face is not None:
        points = _sure_points(face, _FACE, _SURE_FACE)
        for numbers in _FACE:
            _chain(canvas, points, numbers, _WHITE)
    return canvas


def _sure_points(points: Points, groups: Sequence[tuple[int, ...]], threshold: float) -> Points:
    """(x, y) of the points in groups that are sure as a whole; 0 elsewhere. `[n 3]` -> `[n 2]`."""
    kept = np.zeros((len(points), 2))
    for group in groups:
        if (points[list(group), 2] > threshold).all():
            kept[list(group)] = points[list(group), :2]
    return kept


def _chain(canvas: NDArray[np.uint8], points: Points, numbers: Sequence[int], color: Color) -> None:
    """Lines from point to point."""
    for a, b in pairwise(numbers):
        _line(canvas, points[[a, b]], color, _FINE_BRUSH)


def _line(canvas: NDArray[np.uint8], ends: Points, color: Color, brush: int) -> None:
    if (ends[:, 0] != 0).all():
        stroke(canvas, curve_through(ends), color, brush)


def _with_hidden_head(person: Person, generator: torch.Generator) -> Person:
    pose = person.pose.double().clone()
    seen = pose[list(HEAD), 2:] > _SURE
    pose[list(HEAD), :2] += 5 * torch.randn(len(HEAD), 2, generator=generator, dtype=torch.float64) * seen
    face = person.face
    if face is not None:
        face = face.double().clone()
        face[:, :2] += 2 * torch.randn(2, generator=generator, dtype=torch.float64)
    return Person(pose, face, person.hand_left, person.hand_right)


def _checked(person: Person) -> dict[str, Points]:
    """The keypoints as numbers that can be drawn."""
    wanted = {"pose": BODY, "face": FACE, "hand_left": HAND, "hand_right": HAND}
    checked = {}
    for name, points in person.parts().items():
        if tuple(points.shape) != (wanted[name], 3):
            raise InputError(
                f"{name} keypoints: expected [{wanted[name]} 3] (x, y, confidence), got {list(points.shape)}"
            )
        values: Points = points.detach().cpu().double().numpy()
        if not (np.abs(values) <= FARTHEST).all():
            raise InputError(
                f"{name} keypoints: a number is missing, or more than {FARTHEST:,} pixels away; remove that person"
            )
        checked[name] = values
    return checked
