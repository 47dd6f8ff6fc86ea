"""Files that appear only when they are whole, and one sentence for every way a disk can refuse them."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from ..errors import InputError

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space, or choose a folder on another disk",
    errno.EFBIG: "the file grows larger than this file system or account allows; choose a folder on another disk",
    errno.EROFS: "this disk can only be read; choose another folder",
    errno.EACCES: "no permission to write there; choose another folder",
    errno.EPERM: "no permission to write there; choose another folder",
    errno.ENOTDIR: "a part of its path is a file, not a folder; choose another name",
    errno.EEXIST: "a part of its path is a file, not a folder; choose another name",
    errno.EISDIR: "there is a folder of that name; choose another name",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}
if hasattr(errno, "EDQUOT"):
    _REASONS[errno.EDQUOT] = _REASONS[errno.ENOSPC]


@contextmanager
def writing(path: Path, afterwards: str = "") -> Iterator[None]:
    """Turn what the system says while `path` is written into one `InputError`; `afterwards` is added to it.

    FFmpeg's errors are covered too: PyAV makes those that come from the system OSErrors with the same numbers.
    """
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        raise InputError(f"{path} could not be written: {reason}{afterwards}") from error


def prepare_file(path: Path) -> None:
    """Make the folder of `path`, and refuse what can't become a file before any work is done for it."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the name of a file in it, such as {path / 'video.mp4'}")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)


def prepare_folder(path: Path) -> None:
    """Make the folder above `path`, and refuse a `path` that holds something already: nothing is overwritten."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: is a file; give the name of a folder for the pictures")
    with writing(path):
        if path.is_dir() and any(path.iterdir()):
            raise InputError(f"{path}: the folder is not empty; empty it or choose another name")
        path.parent.mkdir(parents=True, exist_ok=True)


SPARE = 16 << 20
"""Bytes to leave free on a disk."""


def check_room(path: Path, size: int) -> None:
    """InputError if the disk has no room for so many more bytes at `path`."""
    free = shutil.disk_usage(path.parent).free
    if size + SPARE > free:
        raise InputError(
            f"{path}: needs {size / 2**20:,.0f} MB, the disk has {free / 2**20:,.0f} MB free; free some, or choose "
            "a folder on another disk"
        )


def temporary_name(path: Path) -> Path:
    """A new hidden name beside `path`, on the same disk, that readers of the folder don't take for a result."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def settle(temporary: Path, path: Path) -> None:
    """Give a finished file or folder its name, in one step that a crash can't split."""
    if path.is_dir():
        path.rmdir()  # empty: `prepare_folder` has looked
    if temporary.is_file():
        flush(temporary)
    os.replace(temporary, path)


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file: the old content or the new one is there at any time, never a part."""
    temporary = temporary_name(path)
    try:
        temporary.write_bytes(content)
        settle(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have the disk hold what was written, so that no rename comes before its content."""
    handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
