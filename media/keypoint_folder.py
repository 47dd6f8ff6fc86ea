"""Keypoints written to a folder, one small file for a frame; a stopped run goes on where it stopped."""

import json

from torch import Tensor

from ..errors import InputError
from ..models.labels.people import PosedFrame
from ..models.labels.people_json import openpose_json
from .folder_writer import FolderWriter
from .outputs import write_whole, writing


class KeypointFolderWriter(FolderWriter):
    """Poses in files that end in json, landmarks in such that end in txt."""

    def write_pose(self, frame: PosedFrame) -> None:
        """The next frame, as OpenPose writes it."""
        self._write(json.dumps(openpose_json(frame)))

    def write_landmarks(self, landmarks: Tensor | None) -> None:
        """The next frame: 68 lines `x,y`; None repeats the frame before (InputError for the first)."""
        if landmarks is not None:
            self._write("".join(f"{x:.2f},{y:.2f}\n" for x, y in landmarks.tolist()))
        elif self.done:
            self._write((self.parts / self.name_of(self.done - 1)).read_text("utf-8"))
        else:
            raise InputError("the first frame shows no whole face; begin the clip where one is")

    def _write(self, text: str) -> None:
        with writing(self.path):
            write_whole(self.parts / self.name_of(self.done), text.encode())
        self.done += 1
