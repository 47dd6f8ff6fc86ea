"""Streets, and whatever else label maps show, for few-shot networks: exemplars and a driver as one-hot planes.

A picture of another aspect than the network's loses its borders; nothing is stretched, and no frame differs in scale
from another (the published loader squeezes pictures, and scales each frame of a driver at random).
Source: NVlabs/few-shot-vid2vid at 009e23f, `data/fewshot_street_dataset.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_model
from ..models.fewshot.windows import cut, scaled, window_of
from ..models.labels.convert import ConvertedLabels
from ..models.labels.encoding import one_hot
from ..models.labels.frames import AnyStream, LabelFrames, LabelStream, is_drawn
from ..models.labels.palette import Palette
from ..models.labels.resize import FittedLabels, middle
from .fewshot_label_windows import SubjectLabels
from .fewshot_options import InputOptions, Prepared

_SAME_ASPECT = 0.01
"""How much a label map's aspect may differ from its picture's."""


@dataclass(frozen=True, eq=False)
class StreetExemplar:
    """A picture of the street whose looks are wanted."""

    picture: NDArray[np.uint8]
    """uint8 `[h w 3]`, of any size."""
    ids: Tensor
    """Its label map `[h w]`, of any size of the same aspect."""
    palette: Palette
    """What the ids mean; they are converted to the network's by name."""
    name: str


class StreetSubject(NamedTuple):
    """What the exemplars of a street make of it."""

    prepared: Prepared


def prepare_streets(
    exemplars: Sequence[StreetExemplar], palette: Palette, options: InputOptions
) -> StreetSubject:
    """Exemplars cut and scaled; palette: the network's. InputError for label maps that don't fit their pictures."""
    if not exemplars:
        raise InputError(
            "exemplars: there are none; give at least one picture of a street with its label map"
        )
    images, labels = [], []
    for exemplar in exemplars:
        height, width = exemplar.picture.shape[:2]
        rows, columns = exemplar.ids.shape
        if abs(columns * height / (rows * width) - 1) > _SAME_ASPECT:
            raise InputError(
                f"{exemplar.name}: its label map is {columns}x{rows}, but the picture {width}x{height}; give the label "
                "map of that picture"
            )
        window = window_of(middle(height, width, options.aspect))
        try:
            driver = street_driver(LabelFrames(exemplar.ids[None], exemplar.palette), palette, options)
            labels.append(next(driving_planes(driver)))
        except InputError as error:
            raise InputError(f"{exemplar.name}: {error}") from error
        if isinstance(driver, SubjectLabels):
            window = scaled(next(driver.windows()), height / rows)
        images.append(to_model(cut(exemplar.picture, window, options.size)))
    return StreetSubject(Prepared(torch.stack(images), torch.stack(labels)))


def street_driver(labels: LabelStream, palette: Palette, options: InputOptions) -> LabelStream:
    """Label maps in the network's palette and size: their middle, or the window around the options' subject."""
    converted = labels if labels.palette.classes == palette.classes else ConvertedLabels(labels, palette)
    if options.subject and options.framing != "whole":
        return SubjectLabels(converted, options.subject, options, options.head)
    return FittedLabels(converted, *options.size)


def driving_planes(stream: AnyStream, start: int = 0) -> Iterator[Tensor]:
    """A driver of any kind as `models.fewshot.rollout.synthesize` takes it: `[c h w]` float32 for each frame."""
    if is_drawn(stream):
        for frame in stream.frames(start):
            yield frame.channels
        return
    for labelled in stream.frames(start):
        yield one_hot(labelled.ids[None], stream.palette.channels)[0]
