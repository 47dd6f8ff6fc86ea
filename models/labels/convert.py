"""Label maps from one palette to another, class by class, by name."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ...errors import InputError
from .derived import DerivedLabels
from .frames import LabelFrame, LabelStream, id_dtype
from .palette import LabelClass, Palette
from .synonyms import spelling, synonyms_in


@dataclass(frozen=True)
class ClassMapping:
    """Which class of `target` every class of `source` becomes."""

    source: Palette
    target: Palette
    classes: tuple[LabelClass, ...]
    """For every class of `source`, in its order, the class of `target`."""
    unmapped: tuple[str, ...]
    """Names in `source` for which `target` has nothing: they became `rest`."""
    rest: LabelClass | None
    """The void class of `target`, or the one asked for; None where it has none and needs none."""

    @cached_property
    def table(self) -> Tensor:
        """Id -> id, int16 `[source.channels + 1]`; -1 where `source` has no class, and in the last place."""
        table = torch.full((self.source.channels + 1,), -1, dtype=torch.int16)
        for old, new in zip(self.source.classes, self.classes, strict=True):
            table[old.id] = new.id
        return table

    def apply(self, ids: Tensor, where: str = "label map") -> Tensor:
        """`[...]` ids of `source` -> ids of `target`, uint8 if those all fit, else int16.

        Raises InputError, which begins with `where`, if an id stands for no class of `source`.
        """
        index = ids.long()  # comparing uint8 with 256 wraps around
        outside = (index < 0) | (index >= self.source.channels)
        converted = self.table.to(ids.device)[index.masked_fill(outside, -1)]
        strays = converted < 0
        if bool(strays.any()):
            raise InputError(
                f"{where}: {int(strays.sum())} pixels have ids, such as {int(ids[strays][0])}, that palette "
                f"{self.source.name!r} doesn't have; name the palette that the labels were made with"
            )
        return converted.to(id_dtype(self.target))


def map_classes(source: Palette, target: Palette, unmapped: str | None = None) -> ClassMapping:
    """Pair the classes of two palettes: the same name first, then the best synonym (see `synonyms`).

    A class that `target` knows under no name becomes the class called `unmapped`, else the void class of `target`;
    InputError if there is such a class and neither is given, and, without `unmapped`, if the palettes share no class.
    """
    known = {spelling(c.name): c for c in reversed(target.classes)}
    names = frozenset(spelling(c.name) for c in source.classes)
    rest = target.find(unmapped) if unmapped is not None else target.void
    pairs = [_partner(spelling(c.name), names, known) for c in source.classes]
    missing = tuple(c.name for c, found in zip(source.classes, pairs, strict=True) if found is None)
    if rest is None and missing:
        raise InputError(
            f"palette {target.name!r} has nothing for {', '.join(missing)} of palette {source.name!r}, and no class "
            "for unlabelled pixels; say which of its classes they become"
        )
    if unmapped is None and not any(found not in (None, target.void) for found in pairs):
        raise InputError(
            f"palettes {source.name!r} and {target.name!r} have no class in common; take labels, or weights, that fit"
        )
    classes = tuple(found for pair in pairs if (found := pair or rest) is not None)
    return ClassMapping(source, target, classes, missing, rest)


def _partner(name: str, names: frozenset[str], known: dict[str, LabelClass]) -> LabelClass | None:
    if name in known:
        return known[name]
    return next((known[n] for n in synonyms_in(name, names) if n in known), None)


class ConvertedLabels(DerivedLabels):
    """A `LabelStream` in another palette. Instances stay: a car is the same car whatever its class is called."""

    mapping: ClassMapping
    """How the classes were paired, and which found no partner."""

    def __init__(self, stream: LabelStream, palette: Palette, unmapped: str | None = None) -> None:
        """unmapped: the class for those that `palette` doesn't have (None: its void class)."""
        super().__init__(stream, palette=palette)
        self.mapping = map_classes(stream.palette, palette, unmapped)

    def change(self, frame: LabelFrame, number: int) -> LabelFrame:
        return LabelFrame(self.mapping.apply(frame.ids, f"frame {number}"), frame.instances)

    def recipe(self) -> str:
        return f"{self.palette.to_json()} {self.mapping.table.tolist()}"
