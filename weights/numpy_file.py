"""A dictionary of arrays that NumPy saved (`features.npy` of NVIDIA's face networks), without running any code in it.

Such a file is a pickle, and NumPy's own classes are not safe in one: a forged dtype makes them take bytes for
addresses. So its pickle machine gets stand-ins that only note what they are told, and arrays are built here, of plain
numbers whose bytes are there.
"""

import pickle
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..errors import InputError

MAX_FILE = 1 << 28
"""Bytes of such a file."""
_CODES = ("f2", "f4", "f8", "i4", "i8")
_ORDERS = ("<", ">", "=", "|")
_ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
}
"""What NumPy names in these files."""


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
    content = BytesIO(path.read_bytes())
    try:
        _check_header(content)
        found = _Machine(content, encoding="latin1").load()
        return {_number(key): _built(value) for key, value in _dictionary(found).items()}
    except _NotAllowedError as error:
        raise InputError(f"{path}: not plain arrays: {error}; nothing was run") from error
    except Exception as error:  # a broken pickle makes its reader raise anything: all of it means the same
        raise InputError(
            f"{path}: not a dictionary of arrays that NumPy saved, or damaged ({error})"
        ) from error


class _NotAllowedError(Exception):
    """It asks for something that could run code."""


class _Array:
    """What a pickle says about an array."""

    __slots__ = ("data", "dtype", "fortran", "shape")

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, self.fortran, self.data = state


class _Dtype:
    """What a pickle says about a type of numbers."""

    __slots__ = ("code", "order")

    def __init__(self, code: Any) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]


class _Named:
    """In place of something that a pickle names; can be called, and nothing can be changed about it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *given: Any) -> Any:
        if self.name == "_reconstruct":
            return _Array()
        if self.name == "dtype":
            return _Dtype(given[0])
        if self.name == "encode" and given[1:] == ("latin1",):
            return str(given[0]).encode("latin1")
        raise _NotAllowedError(f"it calls {self.name}{str(given)[:80]}")

    def __setstate__(self, state: Any) -> NoReturn:
        raise _NotAllowedError(f"it changes {self.name}")


class _Machine(pickle._Unpickler):
    """The one written in Python: the other fills the memory that a forged index asks for."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise _NotAllowedError(f"it asks for {module[:80]}.{name[:80]}, which could run anything")
        return _Named(name)


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


def _built(array: Any) -> NDArray[np.float64]:
    code, order, shape = array.dtype.code, array.dtype.order, array.shape
    if code not in _CODES or order not in _ORDERS:
        raise ValueError(f"numbers of type {str(code)[:20]!r}")
    if not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError(f"an array of shape {str(shape)[:80]}")
    data = array.data.encode("latin1") if isinstance(array.data, str) else array.data
    dtype = np.dtype(f"{order}{code}")
    if not isinstance(data, bytes):
        raise ValueError(f"an array of {type(data).__name__}")
    if len(data) != prod(shape) * dtype.itemsize:
        raise ValueError(f"an array {list(shape)} of {len(data)} bytes")
    numbers = np.frombuffer(data, dtype).reshape(shape, order="F" if array.fortran else "C")
    if not np.isfinite(numbers).all():
        raise ValueError("numbers that are not finite")
    return numbers.astype(np.float64)
