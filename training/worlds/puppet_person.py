"""Who dances: proportions, colours and clothes, drawn from one number."""

from dataclasses import dataclass, replace

import numpy as np

from .chance import draw
from .face_person import CLOTHES, HAIRS, SKINS, Vector
from .street_plan import linear

PUPPET_HAIR = ("short", "bob", "long", "bun", "afro", "shaved")
BOTTOMS = ("trousers", "wide", "shorts", "skirt", "dress")
TOPS = ("plain", "stripes", "print", "checks", "halves")
SHOES = tuple(linear(c) for c in ("f0efe8", "1c1c1e", "b8282c", "2a4a86", "d8a83a", "7a4a2c"))
JEANS = tuple(linear(c) for c in ("2a3a5a", "4a6488", "1e1f24", "6a5a44", "8a8f94", "3a4a3a", "b8b0a0"))


@dataclass(frozen=True)
class Dancer:
    """A person. Numbers without unit run from -1 to 1 around a common body."""

    seed: int
    """For everything that has no name here."""
    skin: Vector
    """Colours are linear."""
    hair: Vector
    hair_style: str
    height: float
    legs: float
    """Long or short ones."""
    build: float
    """Thin or stout."""
    shoulders: float
    masculine: float
    """0..1."""
    top: str
    cloth: Vector
    second_cloth: Vector
    sleeves: float
    """How much of the arm they cover, 0..1."""
    bottom: str
    trousers: Vector
    shoes: Vector
    stage: int
    """Which kind of background."""


def draw_dancer(seed: int) -> Dancer:
    """The dancer with that number: always the same."""
    c = draw(seed, 0, 131, 24)
    shape = np.clip(np.random.default_rng((seed, 132)).normal(0, 0.45, 4), -1, 1)
    masculine = float(np.clip(0.5 + 0.6 * (c[0] - 0.5) * 2, 0, 1))
    tone = c[1] * (len(SKINS) - 1.01)
    a, b = np.array(SKINS[int(tone)]), np.array(SKINS[int(tone) + 1])
    first, second = int(c[2] * len(CLOTHES)), 1 + int(c[3] * (len(CLOTHES) - 1))
    bottoms = BOTTOMS[:3] if masculine > 0.5 else BOTTOMS
    hairs = (
        ("short", "short", "shaved", "afro", "bun")
        if masculine > 0.5
        else ("bob", "long", "bun", "long", "afro")
    )
    return Dancer(
        seed, _color(a + (b - a) * (tone % 1)), HAIRS[int(c[4] * 8.99)], hairs[int(c[5] * 4.99)],
        float(shape[0]), float(shape[1]), float(shape[2]), float(shape[3]), masculine,
        TOPS[int(c[6] * 4.99)], CLOTHES[first], CLOTHES[(first + second) % len(CLOTHES)],
        (0.0, 0.32, 0.42, 0.96)[int(c[7] * 3.99)], bottoms[int(c[8] * len(bottoms) * 0.999)],
        JEANS[int(c[9] * 6.99)], SHOES[int(c[10] * 5.99)], int(c[11] * 4.99),
    )  # fmt: skip


def dressed(dancer: Dancer, other: Dancer) -> Dancer:
    """The dancer in the other one's clothes."""
    names = ("top", "cloth", "second_cloth", "sleeves", "bottom", "trousers", "shoes")
    return replace(dancer, **{name: getattr(other, name) for name in names})


def _color(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Vector:
    red, green, blue = values.tolist()
    return (red, green, blue)
