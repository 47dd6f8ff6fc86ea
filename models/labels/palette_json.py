"""The JSON form of a palette, and one clear sentence for every mistake in it.

{"name": "garden", "classes": [{"id": 0, "name": "lawn", "color": [60, 140, 40]},
                               {"id": 1, "name": "gnome", "color": "#c82828", "thing": true}]}
"""

from contextlib import suppress
from reprlib import repr as short
from typing import Any, TypeGuard

from ...errors import InputError
from .json_text import parse_json
from .synonyms import spelling

MAX_ID = 32767
"""The largest id that an int16 label map holds."""
MAX_CLASSES = 4096
MAX_NAME = 100
MAX_TEXT = 2_000_000
"""Longest palette file in characters: a palette of 4096 classes with long names fits."""

Row = tuple[int, str, tuple[int, int, int], bool]
"""One class: id, name, colour, whether it is a thing."""


def parse_palette(text: str) -> tuple[str, str, list[Row]]:
    """(name, source, classes) of a palette's JSON text; InputError says what is wrong and where."""
    raw = parse_json(text, "palette", "a palette", MAX_TEXT)
    if not isinstance(raw, dict) or not isinstance(raw.get("classes"), list):
        raise InputError('palette: expected an object {"name": ..., "classes": [...]}')
    _only_known(raw, ("name", "source", "classes"), "palette")
    name = _text(raw.get("name"), "palette", "name")
    source = raw.get("source", "")
    if not isinstance(source, str):
        raise InputError(f"palette {name!r}: source must be a text, got {short(source)}")
    if not 1 <= len(raw["classes"]) <= MAX_CLASSES:
        raise InputError(f"palette {name!r}: {len(raw['classes'])} classes; it takes 1 to {MAX_CLASSES}")
    rows = [_row(c, f"palette {name!r}, class number {i + 1}") for i, c in enumerate(raw["classes"])]
    _all_different(rows, name)
    return name, source, rows


def _row(raw: Any, where: str) -> Row:
    if not isinstance(raw, dict):
        raise InputError(
            f'{where}: expected an object {{"id": ..., "name": ..., "color": ...}}, got {short(raw)}'
        )
    _only_known(raw, ("id", "name", "color", "thing"), where)
    number = raw.get("id")
    if not _is_whole(number, MAX_ID):
        raise InputError(f"{where}: id must be a whole number from 0 to {MAX_ID}, got {short(number)}")
    thing = raw.get("thing", False)
    if not isinstance(thing, bool):
        raise InputError(f"{where}: thing must be true or false, got {short(thing)}")
    return number, _text(raw.get("name"), where, "name").lower(), _color(raw.get("color"), where), thing


def _color(raw: Any, where: str) -> tuple[int, int, int]:
    """`[r, g, b]`, each 0..255, or "#rrggbb"."""
    if isinstance(raw, str) and len(raw) == 7 and raw[0] == "#":
        with suppress(ValueError):
            raw = list(bytes.fromhex(raw[1:]))
    if not isinstance(raw, list) or len(raw) != 3 or not all(_is_whole(v, 255) for v in raw):
        raise InputError(
            f'{where}: color must be three whole numbers from 0 to 255, or "#rrggbb", got {short(raw)}'
        )
    return raw[0], raw[1], raw[2]


def _text(raw: Any, where: str, field: str) -> str:
    if not isinstance(raw, str) or not raw.strip() or not raw.isprintable() or len(raw) > MAX_NAME:
        raise InputError(
            f"{where}: {field} must be a text of 1 to {MAX_NAME} printable characters, got {short(raw)}"
        )
    return raw.strip()


def _is_whole(value: Any, largest: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest


def _only_known(raw: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = [key for key in raw if key not in known]
    if unknown:
        raise InputError(f"{where}: unknown field {short(unknown[0])}; the fields are {', '.join(known)}")


def _all_different(rows: list[Row], palette: str) -> None:
    ids: dict[int, str] = {}
    names: dict[str, int] = {}
    for number, name, _, _ in rows:
        if number in ids:
            raise InputError(f"palette {palette!r}: id {number} stands for both {ids[number]!r} and {name!r}")
        if spelling(name) in names:
            first = names[spelling(name)]
            raise InputError(
                f"palette {palette!r}: the name {name!r} is used twice, for ids {first} and {number}"
            )
        ids[number] = name
        names[spelling(name)] = number
