"""What a talking head does at any moment: speech, blinks, glances, smiles, turns. A function of (seed, seconds)."""

from math import cos, floor, pi, sin
from typing import NamedTuple

import numpy as np

from .chance import draw
from .face_muscles import Expression


class HeadPose(NamedTuple):
    """Where the head is held. Radians and centimetres."""

    yaw: float = 0.0
    """To the viewer's right."""
    pitch: float = 0.0
    """Up."""
    roll: float = 0.0
    """Clockwise for the viewer."""
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


class Moment(NamedTuple):
    """All that moves."""

    face: Expression
    pose: HeadPose
    lean: float
    """Of the shoulders to the viewer's right, centimetres."""
    breath: float


_VISEMES = (
    # jaw, wide, pucker, upper lip, lower lip, press
    (0.95, 0.15, 0.0, 0.35, 0.35, 0.0),  # ah
    (0.62, 0.55, 0.0, 0.40, 0.40, 0.0),  # eh
    (0.30, 0.95, 0.0, 0.45, 0.45, 0.0),  # ee
    (0.62, 0.0, 0.65, 0.20, 0.20, 0.0),  # oh
    (0.28, 0.0, 1.00, 0.10, 0.10, 0.0),  # oo
    (0.00, 0.10, 0.0, 0.00, 0.00, 1.0),  # m, b, p
    (0.14, 0.20, 0.0, 0.45, 0.00, 0.2),  # f, v
    (0.22, 0.35, 0.1, 0.30, 0.35, 0.0),  # s, t
)
_SOUND = 0.115
"""Seconds from one sound to the next."""
_PHRASE = 3.2
"""Seconds from one phrase to the next; its end may be silent."""


def wander(seed: int, salt: int, seconds: float, period: float) -> float:
    """Smooth noise, about -1..1, that turns about once a period: cubic between random values."""
    place = seconds / period
    n = floor(place)
    t = place - n
    a, b, c, d = (float(draw(seed, n + k, salt, 1)[0]) * 2 - 1 for k in (-1, 0, 1, 2))
    m1, m2 = (c - a) / 2, (d - b) / 2
    return (
        (1 + 2 * t) * (1 - t) ** 2 * b
        + t * (1 - t) ** 2 * m1
        + t * t * (3 - 2 * t) * c
        + t * t * (t - 1) * m2
    )


def _rise(t: float) -> float:
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _loudness(seed: int, seconds: float) -> float:
    """0 silent .. 1 speaking: phrases with pauses between."""
    n = floor(seconds / _PHRASE)
    level = 0.0
    for k in (n - 1, n, n + 1):
        chance = draw(seed, k, 41, 3)
        start = k * _PHRASE + 0.5 * chance[0]
        end = start + _PHRASE * (0.55 + 0.42 * chance[1])
        level = max(level, _rise((seconds - start) / 0.25) * _rise((end - seconds) / 0.3))
    return level


def _sounds(seed: int, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Weights of the mouth's six movements: neighbouring sounds run into one another."""
    place = seconds / _SOUND
    n = floor(place)
    total, weight = np.zeros(6), 0.0
    for k in range(n - 2, n + 4):
        chance = draw(seed, k, 42, 3)
        odd = k % 2 == 0
        kind = int(chance[0] * 5) if odd else 5 + int(chance[0] * 3)
        near = max(0.0, 1 - abs(place - k - 0.35 * chance[1]) / 1.7) ** 2 * (1.0 if odd else 0.8)
        total += near * np.array(_VISEMES[kind]) * (0.6 + 0.5 * chance[2])
        weight += near
    return np.asarray(total / max(weight, 1e-6))


def _blink(seed: int, seconds: float) -> float:
    """0 open .. 1 shut."""
    period = 2.6
    n = floor(seconds / period)
    shut = 0.0
    for k in (n - 1, n):
        chance = draw(seed, k, 43, 3)
        if chance[2] > 0.18:
            since = seconds - (k + 0.85 * chance[0]) * period
            shut = max(shut, _rise(since / 0.09) * _rise((0.27 - since) / 0.15))
    return shut


def _gaze(seed: int, seconds: float) -> tuple[float, float]:
    """Eyes rest on one place, then jump to the next; mostly on the viewer."""
    period = 1.3
    n = floor(seconds / period)
    since = seconds - n * period
    aims = []
    for k in (n - 1, n):
        chance = draw(seed, k, 44, 4)
        away = chance[0] < 0.35
        aims.append(
            ((chance[1] - 0.5) * (0.75 if away else 0.12), (chance[2] - 0.5) * (0.4 if away else 0.08))
        )
    share = _rise(since / 0.07)
    (x0, y0), (x1, y1) = aims
    return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share


def moment_at(seed: int, seconds: float) -> Moment:
    """Everything that moves at that time; seconds may be negative."""
    loud = _loudness(seed, seconds)
    jaw, wide, pucker, upper, lower, press = (float(v) * loud for v in _sounds(seed, seconds))
    mood = float(draw(seed, 0, 45, 1)[0])
    smile = 0.30 * mood + 0.55 * max(0.0, wander(seed, 46, seconds, 2.9)) * (0.4 + 0.6 * mood)
    smile += 0.25 * (1 - loud) * mood
    smile *= 1 - 0.75 * min(pucker, 1.0)
    gaze_x, gaze_y = _gaze(seed, seconds)
    yaw = 0.42 * wander(seed, 47, seconds, 2.4) + 0.04 * sin(1.7 * seconds + 6 * mood)
    pitch = 0.13 * wander(seed, 48, seconds, 2.0) + 0.05 * loud * wander(seed, 49, seconds, 0.45)
    roll = 0.10 * wander(seed, 50, seconds, 2.7) + 0.02 * loud * wander(seed, 51, seconds, 0.6)
    shut = _blink(seed, seconds)
    open_ = max(0.0, 0.86 + 0.5 * gaze_y + 0.1 * wander(seed, 52, seconds, 3.1)) * (1 - shut)
    brows = 0.7 * max(0.0, wander(seed, 53, seconds, 1.1)) * (0.35 + 0.65 * loud) - 0.12 * shut
    face = Expression(
        lid_left=open_, lid_right=open_, squint=0.8 * smile + 0.3 * shut, jaw=jaw, smile=smile,
        smirk=0.5 * wander(seed, 54, seconds, 3.7) * smile, wide=wide, pucker=pucker, upper_lip=upper,
        lower_lip=lower, press=press, brows=brows, frown=0.5 * max(0.0, wander(seed, 55, seconds, 2.3)) * (1 - smile),
        gaze_x=gaze_x - 0.55 * yaw, gaze_y=gaze_y - 0.5 * pitch,
    )  # fmt: skip
    lean = 1.1 * wander(seed, 56, seconds, 3.3)
    pose = HeadPose(
        yaw, pitch, roll, lean + 0.7 * wander(seed, 57, seconds, 2.2), 0.35 * wander(seed, 58, seconds, 1.9),
        0.8 * wander(seed, 59, seconds, 3.5),
    )  # fmt: skip
    return Moment(face, pose, lean, 0.5 + 0.5 * cos(2 * pi * seconds / 4.1))
