"""Palettes: what the numbers in a label map mean, and the colours that stand for them."""

import json
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .palette_json import parse_palette
from .synonyms import spelling, synonym_groups, synonyms_in


@dataclass(frozen=True)
class LabelClass:
    """One class of a palette."""

    id: int
    """Its value in a label map, 0..32767."""
    name: str
    """Lower case, as the data set spells it, for example "traffic light"."""
    color: tuple[int, int, int]
    """sRGB, 0..255."""
    thing: bool = False
    """Countable (cars, people): instances of it are told apart."""


@dataclass(frozen=True)
class Palette:
    """The classes of a data set. Ids are unique, and so are names; ids between them may be unused."""

    name: str
    classes: tuple[LabelClass, ...]
    source: str = ""
    """Where the list of classes comes from, for people."""

    @cached_property
    def channels(self) -> int:
        """Channels of a one-hot map: the highest id + 1 (Cityscapes ids: 35)."""
        return max(c.id for c in self.classes) + 1

    @cached_property
    def colors(self) -> NDArray[np.uint8]:
        """Colour of every id, uint8 `[channels 3]`; unused ids are black."""
        table = np.zeros((self.channels, 3), np.uint8)
        for c in self.classes:
            table[c.id] = c.color
        return table

    @cached_property
    def by_id(self) -> dict[int, LabelClass]:
        """Every class under its id."""
        return {c.id: c for c in self.classes}

    @cached_property
    def void(self) -> LabelClass | None:
        """The class of pixels that belong to no class ("unlabeled", "others"), where the palette has one."""
        return self._called(synonym_groups()["unlabeled"])

    def find(self, name: str) -> LabelClass:
        """The class of that name; else the one whose id is `name` written as a number; else one by a synonym.

        Case, hyphens and underscores don't matter. Raises InputError, with the closest names, where there is none.
        """
        wanted = spelling(name)
        for c in self.classes:
            if spelling(c.name) == wanted or str(c.id) == wanted:
                return c
        found = self._called(synonyms_in(wanted, frozenset()))
        if found is not None:
            return found
        known = {spelling(c.name): c.name for c in self.classes}
        close = [n for n in known if wanted and wanted in n.split()] or get_close_matches(wanted, known, 3)
        hint = f"did you mean {' or '.join(repr(known[n]) for n in close[:3])}? " if close else ""
        raise InputError(
            f"palette {self.name!r} has no class {name!r}; {hint}it has: {', '.join(c.name for c in self.classes)}"
        )

    def _called(self, names: tuple[str, ...]) -> LabelClass | None:
        """The class with the first of these names that the palette has."""
        known = {spelling(c.name): c for c in reversed(self.classes)}
        return next((known[n] for n in names if n in known), None)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Palette":
        """Read what `to_json` wrote, or a palette that a user wrote by hand; every mistake is an `InputError`."""
        name, source, rows = parse_palette(text)
        return cls(name, tuple(LabelClass(*row) for row in rows), source)


@cache
def builtin_palette(name: str) -> Palette:
    """A palette that comes with the package, by name: see `builtin_palette_names`."""
    if name not in builtin_palette_names():
        raise InputError(f"no palette {name!r}; there are: {', '.join(builtin_palette_names())}")
    path = files(__package__) / "palettes" / f"{name}.json"
    return Palette.from_json(path.read_text("utf-8"))


def builtin_palette_names() -> list[str]:
    folder = files(__package__) / "palettes"
    return sorted(p.name.removesuffix(".json") for p in folder.iterdir() if p.name.endswith(".json"))
