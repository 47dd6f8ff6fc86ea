"""One file of weights: safetensors, whose metadata says everything that is needed to build the network.

Reading maps the file: a tensor's bytes come into memory when they are used, and are the system's cache, not ours.
Writing holds the tensors it is given and, for another dtype, their copy in that dtype.
"""

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import InputError
from .architectures import ARCHITECTURES, Architectures, find_architecture, identify
from .config_json import from_json, to_json
from .devices import fastest_layout
from .metadata import Metadata
from .strict import build_on_meta, check_entries, fitted

MAX_HEADER = 8 << 20
"""Bytes of names, shapes and metadata before the first tensor; ours need some 100 kB."""

DTYPE_NAMES = {"F64": "fp64", "F32": "fp32", "F16": "fp16", "BF16": "bf16", "I64": "int64", "I32": "int32"}


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of a file."""

    dtype: str
    """As `DTYPE_NAMES` writes it."""
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class WeightsInfo:
    """What a file says about itself; its tensors are not read."""

    path: Path
    architecture: str
    config: Any
    """Instance of the architecture's config class."""
    licence: str
    source: str
    notes: str
    tensors: Mapping[str, TensorInfo]
    bytes: int
    """Size of the file."""

    @property
    def parameters(self) -> int:
        """Numbers in all tensors together."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())

    @property
    def dtype(self) -> str:
        """Of the tensors: "fp16", or "fp32, int64" where there are several."""
        return ", ".join(sorted({tensor.dtype for tensor in self.tensors.values()}))


def inspect(path: Path, *, architectures: Architectures = ARCHITECTURES) -> WeightsInfo:
    """What a file of weights holds. InputError for anything that is not a whole file of ours."""
    path = Path(path)
    with open_weights(path) as file:
        metadata = Metadata.from_header(file.metadata(), str(path))
        tensors = {}
        for name in file.keys():  # noqa: SIM118 - not a mapping
            part = file.get_slice(name)
            code = part.get_dtype()
            tensors[name] = TensorInfo(DTYPE_NAMES.get(code, code.lower()), tuple(part.get_shape()))
    architecture = find_architecture(metadata.architecture, architectures, str(path))
    config: Any = from_json(architecture.config, metadata.config, f"{path}: config")
    return WeightsInfo(
        path,
        metadata.architecture,
        config,
        metadata.licence,
        metadata.source,
        metadata.notes,
        tensors,
        path.stat().st_size,
    )


def read(
    path: Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    *,
    architectures: Architectures = ARCHITECTURES,
) -> nn.Module:
    """The network of a file, in evaluation mode, its floating-point tensors in `dtype` (None: as in the file).

    Every entry must be there, no other may be, each in its shape and finite: else InputError that names them.
    Convolution weights lie in memory as `devices.fastest_layout` says. Memory: one tensor beyond the network.
    """
    info = inspect(path, architectures=architectures)
    where = str(path)
    architecture = find_architecture(info.architecture, architectures, where)
    module = build_on_meta(architecture.module, info.config, len(info.tensors), where)
    expected = module.state_dict()
    check_entries(expected, {name: tensor.shape for name, tensor in info.tensors.items()}, where)
    with open_weights(path) as file:
        state = {
            name: _placed(fitted(name, file.get_tensor(name), empty, dtype, where), torch.device(device))
            for name, empty in expected.items()
        }
    module.load_state_dict(state, strict=True, assign=True)
    left = [name for name, buffer in module.named_buffers() if buffer.is_meta]
    if left:
        raise TypeError(
            f"{type(module).__name__} keeps {left} out of its state dict, so no file can bring them"
        )
    return module.eval()


def _placed(tensor: Tensor, device: torch.device) -> Tensor:
    """On the device, a convolution's weights in the layout that is fastest there."""
    tensor = tensor.to(device)
    return (
        tensor.contiguous(memory_format=fastest_layout(device, tensor.dtype)) if tensor.dim() == 4 else tensor
    )


def save(
    path: Path,
    module: nn.Module,
    *,
    licence: str,
    source: str,
    notes: str = "",
    dtype: torch.dtype | None = None,
    architectures: Architectures = ARCHITECTURES,
) -> None:
    """Write a network with everything that `read` needs; the file appears under its name when it is whole.

    dtype: of the floating-point tensors in the file (None: as they are). InputError for numbers that are not finite.
    """
    metadata = Metadata(identify(module, architectures), to_json(module.config), licence, source, notes)
    write(path, module.state_dict(), module.state_dict(), metadata, dtype)


def write(
    path: Path,
    state: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    metadata: Metadata,
    dtype: torch.dtype | None = None,
) -> None:
    """Write a state dict that has just the entries and shapes of `expected`, atomically: see `save`."""
    check_entries(expected, {name: tensor.shape for name, tensor in state.items()}, str(path), "state")
    header = metadata.to_header()
    tensors: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in state.items():
        plain = fitted(name, tensor.detach(), expected[name], dtype, str(path)).cpu().contiguous()
        shared = plain.untyped_storage().data_ptr() in seen
        tensors[name] = plain.clone() if shared or plain.untyped_storage().nbytes() > plain.nbytes else plain
        seen.add(plain.untyped_storage().data_ptr())
    with replacing(path) as temporary:
        try:
            save_file(tensors, temporary, header)
        except SafetensorError as error:
            raise InputError(f"{path}: could not be written ({error}); is the disk full?") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write; it takes the name `path` when the block ends well, else it goes."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb"):
            mode = temporary.stat().st_mode
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror}); choose another folder") from error
    try:
        yield temporary
        temporary.chmod(mode)  # safetensors makes its files readable by their owner alone
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def open_weights(path: Path) -> Iterator[Any]:
    """A safetensors file, whatever it holds, as `safe_open` gives it (which has no types), its header bounded.

    InputError for what is none, or not whole.
    """
    _check_start(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            yield file
    except SafetensorError as error:
        raise InputError(f"{path}: cut short or damaged ({error}); get the file again") from error


def _check_start(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a .safetensors file")
    if not path.exists():
        raise InputError(f"{path}: no such file")
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(9)
    if not size:
        raise InputError(f"{path}: the file is empty; get it again")
    header = int.from_bytes(start[:8], "little")
    if start[8:9] == b"{" and 2 <= header <= size - 8:
        if header > MAX_HEADER:
            raise InputError(f"{path}: its header has {header} bytes, more than {MAX_HEADER}; refused")
        return
    if start.startswith((b"PK", b"\x80")):
        raise InputError(
            f"{path}: a PyTorch checkpoint or an archive, which is never loaded as it is; first: "
            f"maliang weights convert {path} --out NEW.safetensors"
        )
    raise InputError(f"{path}: not a safetensors file, or cut short; get the file again")
