"""The training loop: clips in order, checkpoints, previews, and a result that the nodes load.

One process or several run the same loop (`team`): each reads and learns from its share of the clips of an update, and
the first one writes the files.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.outputs import writing
from ..progress import Progress, silent
from .checkpoint import FILE_NAME, Position, load_checkpoint, save_checkpoint
from .clips import Batch, Clips, Read, load_clips
from .interrupts import stop_requests
from .journal import Journal
from .method import FACTOR, Method
from .methods import AnyRecipe, approach_of
from .schedule import Part
from .sheets import PREVIEW_CLIPS, contact_sheet, preview_shape
from .team import Precision, Team


@dataclass(frozen=True)
class LoopOptions:
    """What a run needs besides its recipe; none of it changes the result but for rounding."""

    device: torch.device
    workers: int
    """Processes that draw clips ahead of time, for each that trains; 0: clips are drawn between the steps."""
    checkpoint_every: int
    """Clips between checkpoints and previews, 1 or more."""
    max_seconds: float | None
    """Stop (resumable) after this time."""
    precision: Precision = "fp32"
    tensorboard: bool = False
    """Write what TensorBoard shows, too."""


@dataclass(frozen=True)
class Report:
    """What a call of `train` did."""

    clips: int
    """That the networks have been trained on, in this call and before."""
    skipped: tuple[str, ...]
    """Why some clips were replaced by others: a sentence for each file that could not be read."""


def train(
    recipe: AnyRecipe,
    folder: Path,
    options: LoopOptions,
    clips: Clips | None = None,
    progress: Progress = silent,
) -> Report:
    """Train until `recipe.clips` clips are done or the time is over; a second call goes on where the first stopped.

    folder: of the run; several machines need one that all of them see;
    clips: the data (None: the world that the recipe names);
    progress: called after every update; what it raises stops the run at the last checkpoint. Ctrl-C saves one first.

    Writes to `folder`: checkpoint.safetensors (resume), log.jsonl (one line a checkpoint: step, learning rate, mean of
    every loss term), preview_*.jpg (labels, truth, ours, for clips that are never trained on), skipped.txt. Memory: the
    networks, two Adam moments, the clips under way and the activations of one chunk.

    InputError: a recipe that can't be followed, a checkpoint of another, a loss that is not finite, a full disk, data
    that can't be read; the last checkpoint stays.
    """
    approach = approach_of(recipe)
    approach.check(recipe)
    team = Team(options.device, options.precision)
    if recipe.batch % team.size:
        raise InputError(
            f"an update has {recipe.batch} clips, which {team.size} processes can't share evenly; give --batch a "
            f"multiple of {team.size}"
        )
    prepare_run(folder)
    data = approach.world_clips(recipe) if clips is None else clips
    run = _Run(approach.method(recipe, team), folder, options, data, team)
    try:
        with stop_requests() as stopping:
            return run.go(progress, stopping)
    finally:
        run.close()


class _Run:
    """A run under way."""

    def __init__(self, method: Method, folder: Path, options: LoopOptions, data: Clips, team: Team) -> None:
        self.method, self.folder, self.options, self.data, self.team = method, folder, options, data, team
        self.recipe = method.recipe
        self.done = self._resume()
        method.resume(self.recipe.stage_number(max(0, self.done - 1)))
        self.journal = Journal(folder, self.done, options.tensorboard) if team.leads else None
        self.means = _Means()

    def go(self, progress: Progress, stopping: Callable[[], bool]) -> Report:
        recipe, began, batch = self.recipe, time.monotonic(), self.recipe.batch
        share = batch // self.team.size
        first = self.team.rank * share
        mine = [start + first + k for start in range(self.done, recipe.clips, batch) for k in range(share)]
        reader = load_clips(self.data, mine, self.options.workers)
        while self.done < recipe.clips:
            stage = self._enter_stage()
            terms = self._update([next(reader) for _ in range(share)])
            before, self.done = self.done, self.done + batch
            late = (
                self.options.max_seconds is not None and time.monotonic() - began > self.options.max_seconds
            )
            broken = _broken(terms)
            stopped, late, failed = self.team.any([stopping(), late, bool(broken)])
            if failed:
                raise InputError(self._complaint(before, broken))
            every = self.options.checkpoint_every
            if stopped or late or self.done // every > before // every or self.done == recipe.clips:
                self._save(stage, self.recipe.learning_rate(before))
            progress(self.done, recipe.clips, partial(self._preview, stage, PREVIEW_CLIPS[:1]))
            if stopped:
                raise KeyboardInterrupt
            if late:
                break
        return Report(self.done, () if self.journal is None else self.journal.faults)

    def close(self) -> None:
        if self.journal is not None:
            self.journal.close()

    def _resume(self) -> int:
        path = self.folder / FILE_NAME
        if not path.exists():
            self.method.start()
            return 0
        position = load_checkpoint(path, self.method.networks, self.recipe)
        self.team.restore_scaler(position.scaler)
        return position.step

    def _enter_stage(self) -> Part:
        """The stage of the next clip; at its beginning, the networks are made ready for it."""
        recipe, number = self.recipe, self.recipe.stage_number(self.done)
        earlier = recipe.stage_number(self.done - 1) if self.done else None
        if number != earlier:
            self.method.enter(earlier, number)
        for optimizer in self.method.networks.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate(self.done) * group.get(FACTOR, 1)
        stage: Part = recipe.stages[number]
        return stage

    def _update(self, read: list[Read]) -> dict[str, Tensor]:
        clips: list[Batch] = []
        for clip, faults in read:
            clips.append({key: value.to(self.team.device) for key, value in clip.items()})
            self.means.faults += faults
        terms = self.method.update(clips, self.done)
        self.means.add(terms)
        return terms

    def _save(self, stage: Part, rate: float) -> None:
        """Checkpoint, log, preview, by the process that leads; the others tell it what they have seen."""
        gathered: list[_Means] = self.team.gather(self.means)
        self.means = _Means()
        if self.journal is not None:
            position = Position(self.done, self.team.scaler_state())
            save_checkpoint(self.folder / FILE_NAME, self.method.networks, self.recipe, position)
            self.journal.losses(self.done, rate, _merged(gathered))
            for each in gathered:
                self.journal.skipped(each.faults)
            show = partial(self.method.preview, self._preview_data(stage), PREVIEW_CLIPS[0])
            self.journal.preview(self.done, self._preview(stage, PREVIEW_CLIPS), show)
        self.team.wait()

    def _preview(self, stage: Part, numbers: tuple[int, ...]) -> NDArray[np.uint8]:
        return contact_sheet(partial(self.method.preview, self._preview_data(stage)), numbers)

    def _preview_data(self, stage: Part) -> Clips:
        return self.data.shaped(preview_shape(stage, self.data.longest))

    def _complaint(self, before: int, broken: list[str]) -> str:
        saved = self.folder / FILE_NAME
        kept = f"{saved} is from before it" if saved.exists() else "nothing was saved before it"
        where = f"clip {before + 1}" if self.recipe.batch == 1 else f"clips {before + 1} to {self.done}"
        what = f"the loss {broken[0]!r} is" if broken else "a loss in another process is"
        return (
            f"{self.folder}: at {where} {what} not finite (NaN or infinity); {kept}. Take a lower learning rate, or "
            "--precision fp32, and look at the clips if it happens again"
        )


def prepare_run(folder: Path) -> None:
    """Make the folder of a run; InputError where there can be none."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; give the name of a folder for the run")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _broken(terms: dict[str, Tensor]) -> list[str]:
    """Names of loss terms that are not finite."""
    fine = torch.stack(list(terms.values())).isfinite().tolist()
    return [name for name, is_fine in zip(terms, fine, strict=True) if not is_fine]


class _Means:
    """What a process has seen since it was last asked."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self.faults: tuple[str, ...] = ()

    def add(self, terms: dict[str, Tensor]) -> None:
        for name, value in zip(terms, torch.stack(list(terms.values())).tolist(), strict=True):
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1


def _merged(gathered: list[_Means]) -> dict[str, float]:
    """Means of the loss terms over all processes."""
    names = dict.fromkeys(name for each in gathered for name in each.sums)
    return {
        name: sum(each.sums.get(name, 0.0) for each in gathered)
        / sum(each.counts.get(name, 0) for each in gathered)
        for name in names
    }
