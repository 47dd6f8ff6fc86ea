"""Clips that take long to make, kept on disk: several runs over the same clips make them once."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ..media.outputs import temporary_name, writing
from .clips import Batch, Clips
from .schedule import ClipShape


class KeptClips(Clips):
    """Clips of another data set, each written to a folder when it is first asked for, and read from there after that.

    A file that is damaged is made again. Disk: 30 bytes a pixel, a clip of 6 frames of 128x64 has 1.4 MB.
    """

    def __init__(self, clips: Clips, folder: Path) -> None:
        """folder: of this data set alone, made if it isn't there."""
        super().__init__(clips.seed, clips.shape_of)
        self.longest, self.in_process = clips.longest, clips.in_process
        self._clips, self._folder = clips, folder
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def __getitem__(self, index: int) -> Batch:
        shape = self.shape_of(index)
        path = self._folder / f"{index}_{_name(shape)}.safetensors"
        try:
            return load_file(path)
        except (OSError, SafetensorError):  # not there, or damaged
            clip = self._clips.shaped(shape)[index]
        temporary = temporary_name(path)
        with writing(path):
            try:
                save_file(clip, temporary)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        return clip


def _name(shape: ClipShape) -> str:
    name = f"{shape.width}x{shape.height}x{shape.frames}_{'_'.join(map(str, shape.zooms))}"
    return f"{name}{'_mirrored' * shape.mirrored}{f'_step{shape.longest_step}' if shape.longest_step > 1 else ''}"
