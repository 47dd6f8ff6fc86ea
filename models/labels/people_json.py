"""Keypoints as JSON says them: OpenPose's files, and the POSE_KEYPOINT that ComfyUI's nodes hand on.

Both are one object a frame: `people`, each with flat lists x, y, confidence, x, y ... under `pose_keypoints_2d` (25 or
18 points, or COCO's 17), `face_keypoints_2d` (70 or 68), `hand_left_keypoints_2d`, `hand_right_keypoints_2d` (21) and
`foot_keypoints_2d` (6). Lists may be missing, null or empty. ComfyUI adds `canvas_width` and `canvas_height`, and its
coordinates are pixels or shares of the canvas: shares if none is above 1.
"""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from ...errors import InputError
from .people import BODY, HAND, Person, PosedFrame, body_25, face_70

MOST_PEOPLE = 200
FARTHEST = 100_000.0
"""Pixels; and the largest side of a canvas."""
_COCO_18_ORDER = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
"""Points of BODY_25 in the order of OpenPose's 18."""
_FEET = slice(19, 25)
_DETAILS = ("face", "hand_left", "hand_right")


def read_frame(value: Any, where: str) -> PosedFrame:
    """One frame of either kind; InputError, which begins with `where`, for anything else."""
    if not isinstance(value, Mapping) or not isinstance(value.get("people"), Sequence):
        if isinstance(value, Mapping) and "animals" in value:
            raise InputError(f"{where}: keypoints of animals; only people can be drawn")
        raise InputError(f"{where}: no OpenPose keypoints, which are an object with a list 'people'")
    if len(value["people"]) > MOST_PEOPLE:
        raise InputError(
            f"{where}: {len(value['people'])} people in a frame; at most {MOST_PEOPLE} are drawn"
        )
    people = [_person(entry, f"{where}, person {n}") for n, entry in enumerate(value["people"])]
    size = _canvas(value, where)
    if size is not None and _shares(people):
        people = [person.moved((size[1], size[0])) for person in people]
    return PosedFrame(tuple(people), size)


def openpose_json(frame: PosedFrame) -> dict[str, Any]:
    """A frame as OpenPose writes it (BODY_25), with the size of its canvas where that is known."""
    entries = []
    for person in frame.people:
        parts = {f"{name}_keypoints_2d": part.flatten().tolist() for name, part in person.parts().items()}
        empty: dict[str, list[float]] = {f"{name}_keypoints_2d": [] for name in _DETAILS}
        entries.append({"person_id": [-1], **empty, **parts})
    return {"version": 1.3, **_canvas_json(frame), "people": entries}


def pose_keypoint(frame: PosedFrame) -> dict[str, Any]:
    """A frame as ComfyUI's nodes expect it: 18 body points and six of the feet, what is seen with confidence 1.

    Some of those nodes take any smaller confidence for unseen.
    """
    entries = []
    for person in frame.people:
        lists: dict[str, list[float] | None] = {
            "pose_keypoints_2d": _flat(person.pose[list(_COCO_18_ORDER)]),
            "foot_keypoints_2d": _flat(person.pose[_FEET]),
            "face_keypoints_2d": None if person.face is None else _flat(person.face),
            "hand_left_keypoints_2d": None if person.hand_left is None else _flat(person.hand_left),
            "hand_right_keypoints_2d": None if person.hand_right is None else _flat(person.hand_right),
        }
        entries.append(lists)
    return {**_canvas_json(frame), "people": entries}


def _flat(points: Tensor) -> list[float]:
    seen = (points[:, 2:] > 0).to(points)
    flat: list[float] = torch.cat([points[:, :2] * seen, seen], 1).flatten().tolist()
    return flat


def _canvas_json(frame: PosedFrame) -> dict[str, int]:
    return {} if frame.size is None else {"canvas_width": frame.size[1], "canvas_height": frame.size[0]}


def _canvas(value: Mapping[str, Any], where: str) -> tuple[int, int] | None:
    sides = value.get("canvas_height"), value.get("canvas_width")
    if None in sides:
        return None
    if not all(isinstance(side, int) and 1 <= side <= FARTHEST for side in sides):
        raise InputError(f"{where}: a canvas of {sides[1]!r} x {sides[0]!r} pixels can't be")
    return int(sides[0] or 0), int(sides[1] or 0)


def _person(value: Any, where: str) -> Person:
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: keypoints must be an object with a list 'pose_keypoints_2d'")
    lists = {
        name: _points(value.get(f"{name}_keypoints_2d"), f"{where}, {name}_keypoints_2d")
        for name in ("pose", "face", "hand_left", "hand_right", "foot")
    }
    for name, count in (("hand_left", HAND), ("hand_right", HAND), ("foot", 6)):
        part = lists[name]
        if part is not None and part.shape[0] != count:
            raise InputError(f"{where}, {name}_keypoints_2d: {part.shape[0]} points instead of {count}")
    try:
        pose, face = lists["pose"], lists["face"]
        return Person(
            torch.zeros(BODY, 3, dtype=torch.float64) if pose is None else body_25(pose, lists["foot"]),
            None if face is None else face_70(face),
            lists["hand_left"],
            lists["hand_right"],
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _points(values: Any, where: str) -> Tensor | None:
    """A flat list (or array) of x, y, confidence as `[n 3]` float64; None for a list that is missing or empty."""
    values = values.tolist() if hasattr(values, "tolist") else values
    if values is None or (isinstance(values, Sequence) and not values):
        return None
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) % 3 or len(values) > 999:
        raise InputError(f"{where}: must be a flat list of x, y, confidence for every point")
    numbers = [0.0 if v is None else v for v in values]
    if not all(isinstance(v, Real) and abs(float(v)) <= FARTHEST for v in numbers):
        raise InputError(
            f"{where}: every entry must be a number, of at most {FARTHEST:,.0f}; correct that person"
        )
    return torch.tensor(numbers, dtype=torch.float64).view(-1, 3)


def _shares(people: Sequence[Person]) -> bool:
    """Whether coordinates are shares of the canvas: some point is seen, and none lies beyond 1."""
    places = [part[part[:, 2] > 0, :2] for person in people for part in person.parts().values()]
    seen = torch.cat(places) if places else torch.zeros(0, 2)
    return seen.numel() > 0 and float(seen.max()) <= 1.0
