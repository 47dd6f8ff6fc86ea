"""How the loop trains future prediction."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_file
from ..models.labels.palette import builtin_palette
from ..models.labels.preview import colorize
from ..models.vid2vid.future import LabelFuture
from ..weights.config_json import from_json
from .averages import average_decay
from .checkpoint import fill_state, read_state
from .clips import Batch, Clips
from .future_networks import Predictor, build_future, build_predictor
from .future_pictures import PictureFuture
from .future_recipe import FutureRecipe
from .future_steps import learn_clip, seen_frames
from .networks import AVERAGE
from .team import Team


class FutureMethod:
    """See `method.Method`."""

    def __init__(self, recipe: FutureRecipe, team: Team) -> None:
        self.recipe, self._team = recipe, team
        self.networks = build_future(recipe, team.device)

    def start(self) -> None:
        """From the weights that chance gave."""

    def resume(self, stage: int) -> None:
        """All stages train the same network."""

    def enter(self, earlier: int | None, stage: int) -> None:
        """Likewise."""

    def update(self, clips: list[Batch], done: int) -> dict[str, Tensor]:
        (clip,) = clips
        decay = average_decay(self.recipe, done)
        return learn_clip(self.networks, self.recipe.stage(done).losses, clip, decay, self._team)

    def preview(self, data: Clips, number: int) -> list[NDArray[np.uint8]]:
        return preview_future(self.networks.average, data[number])


@torch.no_grad()
def preview_future(network: Predictor, clip: Batch) -> list[NDArray[np.uint8]]:
    """For every predicted frame: the last one that was seen, the true one, the predicted one, uint8 `[h 3*w 3]`."""
    seen = network.config.seen_frames
    batch = {key: value[None].to(next(network.parameters()).device) for key, value in clip.items()}
    if isinstance(network, PictureFuture):
        return _beside([to_file(picture) for picture in clip["pictures"]], _pictures(network, batch), seen)
    palette = builtin_palette(network.config.palette)
    return _beside([colorize(ids, palette) for ids in clip["ids"]], _maps(network, batch), seen)


def _pictures(network: PictureFuture, batch: Batch) -> list[NDArray[np.uint8]]:
    past, shown = network.begin(batch["pictures"][:, : network.config.seen_frames]), []
    for _ in range(network.config.seen_frames, batch["pictures"].shape[1]):
        step = network.step(past)
        past = step.past
        shown.append(to_file(step.picture[0]))
    return shown


def _maps(network: LabelFuture, batch: Batch) -> list[NDArray[np.uint8]]:
    palette = builtin_palette(network.config.palette)
    past, shown = network.begin(seen_frames(batch, network.config.seen_frames)), []
    for _ in range(network.config.seen_frames, batch["ids"].shape[1]):
        step = network.step(past)
        past = step.past
        shown.append(colorize(step.frame.ids[0].cpu(), palette))
    return shown


def _beside(
    true: list[NDArray[np.uint8]], predicted: list[NDArray[np.uint8]], seen: int
) -> list[NDArray[np.uint8]]:
    return [
        np.concatenate([true[seen - 1], truth, ours], axis=1)
        for truth, ours in zip(true[seen:], predicted, strict=True)
    ]


def read_predictor(path: Path) -> Predictor:
    """The averaged network of a checkpoint."""
    metadata, tensors = read_state(path, f"{AVERAGE}/")
    recipe = from_json(FutureRecipe, metadata["recipe"], f"{path}: recipe")
    network = build_predictor(recipe.target, recipe.network)
    fill_state(path, tensors, {AVERAGE: network}, {})
    return network.eval().requires_grad_(False)


def read_label_predictor(path: Path) -> LabelFuture:
    """The same; InputError for a run that predicted pictures."""
    network = read_predictor(path)
    if not isinstance(network, LabelFuture):
        raise InputError(f"{path}: predicts pictures, for comparison only; export a run that predicts labels")
    return network
