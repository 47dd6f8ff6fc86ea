"""A dancer's keypoints: OpenPose's body of 25, hands of 21 and face of 70 points."""

from functools import lru_cache

import numpy as np
import torch

from ...models.labels.people import Person
from .face_landmarks import landmark_points
from .face_person import draw_subject
from .face_shape import face_grid
from .mesh_sight import StillCamera
from .puppet_bones import Array, Bone, Bones, Sizes
from .puppet_head import head_surface

_EYE, _EAR = (3.1, -0.05), (7.0, -1.2)
_FINGERS = ((0.35, 1.15, 0.62), (1.0, 0.55, 1.0), (1.05, 0.15, 1.05), (1.0, -0.25, 1.0), (0.9, -0.6, 0.85))
"""Of thumb to little finger: forward, to the thumb's side, length; hand's lengths."""


def person_at(sizes: Sizes, bones: Bones, camera: StillCamera) -> Person:
    """The keypoints in pixels. Confidence: 1, but 0 outside of the picture and for a face that is turned away."""
    ahead = float(bones.turn[Bone.HEAD][2, 2])
    body = _body(sizes, bones)
    sure = np.ones(25)
    sure[[0, 15, 16]] = ahead > -0.05
    sideways = float(bones.turn[Bone.HEAD][2, 0])
    sure[17], sure[18] = -sideways > -0.75, sideways > -0.75
    left, right = (_hand(sizes, bones, n) for n in (0, 1))
    face = bones.carry(_face(sizes), Bone.HEAD)
    return Person(
        _rows(body, sure, camera), _rows(face, np.full(70, float(ahead > 0.2)), camera),
        _rows(left, np.ones(21), camera), _rows(right, np.ones(21), camera),
    )  # fmt: skip


def _rows(points: Array, sure: Array, camera: StillCamera) -> torch.Tensor:
    x, y, _ = camera.project(points)
    inside = (x >= 0) & (x <= camera.width) & (y >= 0) & (y <= camera.height)
    return torch.from_numpy(np.stack([x, y, sure * inside], 1).astype(np.float32))


def _on_head(sizes: Sizes, x: float, y: float, lift: float = 0.0) -> Array:
    place = head_surface(sizes, np.zeros(1), np.array([x]), np.array([y]))[0]
    return np.asarray(place + np.array([0, 0, lift]))


def _body(sizes: Sizes, bones: Bones) -> Array:
    out = np.zeros((25, 3))
    head = [_on_head(sizes, 0.0, -4.0, 2.3)]
    head += [_on_head(sizes, side * _EYE[0], _EYE[1]) for side in (-1, 1)]
    head += [_on_head(sizes, side * _EAR[0], _EAR[1]) * (1, 1, 0) for side in (-1, 1)]
    out[[0, 15, 16, 17, 18]] = bones.carry(np.stack(head), Bone.HEAD)
    out[1] = bones.carry(np.array([0.0, sizes.shoulder, 0.0]), Bone.CHEST)
    for n, (shoulder, hip, toe) in enumerate(((5, 12, 19), (2, 9, 22))):
        side = 1 - 2 * n
        out[shoulder], out[shoulder + 1] = bones.place[Bone.UPPER_ARM_L + n], bones.place[Bone.FOREARM_L + n]
        out[shoulder + 2] = bones.place[Bone.HAND_L + n]
        out[hip], out[hip + 1] = bones.place[Bone.THIGH_L + n], bones.place[Bone.SHIN_L + n]
        out[hip + 2] = bones.place[Bone.FOOT_L + n]
        x = side * sizes.hip_x * 0.95
        foot = np.array([(x - side * 1.5, 1.5, 17.0), (x + side * 3.2, 1.5, 13.5), (x, 2.0, -6.0)])
        out[toe : toe + 3] = bones.carry(foot, Bone.FOOT_L + n)
    out[8] = (out[9] + out[12]) / 2
    return out


def _hand(sizes: Sizes, bones: Bones, n: int) -> Array:
    """The wrist, then four points of each finger from the thumb on."""
    side, long = 1 - 2 * n, sizes.finger_x - sizes.wrist_x
    points = [(0.0, 0.0, 0.0)]
    for forward, aside, length in _FINGERS:
        base = (0.45 * forward if aside < 1 else 0.12, 0.22 * aside)
        tip = (forward * length * 0.97 if aside < 1 else 0.55, 0.24 * aside if aside < 1 else 0.42)
        points += [
            (
                side * long * (b := base[0] + (tip[0] - base[0]) * s),
                0.0,
                long * (base[1] + (tip[1] - base[1]) * s) + 0 * b,
            )
            for s in (0, 0.42, 0.72, 1.0)
        ]
    rest = np.array([side * sizes.wrist_x, sizes.shoulder, 0.0]) + np.array(points)
    return bones.carry(rest, Bone.HAND_L + n)


@lru_cache(maxsize=64)
def _face(sizes: Sizes) -> Array:
    """68 landmarks of an average face and the pupils, on the head at rest, `[70 3]`."""
    grid = face_grid()
    marks = landmark_points(draw_subject(0))
    x, y = grid.x.ravel()[marks], grid.y.ravel()[marks]
    x, y = np.concatenate([x, [-_EYE[0], _EYE[0]]]), np.concatenate([y, [_EYE[1]] * 2])
    return head_surface(sizes, np.zeros(70), x * 0.97, np.clip(y, -11.5, 11))
