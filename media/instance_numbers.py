"""Instances of any number as pictures of 16 bits."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .outputs import write_whole

LARGEST = 65535


class InstanceNumbers:
    """Gives each instance of a clip one number of 16 bits for all frames.

    Instances from 0 to 65535 keep their number; others, such as those of procedural worlds, are numbered downwards
    from 65535 in the order in which they appear. `file` remembers that, so that a stopped run goes on with the same.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._numbers: dict[int, int] = {}
        self._largest_kept = -1
        if file.is_file():
            content = json.loads(file.read_bytes())
            self._largest_kept = content["largest_kept"]
            self._numbers = {int(value): number for value, number in content["numbers"].items()}

    def apply(self, instances: NDArray[np.integer]) -> NDArray[np.uint16]:
        """`[h w]` -> uint16 `[h w]`, different where `instances` differ. InputError if a clip has too many."""
        if instances.size == 0 or (instances.min() >= 0 and instances.max() <= self._largest_kept):
            return instances.astype(np.uint16)
        values, places = np.unique(instances, return_inverse=True)
        kept = [int(v) for v in values if 0 <= v <= LARGEST]
        self._largest_kept = max([self._largest_kept, *kept])
        for value in values.tolist():
            if not 0 <= value <= LARGEST and value not in self._numbers:
                self._numbers[value] = LARGEST - len(self._numbers)
        if self._numbers and LARGEST - len(self._numbers) < self._largest_kept:
            raise InputError(
                "instance maps: too many different instances in one clip for pictures of 16 bits"
            )
        self._remember()
        table = np.array([self._numbers.get(v, v) for v in values.tolist()], np.uint16)
        return table[places].reshape(instances.shape)

    def _remember(self) -> None:
        content = {"largest_kept": self._largest_kept, "numbers": self._numbers}
        write_whole(self._file, json.dumps(content).encode())
