"""The skeleton: where joints are at rest (arms out to the sides), and where bones go for given hands and feet.

Centimetres; x to the viewer's right (a dancer who faces the viewer has the left hand there), y up from the floor, z
towards the viewer.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .puppet_person import Dancer

Array = NDArray[np.float64]


class Bone(IntEnum):
    """What moves as one. Left and right are the dancer's own."""

    PELVIS = 0
    CHEST = 1
    HEAD = 2
    UPPER_ARM_L = 3
    UPPER_ARM_R = 4
    FOREARM_L = 5
    FOREARM_R = 6
    HAND_L = 7
    HAND_R = 8
    THIGH_L = 9
    THIGH_R = 10
    SHIN_L = 11
    SHIN_R = 12
    FOOT_L = 13
    FOOT_R = 14
    SWING = 15
    """What hangs from the pelvis and lags behind: skirts."""
    TRAIL = 16
    """What hangs from the head and lags behind: long hair."""


@dataclass(frozen=True)
class Sizes:
    """Lengths of one body at rest."""

    hip: float
    """Height of the hip joints; so are the next ones heights."""
    knee: float
    ankle: float
    waist: float
    neck: float
    skull: float
    """Where the head turns."""
    crown: float
    hip_x: float
    """Distance from the middle; so are the next ones."""
    shoulder_x: float
    elbow_x: float
    wrist_x: float
    finger_x: float

    @property
    def shoulder(self) -> float:
        return self.neck - 5.0


def sizes_of(dancer: Dancer) -> Sizes:
    scale = 1 + 0.07 * dancer.height + 0.04 * (dancer.masculine - 0.5)
    leg = 92 * scale * (1 + 0.05 * dancer.legs)
    trunk = 52 * scale
    shoulder = (16.6 + 2.2 * dancer.masculine) * scale * (1 + 0.08 * dancer.shoulders)
    arm = scale * (1 + 0.03 * dancer.legs)
    neck = leg + trunk
    return Sizes(
        hip=leg, knee=leg * 0.545, ankle=8.0 * scale, waist=leg + 15 * scale, neck=neck, skull=neck + 7 * scale,
        crown=neck + 29 * scale, hip_x=9.3 * scale, shoulder_x=shoulder, elbow_x=shoulder + 28 * arm,
        wrist_x=shoulder + 52 * arm, finger_x=shoulder + 69 * arm,
    )  # fmt: skip


class Pose(NamedTuple):
    """What a dance asks for. Angles in radians, places in centimetres on the stage."""

    place: Array
    """Of the pelvis, `[3]`."""
    turn: float
    """To the dancer's left, seen from above."""
    sway: float
    """Of the pelvis, to the dancer's left side."""
    chest: tuple[float, float, float]
    """Turn, lean forward, lean to the left, from the pelvis."""
    head: tuple[float, float, float]
    """The same from the chest."""
    hands: Array
    """Left and right, from the shoulder in the chest's axes, as shares of the arm's length, `[2 3]`."""
    feet: Array
    """Ankles, left and right, in the dancer's axes (turned, on the floor below the pelvis), `[2 3]`."""


class Bones(NamedTuple):
    """Where all bones are: a point at rest goes to `turn @ (point - rest) + place`."""

    turn: Array
    """`[17 3 3]`."""
    rest: Array
    """Joint of every bone at rest, `[17 3]`."""
    place: Array
    """The same joint now, `[17 3]`."""

    def carry(self, points: Array, bone: int) -> Array:
        """Points at rest `[... 3]`, moved with a bone."""
        return np.asarray((points - self.rest[bone]) @ self.turn[bone].T + self.place[bone])

    def skin(self, points: Array, weights: Array) -> Array:
        """Points at rest `[n 3]`, each moved with its bones' weighted mean `[n 17]`."""
        shift = self.place - np.einsum("bij,bj->bi", self.turn, self.rest)
        table = np.concatenate([self.turn.reshape(-1, 9), shift], 1)
        mixed = weights @ table
        turned = np.einsum("nij,nj->ni", mixed[:, :9].reshape(-1, 3, 3), points)
        return np.asarray(turned + mixed[:, 9:])


def spin(turn: float, lean: float, side: float) -> Array:
    """About y, then x (forward), then z (to the dancer's left), `[3 3]`."""
    cy, sy, cx, sx, cz, sz = (f(a) for a in (turn, lean, side) for f in (np.cos, np.sin))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_z = np.array([[cz, sz, 0], [-sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


def reach(
    root: Array, target: Array, lengths: tuple[float, float], pole: Array
) -> tuple[Array, Array, Array]:
    """Two bones from `root` towards `target`, bent to the side of `pole`: middle joint, end, axis of the bend."""
    first, second = lengths
    way = target - root
    far = float(np.linalg.norm(way)) + 1e-9
    way = way / far
    far = float(np.clip(far, abs(first - second) + 1.0, 0.998 * (first + second)))
    out = pole - (pole @ way) * way
    out = out / (np.linalg.norm(out) + 1e-9)
    along = (first**2 + far**2 - second**2) / (2 * far)
    middle = root + way * along + out * np.sqrt(max(first**2 - along**2, 0.0))
    return middle, root + way * far, np.cross(out, way)


def _frame(along: Array, axis: Array) -> Array:
    along = along / np.linalg.norm(along)
    axis = axis - (axis @ along) * along
    axis = axis / np.linalg.norm(axis)
    return np.stack([along, axis, np.cross(along, axis)], 1)


def solve(sizes: Sizes, pose: Pose) -> Bones:
    """Bones for a pose; the two that lag are left with their parents (see `puppet_dance`)."""
    turn, rest, place = np.zeros((17, 3, 3)), np.zeros((17, 3)), np.zeros((17, 3))

    def put(bone: Bone, matrix: Array, at_rest: Array, now: Array) -> None:
        turn[bone], rest[bone], place[bone] = matrix, at_rest, now

    facing = spin(pose.turn, 0.0, 0.0)
    pelvis = facing @ spin(0.0, 0.0, pose.sway)
    put(Bone.PELVIS, pelvis, np.array([0.0, sizes.hip, 0.0]), pose.place)
    waist = np.array([0.0, sizes.waist, 0.0])
    waist_now = pose.place + pelvis @ np.array([0.0, sizes.waist - sizes.hip, 0.0])
    chest = pelvis @ spin(*pose.chest)
    put(Bone.CHEST, chest, waist, waist_now)
    head = chest @ spin(*pose.head)
    skull = np.array([0.0, sizes.skull, 0.0])
    put(Bone.HEAD, head, skull, waist_now + chest @ (skull - waist))
    put(Bone.SWING, pelvis, waist, waist_now)
    put(Bone.TRAIL, head, skull, place[Bone.HEAD])
    arm = (sizes.elbow_x - sizes.shoulder_x, sizes.wrist_x - sizes.elbow_x)
    leg = (sizes.hip - sizes.knee, sizes.knee - sizes.ankle)
    for n, side in enumerate((1.0, -1.0)):
        shoulder = np.array([side * sizes.shoulder_x, sizes.shoulder, 0.0])
        root = waist_now + chest @ (shoulder - waist)
        goal = root + chest @ (pose.hands[n] * sum(arm))
        pole = chest @ np.array([side * 0.55, -0.65, -0.6])
        elbow, wrist, axis = reach(root, goal, arm, pole)
        flat = _frame(np.array([side, 0.0, 0.0]), np.cross([0.0, 0.0, -1.0], [side, 0.0, 0.0]))
        put(Bone(Bone.UPPER_ARM_L + n), _frame(elbow - root, axis) @ flat.T, shoulder, root)
        elbow_rest = np.array([side * sizes.elbow_x, sizes.shoulder, 0.0])
        lower = _frame(wrist - elbow, axis) @ flat.T
        put(Bone(Bone.FOREARM_L + n), lower, elbow_rest, elbow)
        put(Bone(Bone.HAND_L + n), lower, np.array([side * sizes.wrist_x, sizes.shoulder, 0.0]), wrist)
        hip = np.array([side * sizes.hip_x, sizes.hip, 0.0])
        root = pose.place + pelvis @ np.array([side * sizes.hip_x, 0.0, 0.0])
        floor = np.array([pose.place[0], 0.0, pose.place[2]])
        goal = floor + facing @ pose.feet[n]
        knee, ankle, axis = reach(root, goal, leg, facing @ np.array([side * 0.35, 0.0, 1.0]))
        down = _frame(np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0]))
        put(Bone(Bone.THIGH_L + n), _frame(knee - root, axis) @ down.T, hip, root)
        put(
            Bone(Bone.SHIN_L + n),
            _frame(ankle - knee, axis) @ down.T,
            np.array([side * sizes.hip_x, sizes.knee, 0.0]),
            knee,
        )
        tip = 0.5 * max(0.0, ankle[1] - sizes.ankle) / sizes.ankle
        foot = facing @ spin(side * 0.32, min(tip, 0.7), 0.0)
        put(Bone(Bone.FOOT_L + n), foot, np.array([side * sizes.hip_x, sizes.ankle, 0.0]), ankle)
    return Bones(turn, rest, place)
