"""Label maps written to a folder, one PNG for a frame, without loss; a stopped run goes on where it stopped.

Ids up to 255 become palette PNGs: their values are the ids, and viewers show the palette's colours. Larger ids become
16-bit grey. Instance maps lie in a folder `instances` inside, as 16-bit grey (see `instance_numbers`), under the
same names.
"""

import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..models.labels.frames import LabelFrame
from ..models.labels.palette import Palette
from .instance_numbers import InstanceNumbers
from .outputs import prepare_folder, settle, write_whole, writing

INSTANCES = "instances"
JOB = "job.txt"
"""In the folder of unfinished work: everything that determines the frames."""
_NUMBERS = "instances.json"


class LabelFolderWriter:
    """Use it in a `with` statement; the folder gets its name when the block ends well.

    Until then the frames are in `<name>.parts` beside it. What an earlier run of the same job left there counts:
    `done` frames need not be written again. Another job's leavings are removed.
    """

    done: int
    """Frames written so far, those of earlier runs included."""

    def __init__(self, path: Path, palette: Palette, *, job: str) -> None:
        """path: the folder to make, absent or empty; job: everything that determines the frames, as text."""
        prepare_folder(path)
        self.path = path
        self.parts = path.with_name(f"{path.name}.parts")
        self._palette = palette
        with writing(self.parts):
            self.done = frames_of(self.parts, job)
            self.parts.mkdir(exist_ok=True)
            write_whole(self.parts / JOB, job.encode())
            self._numbers = InstanceNumbers(self.parts / _NUMBERS)

    def write(self, frame: LabelFrame) -> None:
        """The next frame."""
        name = f"{self.done:06d}.png"
        with writing(self.path):
            if frame.instances is not None:
                (self.parts / INSTANCES).mkdir(exist_ok=True)
                numbers = self._numbers.apply(frame.instances.cpu().numpy())
                _save(Image.fromarray(numbers), self.parts / INSTANCES / name)
            _save(label_picture(frame.ids, self._palette), self.parts / name)
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
                (self.parts / _NUMBERS).unlink(missing_ok=True)
                (self.parts / JOB).unlink()
                settle(self.parts, self.path)


def label_picture(ids: Tensor, palette: Palette) -> Image.Image:
    """Ids `[h w]` as a palette picture, or as 16-bit grey where they or the palette's are above 255."""
    values = ids.cpu().numpy()
    if palette.channels > 256 or int(values.max(initial=0)) > 255:
        return Image.fromarray(values.astype(np.uint16))
    picture = Image.fromarray(values.astype(np.uint8))
    picture.putpalette(palette.colors.tobytes())
    return picture


def _save(picture: Image.Image, path: Path) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    picture.save(unfinished, format="PNG")
    settle(unfinished, path)


def frames_of(parts: Path, job: str, ending: str = "png") -> int:
    """Frames that are there already of this job; a folder of another job is removed."""
    if not parts.exists():
        return 0
    note = parts / JOB
    if not note.is_file():
        raise InputError(f"{parts}: is in the way and not left by an earlier run; rename it")
    if note.read_bytes() != job.encode():
        shutil.rmtree(parts)
        return 0
    done = 0
    while (parts / f"{done:06d}.{ending}").is_file():
        done += 1
    return done
