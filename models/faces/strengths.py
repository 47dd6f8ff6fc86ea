"""How strong edits are over time: "smile=0@0 2@24 2@48 0@72 age=-3".

`name=strength` begins an edit; `strength@frame` makes it a key, and the words that follow without a name are further
keys of the same edit. Between two keys a strength changes in a straight line or eases in and out; before the first key
and after the last it stays.
"""

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from ...errors import InputError

Ease = Literal["linear", "smooth"]
"""Between two keys: in a straight line, or without a jump of speed at the keys (3 t^2 - 2 t^3)."""

_WORD = re.compile(r"(?:(?P<name>[^=@]+)=)?(?P<strength>[^=@]+)(?:@(?P<frame>[0-9]{1,9}))?")
_EXAMPLE = "write for example smile=2, or smile=0@0 2@24 2@48 0@72 (strength@frame)"


@dataclass(frozen=True)
class StrengthCurve:
    """A strength for every frame. InputError for keys that are none."""

    keys: tuple[tuple[int, float], ...]
    """(frame, strength), frames 0 or more and ascending; at least one."""
    ease: Ease = "linear"

    def __post_init__(self) -> None:
        if not self.keys:
            raise InputError(f"a strength over time needs at least one key; {_EXAMPLE}")
        if not all(math.isfinite(strength) for _, strength in self.keys):
            raise InputError("a strength is a finite number")
        if any(earlier >= later for (earlier, _), (later, _) in pairwise(self.keys)):
            written = " ".join(f"{strength:g}@{frame}" for frame, strength in self.keys)
            raise InputError(f"strengths {written}: frames must ascend, as in 0@0 2@24")
        if self.ease not in get_args(Ease):
            raise InputError(f"no easing {self.ease!r}; there are: {', '.join(get_args(Ease))}")

    def at(self, frame: int) -> float:
        for (start, before), (stop, after) in pairwise(self.keys):
            if start <= frame < stop:
                share = (frame - start) / (stop - start)
                if self.ease == "smooth":
                    share = share * share * (3 - 2 * share)
                return before + share * (after - before)
        return self.keys[0][1] if frame < self.keys[0][0] else self.keys[-1][1]

    def scaled(self, factor: float) -> "StrengthCurve":
        """Every strength times `factor`."""
        return StrengthCurve(tuple((frame, factor * strength) for frame, strength in self.keys), self.ease)


def parse_strengths(text: str, ease: Ease = "linear") -> dict[str, StrengthCurve]:
    """What a person wrote: the name of an edit -> its curve, in the order of the names.

    InputError for words that can't be read, keys before any name, and an edit that begins twice.
    """
    keys: dict[str, list[tuple[int, float]]] = {}
    name = ""
    for word in text.replace(",", " ").split():
        match = _WORD.fullmatch(word)
        if match is None:
            raise InputError(f"edit {word!r} can't be read; {_EXAMPLE}")
        name = match["name"] or name
        if not name:
            raise InputError(f"edit {word!r} names no direction; {_EXAMPLE}")
        if match["name"] in keys:
            raise InputError(f"edit {name!r} begins twice; give all its keys in a row, as in {name}=0@0 2@24")
        keys.setdefault(name, []).append((int(match["frame"] or 0), _number(match["strength"], word)))
    if not keys:
        raise InputError(f"no edit is named; {_EXAMPLE}")
    return {name: StrengthCurve(tuple(curve), ease) for name, curve in keys.items()}


def _number(text: str, word: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"edit {word!r}: {text!r} is not a number; {_EXAMPLE}") from error
