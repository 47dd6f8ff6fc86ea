"""Directions in a file of weights of ours: written by the tool that finds them and by conversions, read by edits."""

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..models.faces.direction_table import DirectionTable, tabulate
from ..models.faces.directions import Direction
from .config_json import to_json
from .file import inspect, read, write
from .metadata import Metadata

ARCHITECTURE = "faces.directions/1"


def save_directions(path: Path, directions: Sequence[Direction], notes: str = "") -> None:
    """Write them; the file appears under its name when it is whole. float64, whatever they were.

    A file has one source and one licence: those of several are all named in it. InputError: none, or two of one name.
    """
    config, state = tabulate(directions)
    licence, source = (
        "; ".join(dict.fromkeys(text for text in texts if text))
        for texts in ([each.licence for each in directions], [each.source for each in directions])
    )
    write(path, state, state, Metadata(ARCHITECTURE, to_json(config), licence, source, notes))


def read_directions(path: Path) -> tuple[Direction, ...]:
    """All directions of a file. InputError for files that hold something else, or are damaged."""
    info = inspect(path)
    table = read(path) if info.architecture == ARCHITECTURE else None
    if not isinstance(table, DirectionTable):
        raise InputError(
            f"{path}: holds {info.architecture}, not directions; published ones become ours by: maliang weights "
            "convert FILE --out NEW.safetensors"
        )
    return tuple(
        table.direction(index, info.source, info.licence) for index in range(len(info.config.directions))
    )


def choose_direction(directions: Sequence[Direction], name: str, where: str) -> Direction:
    """The one of that name. InputError, beginning with `where`, that says which there are."""
    found = next((each for each in directions if each.name == name), None)
    if found is None:
        there = ", ".join(each.name for each in directions)
        raise InputError(f"{where}: has no direction {name!r}; it has {there[:400]}")
    return found
