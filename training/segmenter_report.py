"""How well the segmenter of a world reads pictures that it has never seen, as a table."""

from dataclasses import replace

import torch

from ..models.labels.palette import builtin_palette
from ..models.labels.reader import LabelReader
from .clips import Clips
from .exams import EVALUATION_SEED
from .metrics_labels import Confusion, class_ious, confusion, empty_confusion, mean_iou
from .segmenter import SegmenterRecipe, segmenter_clips


def unseen_table(reader: LabelReader, recipe: SegmenterRecipe, pictures: int) -> str:
    """Markdown: intersection over union of every class, and their mean, for every size of the recipe.

    pictures: that are read at each size, true ones that no training drew.
    """
    shapes = dict.fromkeys(
        replace(shape, frames=1, zooms=(1.0,)) for shape in (recipe.shape(0), recipe.third)
    )
    palette = builtin_palette(recipe.network.palette).by_id
    names = [palette[number].name for number in recipe.network.classes]
    lines = [_row(["size", "mIoU", *names]), "|" + "---|" * (2 + len(names))]
    for shape in shapes:
        counts = read_back(reader, segmenter_clips(recipe, EVALUATION_SEED).shaped(shape), pictures)
        ious = class_ious(counts)
        cells = [f"{ious[i]:.3f}" if i in ious else "-" for i in recipe.network.classes]
        lines.append(_row([f"{shape.width}x{shape.height}", f"{mean_iou(counts):.3f}", *cells]))
    return "\n".join(lines)


def read_back(reader: LabelReader, clips: Clips, count: int) -> Confusion:
    """The labels of the first `count` clips against what the network reads off their true pictures."""
    return sum((_read(reader, clips, number) for number in range(count)), empty_confusion())


@torch.inference_mode()
def _read(reader: LabelReader, clips: Clips, number: int) -> Confusion:
    clip, device = clips[number], reader.to_scores.weight.device
    return confusion(clip["ids"], reader.ids(reader(clip["pictures"].to(device)).scores).cpu())


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
