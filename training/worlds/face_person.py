"""Who a face belongs to: everything about a person that does not move, drawn from one number."""

from dataclasses import dataclass

import numpy as np

from .chance import draw
from .street_plan import linear

Vector = tuple[float, float, float]

HAIR_STYLES = ("bald", "buzz", "short", "swept", "bob", "long", "curly", "bangs", "bun")
GLASSES = ("none", "round", "square", "sun")
BEARDS = ("none", "stubble", "short", "full", "moustache")
NECKLINES = ("crew", "v", "shirt", "turtleneck")
HATS = ("none", "beanie")

SKINS = tuple(
    linear(c) for c in ("f4d3bd", "ecc0a0", "e2b28d", "cf9a72", "b57f56", "94623f", "6d4429", "4c2f1f")
)
HAIRS = tuple(
    linear(c)
    for c in ("17120f", "2a1c14", "40291a", "5d3d24", "86592f", "b98a4e", "d9b878", "8c3a1c", "a8a29c")
)
IRISES = tuple(linear(c) for c in ("3a2214", "54331c", "6b4a24", "5a6a3a", "4a7a6a", "4a78a8", "7c98ac"))
CLOTHES = tuple(
    linear(c)
    for c in (
        "22304a", "7a2530", "e8e4dc", "3d5a48", "c9a24a", "5a3d6a", "26282c", "b8573a", "8fa8b8", "d8b4a8", "2f6a74",
        "6b7078",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A person. Numbers named without unit run from 0 to 1, or from -1 to 1 around a common face."""

    seed: int
    """For everything that has no name here: freckles, strands, folds."""
    skin: Vector
    """Colour, linear."""
    redness: float
    age: float
    """0 about twenty, 1 about seventy-five."""
    masculine: float
    hair_style: str
    hair: Vector
    iris: Vector
    glasses: str
    glasses_color: Vector
    beard: str
    hat: str
    hat_color: Vector
    neckline: str
    cloth: Vector
    second_cloth: Vector
    pattern: int
    """0 plain, 1 stripes, 2 knitted, 3 checked."""
    freckles: float
    makeup: float
    width: float
    """Of the face, -1..1; so are the others below."""
    length: float
    jaw: float
    chin: float
    cheeks: float
    nose_length: float
    nose_width: float
    nose_bridge: float
    eye_size: float
    eye_tilt: float
    eye_gap: float
    upper_lip: float
    lower_lip: float
    mouth_width: float
    brow_height: float
    brow_arch: float
    brow_weight: float
    backdrop: int
    """Which kind of background."""


_SHAPE = (
    "width", "length", "jaw", "chin", "cheeks", "nose_length", "nose_width", "nose_bridge", "eye_size", "eye_tilt",
    "eye_gap", "upper_lip", "lower_lip", "mouth_width", "brow_height", "brow_arch", "brow_weight",
)  # fmt: skip
_MASCULINE = {
    "jaw": 0.8, "chin": 0.4, "nose_width": 0.7, "nose_length": 0.5, "eye_size": -0.9, "upper_lip": -0.9,
    "lower_lip": -0.8, "brow_height": -0.7, "brow_arch": -0.5, "cheeks": -0.5,
}  # fmt: skip
"""What distinguishes an average man's face from an average woman's."""
ATTRIBUTES: tuple[str, ...] = (
    *(f"hair_style_{s}" for s in HAIR_STYLES), *(f"glasses_{s}" for s in GLASSES), *(f"beard_{s}" for s in BEARDS),
    *(f"hat_{s}" for s in HATS), "skin_red", "skin_green", "skin_blue", "hair_red", "hair_green", "hair_blue",
    "iris_red", "iris_green", "iris_blue", "redness", "age", "masculine", "freckles", "makeup", *_SHAPE,
)  # fmt: skip
"""What the numbers of `describe` are."""


def draw_subject(seed: int) -> Subject:
    """The person with that number: always the same."""
    c = draw(seed, 0, 31, 48)
    masculine = float(np.clip(0.5 + 0.62 * (c[0] - 0.5) * 2 * (0.55 + 0.45 * c[1]), 0, 1))
    common = np.array([_MASCULINE.get(name, 0.0) for name in _SHAPE]) * (masculine - 0.5)
    shape = np.clip(np.random.default_rng((seed, 32)).normal(common, 0.42), -1, 1)
    age = float(c[2] ** 1.5 * 0.95)
    tone = c[3] * (len(SKINS) - 1)
    skin = _between(SKINS[int(tone)], SKINS[int(tone) + 1], tone % 1)
    dark = tone / (len(SKINS) - 1)
    hair = _hair_color(c, dark, age)
    iris = IRISES[int(c[9] ** (1 + 3 * dark) * 0.999 * (len(IRISES) if dark < 0.6 else 3))]
    return Subject(
        seed=seed, skin=skin, redness=float(c[10]), age=age, masculine=masculine,
        hair_style=_hair_style(c, masculine, age), hair=hair, iris=iris,
        glasses=GLASSES[0] if c[11] < 0.66 else GLASSES[1 + int((c[11] - 0.66) / 0.3401 * 3)],
        glasses_color=(linear("1c1a1a"), linear("5a3420"), linear("8a1c24"), linear("a88a48"))[int(c[12] * 4)],
        beard=_beard(c, masculine), hat=HATS[0] if c[14] < 0.9 else HATS[1],
        hat_color=CLOTHES[int(c[16] * len(CLOTHES))], neckline=NECKLINES[int(c[17] * len(NECKLINES))],
        cloth=CLOTHES[int(c[18] * len(CLOTHES))], second_cloth=CLOTHES[int(c[19] * len(CLOTHES))],
        pattern=int(c[20] * 4), freckles=float(max(0, c[21] - 0.6) * 2.5 * (1 - dark)),
        makeup=float(max(0, c[22] - 0.35) * 1.5 * (1 - masculine)),
        **{name: float(value) for name, value in zip(_SHAPE, shape, strict=True)},
        backdrop=int(c[23] * 5),
    )  # fmt: skip


def describe(subject: Subject) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The person as numbers, float32, in the order of `ATTRIBUTES`."""
    ones: list[float] = []
    for kinds, name in ((HAIR_STYLES, "hair_style"), (GLASSES, "glasses"), (BEARDS, "beard"), (HATS, "hat")):
        ones += [float(getattr(subject, name) == kind) for kind in kinds]
    colors = [*subject.skin, *subject.hair, *subject.iris]
    rest = [float(getattr(subject, name)) for name in ATTRIBUTES[len(ones) + len(colors) :]]
    return np.array([*ones, *colors, *rest], np.float32)


def _between(a: Vector, b: Vector, share: float) -> Vector:
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def _hair_color(c: np.ndarray[tuple[int], np.dtype[np.float64]], dark: float, age: float) -> Vector:
    kind = c[4] ** (1 + 2.5 * dark) * (7.99 if dark < 0.5 else 3.5)
    color = _between(
        HAIRS[int(kind)], HAIRS[min(int(kind) + 1, 6) if kind < 6 else int(kind)], kind % 1 * 0.6
    )
    grey = float(np.clip((age - 0.5) * 2.2 + (c[5] - 0.5) * 0.5, 0, 0.9)) if age > 0.35 else 0.0
    return _between(color, HAIRS[8], grey)


def _hair_style(c: np.ndarray[tuple[int], np.dtype[np.float64]], masculine: float, age: float) -> str:
    if c[6] < masculine:
        kinds = ("short", "swept", "short", "buzz", "curly", "swept", "bangs", "bald")
        place = c[7] * (0.93 + 0.07 * age) * (0.9 if age < 0.3 else 1.0)
    else:
        kinds = ("long", "bob", "long", "bangs", "bun", "curly", "swept", "bob")
        place = c[7]
    return kinds[int(place * 7.999)]


def _beard(c: np.ndarray[tuple[int], np.dtype[np.float64]], masculine: float) -> str:
    if masculine < 0.55 or c[13] < 0.35:
        return "none"
    return BEARDS[1 + int((c[13] - 0.35) / 0.6501 * 4)]
