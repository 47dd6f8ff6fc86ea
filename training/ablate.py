"""The comparison of the method's parts: every variant trained on the same clips, then all on unseen ones."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import torch

from ..models.labels.reader import LabelReader
from ..models.vid2vid.generator import Vid2VidGenerator
from ..progress import Preview, Progress, silent
from ..weights.file import read
from ..weights.folders import SUFFIX
from .clips import Clips
from .evaluate import Row, compare
from .exams import STREET, Painter
from .exports import export_run
from .kept_clips import KeptClips
from .loop import LoopOptions, train
from .methods import AnyRecipe, approach_of
from .painting import paint
from .recipe import Recipe

CLIPS = "clips"
"""The folder of the clips that all variants learn from, beside theirs."""

RecipeT = TypeVar("RecipeT", bound=AnyRecipe)


def kept(recipe: AnyRecipe, folder: Path) -> Clips:
    """The clips of a recipe's world, which are made once for all recipes that have the same."""
    return KeptClips(approach_of(recipe).world_clips(recipe), folder)


def train_variants(
    variants: Mapping[str, RecipeT],
    folder: Path,
    options: LoopOptions,
    progress: Progress = silent,
    data: Callable[[RecipeT, Path], Clips] = kept,
) -> bool:
    """Train one after the other, each in a folder of its own; whether all are done. A second call goes on.

    options: `max_seconds` is for all together; progress: counts the clips of all; data: what a recipe learns from, told
    the folder where clips may be kept.
    """
    began, total = time.monotonic(), sum(recipe.clips for recipe in variants.values())
    before = 0
    for name, recipe in variants.items():
        left = None if options.max_seconds is None else options.max_seconds - (time.monotonic() - began)
        if left is not None and left <= 0:
            return False
        clips = data(recipe, folder / CLIPS)
        run = replace(options, max_seconds=left)
        report = train(
            recipe, folder_of(folder, name), run, clips, partial(_shifted, progress, before, total)
        )
        if report.clips < recipe.clips:
            return False
        before += recipe.clips
    return True


def compare_variants(
    variants: Mapping[str, Recipe],
    folder: Path,
    reader: LabelReader,
    clips: int,
    frames: int,
    progress: Progress = silent,
) -> list[Row]:
    """What `train_variants` made, painting unseen clips from nothing: a row each, and one for the true frames.

    All recipes have one size; reader, clips, frames: as `evaluate.evaluate` takes them.
    """
    shape = next(iter(variants.values())).stages[-1].shape
    painters: dict[str, tuple[Painter, int]] = {
        name: (partial(paint, _result(folder_of(folder, name))), 0) for name in variants
    }
    data = STREET.clips((shape.height, shape.width), frames)
    return compare(painters, reader, data, range(clips), progress)


def _result(folder: Path) -> Vid2VidGenerator:
    """What came out of a run, and a file of weights in its folder."""
    path = folder / f"{folder.name}{SUFFIX}"
    export_run(folder, path, "unknown", torch.float32)
    return cast(Vid2VidGenerator, read(path))


def folder_of(folder: Path, name: str) -> Path:
    """Of the run of the variant with this name."""
    return folder / name.replace(" ", "-")


def _shifted(
    progress: Progress,
    before: int,
    total: int,
    done: int,
    own_total: int | None,
    preview: Preview | None = None,
) -> None:
    progress(before + done, total, preview)
