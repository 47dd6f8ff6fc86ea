"""What the small network that reads label maps off the pictures of a world learns, and from what.

It learns from true pictures alone, and so says how well generated ones can be read by somebody who knows the world
(as in Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", 4.1),
without a network that would have to be downloaded. Ten minutes on one CPU core; `segmenter_method` trains it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..errors import InputError
from ..models.labels.reader import ReaderConfig
from .clips import Batch, StreetClips
from .schedule import ClipShape, Part, Schedule
from .worlds.street_plan import Label


@dataclass(frozen=True)
class SegmenterRecipe(Schedule[Part]):
    """One training run. Clips have one frame; of the network there is no moving average."""

    kind = "segmenter"

    stages: tuple[Part, ...]
    network: ReaderConfig
    third: ClipShape
    """Of the pictures of every third update, instead of the stage's."""

    def shape(self, number: int) -> ClipShape:
        """Of picture `number`."""
        return self.third if number // self.batch % 3 == 2 else super().shape(number)


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
    stages=(Part(600 * 8, _LARGE, (3e-3, 0.0)),),
    third=_SMALL,
    batch=8,
    ema=0.0,
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


class StreetPictures(StreetClips):
    """Single pictures of the street."""

    longest = 1


def segmenter_clips(recipe: SegmenterRecipe) -> StreetPictures:
    """The data of a recipe."""
    return StreetPictures(recipe.seed, recipe.shape)


def examples(clips: list[Batch], classes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Clips of one frame -> pictures `[b 3 h w]` and outputs `[b h w]`, every other one turned left to right."""
    pictures = torch.cat([clip["pictures"][0] for clip in clips])
    outputs = output_numbers(torch.cat([clip["ids"][0] for clip in clips]), classes)
    pictures[::2], outputs[::2] = pictures[::2].flip(-1), outputs[::2].flip(-1)
    return pictures, outputs
