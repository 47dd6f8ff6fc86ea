"""What stands on the pavement: trees, hedges, street lamps, traffic signs and traffic lights."""

from collections.abc import Sequence

from .patches import Material, PatchList, Shape, Vector
from .street_plan import KERB_HEIGHT, ROAD_HALF, Label, linear

LEAVES = tuple(linear(c) for c in ("5f8a3a", "4f7a34", "7a9a44", "3f6b36", "8aa04a"))
BARK = linear("5b4a3a")
STEEL = linear("6f7678")
DARK = linear("2d3133")
LAMP_HEIGHT = 6.4
LAMP_ARM = 1.7


def add_tree(patches: PatchList, x: float, z: float, chance: Sequence[float]) -> float:
    """A tree whose leaves hang on three cards, one behind the other; `chance` holds 4 numbers. Returns its radius."""
    color = LEAVES[int(chance[0] * len(LEAVES))]
    radius = 1.5 + 0.8 * chance[1]
    stem = 2.3 + 0.8 * chance[2]
    tall = radius * (1.25 + 0.5 * chance[3])
    patches.add(
        (x - 0.14, KERB_HEIGHT, z), (0.28, 0, 0), (0, stem + 0.8, 0), Material.TRUNK, Label.VEGETATION,
        BARK, chance[3], reach=140,
    )  # fmt: skip
    for layer, (shift, size) in enumerate(((0.75, 0.86), (0.0, 1.0), (-0.75, 0.78))):
        r, h = radius * size, tall * size
        x_card = x + (chance[layer] - 0.5) * 0.7
        patches.add(
            (x_card - r, stem - 0.15 * h, z + shift * radius), (2 * r, 0, 0), (0, 2 * h, 0), Material.CROWN,
            Label.VEGETATION, color, (chance[3] * 7.3 + layer * 0.37) % 1, (layer / 2,),
            shape=Shape.CROWN, reach=260 if layer == 1 else 90,
        )  # fmt: skip
    return radius


def add_hedge(patches: PatchList, side: int, start: float, length: float, chance: float) -> None:
    """A clipped hedge along the pavement's back."""
    inner = side * 9.6
    near, far = (start, start + length) if side < 0 else (start + length, start)
    color = LEAVES[int(chance * 3)]
    patches.add(
        (inner, KERB_HEIGHT - 0.05, near), (0, 0, far - near), (0, 1.15, 0), Material.CROWN, Label.VEGETATION,
        color, chance, (0.3,),
    )  # fmt: skip
    patches.add(
        (min(inner, inner + side * 1.2), KERB_HEIGHT - 0.05, start), (1.2, 0, 0), (0, 1.15, 0), Material.CROWN,
        Label.VEGETATION, color, chance, (0.3,),
    )  # fmt: skip
    patches.add(
        (min(inner, inner + side * 1.2), KERB_HEIGHT + 1.1, start), (1.2, 0, 0), (0, 0, length), Material.CROWN,
        Label.VEGETATION, color, chance, (0.9,),
    )  # fmt: skip


def add_lamp(patches: PatchList, side: int, z: float) -> Vector:
    """A street lamp that reaches over the road; returns where its light is."""
    x = side * (ROAD_HALF + 0.45)
    reach = -side * LAMP_ARM
    patches.add(
        (x - 0.07, KERB_HEIGHT, z),
        (0.14, 0, 0),
        (0, LAMP_HEIGHT, 0),
        Material.METAL,
        Label.POLE,
        STEEL,
        reach=150,
    )
    patches.add(
        (min(x, x + reach), LAMP_HEIGHT + 0.05, z), (LAMP_ARM, 0, 0), (0, 0.1, 0), Material.METAL, Label.POLE,
        STEEL, reach=90,
    )  # fmt: skip
    patches.add(
        (x + reach - 0.35, LAMP_HEIGHT - 0.08, z - 0.02), (0.7, 0, 0), (0, 0.2, 0), Material.LAMP, Label.POLE,
        STEEL, reach=150, shape=Shape.CAPSULE,
    )  # fmt: skip
    return (x + reach, LAMP_HEIGHT, z)


def add_sign(patches: PatchList, side: int, z: float, kind: int) -> None:
    """A traffic sign: kind 0 red-rimmed disc, 1 warning triangle, 2 blue square, 3 yellow diamond-like disc."""
    x = side * (ROAD_HALF + 0.35)
    patches.add(
        (x - 0.04, KERB_HEIGHT, z), (0.08, 0, 0), (0, 2.5, 0), Material.METAL, Label.POLE, STEEL, reach=70
    )
    color = (linear("b3202a"), linear("c02828"), linear("1d55a5"), linear("e0b020"))[kind]
    shape = (Shape.ELLIPSE, Shape.TRIANGLE, Shape.FULL, Shape.ELLIPSE)[kind]
    patches.add(
        (x - 0.38, 2.1, z - 0.03), (0.76, 0, 0), (0, 0.76, 0), Material.SIGN, Label.TRAFFIC_SIGN,
        color, kind / 4, (kind,), shape=shape, reach=110,
    )  # fmt: skip


def add_signal(patches: PatchList, side: int, z: float, state: int) -> Vector:
    """A traffic light for the viewer's direction: state 0 red, 1 yellow, 2 green; returns where it shines."""
    x = side * (ROAD_HALF + 0.4)
    patches.add(
        (x - 0.06, KERB_HEIGHT, z), (0.12, 0, 0), (0, 3.3, 0), Material.METAL, Label.POLE, DARK, reach=120
    )
    patches.add(
        (x - 0.2, 2.35, z - 0.05), (0.4, 0, 0), (0, 1.1, 0), Material.SIGNAL, Label.TRAFFIC_LIGHT,
        DARK, 0.0, (state,), reach=130,
    )  # fmt: skip
    return (x, 2.35 + 1.1 * (5 - 2 * state) / 6, z)
