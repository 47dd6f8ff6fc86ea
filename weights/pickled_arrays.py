"""NumPy's arrays and numbers inside of pickles, as records; NumPy's own classes take no part in reading them.

They would not be safe: a forged dtype makes them take bytes for addresses. Here an array is a note of its shape, its
type of numbers and its bytes, and is built out of plain numbers whose bytes are there, once all of that fits.
"""

from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .restricted_pickle import Budget, Bytes, Names, NotAllowedError, Record

_CODES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
_ORDERS = ("<", ">", "=", "|")
MAX_SIDES = 8


class PickledDtype(Record):
    """What a pickle says about a type of numbers."""

    def __init__(self, code: Any, align: Any = False, copy: Any = False) -> None:
        self._code, self._order = code, "="

    def accept(self, state: Any) -> None:
        self._order = state[1]

    def built(self) -> np.dtype[Any]:
        """The type. ValueError for anything but plain numbers."""
        if self._code not in _CODES or self._order not in _ORDERS:
            raise ValueError(f"numbers of type {str(self._code)[:20]!r}")
        return np.dtype(f"{self._order}{self._code}")


class PickledArray(Record):
    """What a pickle says about an array."""

    def __init__(self) -> None:
        self.shape: Any = None
        self.dtype: Any = None
        self.fortran: Any = None
        self.data: Any = None

    def accept(self, state: Any) -> None:
        _, self.shape, self.dtype, self.fortran, self.data = state

    def built(self, budget: Budget) -> NDArray[Any]:
        """The array, its numbers as they were stored, in this machine's byte order, in memory of its own.

        budget: what all arrays of the file may cost together; one array may stand in it a million times.
        ValueError for what isn't an array of plain numbers with just its bytes, or has some that are not finite.
        """
        if not isinstance(self.dtype, PickledDtype) or not isinstance(self.shape, tuple):
            raise ValueError("an array without a type or a shape")
        dtype, shape = self.dtype.built(), self.shape
        if len(shape) > MAX_SIDES or not all(type(side) is int and 0 <= side < 1 << 40 for side in shape):
            raise ValueError(f"an array of {len(shape)} sides, or of sides that are no lengths")
        if not isinstance(self.data, Bytes | str):
            raise ValueError(f"an array of {type(self.data).__name__}")
        budget.take(len(self.data))
        data = self.data.encode("latin1") if isinstance(self.data, str) else self.data
        if len(data) != prod(shape) * dtype.itemsize:
            raise ValueError(f"an array {list(shape)} of {len(data)} bytes")
        numbers = np.frombuffer(data, dtype).reshape(shape, order="F" if self.fortran else "C")
        if not np.isfinite(numbers).all():
            raise ValueError("numbers that are not finite")
        return np.array(numbers, dtype.newbyteorder("="), order="C")


def _reconstruct(kind: Any, shape: Any, code: Any) -> PickledArray:
    """What NumPy calls before it gives an array its state."""
    return PickledArray()


def _never_called(*arguments: Any) -> Any:
    raise NotAllowedError("it calls numpy.ndarray")


def _scalar(dtype: Any, data: Any) -> int | float:
    """One number."""
    kind = dtype.built()
    if not isinstance(data, Bytes) or len(data) != kind.itemsize:
        raise ValueError("a number without its bytes")
    number: int | float = np.frombuffer(data, kind)[0].item()
    return number


def _encode(budget: Budget, text: Any, encoding: Any) -> bytes:
    """How protocol 2 writes bytes: as the text of the same characters."""
    if not isinstance(text, str) or encoding != "latin1":
        raise NotAllowedError("it calls _codecs.encode for something else than bytes")
    budget.take(len(text))
    return text.encode("latin1")


def numpy_names(budget: Budget) -> Names:
    """What NumPy names in pickles, before and after its version 2. budget: that of the tape."""
    return {
        ("numpy", "dtype"): PickledDtype,
        ("numpy", "ndarray"): _never_called,
        ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy.core.multiarray", "scalar"): _scalar,
        ("numpy._core.multiarray", "scalar"): _scalar,
        ("_codecs", "encode"): partial(_encode, budget),
    }
