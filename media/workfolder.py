"""The folder of an unfinished clip: a manifest, the state to go on from, and the files that the manifest counts.

A checkpoint writes files under new names first and replaces the manifest last, in one step: whatever the moment of a
crash, the manifest names only what is whole. What it doesn't name is removed when work goes on.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from ..errors import InputError
from .outputs import write_whole

_MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True)
class Saved:
    """What a manifest says."""

    frames: int = 0
    """Frames that are whole on the disk."""
    last_time: Fraction | None = None
    """When the last of them is shown, in seconds."""
    sizes: tuple[tuple[str, int], ...] = ()
    """The files that hold them, in order, with their sizes in bytes."""


class WorkFolder:
    """The folder `path` for the job of that fingerprint. `open` it first."""

    def __init__(self, path: Path, job: str) -> None:
        self.path = path
        self.saved = Saved()
        self.state: dict[str, Tensor] = {}
        """On the CPU, as of the last checkpoint."""
        self._job = job

    def open(self) -> None:
        """Take up the job's last checkpoint. Work of another job, or damaged work, is removed: the job starts afresh.

        Raises InputError if the folder holds anything else, which is left alone.
        """
        manifest = self.path / _MANIFEST
        foreign = [p for p in self.path.iterdir() if not p.name.startswith(".")] if self.path.is_dir() else []
        if foreign and not manifest.is_file():
            raise InputError(
                f"{self.path}: is needed for unfinished work but holds other files; rename or remove it"
            )
        saved = self._load()
        if saved is None:
            self.restart()
            return
        self.saved = saved
        keep = {_MANIFEST, self._state_file(saved.frames).name, *(name for name, _ in saved.sizes)}
        for stray in self.path.iterdir():
            if stray.is_file() and stray.name not in keep:
                stray.unlink()

    def restart(self) -> None:
        """Remove everything and begin at frame 0."""
        if self.path.is_dir():
            shutil.rmtree(self.path)
        self.path.mkdir()
        self.saved, self.state = Saved(), {}
        self._write_manifest(self.saved)

    def save(
        self, frames: int, last_time: Fraction | None, files: Iterable[Path], state: Mapping[str, Tensor]
    ) -> None:
        """A checkpoint: `files`, new ones in this folder, join those that hold the frames; `state` replaces the old."""
        old_state = self._state_file(self.saved.frames)
        whole = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}
        write_whole(self._state_file(frames), safetensors.torch.save(whole))
        added = tuple((file.name, file.stat().st_size) for file in files)
        self.saved = Saved(frames, last_time, self.saved.sizes + added)
        self._write_manifest(self.saved)
        self.state = whole
        if old_state != self._state_file(frames):
            old_state.unlink(missing_ok=True)

    def remove(self) -> None:
        """The work is finished, or there is nothing in it worth keeping."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _state_file(self, frames: int) -> Path:
        return self.path / f"state-{frames:08d}.safetensors"

    def _write_manifest(self, saved: Saved) -> None:
        content = {
            "format": _FORMAT,
            "job": self._job,
            "frames": saved.frames,
            "last_time": None if saved.last_time is None else str(saved.last_time),
            "files": saved.sizes,
        }
        write_whole(self.path / _MANIFEST, json.dumps(content).encode())

    def _load(self) -> Saved | None:
        """The last checkpoint, None if there is none of this job or something of it is missing or damaged."""
        try:
            content = json.loads((self.path / _MANIFEST).read_bytes())
            if content["format"] != _FORMAT or content["job"] != self._job:
                return None
            sizes = tuple((str(name), int(size)) for name, size in content["files"])
            if any(
                Path(name).name != name or (self.path / name).stat().st_size != size for name, size in sizes
            ):
                return None
            frames = int(content["frames"])
            if frames:
                self.state = safetensors.torch.load_file(self._state_file(frames))
            time = content["last_time"]
            return Saved(frames, None if time is None else Fraction(time), sizes)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return None
