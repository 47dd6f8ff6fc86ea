"""Tokens of a canvas on disk: what generation writes, and pictures are made of afterwards.

A token is two bytes for the hundreds of bytes of pixels it stands for, so a canvas is kept as tokens: a run is stopped,
resumed and extended, and any part of it decoded again. One file:

    8 bytes   MLTOKENS
    8 bytes   length of the header, little endian
    header    JSON, the fields of `TokenJob`; zeros up to byte 65536
    pages     one a patch, [side side] unsigned integers: 0 for a token that is not made yet, else the token + 1

Pages lie line after line in the direction in which the canvas grows, so a longer canvas is the same file with more at
its end. The file is as long as the canvas from the start, but takes room on the disk only where something is written.
Memory: the file is mapped; nothing of it is held.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .outputs import check_room, prepare_file, writing

MAGIC = b"MLTOKENS"
HEADER = 1 << 16
"""Bytes before the pages."""
FORMAT = 1
DIRECTIONS = ("right", "left", "down", "up", "later")


@dataclass(frozen=True)
class TokenJob:
    """What the tokens of a file are, and everything that determines them."""

    model: str
    """Says which weights made them, for example their sha256."""
    tokenizer: str
    """Says whose codes they are."""
    seed: int
    plan: str
    """Of what order plan: a recipe as JSON, or a fingerprint."""
    text: str
    """What was asked for; empty where nothing was."""
    codes: int
    """Tokens are smaller than this."""
    side: int
    """Tokens along a side of a patch."""
    grid: tuple[int, int, int]
    """Frames, rows and columns of patches."""
    grows: str = "right"
    """To which side the canvas may be extended: right, left, down, up, later (more frames)."""

    def __post_init__(self) -> None:
        if self.grows not in DIRECTIONS:
            raise InputError(f"{self.grows!r} is no direction: take {', '.join(DIRECTIONS)}")
        if min(self.grid) < 1 or self.side < 1 or not 1 <= self.codes < 2**32:
            raise InputError(
                f"a canvas of {self.grid} patches of {self.side} tokens below {self.codes} can't be kept"
            )

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype("<u2" if self.codes < 2**16 else "<u4")

    @property
    def axis(self) -> int:
        """Of `grid`, along which the canvas grows."""
        return {"later": 0, "down": 1, "up": 1}.get(self.grows, 2)

    @property
    def bytes(self) -> int:
        """Of a whole file."""
        patches = self.grid[0] * self.grid[1] * self.grid[2]
        return HEADER + patches * self.side**2 * self.dtype.itemsize


class TokenFile:
    """The tokens of a canvas. A context manager; what is written is on the disk after `flush` or at its end."""

    def __init__(self, path: Path, job: TokenJob, writable: bool) -> None:
        self.path = path
        self._writable = writable
        self._map(job)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()

    def write(self, at: tuple[int, int, int], tokens: NDArray[np.integer]) -> None:
        """The tokens of the patch at (frame, row, column), `[side side]` by their true places."""
        job = self.job
        if tokens.shape != (job.side, job.side) or tokens.min() < 0 or tokens.max() >= job.codes:
            raise ValueError(f"tokens: expected {[job.side] * 2} below {job.codes}, got {list(tokens.shape)}")
        self._pages[self._place(at)] = tokens.astype(np.int64) + 1

    def read(self, at: tuple[int, int, int]) -> NDArray[np.int64] | None:
        """The tokens of a patch, int64 `[side side]`; None where they are not all made."""
        page = self._pages[self._place(at)].astype(np.int64)
        return None if (page == 0).any() else page - 1

    def lines(self) -> Iterator[NDArray[np.bool_]]:
        """Which patches are made, line after line in the direction of growth: bool, the two other axes."""
        for line in self._pages:
            yield (line != 0).all((-2, -1))

    def made(self) -> int:
        """How many patches are made. Reads the whole file."""
        return sum(int(line.sum()) for line in self.lines())

    def missing(self, frame: int) -> int:
        """How many patches of a frame are not made yet. Reads all of it."""
        if self.job.axis == 0:
            return int((self._pages[frame] == 0).any((-2, -1)).sum())
        return sum(int((~line[frame]).sum()) for line in self.lines())

    def extend(self, lines: int, plan: str) -> None:
        """Make room for so many more lines of patches, and say what plan the longer canvas has. Nothing is lost."""
        if lines < 1:
            raise InputError(f"{self.path}: can't be extended by {lines} lines of patches; give 1 at least")
        grid = list(self.job.grid)
        grid[self.job.axis] += lines
        job = replace(self.job, grid=(grid[0], grid[1], grid[2]), plan=plan)
        check_room(self.path, job.bytes - self.job.bytes)
        self.flush()
        with writing(self.path), self.path.open("r+b") as file:
            file.truncate(job.bytes)
            file.seek(0)
            file.write(_header(job))
        self._map(job)

    def canvas(self, frame: int = 0) -> "TokenCanvas":
        """The tokens of a frame as one grid."""
        if not 0 <= frame < self.job.grid[0]:
            raise InputError(f"{self.path}: has no frame {frame}; it has {self.job.grid[0]}")
        return TokenCanvas(self, frame)

    def flush(self) -> None:
        """Bring to the disk what was written."""
        if self._writable:
            with writing(self.path):
                self._pages.flush()

    def _map(self, job: TokenJob) -> None:
        self.job = job
        grid = list(job.grid)
        shape = (grid.pop(job.axis), *grid, job.side, job.side)
        mode = "r+" if self._writable else "r"
        with writing(self.path):
            self._pages = np.memmap(self.path, job.dtype, mode, HEADER, shape)  # type: ignore[call-overload]

    def _place(self, at: tuple[int, int, int]) -> tuple[int, ...]:
        """Where the page of a patch is; canvases that grow left or up are kept from their right or lower end."""
        if not all(0 <= place < size for place, size in zip(at, self.job.grid, strict=True)):
            raise ValueError(f"{at} is not on a canvas of {self.job.grid} patches")
        rest = list(at)
        line = rest.pop(self.job.axis)
        return (self.job.grid[self.job.axis] - 1 - line if self.job.grows in ("left", "up") else line, *rest)


class TokenCanvas:
    """A frame's tokens, `shape` in cells; `canvas[top:bottom, left:right]` reads a part, int64, -1 where not made."""

    def __init__(self, tokens: TokenFile, frame: int) -> None:
        self._tokens, self._frame = tokens, frame
        _, rows, columns = tokens.job.grid
        self.shape = (rows * tokens.job.side, columns * tokens.job.side)

    def __getitem__(self, part: tuple[slice, slice]) -> NDArray[np.int64]:
        side = self._tokens.job.side
        (top, bottom, _), (left, right, _) = (
            cut.indices(size) for cut, size in zip(part, self.shape, strict=True)
        )
        rows, columns = range(top // side, -(-bottom // side)), range(left // side, -(-right // side))
        pages = np.empty((len(rows), len(columns), side, side), np.int64)
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                pages[i, j] = self._tokens._pages[self._tokens._place((self._frame, row, column))]
        values = pages.swapaxes(1, 2).reshape(len(rows) * side, len(columns) * side) - 1
        up, along = rows.start * side, columns.start * side
        return values[top - up : bottom - up, left - along : right - along]


def create_tokens(path: Path, job: TokenJob) -> TokenFile:
    """A new file in which nothing is made yet. InputError: there is one already, or the disk is too small."""
    if path.exists():
        raise InputError(f"{path}: exists already; go on with it, or choose another name")
    prepare_file(path)
    check_room(path, job.bytes)
    header = _header(job)
    with writing(path), path.open("xb") as file:
        file.write(header)
        file.truncate(job.bytes)
    return TokenFile(path, job, writable=True)


def open_tokens(path: Path, expected: TokenJob | None = None) -> TokenFile:
    """A file to go on with, if it is `expected`'s, or to read from (None).

    InputError: no file of tokens, or one of another model, seed, text, plan or size than expected.
    """
    job = _read_header(path)
    if path.stat().st_size != job.bytes:
        raise InputError(f"{path}: should have {job.bytes} bytes; it is cut short or damaged")
    for field in fields(TokenJob) if expected is not None else ():
        there, asked = getattr(job, field.name), getattr(expected, field.name)
        if there != asked:
            raise InputError(
                f"{path}: has tokens of another {field.name} ({there!s:.60} there, {asked!s:.60} asked for); "
                "choose another file, or make the same"
            )
    return TokenFile(path, job, writable=expected is not None)


def _header(job: TokenJob) -> bytes:
    text = json.dumps({"format": FORMAT, **asdict(job)}).encode()
    if len(text) > HEADER - 16:
        raise InputError(
            f"a plan and a text of {len(text)} bytes don't fit a file of tokens: keep the fingerprint of the plan"
        )
    return (MAGIC + len(text).to_bytes(8, "little") + text).ljust(HEADER, b"\0")


def _read_header(path: Path) -> TokenJob:
    if not path.is_file():
        raise InputError(f"{path}: no such file of tokens")
    with path.open("rb") as file:
        start = file.read(HEADER)
    length = int.from_bytes(start[8:16], "little")
    if not start.startswith(MAGIC) or len(start) < HEADER or length > HEADER - 16:
        raise InputError(f"{path}: is no file of tokens, or its beginning is damaged")
    try:
        content: dict[str, Any] = json.loads(start[16 : 16 + length])
        version = content.pop("format")
        job = TokenJob(**(content | {"grid": tuple(map(int, content["grid"]))}))
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: its header is damaged, or of another version of Maliang") from error
    if version != FORMAT:
        raise InputError(f"{path}: is of version {version}, this Maliang reads {FORMAT}; update Maliang")
    return job
