"""Arrays as published: NumPy's files, and lists of arrays that were pickled. Nothing in them is run."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from ..errors import InputError
from .pickled_arrays import PickledArray, numpy_names
from .restricted_pickle import Budget, Machine, Tape, plainly

MAX_FILE = 1 << 28
"""Bytes of such a file; the largest published one has 12 million."""
MOST_ROWS = 64
"""Of a direction; an array with more of them is a table."""
NUMPY_MAGIC = b"\x93NUMPY"


def read_vector_file(path: Path, where: str) -> dict[str, Tensor]:
    """One array of floating-point numbers in NumPy's format, under the name that `named_array` gives it.

    InputError: too large, damaged, of something else (Python objects, which NumPy would run), or not finite.
    """
    size = _bounded(path, where)
    with plainly(where, "a plain array that NumPy saved"), path.open("rb") as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(file)
        if dtype.kind != "f" or dtype.itemsize not in (2, 4, 8):
            raise InputError(
                f"{where}: holds {_kind(dtype)}, not floating-point numbers; refused, nothing was run"
            )
        count = int(np.prod(shape, dtype=object))
        if count * dtype.itemsize != size - file.tell():
            raise ValueError(f"an array {list(shape)} of {size - file.tell()} bytes")
        numbers = np.fromfile(file, dtype, count).reshape(shape, order="F" if fortran else "C")
    return named_array(torch.from_numpy(np.ascontiguousarray(numbers, dtype.newbyteorder("="))), where)


def named_array(array: Tensor, where: str) -> dict[str, Tensor]:
    """An array under a name that says what it can be: see `models.faces.direction_convert`."""
    if array.dim() not in (1, 2) or not array.numel() or not bool(array.isfinite().all()):
        raise InputError(
            f"{where}: is {list(array.shape)}, or not finite; a direction is [rows width], or [styles]"
        )
    if array.dim() == 2 and len(array) > MOST_ROWS:
        return {"table": array}
    if array.dim() == 2 and len(array) > 1 and bool((array == array[0]).all()):
        return {"repeated direction": array[:1].clone()}
    return {"direction": array}


def read_statistics(path: Path, where: str) -> dict[str, Tensor]:
    """A pickle of two lists of arrays (`S_mean_std`): "mean.0", ..., "std.0", ..."""
    size = _bounded(path, where)
    with plainly(where, "a network of NVlabs's or a pickle of plain arrays, as published"):
        budget = Budget(copied=4 * size)
        found = Machine(Tape(path.read_bytes(), budget), numpy_names(budget)).load()
        means, deviations = found
        return _numbered("mean", means, budget) | _numbered("std", deviations, budget)


def _numbered(name: str, arrays: Any, budget: Budget) -> dict[str, Tensor]:
    if not isinstance(arrays, list | tuple) or not all(isinstance(array, PickledArray) for array in arrays):
        raise ValueError("it holds something else than two lists of arrays")
    return {f"{name}.{k}": torch.from_numpy(array.built(budget)) for k, array in enumerate(arrays)}


def _bounded(path: Path, where: str) -> int:
    size = path.stat().st_size
    if size > MAX_FILE:
        raise InputError(f"{where}: has {size} bytes, more than {MAX_FILE}; refused")
    return size


def _kind(dtype: Any) -> str:
    return "Python objects" if dtype.hasobject else f"numbers of type {dtype}"[:80]
