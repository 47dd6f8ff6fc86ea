"""The training loop: clips in order, checkpoints, previews, and a result that the nodes load."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import Dataset

from ..media.pixels import to_file
from ..models.labels.frames import LabelFrame
from ..models.labels.palette import builtin_palette
from ..models.labels.preview import colorize
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.rollout import synthesize
from ..progress import Progress, silent
from .checkpoint import load_checkpoint, save_checkpoint
from .clips import Batch, StreetClips, clip_loader
from .recipe import Recipe
from .vid2vid import Networks, build_networks, train_on_clip


@dataclass(frozen=True)
class LoopOptions:
    """What a run needs besides its recipe; none of it changes the result."""

    device: torch.device
    workers: int
    """Processes that draw clips ahead of time."""
    checkpoint_every: int
    """Clips between checkpoints and previews."""
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

    clips: the data (None: the procedural street). Returns how many clips the networks have been trained on.

    Writes to `folder`: checkpoint.safetensors (resume), log.jsonl (one line a checkpoint: step, learning rate, mean of
    every loss term), preview_*.jpg (labels, truth, ours, for clips that are never trained on). Memory: the networks,
    two Adam moments, one clip and the activations of one frame.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks = build_networks(recipe, options.device)
    checkpoint = folder / "checkpoint.safetensors"
    done = load_checkpoint(checkpoint, networks, recipe) if checkpoint.exists() else 0
    data = StreetClips(recipe.seed, recipe.stage) if clips is None else clips
    began, sums = time.monotonic(), _Means()
    for clip in clip_loader(data, done, recipe.clips, options.workers):
        _set_learning_rate(networks, learning_rate(recipe, done))
        batch = {key: value.to(options.device) for key, value in clip.items()}
        sums.add(
            train_on_clip(
                networks, recipe, batch, starts_from_real(recipe, done), average_decay(recipe, done)
            )
        )
        done += 1
        late = options.max_seconds is not None and time.monotonic() - began > options.max_seconds
        if done % options.checkpoint_every == 0 or done == recipe.clips or late:
            save_checkpoint(checkpoint, networks, recipe, done)
            _log(folder / "log.jsonl", done, learning_rate(recipe, done - 1), sums.take())
            save_preview(folder / f"preview_{done:06d}.jpg", networks.average, recipe)
        progress(done, recipe.clips, _previewer(networks.average, recipe))
        if late:
            break
    return done


def learning_rate(recipe: Recipe, step: int) -> float:
    """Constant, then falling linearly to 0 over the last `decay_clips` clips."""
    left = (recipe.clips - step) / max(1, recipe.decay_clips)
    return recipe.learning_rate * min(1.0, left)


def average_decay(recipe: Recipe, step: int) -> float:
    """The recipe's, but less at first, so that the average forgets where it began."""
    return min(recipe.ema, (1 + step) / (10 + step))


def starts_from_real(recipe: Recipe, step: int) -> bool:
    """Half of the clips start from real pictures, half from nothing."""
    return random.Random(f"start:{recipe.seed}:{step}").random() < 0.5


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
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


PREVIEW_CLIPS = (-1, -2, -3, -4)
"""Clip numbers that no run trains on."""


def save_preview(path: Path, generator: Vid2VidGenerator, recipe: Recipe) -> None:
    """A contact sheet: for a few unseen clips the last frame's labels, truth and ours, one clip a row."""
    Image.fromarray(preview(generator, recipe, PREVIEW_CLIPS)).save(path, quality=92)


def preview(generator: Vid2VidGenerator, recipe: Recipe, numbers: tuple[int, ...]) -> NDArray[np.uint8]:
    """Rows of labels, truth and generated picture after 16 frames, uint8 `[n*h 3*w 3]`."""
    stage = replace(recipe.stages[-1], frames=16, zooms=(1.0,))
    clips = StreetClips(recipe.seed, lambda number: stage)
    return np.concatenate([_preview_row(generator, clips[number]) for number in numbers])


def _preview_row(generator: Vid2VidGenerator, clip: Batch) -> NDArray[np.uint8]:
    frames = [
        LabelFrame(ids, instances) for ids, instances in zip(clip["ids"], clip["instances"], strict=True)
    ]
    device = next(generator.parameters()).device
    *_, last = synthesize(generator, frames, style=clip["style"][None].to(device))
    labels = colorize(clip["ids"][-1], builtin_palette(generator.config.palette))
    return np.concatenate([labels, to_file(clip["pictures"][-1]), to_file(last.frame[0].cpu())], axis=1)


def _previewer(generator: Vid2VidGenerator, recipe: Recipe) -> Callable[[], NDArray[np.uint8]]:
    return lambda: preview(generator, recipe, PREVIEW_CLIPS[:1])
