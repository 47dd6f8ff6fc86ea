"""The JSON form of label edits, and one clear sentence for every mistake in it.

    {"edits": [{"replace": ["vegetation"], "by": "building", "start": 10, "stop": 50, "mask": "left.png"}]}

`start`, `stop` and `mask` may be left out. A mask is the name of a picture beside the JSON file or in a folder
below it, never outside.
"""

import json
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from reprlib import repr as short
from typing import Any, NamedTuple, TypeGuard

from ...errors import InputError
from .json_text import parse_json
from .palette_json import MAX_NAME

MAX_EDITS = 10_000
MAX_TEXT = 4_000_000
"""Longest list of edits, in characters."""


class EditRow(NamedTuple):
    """One edit as it stands in the file."""

    source: tuple[str, ...]
    target: str
    start: int = 0
    stop: int | None = None
    mask: str | None = None


def edits_text(rows: Sequence[EditRow]) -> str:
    """The edits as JSON, without fields that say nothing."""
    listed: list[dict[str, Any]] = []
    for row in rows:
        item: dict[str, Any] = {"replace": list(row.source), "by": row.target, "start": row.start}
        if row.stop is not None:
            item["stop"] = row.stop
        if row.mask is not None:
            item["mask"] = row.mask
        listed.append(item)
    return json.dumps({"edits": listed}, indent=1)


def parse_edits(text: str) -> list[EditRow]:
    """The edits of a JSON text; InputError says what is wrong and where."""
    raw = parse_json(text, "label edits", "a list of edits", MAX_TEXT)
    if not isinstance(raw, dict) or set(raw) != {"edits"} or not isinstance(raw["edits"], list):
        raise InputError('label edits: expected an object {"edits": [...]}')
    if len(raw["edits"]) > MAX_EDITS:
        raise InputError(f"label edits: {len(raw['edits'])} edits are too many; at most {MAX_EDITS}")
    return [_row(item, f"label edit {number}") for number, item in enumerate(raw["edits"], 1)]


def _row(raw: Any, where: str) -> EditRow:
    known = ("replace", "by", "start", "stop", "mask")
    if not isinstance(raw, dict):
        raise InputError(f'{where}: expected an object {{"replace": [...], "by": ...}}, got {short(raw)}')
    unknown = [key for key in raw if key not in known]
    if unknown:
        raise InputError(f"{where}: unknown field {short(unknown[0])}; the fields are {', '.join(known)}")
    source = raw.get("replace")
    names = [source] if isinstance(source, str) else source
    if not isinstance(names, list) or not names or not all(_is_name(n) for n in names):
        raise InputError(f"{where}: replace must be a list of class names, got {short(source)}")
    target = raw.get("by")
    if not _is_name(target):
        raise InputError(f"{where}: by must be a class name, got {short(target)}")
    start, stop = raw.get("start", 0), raw.get("stop")
    if not _is_frame(start) or not (stop is None or _is_frame(stop)):
        raise InputError(
            f"{where}: start and stop must be frame numbers from 0 on, got {short(start)} and {short(stop)}"
        )
    return EditRow(tuple(names), target, start, stop, mask_name(raw.get("mask"), where))


def mask_name(raw: Any, where: str) -> str | None:
    """A mask's file name, with "/" between folders; InputError if it leads out of the folder of the edits."""
    if raw is None:
        return None
    if not isinstance(raw, str) or not raw or not raw.isprintable():
        raise InputError(f"{where}: mask must be the name of a picture, got {short(raw)}")
    path = PurePosixPath(raw.replace("\\", "/"))
    if path.is_absolute() or PureWindowsPath(raw).drive or ".." in path.parts or not path.name:
        raise InputError(f"{where}: mask {short(raw)} must lie in the folder of the edits or below it")
    return str(path)


def _is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME


def _is_frame(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
