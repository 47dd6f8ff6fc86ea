"""The dance: a new figure on every beat, smoothly joined. A function of (seed, seconds)."""

from math import cos, floor, pi, sin

import numpy as np

from .chance import draw
from .face_motion import wander
from .puppet_bones import Array, Bone, Bones, Pose, Sizes, solve

_LAG = 0.11
"""Seconds by which skirts and hair follow."""


def _smooth(t: float) -> float:
    t = min(max(t, 0.0), 1.0)
    return t * t * t * (t * (6 * t - 15) + 10)


def _tempo(seed: int) -> float:
    """Beats a second."""
    return 1.5 + 0.7 * float(draw(seed, 0, 141, 1)[0])


def _hand(seed: int, beat: int, side: int) -> Array:
    """Where a hand is on a beat, in arm's lengths from the shoulder; x away from the body's middle."""
    chance = draw(seed, beat, 142 + side, 6)
    if draw(seed, beat // 4, 144, 1)[0] < 0.45:
        chance = draw(seed, beat, 142, 6)
    figure = int(draw(seed, beat // 2, 145, 1)[0] * 5)
    around = (0.35, 1.25, 1.2, 0.1, 0.8)[figure] + 0.7 * (chance[0] - 0.5)
    high = (-0.2, 1.0, 0.1, 0.45, -0.9)[figure] + 0.9 * (chance[1] - 0.5)
    far = 0.58 + 0.4 * chance[2]
    return np.asarray(far * np.array([cos(high) * sin(around), sin(high), cos(high) * cos(around)]))


def _between(values: list[Array], t: float) -> Array:
    """Cubic through values one beat apart: before, from, to, after."""
    a, b, c, d = values
    m1, m2 = (c - a) * 0.35, (d - b) * 0.35
    return np.asarray(
        (1 + 2 * t) * (1 - t) ** 2 * b
        + t * (1 - t) ** 2 * m1
        + t * t * (3 - 2 * t) * c
        + t * t * (t - 1) * m2
    )


def _foot(seed: int, beat: int, side: int) -> Array:
    """Where a foot stands after a beat: x away from the middle, z to the front."""
    mine = beat - (beat + side) % 2
    chance = draw(seed, mine, 146 + side, 2)
    return np.array([6.5 + 15 * chance[0] ** 1.5, 0.0, 24 * (chance[1] - 0.5)])


def pose_at(seed: int, sizes: Sizes, seconds: float) -> Pose:
    """The pose asked for at that time; seconds may be negative."""
    beats = seconds * _tempo(seed)
    beat = floor(beats)
    t = beats - beat
    hands = []
    for side in (0, 1):
        hand = _between([_hand(seed, beat + k, side) for k in (-1, 0, 1, 2)], _smooth(t * 1.25))
        hands.append(hand * ((1, 1, 1) if side == 0 else (-1, 1, 1)))
    feet = []
    for side in (0, 1):
        before, after = _foot(seed, beat, side), _foot(seed, beat + 1, side)
        share = _smooth(t * 1.4)
        foot = before + (after - before) * share
        foot[1] = sizes.ankle + sin(pi * share) * (7.0 if (after != before).any() else 0.0)
        feet.append(foot * ((1, 1, 1) if side == 0 else (-1, 1, 1)))
    low = 3.0 + 2.6 * cos(2 * pi * beats) + 7.0 * max(0.0, wander(seed, 148, seconds, 1.6))
    place = np.array(
        [16 * wander(seed, 149, seconds, 2.2), sizes.hip - 2.0 - low, 14 * wander(seed, 150, seconds, 2.6)]
    )
    sway = 0.10 * sin(pi * beats + 0.5)
    chest = (
        0.45 * wander(seed, 151, seconds, 0.9),
        0.10 + 0.16 * wander(seed, 152, seconds, 1.1),
        -0.8 * sway + 0.16 * wander(seed, 153, seconds, 1.2),
    )
    turn = _turn(seed, beats) + 0.55 * wander(seed, 154, seconds, 2.0)
    look = 0.3 * wander(seed, 155, seconds, 1.2) - 0.6 * chest[0]
    head = (look, 0.05 + 0.12 * sin(2 * pi * beats), 0.15 * wander(seed, 156, seconds, 1.0))
    return Pose(place, turn, sway, chest, head, np.stack(hands), np.stack(feet))


def _turn(seed: int, beats: float) -> float:
    """Whole turns: now and then the dancer spins round within four beats, or half round and back later."""
    block = floor(beats / 8)
    share = _smooth((beats - 8 * block) / 4)
    chance = float(draw(seed, block, 157, 1)[0])
    half = int(draw(seed, block // 2, 158, 1)[0] < 0.2)
    if half:
        return pi * (share if block % 2 == 0 else 1 + share)
    return 2 * pi * share if chance < 0.3 else -2 * pi * share if chance > 0.85 else 0.0


def bones_at(seed: int, sizes: Sizes, seconds: float) -> Bones:
    """All bones at that time; what hangs follows a little later."""
    now, then = (solve(sizes, pose_at(seed, sizes, s)) for s in (seconds, seconds - _LAG))
    now.turn[Bone.SWING] = then.turn[Bone.PELVIS]
    now.turn[Bone.TRAIL] = 0.5 * (then.turn[Bone.CHEST] + then.turn[Bone.HEAD])
    return now
