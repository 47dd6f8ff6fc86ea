"""Training of the small network that reads label maps off the pictures of a world.

It learns from true pictures alone, and so says how well generated ones can be read by somebody who knows the world
(as in Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", 4.1),
without a network that would have to be downloaded. Ten minutes on one CPU core; a run that is stopped begins anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError
from ..media.outputs import prepare_file, writing
from ..models.labels.reader import LabelReader, ReaderConfig
from ..progress import Progress, silent
from ..weights.config_json import to_json
from ..weights.file import WeightsInfo, inspect, save
from ..weights.folders import SUFFIX
from .clips import StreetClips, load_clips
from .recipe import ClipShape
from .worlds.street_plan import Label


@dataclass(frozen=True)
class SegmenterRecipe:
    """Every number that a run depends on."""

    name: str
    network: ReaderConfig
    shapes: tuple[ClipShape, ...]
    """Of the pictures (clips of one frame); batches take them in turn."""
    updates: int
    batch: int
    """Pictures an update."""
    learning_rate: float
    """At first; it falls to 0 in a straight line."""
    seed: int

    def shape(self, number: int) -> ClipShape:
        """Of picture `number`."""
        return self.shapes[number // self.batch % len(self.shapes)]


_LARGE = ClipShape(width=256, height=128, frames=1, zooms=(1.0, 1.0, 1.5))
_SMALL = ClipShape(width=128, height=64, frames=1, zooms=(1.0,))

STREET_SEGMENTER = SegmenterRecipe(
    name="street-segmenter",
    network=ReaderConfig(
        palette="cityscapes",
        classes=tuple(int(label) for label in Label),
        widths=(16, 32, 48, 64),
        blocks=2,
        height=128,
    ),
    shapes=(_LARGE, _LARGE, _SMALL),
    updates=600,
    batch=8,
    learning_rate=3e-3,
    seed=20_181_203,
)

SEGMENTER_RECIPES: Mapping[str, SegmenterRecipe] = MappingProxyType({STREET_SEGMENTER.name: STREET_SEGMENTER})


def find_segmenter_recipe(name: str) -> SegmenterRecipe:
    """A recipe by name; InputError lists those that there are."""
    if name not in SEGMENTER_RECIPES:
        raise InputError(f"no recipe {name!r} of a segmenter; there are: {', '.join(SEGMENTER_RECIPES)}")
    return SEGMENTER_RECIPES[name]


def train_segmenter(
    recipe: SegmenterRecipe, device: torch.device, workers: int, progress: Progress = silent
) -> LabelReader:
    """Train from the beginning to the end; the recipe's seed decides every weight, up to rounding.

    workers: processes that draw pictures ahead of time; progress: called after every update. Memory: one batch and its
    activations. InputError where the loss is not finite.
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(recipe.seed)
        reader = LabelReader(recipe.network)
    reader.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(reader.parameters(), recipe.learning_rate, fused=True)
    seen = torch.ones(len(recipe.network.classes), device=device)
    for done, (pictures, outputs) in enumerate(_batches(recipe, workers)):
        pictures, outputs = pictures.to(device), outputs.to(device)
        seen += torch.bincount(outputs[outputs >= 0], minlength=len(seen))
        scores = reader(pictures).scores
        loss = F.cross_entropy(scores, outputs, class_weights(seen), ignore_index=-1)
        if not loss.isfinite():
            raise InputError(
                f"recipe {recipe.name}: at update {done + 1} the loss is not finite; take a lower rate"
            )
        torch.autograd.backward(loss)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * (1 - done / recipe.updates)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        progress(done + 1, recipe.updates)
    return reader.eval()


def class_weights(counts: Tensor) -> Tensor:
    """Pixels of every class -> its weight in the loss: the inverse root of its share, 1 on average over the pixels."""
    weights = (counts.sum() / counts).sqrt()
    return weights * counts.sum() / (weights * counts).sum()


def output_numbers(ids: Tensor, classes: tuple[int, ...]) -> Tensor:
    """Ids of a palette -> the outputs of a network of these classes, int64; -1 for ids that it doesn't know."""
    table = torch.full((256,), -1)
    table[list(classes)] = torch.arange(len(classes))
    return table.to(ids.device)[ids.long()]


def prepare_reader(path: Path) -> None:
    """InputError, before the work begins, for a name that no weights can be saved under; makes its folder."""
    if path.suffix != SUFFIX:
        raise InputError(f"{path}: the name of a file of weights ends in {SUFFIX}; give --out such a name")
    prepare_file(path)


def save_reader(path: Path, reader: LabelReader, recipe: SegmenterRecipe) -> WeightsInfo:
    """A file of weights in half precision, with the recipe in its notes; returns what was written."""
    trained = f"trained by maliang train segmenter --recipe {recipe.name}, {recipe.updates} updates"
    with writing(path):
        save(path, reader, licence="Apache-2.0", source=trained, notes=to_json(recipe), dtype=torch.float16)
    return inspect(path)


def _batches(recipe: SegmenterRecipe, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Pictures `[b 3 h w]` and outputs `[b h w]`, every other picture turned left to right."""
    clips = StreetClips(recipe.seed, recipe.shape)
    reader = load_clips(clips, range(recipe.updates * recipe.batch), workers)
    for _ in range(recipe.updates):
        batch = [next(reader).clip for _ in range(recipe.batch)]
        pictures = torch.cat([clip["pictures"][0] for clip in batch])
        outputs = output_numbers(torch.cat([clip["ids"][0] for clip in batch]), recipe.network.classes)
        pictures[::2], outputs[::2] = pictures[::2].flip(-1), outputs[::2].flip(-1)
        yield pictures, outputs
