"""Published files as the converters read them: every entry is taken, once, or the file is refused."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import InputError

State = Mapping[str, Tensor]
"""One published file: name -> tensor."""


class Entries:
    """The entries of a file, each of which is taken once, and our names for them."""

    def __init__(self, file: str, state: State) -> None:
        self.file = file
        self.left = dict(state)
        self.ours: dict[str, Tensor] = {}

    def has(self, start: str) -> bool:
        """Whether an entry that begins so is left."""
        return any(name.startswith(start) for name in self.left)

    def shape(self, name: str) -> torch.Size:
        """Of an entry, which stays."""
        return self._find(name).shape

    def count(self, pattern: str) -> int:
        """How many different numbers stand where `pattern` has its group."""
        return len({match.group(1) for name in self.left if (match := re.match(pattern, name))})

    def take(self, name: str) -> Tensor:
        value = self._find(name)
        del self.left[name]
        return value

    def move(self, theirs: str, ours: str) -> None:
        """The entries of one module, weight and bias, under our name."""
        for leaf in ("weight", "bias"):
            self.ours[f"{ours}.{leaf}"] = self.take(f"{theirs}.{leaf}")

    def drop(self, start: str) -> None:
        """Leave out what nothing uses."""
        for name in [name for name in self.left if name.startswith(start)]:
            del self.left[name]

    def finish(self) -> dict[str, Tensor]:
        """Our state, when everything has found its place. InputError for what has not."""
        if self.left:
            some = ", ".join(list(self.left)[:3])
            raise InputError(
                f"{self.file}: {len(self.left)} entries that a published layout does not have ({some}); it was "
                "trained with other options"
            )
        return self.ours

    def _find(self, name: str) -> Tensor:
        if name not in self.left:
            raise InputError(
                f"{self.file}: entry {name!r} is missing; trained with other options, or cut short"
            )
        return self.left[name]
