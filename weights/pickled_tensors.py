"""PyTorch's tensors inside of pickles, as plans: where their numbers lie, and how they are to be read.

Nothing is allocated while a pickle is read. A `TensorPlan` knows that it fits its storage; its numbers are copied when
`built` is called, so that of a file with three networks one costs memory.

Source of the format: torch/_utils.py and torch/serialization.py; the original calls `torch.load` on storages inside of
pickles, which runs whatever is in them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import torch
from torch import Tensor

from .restricted_pickle import Budget, Bytes, Machine, Named, Names, NotAllowedError, Tape, new_dictionary

MAX_DIMENSIONS = 8
MAGIC = 0x1950A86A20F9469CFC6C
"""First pickle of a file of the older format, which a storage inside of a pickle is."""
PROTOCOL = 1001

_DTYPES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
}


@dataclass(frozen=True)
class Storage:
    """Numbers in a row."""

    dtype: torch.dtype
    count: int
    read: Callable[[], Bytes]
    """Their bytes, little-endian: `count` numbers of them, or ValueError."""

    @property
    def nbytes(self) -> int:
        return self.count * self.dtype.itemsize


@dataclass(frozen=True)
class TensorPlan:
    """A tensor that lies inside of its storage."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def cost(self) -> int:
        """Bytes that building it takes: of its storage, and its own."""
        return self.storage.nbytes + prod(self.size) * self.storage.dtype.itemsize

    def built(self) -> Tensor:
        """The tensor, contiguous, in memory of its own. ValueError where the storage's bytes aren't there."""
        dtype = self.storage.dtype
        if not prod(self.size):
            return torch.empty(self.size, dtype=dtype)
        data = self.storage.read()
        if len(data) != self.storage.nbytes:
            raise ValueError(f"a storage of {self.storage.count} numbers in {len(data)} bytes")
        numbers = torch.frombuffer(bytearray(data), dtype=dtype)
        view = numbers.as_strided(self.size, self.stride, self.offset)
        whole = view.numel() == numbers.numel()
        return view.contiguous() if whole else view.clone(memory_format=torch.contiguous_format)


def _plan(storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> TensorPlan:
    """torch._utils._rebuild_tensor_v2, its flags and hooks left out. ValueError for a view beyond its storage."""
    if not isinstance(storage, Storage) or not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise ValueError("a tensor without a storage, a size or a stride")
    numbers = (offset, *size, *stride)
    if len(size) != len(stride) or len(size) > MAX_DIMENSIONS or not all(map(_is_length, numbers)):
        raise ValueError("a tensor whose size, stride and place don't fit together")
    reach = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True)) + 1
    if prod(size) and reach > storage.count:
        raise ValueError(f"a tensor that reaches to number {reach} of a storage of {storage.count}")
    return TensorPlan(storage, offset, size, stride)


def _is_length(number: Any) -> bool:
    return type(number) is int and 0 <= number < 1 << 40


def _parameter(data: Any, requires_grad: Any, hooks: Any) -> TensorPlan:
    """torch._utils._rebuild_parameter"""
    if not isinstance(data, TensorPlan):
        raise ValueError("a parameter that is no tensor")
    return data


def _never_called(*arguments: Any) -> NoReturn:
    raise NotAllowedError("it calls a type of storages")


TENSOR_NAMES: Names = MappingProxyType(
    {
        ("collections", "OrderedDict"): new_dictionary,
        ("torch._utils", "_rebuild_tensor_v2"): _plan,
        ("torch._utils", "_rebuild_parameter"): _parameter,
    }
)
"""What tensors and modules name; where their storages are differs from format to format."""
STORAGE_NAMES: Names = MappingProxyType({("torch", name): _never_called for name in _DTYPES})
"""What is named where a storage is described."""


class StorageId(NamedTuple):
    """Which storage a tensor is in."""

    dtype: torch.dtype
    key: str
    length: int


def storage_id(pid: Any) -> StorageId:
    """What a persistent id says, which is ("storage", type, key, place, count, ...)."""
    if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or not isinstance(pid[1], Named):
        raise ValueError("it refers to something that is no storage")
    kind, key, count = pid[1].name.rpartition(".")[2], pid[2], pid[4]
    if kind not in _DTYPES or not isinstance(key, str) or not _is_length(count):
        raise ValueError("a storage without a type, a key or a length")
    return StorageId(_DTYPES[kind], key, count)


def load_from_bytes(budget: Budget) -> Callable[[Any], Storage]:
    """Stand-in for torch.storage._load_from_bytes, which shares the budget of the pickle around it.

    The bytes are a file of the older format with one storage: five pickles, its length, its numbers.
    """

    def read(content: Any) -> Storage:
        if not isinstance(content, Bytes):
            raise ValueError("a storage without bytes")
        tape = Tape(content, budget)
        magic, protocol, system = (Machine(tape, {}).load() for _ in range(3))
        if (magic, protocol) != (MAGIC, PROTOCOL) or not _is_little_endian(system):
            raise ValueError("a storage in another format than PyTorch's, or another byte order")
        described = Machine(tape, STORAGE_NAMES, persistent=storage_id).load()
        keys = Machine(tape, {}).load()
        if not isinstance(described, StorageId) or keys != [described.key]:
            raise ValueError("something else than one storage")
        dtype, _, count = described
        if int.from_bytes(tape.read(8), "little") != count:
            raise ValueError(f"a storage of {count} numbers that says it has another length")
        numbers = tape.view(count * dtype.itemsize)
        return Storage(dtype, count, lambda: numbers)

    return read


def build_all(plans: Mapping[str, TensorPlan], size: int) -> dict[str, Tensor]:
    """Every tensor of a file of `size` bytes. NotAllowedError if they would take far more memory than that.

    Four times the file is let pass: a storage and its copy, and each of them once more for a module with two names.
    """
    if sum(plan.cost for plan in plans.values()) > 4 * size:
        raise NotAllowedError(f"its tensors are far larger than its {size} bytes")
    return {name: plan.built() for name, plan in plans.items()}


def _is_little_endian(system: Any) -> bool:
    return isinstance(system, Mapping) and system.get("little_endian") is True
