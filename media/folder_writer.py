"""A folder of one file a frame, written one after the other; a stopped run goes on where it stopped."""

import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import InputError
from .outputs import prepare_folder, settle, write_whole, writing

JOB = "job.txt"
"""In the folder of unfinished work: everything that determines the frames."""


class FolderWriter:
    """Use it in a `with` statement; the folder gets its name when the block ends well.

    Until then the files are in `<name>.parts` beside it. What an earlier run of the same job left there counts:
    `done` frames need not be written again. Another job's leavings are removed. Subclasses write the files, named by
    `name_of`, and count them in `done`.
    """

    done: int
    """Frames written so far, those of earlier runs included."""
    notes: tuple[str, ...] = ()
    """Names of files that the work needs and the folder doesn't, beside the job's."""

    def __init__(self, path: Path, ending: str, *, job: str) -> None:
        """path: the folder to make, absent or empty; ending: of the files; job: what determines the frames, as text."""
        prepare_folder(path)
        self.path = path
        self.parts = path.with_name(f"{path.name}.parts")
        self.ending = ending
        with writing(self.parts):
            self.done = self._frames_of(job)
            self.parts.mkdir(exist_ok=True)
            write_whole(self.parts / JOB, job.encode())

    def name_of(self, frame: int) -> str:
        """Of the file of a frame."""
        return f"{frame:06d}.{self.ending}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.done:
            shutil.rmtree(self.parts, ignore_errors=True)
            if kind is None:
                raise InputError(f"{self.path}: there are no frames to write")
        elif kind is None:
            with writing(self.path, f"; all frames are in {self.parts}"):
                for note in (*self.notes, JOB):
                    (self.parts / note).unlink(missing_ok=True)
                settle(self.parts, self.path)

    def _frames_of(self, job: str) -> int:
        """Frames that are there already of this job; a folder of another job is removed."""
        if not self.parts.exists():
            return 0
        note = self.parts / JOB
        if not note.is_file():
            raise InputError(f"{self.parts}: is in the way and not left by an earlier run; rename it")
        if note.read_bytes() != job.encode():
            shutil.rmtree(self.parts)
            return 0
        done = 0
        while (self.parts / self.name_of(done)).is_file():
            done += 1
        return done
