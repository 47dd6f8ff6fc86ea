"""Palettes: what the numbers in a label map mean, and the colours that stand for them."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError


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
    """The classes of a data set. Ids are unique; ids between them may be unused."""

    name: str
    classes: tuple[LabelClass, ...]

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

    def find(self, name: str) -> LabelClass:
        """The class of that name, or the first whose id is `name` written as a number."""
        wanted = name.strip().lower()
        for c in self.classes:
            if c.name == wanted or str(c.id) == wanted:
                return c
        known = ", ".join(c.name for c in self.classes)
        raise InputError(f"palette {self.name!r} has no class {name!r}; it has: {known}")

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Palette":
        """Read what `to_json` wrote, or a palette that a user wrote by hand; every mistake is an `InputError`."""
        try:
            raw = json.loads(text)
            classes = tuple(
                LabelClass(int(c["id"]), str(c["name"]).lower(), tuple(c["color"]), bool(c.get("thing", False)))
                for c in raw["classes"]
            )
            return cls(str(raw["name"]), classes)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a palette: {error!r}") from error


def builtin_palette(name: str) -> Palette:
    """A palette that comes with the package, by name: see `builtin_palette_names`."""
    path = files(__package__) / "palettes" / f"{name}.json"
    if name not in builtin_palette_names():
        raise InputError(f"no palette {name!r}; there are: {', '.join(builtin_palette_names())}")
    return Palette.from_json(path.read_text("utf-8"))


def builtin_palette_names() -> list[str]:
    folder = files(__package__) / "palettes"
    return sorted(p.name.removesuffix(".json") for p in folder.iterdir() if p.name.endswith(".json"))
