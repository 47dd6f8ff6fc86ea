"""What the world of faces knows about a picture, as numbers like those that StyleGAN2 draws: N(0, 1), independent.

A generator that is taught which picture belongs to which numbers can afterwards be given random ones. For that the
numbers must be distributed as random ones are:

1. Every property becomes its rank among a sample of the world, and the rank a number of N(0, 1). Where many pictures
   have the same value (no beard, lips at rest, one of nine hair styles), a place between their ranks is drawn. Kinds
   are ordered so that neighbours look alike. So every number alone is normally distributed.
2. What two properties have in common (age and grey hair, beards and jaws) is taken out by the Cholesky factor of their
   correlations: each number says what the ones before it leave open. So numbers are not correlated.

Dependences that are no correlations stay: numbers drawn independently also give the odd person whom the world would
never draw.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from .worlds.face_backdrop import wall_color
from .worlds.face_motion import Moment, moment_at
from .worlds.face_person import BEARDS, GLASSES, HATS, NECKLINES, Subject, Vector, draw_subject
from .worlds.stage_looks import STAGE_LOOKS

Numbers = NDArray[np.float64]

HAIR = ("bald", "buzz", "short", "swept", "bun", "curly", "bangs", "bob", "long")
"""Styles from the least hair to the most."""
SHAPE = (
    "width", "length", "jaw", "chin", "cheeks", "nose_length", "nose_width", "nose_bridge", "eye_size", "eye_tilt",
    "eye_gap", "upper_lip", "lower_lip", "mouth_width", "brow_height", "brow_arch", "brow_weight",
)  # fmt: skip
FACE = (
    "lid_left", "squint", "jaw", "smile", "smirk", "wide", "pucker", "upper_lip", "lower_lip", "press", "brows",
    "frown", "gaze_x", "gaze_y",
)  # fmt: skip
"""Of `Expression`; both lids move alike."""
POSE = ("yaw", "pitch", "roll")
_COLORED = ("skin", "hair", "iris", "hat_color", "cloth", "second_cloth", "wall")

KNOWN: tuple[str, ...] = (
    "masculine", "age", *POSE, *FACE, "lean", "light", *(f"{name}_at_rest" for name in SHAPE), "redness", "freckles",
    "makeup", "hair_style", "beard", "glasses", "hat", "neckline", "pattern", "backdrop",
    *(f"{name}_{what}" for name in _COLORED for what in ("brightness", "warmth")),
)  # fmt: skip
"""Names of the numbers, in their order."""

SAMPLE = 1024
"""Pictures that ranks and correlations come from."""
_SAMPLE_SEED = 55_000_000
"""First number of the subjects of the sample, whom nothing is trained on."""
_RIDGE = 1e-3


class Shown(NamedTuple):
    """All that a picture depends on."""

    subject: Subject
    moment: Moment
    light: str
    """One of `STAGE_LOOKS`."""


def properties(shown: Shown) -> Numbers:
    """The properties as they are, in their own units, in the order of `KNOWN`."""
    subject, moment, light = shown
    kinds = (
        HAIR.index(subject.hair_style), BEARDS.index(subject.beard), GLASSES.index(subject.glasses),
        HATS.index(subject.hat), NECKLINES.index(subject.neckline), subject.pattern, subject.backdrop,
    )  # fmt: skip
    colors = (
        subject.skin, subject.hair, subject.iris, subject.hat_color, subject.cloth, subject.second_cloth,
        wall_color(subject),
    )  # fmt: skip
    return np.array([
        subject.masculine, subject.age, *(getattr(moment.pose, name) for name in POSE),
        *(getattr(moment.face, name) for name in FACE), moment.lean, STAGE_LOOKS.index(light),
        *(getattr(subject, name) for name in SHAPE), subject.redness, subject.freckles, subject.makeup, *kinds,
        *(value for color in colors for value in _seen(color)),
    ])  # fmt: skip


def _seen(color: Vector) -> tuple[float, float]:
    """Brightness, and how much redder than blue a color is."""
    red, green, blue = color
    return 0.3 * red + 0.6 * green + 0.1 * blue, (red - blue) / (red + green + blue)


class Standard:
    """Turns properties into numbers like random draws."""

    def __init__(self, sample: Numbers) -> None:
        """sample: properties of many pictures, `[n p]`."""
        self._sorted = np.sort(sample, axis=0)
        chance = np.random.default_rng(0)
        normal = np.stack([self._normal(row, chance.random(row.size)) for row in sample])
        self._means = normal.mean(0)
        together = np.cov(normal, rowvar=False) + _RIDGE * np.eye(sample.shape[1])
        self._whiten = np.linalg.inv(np.linalg.cholesky(together))

    def __call__(self, values: Numbers, chance: np.random.Generator) -> torch.Tensor:
        """Properties `[p]` -> float32 `[p]`; chance: decides between ranks of the same value."""
        numbers = self._whiten @ (self._normal(values, chance.random(values.size)) - self._means)
        return torch.from_numpy(numbers.astype(np.float32))

    def _normal(self, values: Numbers, between: Numbers) -> Numbers:
        """Ranks as numbers of N(0, 1); between: 0..1, where among equal ranks."""
        columns = list(zip(self._sorted.T, values, strict=True))
        first = np.array([np.searchsorted(column, value, "left") for column, value in columns])
        last = np.array([np.searchsorted(column, value, "right") for column, value in columns])
        share = (first + between * (last - first + 1)) / (len(self._sorted) + 1)
        least = 0.5 / (len(self._sorted) + 1)
        normal: Numbers = torch.special.ndtri(torch.from_numpy(share.clip(least, 1 - least))).numpy()
        return normal


@lru_cache(maxsize=1)
def standard() -> Standard:
    """Of the world."""
    return Standard(np.stack([properties(_sampled(_SAMPLE_SEED + n)) for n in range(SAMPLE)]))


def _sampled(seed: int) -> Shown:
    return draw_shown(seed, np.random.default_rng(seed))


def draw_shown(subject: int, chance: np.random.Generator) -> Shown:
    """A person at any moment, in any light."""
    moment = moment_at(int(chance.integers(2**31)), float(chance.uniform(0, 80)))
    return Shown(draw_subject(subject), moment, STAGE_LOOKS[int(chance.integers(len(STAGE_LOOKS)))])
