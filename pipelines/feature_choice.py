"""Which instance shall look how, and when: "car=3 road=0@0 road=2@48 car#12=1 all=draw:7".

What stands before "=" is `all`, a class (`traffic_light`) or one instance of it (`car#12`, by its number in the
instance map); the most exact one counts. After it comes the number of a cluster of the table (0 is the most frequent),
or `draw`, `draw:SEED`: one drawn for each instance, which keeps it through the clip. `@FRAME` makes it a key: between
two keys features change in a straight line, before the first and after the last they stay. Without a word about `all`
that is `draw`.
"""

import re
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
import torch

from ..errors import InputError
from ..models.labels.derived import DerivedLabels
from ..models.labels.frames import AnyStream, LabelFrame, LabelStream, is_drawn
from ..models.labels.palette import LabelClass, Palette
from ..models.vid2vid.feature_tables import (
    FeatureTable,
    Floats,
    Integers,
    drawn_features,
    picked_features,
)
from ..models.vid2vid.features import find_instances
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.parts import paint_style
from .feature_tables import check_table

_WORD = re.compile(
    r"(?P<target>[^=#@]+)(?:#(?P<number>-?[0-9]{1,10}))?="
    r"(?:(?P<cluster>[0-9]{1,6})|draw(?::(?P<seed>[0-9]{1,12}))?)(?:@(?P<frame>[0-9]{1,9}))?"
)
_EXAMPLE = "write for example car=3 road=0@0 road=2@48 car#12=1 all=draw:7"
ALL = "all"


class Pick(NamedTuple):
    """A cluster of the table, or a draw."""

    cluster: int | None
    """None: drawn for each instance, by `seed`."""
    seed: int


class Target(NamedTuple):
    """What a rule is about; sorts from the widest to the most exact."""

    class_id: int
    """-1: all classes."""
    number: int | None
    """Of an instance; None: all instances."""


@dataclass(frozen=True)
class FeatureRule:
    """How the instances of a target look over time."""

    target: Target
    keys: tuple[tuple[int, Pick], ...]
    """(frame, what is shown there), frames ascending; at least one."""


@dataclass(frozen=True)
class FeatureCurve:
    """Features of every instance at every frame."""

    table: FeatureTable
    rules: tuple[FeatureRule, ...]
    """The first is about all; later ones are more exact, and count."""

    def at(self, frame: int, classes: Integers, numbers: Integers) -> Floats:
        """Features of instances of these classes and numbers, `[n]` each, at a frame: `[n f]`."""
        features = np.zeros((len(classes), self.table.channels))
        for rule in self.rules:
            meant = np.ones(len(classes), bool)
            if rule.target.class_id >= 0:
                meant &= classes == rule.target.class_id
            if rule.target.number is not None:
                meant &= numbers == rule.target.number
            if meant.any():
                features[meant] = self._shown(rule, frame, classes[meant], numbers[meant])
        return features

    def _shown(self, rule: FeatureRule, frame: int, classes: Integers, numbers: Integers) -> Floats:
        for (start, before), (stop, after) in pairwise(rule.keys):
            if start <= frame < stop:
                share = (frame - start) / (stop - start)
                earlier, later = (self._features(pick, classes, numbers) for pick in (before, after))
                return (1 - share) * earlier + share * later
        pick = rule.keys[0][1] if frame < rule.keys[0][0] else rule.keys[-1][1]
        return self._features(pick, classes, numbers)

    def _features(self, pick: Pick, classes: Integers, numbers: Integers) -> Floats:
        if pick.cluster is None:
            return drawn_features(self.table, classes, numbers, pick.seed)
        return picked_features(self.table, classes, pick.cluster)


class FeaturedLabels(DerivedLabels):
    """Label maps with what their instances shall look like. Memory: one frame."""

    def __init__(self, stream: LabelStream, curve: FeatureCurve) -> None:
        super().__init__(stream)
        self.curve = curve

    def change(self, frame: LabelFrame, number: int) -> LabelFrame:
        instances = None if frame.instances is None else frame.instances[None]
        found = find_instances(frame.ids[None], instances)
        features = self.curve.at(number, found.classes.cpu().numpy(), found.numbers.cpu().numpy())
        vectors = torch.from_numpy(features).to(found.places.device, torch.float32)
        return LabelFrame(frame.ids, frame.instances, paint_style(found.places, vectors)[0])

    def recipe(self) -> str:
        return repr(self.curve)


def with_features(labels: AnyStream, generator: Vid2VidGenerator, curve: FeatureCurve | None) -> AnyStream:
    """`labels` with what their instances shall look like (None: nothing is asked for), for this generator.

    InputError for a table that was made with another network, and for drawn maps, which have no instances.
    """
    if curve is None:
        return labels
    if is_drawn(labels):
        raise InputError("features are chosen for instances of label maps; drawn maps have none")
    check_table(curve.table, generator)
    return FeaturedLabels(labels, curve)


def parse_choice(table: FeatureTable, text: str = "", seed: int = 0) -> FeatureCurve:
    """What a person wrote, for a table; `seed`: of draws that don't say theirs.

    InputError for words that are none, classes that the table lacks, clusters that the class lacks, and frames that
    don't ascend.
    """
    classes = (LabelClass(looks.id, looks.name, (0, 0, 0)) for looks in table.classes)
    palette = Palette(f"of the features ({table.palette})", tuple(classes))
    read = [_read(word, table, palette, seed) for word in text.replace(",", " ").split()]
    if not any(target == Target(-1, None) for target, _, _ in read):
        read.append((Target(-1, None), 0, Pick(None, seed)))
    read.sort(key=lambda key: (key[0].number is not None, key[0].class_id, key[0].number or 0))
    rules = []
    for target, keys in groupby(read, key=lambda key: key[0]):
        frames = tuple((frame, pick) for _, frame, pick in keys)
        if any(earlier >= later for (earlier, _), (later, _) in pairwise(frames)):
            raise InputError(f"features {text!r}: frames must ascend, as in car=0@0 car=2@48")
        rules.append(FeatureRule(target, frames))
    return FeatureCurve(table, tuple(rules))


def _read(word: str, table: FeatureTable, palette: Palette, seed: int) -> tuple[Target, int, Pick]:
    match = _WORD.fullmatch(word)
    if match is None:
        raise InputError(f"features: {word!r} is no choice; {_EXAMPLE}")
    pick = Pick(None if match["cluster"] is None else int(match["cluster"]), int(match["seed"] or seed))
    frame = int(match["frame"] or 0)
    if match["target"] == ALL:
        if match["number"] is not None:
            raise InputError(f"features: {word!r}: an instance is one of a class; {_EXAMPLE}")
        return Target(-1, None), frame, pick
    wanted = palette.find(match["target"])
    count = next(len(looks.clusters) for looks in table.classes if looks.id == wanted.id)
    if pick.cluster is not None and pick.cluster >= count:
        raise InputError(
            f"features: {wanted.name!r} has no look {pick.cluster}; the table has 0 to {count - 1}"
        )
    return Target(wanted.id, None if match["number"] is None else int(match["number"])), frame, pick
