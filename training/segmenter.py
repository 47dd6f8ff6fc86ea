"""What the small network that reads label maps off the pictures of a world learns, and from what.

It learns from true pictures alone, and so says how well generated ones can be read by somebody who knows the world
(as in Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", 4.1),
without a network that would have to be downloaded. Ten minutes on one CPU core; `segmenter_loop` trains it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..errors import InputError
from ..models.labels.reader import ReaderConfig
from .clips import StreetClips, load_clips
from .schedule import ClipShape
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


def class_weights(counts: Tensor) -> Tensor:
    """Pixels of every class -> its weight in the loss: the inverse root of its share, 1 on average over the pixels."""
    weights = (counts.sum() / counts).sqrt()
    return weights * counts.sum() / (weights * counts).sum()


def output_numbers(ids: Tensor, classes: tuple[int, ...]) -> Tensor:
    """Ids of a palette -> the outputs of a network of these classes, int64; -1 for ids that it doesn't know."""
    table = torch.full((256,), -1)
    table[list(classes)] = torch.arange(len(classes))
    return table.to(ids.device)[ids.long()]


def batches(recipe: SegmenterRecipe, first: int, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Pictures `[b 3 h w]` and outputs `[b h w]` of update `first` (0-based) and those after it, in their order.

    Every other picture is turned left to right. workers: processes that draw pictures ahead of time.
    """
    clips = StreetClips(recipe.seed, recipe.shape)
    reader = load_clips(clips, range(first * recipe.batch, recipe.updates * recipe.batch), workers)
    for _ in range(first, recipe.updates):
        batch = [next(reader).clip for _ in range(recipe.batch)]
        pictures = torch.cat([clip["pictures"][0] for clip in batch])
        outputs = output_numbers(torch.cat([clip["ids"][0] for clip in batch]), recipe.network.classes)
        pictures[::2], outputs[::2] = pictures[::2].flip(-1), outputs[::2].flip(-1)
        yield pictures, outputs
