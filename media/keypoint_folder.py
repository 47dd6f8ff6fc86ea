"""Keypoints written to a folder, one small file for a frame; a stopped run goes on where it stopped."""

import json
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from torch import Tensor

from ..errors import InputError
from ..models.labels.people import PosedFrame
from ..models.labels.people_json import openpose_json
from .label_folder import JOB, frames_of
from .outputs import prepare_folder, settle, write_whole, writing


class KeypointFolderWriter:
    """Use it in a `with` statement; the folder gets its name when the block ends well.

    Until then the files are in `<name>.parts` beside it. What an earlier run of the same job left there counts:
    `done` frames need not be written again. Another job's leavings are removed.
    """

    done: int
    """Frames written so far, those of earlier runs included."""

    def __init__(self, path: Path, ending: str, *, job: str) -> None:
        """path: the folder to make, absent or empty; ending: json or txt; job: what determines the frames, as text."""
        prepare_folder(path)
        self.path = path
        self.parts = path.with_name(f"{path.name}.parts")
        self._ending = ending
        with writing(self.parts):
            self.done = frames_of(self.parts, job, ending)
            self.parts.mkdir(exist_ok=True)
            write_whole(self.parts / JOB, job.encode())

    def write_pose(self, frame: PosedFrame) -> None:
        """The next frame, as OpenPose writes it."""
        self._write(json.dumps(openpose_json(frame)))

    def write_landmarks(self, landmarks: Tensor | None) -> None:
        """The next frame: 68 lines `x,y`; None repeats the frame before (InputError for the first)."""
        if landmarks is not None:
            self._write("".join(f"{x:.2f},{y:.2f}\n" for x, y in landmarks.tolist()))
        elif self.done:
            self._write((self.parts / f"{self.done - 1:06d}.{self._ending}").read_text("utf-8"))
        else:
            raise InputError("the first frame shows no whole face; begin the clip where one is")

    def _write(self, text: str) -> None:
        with writing(self.path):
            write_whole(self.parts / f"{self.done:06d}.{self._ending}", text.encode())
        self.done += 1

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
                (self.parts / JOB).unlink()
                settle(self.parts, self.path)
