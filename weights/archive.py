"""Checkpoints inside a published zip: taken out one at a time, under names of ours, never more than they may be."""

import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import InputError

ENDINGS = (".pth.tar", ".pth", ".pt", ".pkl", ".npy", ".ckpt")
MAX_RATIO = 8
"""Bytes that a byte of the archive may become. Trained weights hardly compress at all (1.1)."""
SMALL = 16 << 20
"""Bytes that any archive may become."""


def is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive; all that can be wrong with one, on opening or while it is read, is an InputError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the archive is cut short or damaged ({error}); get it again") from error


def checkpoint_members(archive: zipfile.ZipFile, path: Path, only: Sequence[str]) -> list[zipfile.ZipInfo]:
    """The checkpoints in the archive whose names match one of the patterns `only` (all, if there are none).

    InputError: none; a member that we don't unpack; or an archive that says it becomes far larger than weights can
    (a zip bomb).
    """
    every = [member for member in archive.infolist() if member.filename.lower().endswith(ENDINGS)]
    chosen = [m for m in every if not only or any(fnmatchcase(m.filename, pattern) for pattern in only)]
    if not chosen:
        inside = ", ".join(repr(member.filename[:80]) for member in (every or archive.infolist())[:8])
        wanted = f"matching {', '.join(only)}" if only else f"({', '.join(ENDINGS)})"
        raise InputError(f"{path}: holds no checkpoint {wanted}; it holds {inside or 'nothing'}")
    size = path.stat().st_size
    for member in chosen:
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(
                f"{path}: {member.filename[:80]!r} is encrypted or oddly compressed; unpack the archive yourself and "
                "give its files"
            )
        if not 0 <= member.header_offset < size:
            raise zipfile.BadZipFile("a member lies outside of it")
    declared = sum(member.file_size for member in chosen)
    allowed = max(SMALL, MAX_RATIO * size)
    if declared > allowed:
        raise InputError(
            f"{path}: would unpack to {declared} bytes, {allowed} are the most that weights in an archive of its size "
            "can be; refused"
        )
    return chosen


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """One member as the file `target`, a piece at a time; its own name plays no part in where it goes.

    `zipfile` never gives more bytes than the archive's directory declares, and checks their sum at the end.
    """
    free = shutil.disk_usage(target.parent).free
    if free < member.file_size:
        raise InputError(
            f"{target.parent}: unpacking {member.filename[:80]!r} needs {member.file_size / 1e6:.0f} MB, "
            f"{free / 1e6:.0f} MB are free; make room"
        )
    with archive.open(member) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
