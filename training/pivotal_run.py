"""A run of pivotal tuning: checkpoints, previews, an end at any update; the same command goes on bit by bit.

Chance is a function of the plan's seed and the number of the update, so that a checkpoint holds the weights that learn,
Adam's moments, the number of updates and the perceptual terms of the epoch under way, and nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import InputError
from ..media.outputs import writing
from ..media.pixels import to_file
from ..progress import Progress, silent
from ..weights.config_json import to_json
from .checkpoint import FILE_NAME, check_recipe_of, fill_state, read_state, save_state
from .interrupts import stop_requests
from .pivotal_tuning import PivotalTuning, Terms

EVERY = 200
"""Updates between checkpoints."""


@dataclass(frozen=True)
class TuningReport:
    """What a run came to."""

    updates: int
    """In this run and those before it."""
    made: int
    """In this run."""
    alike: bool
    """Pictures were alike enough before the plan was done."""
    last: Terms | None
    """Of the last update of this run; None where there was nothing left to do."""


def run_tuning(
    tuning: PivotalTuning,
    folder: Path,
    belongs: Mapping[str, str],
    *,
    every: int = EVERY,
    progress: Progress = silent,
) -> TuningReport:
    """Tune until the plan is done or pictures are alike enough, on from the folder's checkpoint if it has one.

    belongs: names and digests of what the run is made of (generator, codes, frames): a checkpoint of others is refused.
    Ctrl-C, and whatever `progress` raises, stop it after the update under way, with a checkpoint. InputError for a
    checkpoint of another run, a loss that is not finite (the last checkpoint stays), a full disk.
    """
    path = folder / FILE_NAME
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        _resume(tuning, path, belongs)
    began, terms = tuning.done, None
    with stop_requests() as stopping:
        while not tuning.finished:
            terms = _update(tuning, path)
            try:
                progress(tuning.done, tuning.updates, partial(_preview, tuning))
                if stopping():
                    raise KeyboardInterrupt
            except BaseException:
                _save(tuning, path, belongs)
                raise
            if tuning.done % every == 0 or tuning.finished:
                _save(tuning, path, belongs)
    return TuningReport(tuning.done, tuning.done - began, tuning.done < tuning.updates, terms)


def _update(tuning: PivotalTuning, path: Path) -> Terms:
    try:
        return tuning.update()
    except InputError as error:
        kept = f"{path} is from before it" if path.exists() else "nothing was saved before it"
        raise InputError(f"{error}; {kept}") from error


def _save(tuning: PivotalTuning, path: Path, belongs: Mapping[str, str]) -> None:
    metadata = {
        "recipe": to_json(tuning.plan),
        "step": str(tuning.done),
        "unit": "updates",
        "distances": json.dumps(tuning.distances),
        "belongs": json.dumps(dict(belongs), sort_keys=True),
    }
    save_state(path, {"tuned": tuning.learning.module}, {"adam": tuning.optimizer}, metadata)


def _resume(tuning: PivotalTuning, path: Path, belongs: Mapping[str, str]) -> None:
    metadata, tensors = read_state(path)
    check_recipe_of(path, metadata["recipe"], tuning.plan)
    theirs = json.loads(metadata.get("belongs", "{}"))
    others = sorted(name for name in belongs if theirs.get(name) != belongs[name])
    if others:
        raise InputError(
            f"{path}: belongs to a run with other {' and '.join(others)}; delete it to start anew, or choose another "
            "folder"
        )
    fill_state(path, tensors, {"tuned": tuning.learning.module}, {"adam": tuning.optimizer})
    tuning.done = int(metadata["step"])
    tuning.distances = [float(distance) for distance in json.loads(metadata["distances"])]


def _preview(tuning: PivotalTuning, number: int = 0) -> NDArray[np.uint8]:
    """A frame, and what is painted of it, side by side."""
    pair = [tuning.frames(number).cpu(), tuning.picture(number).cpu().clamp(-1, 1)]
    return to_file(torch.cat(pair, 2))
