"""The measures of the street and the numbers of its classes."""

from enum import IntEnum

BLOCK = 64.0
"""Length of one block, metres: the street is an endless row of blocks."""
JUNCTION = 11.0
"""A side street takes the last metres of some blocks."""
ROAD_HALF = 5.6
"""Kerbs stand this far from the centre line."""
FRONT = 9.2
"""Buildings begin this far from the centre line."""
KERB_HEIGHT = 0.13


class Label(IntEnum):
    """Cityscapes ids (the ids, not the train ids) that occur in the street."""

    ROAD = 7
    SIDEWALK = 8
    BUILDING = 11
    POLE = 17
    TRAFFIC_LIGHT = 19
    TRAFFIC_SIGN = 20
    VEGETATION = 21
    TERRAIN = 22
    SKY = 23
    PERSON = 24
    CAR = 26


def linear(code: str) -> tuple[float, float, float]:
    """ "rrggbb" in sRGB -> linear 0..1 (gamma 2, as `looks.to_display` inverts it)."""
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red * red, green * green, blue * blue
