"""Progress in a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..progress import Preview, Progress


@contextmanager
def progress_bar(title: str, unit: str = "frame") -> "Iterator[Progress]":
    """A bar on standard error while the block runs; none where standard error is not a terminal.

    unit: of the numbers that are reported; "B" for bytes, which are shown as kB, MB or GB.
    Work that an earlier run has done counts as done, not as speed.
    """
    from tqdm import tqdm

    bytes_as_mb = unit == "B"
    with tqdm(
        desc=title, unit=unit, unit_scale=bytes_as_mb, file=sys.stderr, disable=None, dynamic_ncols=True
    ) as bar:
        first = True

        def show(done: int, total: int | None, preview: "Preview | None" = None) -> None:
            nonlocal first
            if first:
                bar.total = total
                bar.initial = bar.n = max(0, done - 1)
                first = False
            bar.update(done - bar.n)

        yield show
