"""Tables of looks: collected from footage with label maps, clustered class by class.

Memory: one frame, and at most `MAX_SAMPLES` instances of every class, whatever the length of the footage.
"""

import warnings
from collections.abc import Iterable, Iterator
from itertools import chain, islice, zip_longest
from math import isclose
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError, MissingExtraError
from ..media.clip import FrameReader
from ..media.pixels import to_model
from ..media.reader import open_frames
from ..models.labels.frames import LabelFrame, LabelStream
from ..models.labels.palette import Palette
from ..models.vid2vid.feature_tables import ClassLooks, FeatureCluster, FeatureTable, Floats, Integers
from ..models.vid2vid.features import find_instances, instance_means
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.parts import StyleEncoder
from ..progress import Progress, silent
from ..training.worlds import WorldStream

MAX_SAMPLES = 4096
"""Instances of a class that a table is made of, drawn evenly from all of them."""
SMALLEST = 2000
"""An instance must fill this part of the picture: smaller ones show more of their surroundings than of themselves."""
_SIGNS = 8


class Moment(NamedTuple):
    """A label map, and the picture that it belongs to."""

    labels: LabelFrame
    picture: Tensor
    """`[3 h w]` in -1..1."""


class Samples:
    """Features of things of one kind: of all that were given, an even draw of `MAX_SAMPLES`."""

    def __init__(self, channels: int) -> None:
        self._chance = np.random.default_rng(0)
        self._priorities = np.zeros(0)
        self.features: Floats = np.zeros((0, channels))

    def add(self, features: Floats) -> None:
        """`[n f]`"""
        self._priorities = np.concatenate([self._priorities, self._chance.random(len(features))])
        self.features = np.concatenate([self.features, features])
        if len(self.features) > MAX_SAMPLES:
            kept = np.sort(np.argpartition(self._priorities, MAX_SAMPLES)[:MAX_SAMPLES])
            self._priorities, self.features = self._priorities[kept], self.features[kept]


def footage_moments(labels: LabelStream, pictures: Path | None) -> Iterator[Moment]:
    """Label maps with their pictures: a clip or a folder of any size, one a label map; a world brings its own."""
    if pictures is None:
        yield from _world_moments(labels)
        return
    with open_frames(pictures) as clip:
        yield from clip_moments(labels, clip, str(pictures))


def clip_moments(labels: LabelStream, clip: FrameReader, name: str) -> Iterator[Moment]:
    """Label maps with the pictures of a clip, brought to their size; `name`: of the clip, for messages.

    InputError where one of them ends before the other.
    """
    size = (labels.width, labels.height)
    for number, (frame, shown) in enumerate(zip_longest(labels.frames(), clip)):
        if frame is None or shown is None:
            missing = "label map" if frame is None else "picture"
            raise InputError(f"{name}: there is no {missing} {number}; give a picture for every label map")
        small = Image.fromarray(shown.pixels).resize(size, Image.Resampling.BICUBIC)
        yield Moment(frame, to_model(np.array(small)))


def _world_moments(labels: LabelStream) -> Iterator[Moment]:
    if not isinstance(labels, WorldStream):
        raise InputError("features are read off pictures: give the footage that the label maps belong to")
    for truth in labels.truth():
        frame = LabelFrame(torch.from_numpy(truth.ids), torch.from_numpy(truth.instances))
        yield Moment(frame, to_model(truth.rgb))


@torch.inference_mode()
def collect_features(
    generator: Vid2VidGenerator,
    palette: Palette,
    moments: Iterable[Moment],
    *,
    clusters: int = 10,
    total: int | None = None,
    progress: Progress = silent,
) -> FeatureTable:
    """The looks of all classes in these pictures, as the generator's encoder sees them: at most `clusters` of each.

    palette: of the label maps, the generator's; total: how many moments there are, for the progress alone.
    InputError for a network without instance features, and for label maps that it doesn't know.
    """
    encoder, config = _encoder(generator), generator.config
    if palette.name != config.palette:
        raise InputError(
            f"the label maps are in palette {palette.name!r}, the network knows {config.palette!r}: convert them"
        )
    samples: dict[int, Samples] = {}
    for done, (frame, picture) in enumerate(moments, 1):
        config.check_size(*frame.ids.shape)
        for class_id, features in _seen(encoder, frame, picture):
            samples.setdefault(class_id, Samples(config.feature_channels)).add(features)
        progress(done, total)
    if not samples:
        raise InputError("features: there are no pictures with label maps; give at least one")
    names = {each.id: each.name for each in palette.classes}
    looks = (
        ClassLooks(
            number, names.get(number, str(number)), cluster_features(samples[number].features, clusters)
        )
        for number in sorted(samples)
    )
    signs = encoder_signs(encoder)
    return FeatureTable("maliang.features/1", palette.name, signs, config.feature_channels, tuple(looks))


def _seen(encoder: StyleEncoder, frame: LabelFrame, picture: Tensor) -> Iterator[tuple[int, Floats]]:
    """Features `[n f]` of the instances of every class of a frame."""
    weight = next(encoder.parameters())
    ids = frame.ids[None].to(weight.device)
    found = find_instances(ids, None if frame.instances is None else frame.instances[None].to(weight.device))
    means = instance_means(encoder(picture[None].to(weight)), found)
    large = torch.bincount(found.places.flatten()) * SMALLEST >= ids.numel()
    classes, means = found.classes[large].cpu(), means[large].double().cpu()
    for class_id in torch.unique(classes).tolist():
        yield int(class_id), means[classes == class_id].numpy()


def cluster_features(features: Floats, most: int) -> tuple[FeatureCluster, ...]:
    """At most `most` clusters of features `[n f]`, the most frequent first, equals as first seen: k-means++.

    Up to `most` different features are a cluster each. Numbers are rounded to five digits.
    """
    found, index = torch.unique(torch.from_numpy(features), dim=0, return_inverse=True)
    places = index.numpy() if len(found) <= most else _k_means(features, most)
    sizes = np.bincount(places)
    seen = np.full(len(sizes), len(features))
    np.minimum.at(seen, places, np.arange(len(features)))
    order = [int(k) for k in np.lexsort((seen, -sizes)) if sizes[k]]
    return tuple(
        FeatureCluster(
            share=round(float(sizes[k]) / len(features), 6),
            mean=_rounded(features[places == k].mean(0)),
            deviation=_rounded(features[places == k].std(0)),
        )
        for k in order
    )


def _k_means(features: Floats, count: int) -> Integers:
    """Which of `count` clusters every row belongs to, `[n]`."""
    try:
        from scipy.cluster.vq import kmeans2
    except ImportError as error:
        raise MissingExtraError("clustering features", "features") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a cluster that ends empty is left out
        _, places = kmeans2(features, count, iter=50, minit="++", seed=np.random.default_rng(0))
    return np.asarray(places, np.int64)


def _rounded(numbers: Floats) -> tuple[float, ...]:
    return tuple(round(float(number), 5) for number in numbers)


def encoder_signs(encoder: StyleEncoder) -> tuple[float, ...]:
    """A few weights by which an encoder is known again, in any precision."""
    last = encoder.to_style.weight
    return _rounded(last.detach().flatten()[:_SIGNS].double().cpu().numpy())


def same_signs(theirs: tuple[float, ...], encoder: StyleEncoder) -> bool:
    """Whether they are those of this encoder."""
    ours = encoder_signs(encoder)
    return len(theirs) == len(ours) and all(
        isclose(a, b, rel_tol=0.02, abs_tol=1e-4) for a, b in zip(theirs, ours, strict=True)
    )


def check_table(table: FeatureTable, generator: Vid2VidGenerator) -> None:
    """InputError for a network without instance features, or other than the one that the table was made with."""
    config, encoder = generator.config, _encoder(generator)
    if (table.palette, table.channels) != (config.palette, config.feature_channels):
        raise InputError(
            f"the feature table has {table.channels} numbers an instance and palette {table.palette!r}; the network "
            f"takes {config.feature_channels} and {config.palette!r}: make a table with this network"
        )
    if not same_signs(table.network, encoder):
        raise InputError("the feature table was made with other weights; make one with these")


def _encoder(generator: Vid2VidGenerator) -> StyleEncoder:
    if generator.feature_encoder is None:
        raise InputError(
            "these weights take no instance features; train some with --recipe street-features, or leave features out"
        )
    return generator.feature_encoder


def example_table(
    generator: Vid2VidGenerator, labels: LabelStream, pictures: Path, frames: int = 1
) -> FeatureTable:
    """The looks in the first picture(s): every instance that is large enough is a look of its class."""
    moments = islice(footage_moments(labels, pictures), frames)
    first = next(moments, None)
    if first is None:
        raise InputError(f"{pictures}: no example picture with a label map")
    return collect_features(generator, labels.palette, chain([first], moments), clusters=MAX_SAMPLES)
