"""Folders of pictures: which files they hold, in which order."""

import re
from hashlib import blake2b
from pathlib import Path

from ..errors import InputError
from .pictures import SUFFIXES, is_picture, picture_size

_DIGITS = re.compile(r"([0-9]+)")
_MAX_DEPTH = 4


def natural_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sorts `frame_2` before `frame_10`: digits by value, the rest letter by letter, ignoring case first."""
    parts = _DIGITS.split(name.casefold())  # text, digits, text, digits ... text
    return [(int(part), "") if i % 2 else (0, part) for i, part in enumerate(parts)], name


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder in natural order.

    Other files in it are ignored; hidden files too. A folder that holds no picture itself but exactly one folder
    stands for that one (data sets keep `seg_maps/seq0001/*.png`). No picture at all is an `InputError`.
    State: the names, some 200 bytes a file.
    """
    for _ in range(_MAX_DEPTH):
        try:
            visible = (entry for entry in folder.iterdir() if not entry.name.startswith("."))
            entries = sorted(visible, key=lambda entry: natural_key(entry.name))
        except PermissionError:
            raise InputError(f"{folder}: no permission to read this folder") from None
        pictures = [e for e in entries if is_picture(e) and e.is_file()]
        if pictures:
            return pictures
        inner = [e for e in entries if e.is_dir()]
        if len(inner) != 1:
            raise InputError(_nothing_here(folder, inner, len(entries)))
        folder = inner[0]
    raise InputError(
        f"{folder}: no pictures within {_MAX_DEPTH} folders; name the folder that holds the frames"
    )


def check_same_size(pictures: list[Path]) -> tuple[int, int]:
    """(width, height) that all pictures have, read from their headers; an `InputError` names the first that differs."""
    size = picture_size(pictures[0])
    for picture in pictures[1:]:
        other = picture_size(picture)
        if other != size:
            raise InputError(
                f"{picture}: {other[0]}x{other[1]} pixels, but {pictures[0].name} has {size[0]}x{size[1]}; "
                "all frames of a clip must have one size"
            )
    return size


def _nothing_here(folder: Path, inner: list[Path], entries: int) -> str:
    if inner:
        names = ", ".join(p.name for p in inner[:8]) + (", ..." if len(inner) > 8 else "")
        return f"{folder}: holds no pictures but several folders; name one of them: {names}"
    endings = ", ".join(sorted(SUFFIXES))
    return f"{folder}: {'holds no pictures' if entries else 'the folder is empty'}; frames end in {endings}"


def file_state(clip: Path) -> str:
    """Changes when a file, or a picture in a folder, does: names, sizes and times of change."""
    digest = blake2b(str(clip.resolve()).encode(), digest_size=16)
    for file in pictures_in(clip) if clip.is_dir() else [clip]:
        facts = file.stat()
        digest.update(f"{file.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
