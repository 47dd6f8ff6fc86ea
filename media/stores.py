"""How the frames of an unfinished clip lie in its work folder: as parts of a video, or as pictures."""

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .clip import AudioWindow
from .codecs import VideoPlan
from .outputs import flush, settle
from .parts import PartWriter, join_parts, part_files, part_plan
from .workfolder import WorkFolder
from .writer import FOLDER_IS_SILENT, picture_name, write_picture


class Store(Protocol):
    def resume(self, frames: int) -> bool:
        """Get ready to go on after so many frames, dropping later ones; False if some of them are missing."""
        ...

    def write(self, pixels: NDArray[np.uint8], number: int, ticks: int) -> None:
        """Add the frame of that number: uint8 `[h w 3]` RGB, shown at `ticks` of the plan."""

    def close(self) -> list[Path]:
        """Make whole what was written since the last call; returns its files, for the manifest to count."""
        ...

    def discard(self) -> None:
        """Drop what is not whole."""

    def join(self, path: Path, audio: AudioWindow | None, end: Fraction, keep: bool) -> tuple[str, ...]:
        """Make the clip from everything, `end` seconds long; returns notes for the user. keep: the parts stay."""
        ...


def store_for(work: WorkFolder, plan: VideoPlan) -> Store:
    return PictureStore(work) if plan.codec == "png" else PartStore(work, plan)


class PartStore:
    """A video file's frames, one part between two checkpoints."""

    def __init__(self, work: WorkFolder, plan: VideoPlan) -> None:
        self._work = work
        self._plan = plan
        self._part: PartWriter | None = None
        self._path = Path()

    def resume(self, frames: int) -> bool:
        return True  # the manifest knows every part with its size

    def write(self, pixels: NDArray[np.uint8], number: int, ticks: int) -> None:
        if self._part is None:
            self._path = self._work.path / f"part-{number:08d}.video"
            self._part = PartWriter(self._path, part_plan(self._plan))
        self._part.write(pixels, ticks)

    def close(self) -> list[Path]:
        if self._part is None:
            return []
        self._part.finish()
        self._part = None
        return part_files(self._path)

    def discard(self) -> None:
        if self._part is not None:
            self._part.discard()
            self._part = None

    def join(self, path: Path, audio: AudioWindow | None, end: Fraction, keep: bool) -> tuple[str, ...]:
        files = [self._work.path / name for name, _ in self._work.saved.sizes] + self.close()
        parts = [file for file in files if file.suffix == ".video"]
        return join_parts(parts, path, self._plan, audio, end, self._work.path / "joined.unfinished")


class PictureStore:
    """A folder's pictures. They are counted by number, not named one by one in the manifest."""

    def __init__(self, work: WorkFolder) -> None:
        self._work = work
        self._folder = work.path / "pictures"
        self._new: list[Path] = []

    def resume(self, frames: int) -> bool:
        wanted = {picture_name(number) for number in range(frames)}
        present = set()
        for file in self._folder.iterdir() if self._folder.is_dir() else ():
            if file.name in wanted:
                present.add(file.name)
            else:
                file.unlink()
        return present == wanted

    def write(self, pixels: NDArray[np.uint8], number: int, ticks: int) -> None:
        self._folder.mkdir(exist_ok=True)
        file = self._folder / picture_name(number)
        self._new.append(file)
        write_picture(file, pixels)

    def close(self) -> list[Path]:
        for file in self._new:
            flush(file)
        self._new = []
        return []

    def discard(self) -> None:
        for file in self._new:
            file.unlink(missing_ok=True)
        self._new = []

    def join(self, path: Path, audio: AudioWindow | None, end: Fraction, keep: bool) -> tuple[str, ...]:
        self.close()
        whole = self._folder
        if keep:
            whole = self._work.path / "joined"
            shutil.rmtree(whole, ignore_errors=True)
            shutil.copytree(self._folder, whole)
        settle(whole, path)
        return (FOLDER_IS_SILENT,) if audio is not None else ()
