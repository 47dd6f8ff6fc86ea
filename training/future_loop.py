"""The training loop of future prediction: clips in order, checkpoints that resume bit-exactly, previews.

A small network on one device; what it does otherwise is as in `loop`.
"""

import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import InputError
from ..media.outputs import prepare_file, writing
from ..media.pixels import to_file
from ..models.labels.palette import builtin_palette
from ..models.labels.preview import colorize
from ..models.vid2vid.future import LabelFuture
from ..progress import Progress, silent
from ..weights.config_json import from_json, to_json
from ..weights.file import WeightsInfo, inspect, save
from .checkpoint import FILE_NAME, check_recipe_of, check_weights_name, fill_state, read_state, save_state
from .clips import Batch, load_clips
from .future_clips import StreetFutures
from .future_pictures import PictureFuture
from .future_recipe import FutureRecipe
from .future_steps import Predictor, learn_clip, seen_frames
from .interrupts import stop_requests
from .journal import Journal
from .loop import LoopOptions, Report, prepare_run
from .perceptual import TEACHER, RandomFeatures
from .sheets import PREVIEW_CLIPS

PREVIEW_FRAMES = 10
"""The preview shows what was predicted so many frames ahead."""


def train_future(
    recipe: FutureRecipe, folder: Path, options: LoopOptions, progress: Progress = silent
) -> Report:
    """Train until `recipe.clips` clips are done or the time is over; a second call goes on where the first stopped.

    Writes to `folder`: checkpoint.safetensors, log.jsonl, preview_*.jpg (last seen, truth, predicted, for clips that
    are never trained on). Memory: the network twice, two Adam moments, a clip and the activations of one step.

    InputError: a checkpoint of another recipe, a loss that is not finite, a full disk; the last checkpoint stays.
    """
    prepare_run(folder)
    return _Run(recipe, folder, options).go(progress)


class _Run:
    """A run under way."""

    def __init__(self, recipe: FutureRecipe, folder: Path, options: LoopOptions) -> None:
        self.recipe, self.folder, self.options = recipe, folder, options
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(recipe.seed)
            self.network = build_predictor(recipe.trained).to(options.device)
        self.average = build_predictor(recipe.trained).to(options.device).requires_grad_(False)
        self.average.load_state_dict(self.network.state_dict())
        self.optimizer = torch.optim.Adam(self.network.parameters(), 1.0, recipe.betas, fused=True)
        self.features = RandomFeatures(TEACHER).to(options.device) if recipe.target == "pictures" else None
        self.done = self._resume()
        self.journal = Journal(folder, self.done, options.tensorboard)
        self.sums: dict[str, list[float]] = {}

    def go(self, progress: Progress) -> Report:
        recipe, options, began = self.recipe, self.options, time.monotonic()
        data = StreetFutures(recipe.trained, recipe.seed)
        reader = load_clips(data, range(self.done, recipe.clips), options.workers)
        with stop_requests() as stopping:
            while self.done < recipe.clips:
                self._learn(next(reader).clip)
                late = options.max_seconds is not None and time.monotonic() - began > options.max_seconds
                stopped = stopping()
                if stopped or late or self.done % options.checkpoint_every == 0 or self.done == recipe.clips:
                    self._save()
                progress(self.done, recipe.clips, partial(self._preview, PREVIEW_CLIPS[:1]))
                if stopped:
                    raise KeyboardInterrupt
                if late:
                    break
        self.journal.close()
        return Report(self.done, self.journal.faults)

    def _learn(self, clip: Batch) -> None:
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate(self.done)
        on_device = {key: value.to(self.options.device) for key, value in clip.items()}
        decay = min(recipe.ema, (1 + self.done) / (10 + self.done))
        losses = recipe.stage(self.done).losses
        terms = learn_clip(
            self.network, self.average, self.optimizer, losses, on_device, decay, self.features
        )
        broken = [name for name, value in terms.items() if not np.isfinite(value)]
        if broken:
            raise InputError(
                f"{self.folder}: at clip {self.done + 1} the loss {broken[0]!r} is not finite (NaN or infinity); the "
                "last checkpoint is from before it. Take a lower learning rate"
            )
        for name, value in terms.items():
            self.sums.setdefault(name, []).append(value)
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
        means = {name: sum(values) / len(values) for name, values in self.sums.items()}
        self.journal.losses(self.done, self.recipe.learning_rate(self.done), means)
        self.sums = {}
        self.journal.preview(self.done, self._preview(PREVIEW_CLIPS), list)

    def _modules(self) -> dict[str, Predictor]:
        return {"network": self.network, "average": self.average}

    def _preview(self, numbers: tuple[int, ...]) -> NDArray[np.uint8]:
        data = StreetFutures(self.recipe.trained, self.recipe.seed, PREVIEW_FRAMES)
        return np.concatenate([preview_future(self.average, data[number]) for number in numbers])


def build_predictor(recipe: FutureRecipe) -> Predictor:
    """The recipe's network, with the weights that chance gives it; the flow starts near 0."""
    kind = LabelFuture if recipe.target == "labels" else PictureFuture
    network: Predictor = kind(recipe.network)
    torch.nn.init.normal_(network.network.to_motion.weight, 0.0, 0.001)
    return network


@torch.no_grad()
def preview_future(network: Predictor, clip: Batch) -> NDArray[np.uint8]:
    """The last frame that was seen, the last one that came, and what was predicted for it: uint8 `[h 3*w 3]`."""
    seen = network.config.seen_frames
    batch = {key: value[None].to(next(network.parameters()).device) for key, value in clip.items()}
    if isinstance(network, PictureFuture):
        past = network.begin(batch["pictures"][:, :seen])
        for _ in range(seen, len(clip["pictures"])):
            step = network.step(past)
            past = step.past
        shown = [clip["pictures"][seen - 1], clip["pictures"][-1], step.picture[0]]
        return np.concatenate([to_file(picture) for picture in shown], axis=1)
    state = network.begin(seen_frames(batch, seen))
    for _ in range(seen, len(clip["ids"])):
        predicted = network.step(state)
        state = predicted.past
    maps = [clip["ids"][seen - 1], clip["ids"][-1], predicted.frame.ids[0].cpu()]
    palette = builtin_palette(network.config.palette)
    return np.concatenate([colorize(ids, palette) for ids in maps], axis=1)


def read_predictor(folder: Path) -> tuple[FutureRecipe, Predictor, int]:
    """The averaged network of a run, its recipe, and the clips that it was trained on."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise InputError(
            f"{folder}: holds no {FILE_NAME}; name the folder that maliang train future wrote to"
        )
    metadata, tensors = read_state(path, "average/")
    recipe = from_json(FutureRecipe, metadata["recipe"], f"{path}: recipe")
    network = build_predictor(recipe)
    fill_state(path, tensors, {"average": network}, {})
    return recipe, network.eval().requires_grad_(False), int(metadata["step"])


def export_future(folder: Path, out: Path, licence: str, dtype: torch.dtype) -> WeightsInfo:
    """The averaged network of a run as a file of weights; InputError for a run that predicted pictures."""
    check_weights_name(out)
    recipe, network, clips = read_predictor(folder)
    if not isinstance(network, LabelFuture):
        raise InputError(
            f"{folder}: predicts pictures, for comparison only; export a run that predicts labels"
        )
    prepare_file(out)
    source = f"trained by maliang train future --recipe {recipe.name}, {clips} clips"
    with writing(out):
        save(out, network, licence=licence, source=source, notes=to_json(recipe), dtype=dtype)
    return inspect(out)
