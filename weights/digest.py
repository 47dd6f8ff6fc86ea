"""The sha256 of a file, read once, a piece at a time."""

import hashlib
from pathlib import Path

from ..errors import InputError


def sha256_of(path: Path) -> str:
    """64 hexadecimal digits. About one second a gigabyte."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, wanted: str, what: str) -> None:
    """InputError, beginning with `what`, unless the file is the one whose hash is `wanted`."""
    got = sha256_of(path)
    if got != wanted:
        raise InputError(
            f"{what}: the file has sha256 {got}, should have {wanted}; it is another file or damaged"
        )
