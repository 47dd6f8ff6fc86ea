"""Flow of a whole clip on disk: one NumPy array, written frame by frame, read frame by frame.

float16 `[t 3 h w]`: dx, dy in pixels, occlusion. Any NumPy opens it (`np.load(path, mmap_mode="r")`). float16 keeps
steps of 1/64 pixel up to 32 pixels of motion, finer than any estimator.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..errors import InputError
from ..models.flow.field import Flow


@dataclass(frozen=True)
class FlowFile:
    """The flow of a clip, as `FlowWriter` wrote it; nothing of it is in memory."""

    path: Path
    frame_rate: Fraction
    """Of the clip, frames per second."""

    @property
    def height(self) -> int:
        return int(self._array.shape[2])

    @property
    def width(self) -> int:
        return int(self._array.shape[3])

    @property
    def frame_count(self) -> int:
        return int(self._array.shape[0])

    def frames(self, start: int = 0) -> Iterator[Flow]:
        """Flow of frame `start` (0-based) and of every one after it, float32, one frame long each."""
        for planes in self._array[start:]:
            values = torch.from_numpy(planes.astype(np.float32)).unsqueeze(0)
            yield Flow(values[:, :2], values[:, 2:])

    @cached_property
    def _array(self) -> NDArray[np.float16]:
        try:
            array: NDArray[np.float16] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise InputError(f"{self.path}: not a file of flow") from error
        if array.ndim != 4 or array.shape[1] != 3:
            raise InputError(f"{self.path}: flow is [t 3 h w], this file holds {list(array.shape)}")
        return array


class FlowWriter:
    """Context manager that writes flow to `path`, which appears when it is whole; no file if the work fails."""

    def __init__(self, path: Path, height: int, width: int) -> None:
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.unfinished")
        self._shape = (height, width)
        self._count = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        self._file = self._unfinished.open("wb")
        self._write_header(self._file)
        return self

    def write(self, flow: Flow) -> None:
        """Add one frame: displacement `[1 2 h w]`, occlusion `[1 1 h w]`."""
        if self._file is None:
            raise ValueError("FlowWriter: write inside its `with` block")
        planes = torch.cat([flow.displacement, flow.occlusion], 1)
        if planes.shape != (1, 3, *self._shape):
            height, width = self._shape
            raise InputError(f"flow: expected one frame of {width}x{height}, got {list(planes.shape)}")
        self._file.write(planes.to("cpu", torch.float16).contiguous().numpy().tobytes())
        self._count += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None, "entered before"
        try:
            with self._file:
                if kind is None:
                    self._file.seek(0)
                    self._write_header(self._file)
            if kind is None:
                os.replace(self._unfinished, self._path)
        finally:
            self._unfinished.unlink(missing_ok=True)

    def _write_header(self, file: BinaryIO) -> None:
        """NumPy leaves room for the first axis to grow, so the header written last fits over the first."""
        header: dict[str, Any] = {
            "descr": npy.dtype_to_descr(np.dtype(np.float16)),
            "fortran_order": False,
            "shape": (self._count, 3, *self._shape),
        }
        npy.write_array_header_1_0(file, header)
