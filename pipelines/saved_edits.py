"""Label edits on disk: a JSON file, and the masks beside it as pictures."""

from dataclasses import replace
from io import BytesIO
from itertools import count
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..media.outputs import prepare_file, write_whole, writing
from ..media.pictures import read_picture
from ..models.labels.edits import LabelEdit, LabelEdits
from ..models.labels.edits_json import MAX_TEXT


def read_edits(path: Path) -> LabelEdits:
    """The edits of a JSON file (see `models.labels.edits_json`) with their masks; every mistake is an InputError.

    Masks lie beside the file or in a folder below; one that leads elsewhere, by links too, is refused.
    """
    try:
        with path.open("rb") as file:
            content = file.read(4 * MAX_TEXT + 1)
        text = content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file of label edits") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a file of label edits: its text is not UTF-8") from error
    try:
        edits = LabelEdits.from_json(text)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return LabelEdits(tuple(_with_mask(edit, path.parent) for edit in edits.edits))


def save_edits(edits: LabelEdits, path: Path) -> None:
    """Write the edits to a JSON file, and masks that don't lie beside it yet as `<name>.mask1.png` and so on."""
    prepare_file(path)
    named = [_with_file(edit, path) for edit in edits.edits]
    with writing(path):
        write_whole(path, (LabelEdits(tuple(named)).to_json() + "\n").encode())


def read_mask(path: Path) -> Tensor:
    """A picture as a mask, bool `[h w]`: True where it is at least half bright (transparent counts as black)."""
    return torch.from_numpy(read_picture(path).max(-1) >= 128)


def _with_mask(edit: LabelEdit, folder: Path) -> LabelEdit:
    if edit.mask_file is None:
        return edit
    file = folder / edit.mask_file
    if not file.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{file}: leads out of the folder of the edits; copy the mask into it")
    return replace(edit, mask=read_mask(file))


def _with_file(edit: LabelEdit, path: Path) -> LabelEdit:
    """The edit with its mask in a file beside `path`: the one that it has, or a new one."""
    if edit.mask is None or (edit.mask_file is not None and _holds(path.parent / edit.mask_file, edit.mask)):
        return edit
    names = (path.with_name(f"{path.stem}.mask{number}.png") for number in count(1))
    file = next(name for name in names if not name.exists() or _holds(name, edit.mask))
    picture = BytesIO()
    Image.fromarray(edit.mask.cpu().numpy()).save(picture, format="PNG")
    with writing(file):
        write_whole(file, picture.getvalue())
    return replace(edit, mask_file=file.name)


def _holds(file: Path, mask: Tensor) -> bool:
    """Whether a file is the picture of this very mask."""
    return file.is_file() and torch.equal(read_mask(file), mask.cpu())
