"""Poses as drawings: OpenPose keypoints become coloured limbs, DensePose pictures become channels.

Source: NVIDIA/vid2vid at 2e6d137, `data/keypoint2img.py`, `data/pose_dataset.py`; Wang et al. 2018, 4 (pose to body).
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from .people import BODY, FACE, HAND, HEAD, Person
from .pose_lines import SURE, VID2VID, Chance, PoseRules, draw_person

Points = NDArray[np.float64]

FARTHEST = 100_000
"""Pixels that a keypoint may lie outside of the picture."""

DENSEPOSE_PARTS = 24
DENSEPOSE_HEAD = (23, 24)


def draw_pose(
    people: Sequence[Person],
    height: int,
    width: int,
    *,
    rules: PoseRules = VID2VID,
    basic_points: bool = False,
    dropped: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw people onto black: uint8 `[3 height width]`, RGB.

    Each is drawn alone; drawings add up as bytes do, so what overlaps wraps around. A limb is left out if one of its
    points is unsure, or lies at x = 0.
    rules: of the code base whose networks see the drawing; basic_points: trunk, arms and legs only; dropped: chance
    that a limb, a hand or a face is left out, drawn from `generator` (training). InputError for keypoints of another
    shape, nan, or far outside.
    """
    canvas = np.zeros((height, width, 3), np.uint8)
    for person in people:
        canvas += draw_person(
            checked_person(person), height, width, rules, basic_points, Chance(dropped, generator)
        )
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


def _with_hidden_head(person: Person, generator: torch.Generator) -> Person:
    pose = person.pose.double().clone()
    seen = pose[list(HEAD), 2:] > SURE
    pose[list(HEAD), :2] += 5 * torch.randn(len(HEAD), 2, generator=generator, dtype=torch.float64) * seen
    face = person.face
    if face is not None:
        face = face.double().clone()
        face[:, :2] += 2 * torch.randn(2, generator=generator, dtype=torch.float64)
    return Person(pose, face, person.hand_left, person.hand_right)


def checked_person(person: Person) -> dict[str, Points]:
    """The keypoints as numbers that can be drawn; InputError for another shape, nan, or far outside."""
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
