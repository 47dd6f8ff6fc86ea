"""The training loop: clips in order, checkpoints, previews, and a result that the nodes load."""

import json
import random
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch.utils.data import Dataset

from ..errors import InputError
from ..media.outputs import writing
from ..progress import Progress, silent
from .checkpoint import FILE_NAME, load_checkpoint, save_checkpoint
from .clips import Batch, StreetClips, load_clips
from .networks import Networks, build_networks
from .recipe import Recipe
from .sheets import PREVIEW_CLIPS, preview, preview_clips, save_sheet
from .vid2vid import train_on_clip


@dataclass(frozen=True)
class LoopOptions:
    """What a run needs besides its recipe; none of it changes the result."""

    device: torch.device
    workers: int
    """Processes that draw clips ahead of time; 0: clips are drawn between the steps."""
    checkpoint_every: int
    """Clips between checkpoints and previews, 1 or more."""
    max_seconds: float | None
    """Stop (resumable) after this time."""


def train(
    recipe: Recipe,
    folder: Path,
    options: LoopOptions,
    clips: Dataset[Batch] | None = None,
    progress: Progress = silent,
) -> int:
    """Train until `recipe.clips` clips are done or the time is over; a second call goes on where the first stopped.

    clips: the data (None: the procedural street); any number is a clip, those below 0 are kept for previews;
    progress: called after every clip; what it raises stops the run at the last checkpoint.
    Returns how many clips the networks have been trained on, in this call and before.

    Writes to `folder`: checkpoint.safetensors (resume), log.jsonl (one line a checkpoint: step, learning rate, mean of
    every loss term), preview_*.jpg (labels, truth, ours, for clips that are never trained on). Memory: the networks,
    two Adam moments, the clips under way and the activations of one frame.
    """
    _make_folder(folder)
    networks = build_networks(recipe, options.device)
    checkpoint = folder / FILE_NAME
    done = load_checkpoint(checkpoint, networks, recipe) if checkpoint.exists() else 0
    data = StreetClips(recipe.seed, recipe.shape) if clips is None else clips
    show = partial(preview, networks.average, preview_clips(recipe) if clips is None else clips)
    began, means = time.monotonic(), _Means()
    for number, clip in enumerate(load_clips(data, done, recipe.clips, options.workers), done):
        _set_learning_rate(networks, learning_rate(recipe, number))
        batch = {key: value.to(options.device) for key, value in clip.items()}
        from_real, decay = starts_from_real(recipe, number), average_decay(recipe, number)
        means.add(train_on_clip(networks, recipe.stage(number).losses, batch, from_real, decay))
        done = number + 1
        late = options.max_seconds is not None and time.monotonic() - began > options.max_seconds
        if done % options.checkpoint_every == 0 or done == recipe.clips or late:
            save_checkpoint(checkpoint, networks, recipe, done)
            _log(folder / "log.jsonl", done, learning_rate(recipe, number), means.take())
            save_sheet(folder / f"preview_{done:06d}.jpg", show())
        progress(done, recipe.clips, partial(show, PREVIEW_CLIPS[:1]))
        if late:
            break
    return done


def learning_rate(recipe: Recipe, step: int) -> float:
    """Of clip number `step`: constant, then falling linearly towards 0 over the last `decay_clips` clips."""
    left = (recipe.clips - step) / max(1, recipe.decay_clips)
    return recipe.learning_rate * min(1.0, left)


def average_decay(recipe: Recipe, step: int) -> float:
    """The recipe's, but less at first, so that the average forgets where it began."""
    return min(recipe.ema, (1 + step) / (10 + step))


def starts_from_real(recipe: Recipe, step: int) -> bool:
    """Half of the clips start from real pictures, half from nothing."""
    return random.Random(f"start:{recipe.seed}:{step}").random() < 0.5


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; give the name of a folder for the run")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _set_learning_rate(networks: Networks, rate: float) -> None:
    for optimizer in (networks.generator_optimizer, networks.discriminator_optimizer):
        for group in optimizer.param_groups:
            group["lr"] = rate


class _Means:
    """Running means of the loss terms since they were last taken."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def add(self, terms: dict[str, float]) -> None:
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        means = {name: self.sums[name] / self.counts[name] for name in self.sums}
        self.sums, self.counts = {}, {}
        return means


def _log(path: Path, step: int, rate: float, terms: dict[str, float]) -> None:
    line = {"step": step, "learning_rate": rate, **{name: round(value, 5) for name, value in terms.items()}}
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
