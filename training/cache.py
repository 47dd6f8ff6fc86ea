"""Arrays that took long to make, kept on disk within bounds: flow between two frames, for example.

Every array is a file of its own, named after its key, which appears when it is whole; several processes may share a
folder. What is damaged is made again, a full disk only means that nothing is kept.
"""

import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..media.outputs import temporary_name

_ENDING = ".npy"
_SHARE = 16
"""The folder is measured again after so much of its limit (a 16th) was written."""
_LEFT = 0.9
"""Share of the limit that is left when room is made."""


class ArrayCache:
    """A folder of arrays under text keys; beyond `limit` bytes those go that nobody has read for longest."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._written = limit  # nobody knows what is there: measure at the first writing

    def get(self, key: str, make: Callable[[], NDArray[np.generic]]) -> NDArray[np.generic]:
        """What is kept under `key`, else what `make` gives, which is kept from now on.

        key: everything that determines the array.
        """
        path = self._path(key)
        try:
            kept: NDArray[np.generic] = np.load(path, allow_pickle=False)
            os.utime(path)
            return kept
        except (OSError, ValueError, EOFError):  # not there, or damaged
            made = make()
            self._keep(path, made)
            return made

    def _path(self, key: str) -> Path:
        name = blake2b(key.encode(), digest_size=16).hexdigest()
        return self.folder / name[:2] / f"{name[2:]}{_ENDING}"

    def _keep(self, path: Path, array: NDArray[np.generic]) -> None:
        temporary = temporary_name(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                np.save(file, array, allow_pickle=False)
            os.replace(temporary, path)
        except OSError:
            temporary.unlink(missing_ok=True)
            return
        self._written += array.nbytes
        if self._written > self.limit / _SHARE:
            self._written = 0
            self._make_room()

    def _make_room(self) -> None:
        """Remove the files that were used longest ago, if all of them take too much."""
        files = []
        for path in self.folder.glob(f"*/*{_ENDING}"):
            try:
                facts = path.stat()
            except FileNotFoundError:  # another process was faster
                continue
            files.append((facts.st_mtime_ns, facts.st_size, path))
        total = sum(size for _, size, _ in files)
        if total <= self.limit:
            return
        for _, size, path in sorted(files):
            path.unlink(missing_ok=True)
            total -= size
            if total <= self.limit * _LEFT:
                return
