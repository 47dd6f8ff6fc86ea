"""Numbers, times and sizes as arguments: what reads them refuses everything else in one sentence."""

import argparse
import re
from collections.abc import Callable


def duration(text: str) -> float:
    """`90m`, `2h`, `1h30m`, `45s` -> seconds."""
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.strip())
    if not text.strip() or match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write for example 90m, 2h or 1h30m")
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def at_least(least: int) -> Callable[[str], int]:
    """What reads a whole number that is not below `least`."""

    def whole(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return int(text)

    return whole


def size(text: str) -> tuple[int, int]:
    """`512x256` -> (height, width)."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write width x height, for example 512x256")
    return int(height), int(width)
