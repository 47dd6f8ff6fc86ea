"""Looks over time: "night", or "noon@0 dusk@120 night@240", from one to the next without a jump.

A generator's looks are weights of its decoders' modulation, so that between two looks lies every mixture of them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

import torch
from torch import Tensor

from ..errors import InputError

_KEY = re.compile(r"(?P<name>.+?)(?:@(?P<frame>[0-9]{1,9}))?")


@dataclass(frozen=True)
class StyleCurve:
    """Which look at which frame; linear between the keys, constant before the first and after the last."""

    names: tuple[str, ...]
    """The generator's looks."""
    keys: tuple[tuple[int, int], ...]
    """(frame, index into `names`), frames ascending; at least one."""

    def at(self, frame: int) -> Tensor:
        """Weights of the looks, `[1 styles]`, none negative, of sum 1."""
        weights = torch.zeros(1, len(self.names))
        for (start, before), (stop, after) in pairwise(self.keys):
            if start <= frame < stop:
                share = (frame - start) / (stop - start)
                weights[0, before] += 1 - share
                weights[0, after] += share
                return weights
        weights[0, self.keys[0][1] if frame < self.keys[0][0] else self.keys[-1][1]] = 1
        return weights

    def after(self, frames: int) -> Iterator[Tensor]:
        """The weights for frame number `frames` and all that follow."""
        return map(self.at, count(frames))


def parse_style(names: Sequence[str], text: str | None) -> StyleCurve | None:
    """What a person wrote (None: the first look) for a generator with these looks; None for one that has none.

    InputError for a look that it doesn't have, and for frames that don't ascend.
    """
    if not names:
        if text is not None:
            raise InputError(f"this network has one look only; it can't paint {text!r}")
        return None
    words = (names[0] if text is None else text).replace(",", " ").split()
    keys = [_key(names, word) for word in words]
    if not keys:
        raise InputError(f"style {text!r} names no look; this network has: {', '.join(names)}")
    if any(earlier >= later for (earlier, _), (later, _) in pairwise(keys)):
        raise InputError(f"style {text!r}: frames must ascend, as in {names[0]}@0 {names[-1]}@48")
    return StyleCurve(tuple(names), tuple(keys))


def _key(names: Sequence[str], word: str) -> tuple[int, int]:
    match = _KEY.fullmatch(word)
    name = match["name"] if match else word
    if name not in names:
        raise InputError(f"no style {name!r}; this network has: {', '.join(names)}")
    return int((match and match["frame"]) or 0), names.index(name)
