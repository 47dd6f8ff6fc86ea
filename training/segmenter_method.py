"""How the loop trains the segmenter of a world."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from ..media.pixels import to_file
from ..models.labels.palette import builtin_palette
from ..models.labels.preview import colorize
from ..models.labels.reader import LabelReader
from ..weights.config_json import from_json
from .checkpoint import fill_state, read_state
from .clips import Batch, Clips
from .segmenter import SegmenterRecipe, class_weights, examples
from .team import Team

READER, SEEN = "reader", "seen"
"""Names in checkpoints."""


class Seen(nn.Module):
    """How often every class was seen; part of the checkpoint."""

    pixels: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("pixels", torch.ones(classes))


@dataclass(frozen=True, eq=False)
class SegmenterNetworks:
    """See `method.Trainees`; the modules change as they learn."""

    reader: LabelReader
    seen: Seen
    optimizers: dict[str, Optimizer]
    perception: str = ""

    @property
    def modules(self) -> dict[str, nn.Module]:
        return {READER: self.reader, SEEN: self.seen}


class SegmenterMethod:
    """See `method.Method`."""

    def __init__(self, recipe: SegmenterRecipe, team: Team) -> None:
        self.recipe, self._team = recipe, team
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(recipe.seed)
            reader = LabelReader(recipe.network)
        reader = reader.to(team.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        seen = Seen(len(recipe.network.classes)).to(team.device)
        optimizer = torch.optim.Adam(reader.parameters(), recipe.learning_rate(0), fused=True)
        self.networks = SegmenterNetworks(reader, seen, {READER: optimizer})

    def start(self) -> None:
        """From the weights that chance gave."""

    def resume(self, stage: int) -> None:
        """All stages train the same network."""

    def enter(self, earlier: int | None, stage: int) -> None:
        """Likewise."""

    def update(self, clips: list[Batch], done: int) -> dict[str, Tensor]:
        reader, seen, team = self.networks.reader, self.networks.seen.pixels, self._team
        pictures, outputs = examples(clips, self.recipe.network.classes, self.recipe.turned)
        counts = torch.bincount(outputs[outputs >= 0], minlength=len(seen))
        seen += sum(each.to(seen.device) for each in team.gather(counts))
        with team.precision():
            scores = reader(pictures).scores
        loss = F.cross_entropy(scores.float(), outputs, class_weights(seen), ignore_index=-1)
        team.backward(loss, list(reader.parameters()))
        team.update(list(self.networks.optimizers.values()))
        return {"cross_entropy": loss.detach()}

    def preview(self, data: Clips, number: int) -> list[NDArray[np.uint8]]:
        self.networks.reader.eval()
        shown = preview_reading(self.networks.reader, data[number])
        self.networks.reader.train()
        return [shown]


@torch.inference_mode()
def preview_reading(reader: LabelReader, clip: Batch) -> NDArray[np.uint8]:
    """The first picture of a clip, its labels, and what is read off it: uint8 `[h 3*w 3]`."""
    picture = clip["pictures"][:1].to(reader.to_scores.weight)
    read = reader.ids(reader(picture).scores)[0].cpu()
    palette = builtin_palette(reader.config.palette)
    maps = [colorize(ids, palette) for ids in (clip["ids"][0], read)]
    return np.concatenate([to_file(clip["pictures"][0]), *maps], axis=1)


def read_segmenter(path: Path) -> LabelReader:
    """The network of a checkpoint."""
    metadata, tensors = read_state(path, f"{READER}/")
    recipe = from_json(SegmenterRecipe, metadata["recipe"], f"{path}: recipe")
    reader = LabelReader(recipe.network)
    fill_state(path, tensors, {READER: reader}, {})
    return reader.eval().requires_grad_(False)
