"""Label maps written to a folder, one PNG for a frame, without loss; a stopped run goes on where it stopped.

Ids up to 255 become palette PNGs: their values are the ids, and viewers show the palette's colours. Larger ids become
16-bit grey. Instance maps lie in a folder `instances` inside, as 16-bit grey (see `instance_numbers`), under the
same names.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from ..models.labels.frames import LabelFrame
from ..models.labels.palette import Palette
from .folder_writer import FolderWriter
from .instance_numbers import InstanceNumbers
from .outputs import settle, writing

INSTANCES = "instances"
_NUMBERS = "instances.json"


class LabelFolderWriter(FolderWriter):
    """Label maps of one palette."""

    notes = (_NUMBERS,)

    def __init__(self, path: Path, palette: Palette, *, job: str) -> None:
        """path: the folder to make, absent or empty; job: everything that determines the frames, as text."""
        super().__init__(path, "png", job=job)
        self._palette = palette
        with writing(self.parts):
            self._numbers = InstanceNumbers(self.parts / _NUMBERS)

    def write(self, frame: LabelFrame) -> None:
        """The next frame."""
        name = self.name_of(self.done)
        with writing(self.path):
            if frame.instances is not None:
                (self.parts / INSTANCES).mkdir(exist_ok=True)
                numbers = self._numbers.apply(frame.instances.cpu().numpy())
                _save(Image.fromarray(numbers), self.parts / INSTANCES / name)
            _save(label_picture(frame.ids, self._palette), self.parts / name)
        self.done += 1


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
