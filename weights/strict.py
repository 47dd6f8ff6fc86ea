"""A state dict fits a network exactly, entry for entry and all numbers finite, or it is refused with names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..errors import InputError

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
"""What floating-point weights may be stored in."""

_CALLS_AN_ENTRY = 64
"""Torch calls that building one tensor of a network may take (a convolution takes about seven)."""


def build_on_meta(module: Callable[[Any], nn.Module], config: Any, entries: int, where: str) -> nn.Module:
    """The network without memory for its tensors, all of them on the meta device.

    entries: how many tensors the file holds. A config that promises a far larger network is refused while the
    building goes on, so that a forged number can't fill the memory with modules; so is one that can't be built.
    """
    # torch switches gradients by calls that the budget may refuse: the outermost block sets them back in any case
    gradients = torch.set_grad_enabled(torch.is_grad_enabled())
    try:
        with gradients, torch.device("meta"), _Budget(_CALLS_AN_ENTRY * (entries + 64), where):
            return module(config)
    except InputError:
        raise
    except (RuntimeError, ValueError, ArithmeticError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise InputError(f"{where}: its config describes no network that can be built ({reason})") from error


class _Budget(TorchFunctionMode):
    """Lets that many calls into torch pass, in this thread, inside its block."""

    def __init__(self, calls: int, where: str) -> None:
        super().__init__()
        self.left = calls
        self.where = where

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.left -= 1
        if self.left < 0:
            raise InputError(
                f"{self.where}: its config describes a far larger network than the file holds; refused"
            )
        return func(*args, **(kwargs or {}))


def check_entries(
    expected: Mapping[str, Tensor], shapes: Mapping[str, Sequence[int]], where: str, what: str = "file"
) -> None:
    """InputError, beginning with `where`, unless `shapes` (name -> shape) has just the entries of `expected`."""
    wrong = [
        f"{name!r} is {list(shapes[name])}, should be {list(tensor.shape)}"
        for name, tensor in expected.items()
        if name in shapes and list(shapes[name]) != list(tensor.shape)
    ]
    faults = [
        _fault("unknown", [repr(name) for name in shapes if name not in expected]),
        _fault("missing", [repr(name) for name in expected if name not in shapes]),
        _fault("of the wrong shape", wrong),
    ]
    if any(faults):
        raise InputError(f"{where}: the {what} does not fit its network: {'; '.join(filter(None, faults))}")


def _fault(what: str, names: list[str]) -> str:
    if not names:
        return ""
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    entries = "entry" if len(names) == 1 else "entries"
    return f"{len(names)} {entries} {what} ({', '.join(names[:3])}{rest})"


def fitted(name: str, tensor: Tensor, expected: Tensor, dtype: torch.dtype | None, where: str) -> Tensor:
    """The tensor, in `dtype` where it holds floating-point numbers (None: as it is).

    InputError, beginning with `where`, for another sort of numbers than `expected`, and for any that is not finite
    or does not fit `dtype`. Costs one pass over the tensor, and memory only for another dtype.
    """
    floats = expected.is_floating_point()
    if tensor.dtype not in FLOATS if floats else tensor.dtype != expected.dtype:
        raise InputError(f"{where}: {name!r} holds {tensor.dtype}, should hold {expected.dtype}")
    if not floats:
        return tensor
    result = tensor if dtype is None else tensor.to(dtype)
    if not _finite(result):
        if _finite(tensor):
            raise InputError(f"{where}: {name!r} holds numbers too large for {dtype}; choose bf16 or fp32")
        raise InputError(f"{where}: {name!r} holds numbers that are not finite (NaN or infinity); refused")
    return result


def _finite(tensor: Tensor) -> bool:
    return not tensor.numel() or all(bool(extreme.isfinite()) for extreme in tensor.aminmax())
