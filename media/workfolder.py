"""The folder of an unfinished clip: a manifest, the states to go on from, and the files that the manifest counts.

A checkpoint writes files under new names first and replaces the manifest last, in one step: whatever the moment of a
crash, the manifest names only what is whole. What it doesn't name is removed when work goes on.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from ..errors import InputError
from .outputs import write_whole

_MANIFEST = "manifest.json"
_FORMAT = 2

Content = Callable[[int], str]
"""Fingerprint of what the first so many frames depend on, beyond the job; asked for in ascending order."""


@dataclass(frozen=True)
class Saved:
    """A checkpoint, as the manifest has it."""

    frames: int = 0
    """Frames that are whole on the disk."""
    last_time: Fraction | None = None
    """When the last of them is shown, in seconds."""
    sizes: tuple[tuple[str, int], ...] = ()
    """The files that hold them, in order, with their sizes in bytes."""
    content: str = ""
    """Fingerprint of what they depend on, beyond the job."""


class WorkFolder:
    """The folder `path` for the job of that fingerprint. `open` it first.

    keep_all: keep the states of all checkpoints, not of the last alone, so that `open` can go back to an earlier one.
    """

    def __init__(self, path: Path, job: str, keep_all: bool = False) -> None:
        self.path = path
        self.state: dict[str, Tensor] = {}
        """On the CPU, as of the last checkpoint."""
        self._job = job
        self._keep_all = keep_all
        self._checkpoints: list[Saved] = []

    @property
    def saved(self) -> Saved:
        """The last checkpoint; one without frames before the first."""
        return self._checkpoints[-1] if self._checkpoints else Saved()

    def open(self, content: Content) -> None:
        """Take up the job's last checkpoint whose frames depend on the same content as now.

        What came after it is removed; so is work of another job and damaged work: the job then starts afresh.

        Raises InputError if the folder holds anything else, which is left alone.
        """
        manifest = self.path / _MANIFEST
        foreign = [p for p in self.path.iterdir() if not p.name.startswith(".")] if self.path.is_dir() else []
        if foreign and not manifest.is_file():
            raise InputError(
                f"{self.path}: is needed for unfinished work but holds other files; rename or remove it"
            )
        self._checkpoints = self._load(content)
        if not self._checkpoints:
            self.restart()
            return
        self._write_manifest()
        states = (self._state_file(saved.frames).name for saved in self._checkpoints)
        keep = {_MANIFEST, *states, *(name for name, _ in self.saved.sizes)}
        for stray in self.path.iterdir():
            if stray.is_file() and stray.name not in keep:
                stray.unlink()

    def restart(self) -> None:
        """Remove everything and begin at frame 0."""
        if self.path.is_dir():
            shutil.rmtree(self.path)
        self.path.mkdir(parents=True)
        self._checkpoints, self.state = [], {}
        self._write_manifest()

    def save(
        self,
        frames: int,
        last_time: Fraction | None,
        files: Iterable[Path],
        state: Mapping[str, Tensor],
        content: str,
    ) -> None:
        """A checkpoint: `files`, new ones in this folder, join those that hold the frames before it."""
        before = self.saved
        whole = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}
        write_whole(self._state_file(frames), safetensors.torch.save(whole))
        added = tuple((file.name, file.stat().st_size) for file in files)
        now = Saved(frames, last_time, before.sizes + added, content)
        self._checkpoints = [*self._checkpoints, now] if self._keep_all else [now]
        self._write_manifest()
        self.state = whole
        if not self._keep_all and before.frames != frames:
            self._state_file(before.frames).unlink(missing_ok=True)

    def remove(self) -> None:
        """The work is finished, or there is nothing in it worth keeping."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _state_file(self, frames: int) -> Path:
        return self.path / f"state-{frames:08d}.safetensors"

    def _write_manifest(self) -> None:
        content = {"format": _FORMAT, "job": self._job, "checkpoints": [*map(_to_json, self._checkpoints)]}
        write_whole(self.path / _MANIFEST, json.dumps(content).encode())

    def _load(self, content: Content) -> list[Saved]:
        """The job's checkpoints whose content is as it was, up to the first of which anything is missing or damaged."""
        usable: list[Saved] = []
        try:
            manifest = json.loads((self.path / _MANIFEST).read_bytes())
            if manifest["format"] != _FORMAT or manifest["job"] != self._job:
                return []
            for saved in map(_from_json, manifest["checkpoints"]):
                if not self._holds(saved) or content(saved.frames) != saved.content:
                    break
                usable.append(saved)
            if usable:
                self.state = safetensors.torch.load_file(self._state_file(usable[-1].frames))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return []
        return usable

    def _holds(self, saved: Saved) -> bool:
        return all(
            Path(name).name == name and (self.path / name).stat().st_size == size
            for name, size in saved.sizes
        )


def _to_json(saved: Saved) -> dict[str, Any]:
    return asdict(saved) | {"last_time": None if saved.last_time is None else str(saved.last_time)}


def _from_json(entry: dict[str, Any]) -> Saved:
    time = entry["last_time"]
    sizes = tuple((str(name), int(size)) for name, size in entry["sizes"])
    return Saved(int(entry["frames"]), None if time is None else Fraction(time), sizes, str(entry["content"]))
