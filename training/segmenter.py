"""What the small networks that read label maps off the pictures of a world learn, and from what.

They learn from true pictures alone. That of the street so says how well generated ones can be read by somebody who
knows the world (as in Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with Conditional
GANs", 4.1), without a network that would have to be downloaded; that of faces tells which part of a face each pixel of
an aligned crop is. Ten minutes on one CPU core; `segmenter_method` trains them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

from ..errors import InputError
from ..models.labels.reader import ReaderConfig
from .clips import Batch, Clips, StreetClips
from .face_pictures import FaceParts
from .schedule import ClipShape, Part, Schedule
from .worlds.face_parts import Part as FacePart
from .worlds.street_plan import Label


@dataclass(frozen=True)
class SegmenterRecipe(Schedule[Part]):
    """One training run. Clips have one frame; of the network there is no moving average."""

    kind = "segmenter"

    stages: tuple[Part, ...]
    network: ReaderConfig
    third: ClipShape
    """Of the pictures of every third update, instead of the stage's."""
    turned: bool = field(default=True, metadata={"absent_if_default": True})
    """Every other picture is turned left to right: not where classes know left from right."""

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

_CROP = ClipShape(width=128, height=128, frames=1, zooms=(1.0,))

FACE_PARSER = SegmenterRecipe(
    name="face-parser-demo",
    network=ReaderConfig(
        palette="celebamask_hq",
        classes=tuple(int(part) for part in FacePart if part not in (FacePart.EARRING, FacePart.NECKLACE)),
        widths=(16, 32, 48, 64),
        blocks=2,
        height=128,
    ),
    stages=(Part(500 * 8, _CROP, (3e-3, 0.0)),),
    third=ClipShape(width=64, height=64, frames=1, zooms=(1.0,)),
    batch=8,
    ema=0.0,
    seed=20_200_727,
    turned=False,
)

SEGMENTER_RECIPES: Mapping[str, SegmenterRecipe] = MappingProxyType(
    {recipe.name: recipe for recipe in (STREET_SEGMENTER, FACE_PARSER)}
)


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


def segmenter_clips(recipe: SegmenterRecipe, seed: int | None = None) -> Clips:
    """The data of a recipe, or, of another seed, data that it doesn't learn from."""
    kind = FaceParts if recipe.network.palette == "celebamask_hq" else StreetPictures
    return kind(recipe.seed if seed is None else seed, recipe.shape)


def examples(clips: list[Batch], classes: tuple[int, ...], turned: bool = True) -> tuple[Tensor, Tensor]:
    """Clips of one frame -> pictures `[b 3 h w]` and outputs `[b h w]`; turned: every other one left to right."""
    pictures = torch.cat([clip["pictures"][0] for clip in clips])
    outputs = output_numbers(torch.cat([clip["ids"][0] for clip in clips]), classes)
    if turned:
        pictures[::2], outputs[::2] = pictures[::2].flip(-1), outputs[::2].flip(-1)
    return pictures, outputs
