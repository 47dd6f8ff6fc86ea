"""A dictionary of arrays that NumPy saved (`features.npy` of NVIDIA's face networks), without running any code in it.

Such a file is a header and a pickle, which `restricted_pickle` reads.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..errors import InputError
from .pickled_arrays import PickledArray, numpy_names
from .restricted_pickle import Budget, Machine, Tape, plainly

MAX_FILE = 1 << 28
"""Bytes of such a file."""


def read_arrays(path: Path) -> dict[int, NDArray[np.float64]]:
    """Number -> array, of a file that `np.save` made of such a dictionary, with Python 2 or 3.

    InputError: no file, too large, damaged, something else than such a dictionary, or one that asks for more.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    if size > MAX_FILE:
        raise InputError(f"{path}: has {size} bytes, more than {MAX_FILE}; refused")
    with plainly(str(path), "a dictionary of plain arrays that NumPy saved"):
        content = BytesIO(path.read_bytes())
        _check_header(content)
        budget = Budget(copied=4 * size)
        tape = Tape(content.getbuffer()[content.tell() :], budget)
        found = Machine(tape, numpy_names(budget)).load()
        return {_number(key): _built(value, budget) for key, value in _dictionary(found).items()}


def _check_header(content: BytesIO) -> None:
    version = npy.read_magic(content)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(content)
    if shape != () or dtype.kind != "O":
        raise ValueError(f"it is an array {list(shape)} of {dtype}")


def _dictionary(found: Any) -> dict[Any, Any]:
    """The dictionary inside of the array of one object that is around it."""
    (held,) = found.data
    if not isinstance(held, dict) or not held:
        raise ValueError(f"it holds a {type(held).__name__}")
    return held


def _number(key: Any) -> int:
    if type(key) is not int:
        raise ValueError(f"an array is called {str(key)[:40]!r}, not by a number")
    return key


def _built(array: Any, budget: Budget) -> NDArray[np.float64]:
    if not isinstance(array, PickledArray):
        raise ValueError(f"it holds a {type(array).__name__} where an array should be")
    return array.built(budget).astype(np.float64)
