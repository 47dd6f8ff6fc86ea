"""Light for the worlds of faces and puppets, by name. Directions: x right, y up, z towards the viewer."""

from .mesh_shade import Lamp, Lighting

STAGE_LOOKS: tuple[str, ...] = ("studio", "daylight", "evening", "neon")

_TABLE = {
    "studio": Lighting(
        Lamp((-0.62, 0.62, 0.78), (1.55, 1.45, 1.32)), Lamp((0.75, 0.35, -0.55), (1.3, 1.35, 1.5)),
        (0.42, 0.43, 0.47), (0.24, 0.21, 0.19), 1.25,
    ),
    "daylight": Lighting(
        Lamp((0.70, 0.55, 0.62), (1.45, 1.42, 1.40)), Lamp((-0.8, 0.5, -0.5), (0.8, 0.9, 1.1)),
        (0.58, 0.64, 0.74), (0.34, 0.31, 0.27), 1.2,
    ),
    "evening": Lighting(
        Lamp((0.85, 0.30, 0.55), (1.9, 1.12, 0.58)), Lamp((-0.8, 0.3, -0.6), (0.5, 0.7, 1.4)),
        (0.22, 0.24, 0.38), (0.22, 0.15, 0.11), 1.35,
    ),
    "neon": Lighting(
        Lamp((-0.75, 0.35, 0.68), (1.30, 0.86, 1.12)), Lamp((0.85, 0.2, -0.35), (0.3, 1.7, 1.9)),
        (0.22, 0.22, 0.40), (0.24, 0.12, 0.20), 1.4,
    ),
}  # fmt: skip


def stage_light(name: str) -> Lighting:
    """The light of that name, one of `STAGE_LOOKS`."""
    return _TABLE[name]
