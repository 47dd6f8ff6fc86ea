"""The training loop of the segmenter of a world: batches in order, checkpoints that resume bit-exactly, previews.

A small network on one device; what it does otherwise is as in `loop`, with updates in place of clips.
"""

import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import InputError
from ..media.outputs import prepare_file, writing
from ..media.pixels import to_file
from ..models.labels.palette import builtin_palette
from ..models.labels.preview import colorize
from ..models.labels.reader import LabelReader
from ..progress import Progress, silent
from ..weights.config_json import from_json, to_json
from ..weights.file import WeightsInfo, inspect, save
from .checkpoint import FILE_NAME, check_recipe_of, check_weights_name, fill_state, read_state, save_state
from .clips import Batch, StreetClips
from .interrupts import stop_requests
from .journal import Journal
from .loop import LoopOptions, prepare_run
from .segmenter import SegmenterRecipe, batches, class_weights
from .sheets import PREVIEW_CLIPS


def train_segmenter(
    recipe: SegmenterRecipe, folder: Path, options: LoopOptions, progress: Progress = silent
) -> int:
    """Train until `recipe.updates` are done or the time is over; a second call goes on where the first stopped.

    Writes to `folder`: checkpoint.safetensors, log.jsonl, preview_*.jpg (picture, labels, what is read, of pictures
    that are never trained on). options: a checkpoint every so many updates; progress: called after every update, what
    it raises stops the run at the last checkpoint. Returns the updates so far, in this call and before. Memory: the
    network, two Adam moments, one batch and its activations.

    InputError: a checkpoint of another recipe, a loss that is not finite, a full disk; the last checkpoint stays.
    """
    prepare_run(folder)
    return _Run(recipe, folder, options).go(progress)


class _Run:
    """A run under way."""

    def __init__(self, recipe: SegmenterRecipe, folder: Path, options: LoopOptions) -> None:
        self.recipe, self.folder, self.options = recipe, folder, options
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(recipe.seed)
            reader = LabelReader(recipe.network)
        self.reader = reader.to(options.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.seen = _Seen(len(recipe.network.classes)).to(options.device)
        self.optimizer = torch.optim.Adam(self.reader.parameters(), recipe.learning_rate, fused=True)
        self.done = self._resume()
        self.journal = Journal(folder, self.done, options.tensorboard)
        self.losses: list[float] = []

    def go(self, progress: Progress) -> int:
        recipe, options, began = self.recipe, self.options, time.monotonic()
        with stop_requests() as stopping:
            for pictures, outputs in batches(recipe, self.done, options.workers):
                self._learn(pictures.to(options.device), outputs.to(options.device))
                late = options.max_seconds is not None and time.monotonic() - began > options.max_seconds
                stopped = stopping()
                if (
                    stopped
                    or late
                    or self.done % options.checkpoint_every == 0
                    or self.done == recipe.updates
                ):
                    self._save()
                progress(self.done, recipe.updates, partial(self._preview, PREVIEW_CLIPS[:1]))
                if stopped:
                    raise KeyboardInterrupt
                if late:
                    break
        self.journal.close()
        return self.done

    @property
    def rate(self) -> float:
        return self.recipe.learning_rate * (1 - self.done / self.recipe.updates)

    def _learn(self, pictures: Tensor, outputs: Tensor) -> None:
        self.seen.pixels += torch.bincount(outputs[outputs >= 0], minlength=len(self.seen.pixels))
        scores = self.reader(pictures).scores
        loss = F.cross_entropy(scores, outputs, class_weights(self.seen.pixels), ignore_index=-1)
        if not loss.isfinite():
            saved = self.folder / FILE_NAME
            kept = f"{saved} is from before it" if saved.exists() else "nothing was saved before it"
            raise InputError(
                f"{self.folder}: at update {self.done + 1} the loss is not finite (NaN or infinity); {kept}. Take a "
                "recipe with a lower learning rate"
            )
        torch.autograd.backward(loss)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.losses.append(loss.item())
        self.done += 1

    def _resume(self) -> int:
        path = self.folder / FILE_NAME
        if not path.exists():
            return 0
        metadata, tensors = read_state(path)
        check_recipe_of(path, metadata["recipe"], self.recipe)
        fill_state(path, tensors, self._modules(), {"optimizer": self.optimizer})
        return int(metadata["step"])

    def _save(self) -> None:
        metadata = {"recipe": to_json(self.recipe), "step": str(self.done)}
        save_state(self.folder / FILE_NAME, self._modules(), {"optimizer": self.optimizer}, metadata)
        self.journal.losses(self.done, self.rate, {"cross_entropy": sum(self.losses) / len(self.losses)})
        self.losses = []
        self.journal.preview(self.done, self._preview(PREVIEW_CLIPS), list)

    def _modules(self) -> dict[str, nn.Module]:
        return {"reader": self.reader, "seen": self.seen}

    def _preview(self, numbers: tuple[int, ...]) -> NDArray[np.uint8]:
        clips = StreetClips(self.recipe.seed, self.recipe.shape).shaped(self.recipe.shapes[0])
        self.reader.eval()
        shown = [preview_reading(self.reader, clips[number]) for number in numbers]
        self.reader.train()
        return np.concatenate(shown)


class _Seen(nn.Module):
    """How often every class was seen; part of the checkpoint."""

    pixels: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("pixels", torch.ones(classes))


@torch.inference_mode()
def preview_reading(reader: LabelReader, clip: Batch) -> NDArray[np.uint8]:
    """The first picture of a clip, its labels, and what is read off it: uint8 `[h 3*w 3]`."""
    picture = clip["pictures"][:1].to(reader.to_scores.weight)
    read = reader.ids(reader(picture).scores)[0].cpu()
    palette = builtin_palette(reader.config.palette)
    maps = [colorize(ids, palette) for ids in (clip["ids"][0], read)]
    return np.concatenate([to_file(clip["pictures"][0]), *maps], axis=1)


def read_segmenter(folder: Path) -> tuple[SegmenterRecipe, LabelReader, int]:
    """The network of a run, its recipe, and the updates that it has learnt from."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise InputError(
            f"{folder}: holds no {FILE_NAME}; name the folder that maliang train segmenter wrote to"
        )
    metadata, tensors = read_state(path, "reader/")
    recipe = from_json(SegmenterRecipe, metadata["recipe"], f"{path}: recipe")
    reader = LabelReader(recipe.network)
    fill_state(path, tensors, {"reader": reader}, {})
    return recipe, reader.eval().requires_grad_(False), int(metadata["step"])


def prepare_reader(path: Path) -> None:
    """InputError, before the work begins, for a name that no weights can be saved under; makes its folder."""
    check_weights_name(path)
    prepare_file(path)


def export_segmenter(
    folder: Path, out: Path, licence: str = "Apache-2.0", dtype: torch.dtype = torch.float16
) -> WeightsInfo:
    """The network of a run as a file of weights, with the recipe in its notes; returns what was written."""
    prepare_reader(out)
    recipe, reader, updates = read_segmenter(folder)
    source = f"trained by maliang train segmenter --recipe {recipe.name}, {updates} updates"
    with writing(out):
        save(out, reader, licence=licence, source=source, notes=to_json(recipe), dtype=dtype)
    return inspect(out)
