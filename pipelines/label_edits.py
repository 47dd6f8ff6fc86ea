"""Label edits as a door's widgets give them: names in one line, masks as pictures, edit after edit."""

from dataclasses import replace

from torch import Tensor

from ..errors import InputError
from ..models.labels.edits import EditedLabels, LabelEdit, LabelEdits
from ..models.labels.frames import LabelStream
from ..models.labels.resize import resize_nearest


def with_edits(labels: LabelStream, edits: LabelEdits) -> EditedLabels:
    """`labels` with `edits` after those that it has already, all of them in one list."""
    if isinstance(labels, EditedLabels):
        return EditedLabels(labels.stream, LabelEdits(labels.edits.edits + edits.edits))
    return EditedLabels(labels, edits)


def edit_of(replaced: str, by: str, start: int = 0, stop: int | None = None) -> LabelEdit:
    """An edit from names in one line, "tree, bush" by "building", in frames `start` to `stop` (left out)."""
    names = tuple(name for part in replaced.split(",") if (name := part.strip()))
    return LabelEdit(names, by.strip(), start, stop)


def within_masks(edit: LabelEdit, masks: Tensor, height: int, width: int) -> LabelEdits:
    """`edit` confined to masks: one mask for all its frames, or one mask for every frame from its start on.

    masks float `[t h w]` or `[h w]`, selected where more than half; brought to `height` x `width` by nearest pixel.
    """
    planes = resize_nearest(masks.reshape(-1, *masks.shape[-2:]) > 0.5, height, width)
    if len(planes) == 1:
        return LabelEdits((replace(edit, mask=planes[0]),))
    last = edit.start + len(planes) if edit.stop is None else edit.stop
    if last - edit.start > len(planes):
        raise InputError(
            f"label edit: {len(planes)} masks for {last - edit.start} frames; give one mask, or one for each frame"
        )
    numbers = range(edit.start, last)
    frames = zip(numbers, planes, strict=False)
    return LabelEdits(tuple(replace(edit, start=n, stop=n + 1, mask=plane) for n, plane in frames))
