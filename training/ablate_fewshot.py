"""The comparison of few-shot vid2vid's parts and of numbers of subjects: short runs, then all on unseen subjects."""

from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

import torch

from ..models.fewshot.generator import FewShotGenerator
from ..models.vid2vid.generator import Vid2VidGenerator
from ..progress import Progress, silent
from ..weights.file import read
from ..weights.folders import SUFFIX
from .ablate import folder_of, kept, train_variants
from .clips import Clips
from .evaluate_fewshot import (
    COUNTS,
    Contestant,
    Examination,
    Row,
    contestants,
    evaluate_fewshot,
    exemplars_name,
    fingerprint,
    paint_with,
)
from .exports import export_run
from .fewshot_ablation import (
    BY_SUBJECTS,
    FACE_FEWSHOT_ABLATION,
    FEWSHOT_VARIANTS,
    FULL,
    PARTS,
    SIZE,
)
from .fewshot_clips import fewshot_world_clips
from .fewshot_exams import FACES, unseen
from .fewshot_recipe import FewShotRecipe
from .fewshot_scores import ScoreBook
from .loop import LoopOptions

GIVEN = (1, 4)
"""Exemplars that variants are compared with."""
SCORES = "scores.jsonl"


class AblationTables(NamedTuple):
    """What came out."""

    parts: list[Row]
    """The whole method and what it is compared with, and the true frames."""
    subjects: list[Row]
    """By the number of subjects that were trained on, with the most exemplars of `GIVEN`."""


def train_fewshot_variants(folder: Path, options: LoopOptions, progress: Progress = silent) -> bool:
    """Train all of `FEWSHOT_VARIANTS`, as `ablate.train_variants` says. Disk: 400 MB for the clips that three share."""
    return train_variants(FEWSHOT_VARIANTS, folder, options, progress, _clips)


def _clips(recipe: FewShotRecipe, folder: Path) -> Clips:
    if recipe.subjects == FACE_FEWSHOT_ABLATION.subjects:
        return kept(recipe, folder)
    return fewshot_world_clips(recipe)


def whole_variant(folder: Path) -> FewShotGenerator:
    """The network with nothing left out, of `train_fewshot_variants`."""
    return _result(folder, FACE_FEWSHOT_ABLATION)


def compare_fewshot_variants(
    folder: Path,
    rival: Vid2VidGenerator | None,
    clips: int,
    frames: int,
    device: torch.device,
    progress: Progress = silent,
) -> AblationTables:
    """What `train_fewshot_variants` made, on unseen subjects, beside simpler means; a stopped call is gone on with."""
    networks = {name: _result(folder, recipe).to(device) for name, recipe in FEWSHOT_VARIANTS.items()}
    full = networks[PARTS[FULL].name]
    painters = contestants(full, rival)
    for name, recipe in PARTS.items():
        if name != FULL:
            painters |= {
                f"{name}, {_exemplars(count)}": _painter(networks[recipe.name], count) for count in GIVEN
            }
    most = GIVEN[-1]
    by_subjects = {
        subjects_name(count): _painter(networks[recipe.name], most) for count, recipe in BY_SUBJECTS.items()
    }
    examination = Examination(FACES, SIZE, frames, max(COUNTS))
    book = ScoreBook(folder / SCORES)
    rows = evaluate_fewshot(painters | by_subjects, full, examination, unseen(clips), book, progress)
    return AblationTables(
        [row for row in rows if row.method not in by_subjects],
        [row for row in rows if row.method in by_subjects],
    )


def subjects_name(count: int) -> str:
    return f"{count} subjects"


def _exemplars(count: int) -> str:
    return exemplars_name(count).removeprefix("ours, ")


def _painter(network: FewShotGenerator, count: int) -> Contestant:
    return Contestant(partial(paint_with, network, count), f"{fingerprint(network)} {count}")


def _result(folder: Path, recipe: FewShotRecipe) -> FewShotGenerator:
    """What came out of a run, and a file of weights in its folder."""
    run = folder_of(folder, recipe.name)
    path = run / f"{run.name}{SUFFIX}"
    export_run(run, path, "unknown", torch.float32)
    return cast(FewShotGenerator, read(path))
