"""Other people's PyTorch checkpoints as plain tensors. No code in them is ever run: `torch.load(weights_only=True)`.

Both formats of `torch.save` are read. The newer one (a zip) is mapped: memory is used when a tensor is, and a storage
that lies about its size can't reach beyond the file. The older one is read into memory, each storage only after the
sum of what is declared was held against the size of the file.
"""

import re
import zipfile
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from .archive import is_zip, open_zip

MAX_PICKLE = 16 << 20
"""Bytes of a checkpoint's pickle, which holds names and shapes only."""
DTYPES = (
    torch.float32, torch.float16, torch.bfloat16, torch.float64,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
)  # fmt: skip

NETWORKS = ("state_dict", "net_G", "g_ema", "model")
"""Keys under which checkpoints hold the network that is asked for, among others."""
ALONE = "tensor"
"""What a tensor is called that is all there is in a file."""
BESIDE = ("latent_avg",)
"""Tensors that belong to it, but lie beside it: the average code of StyleGAN2 and of encoders for it."""

Guard = Callable[[Any, str], Any]
"""What `torch.load` calls for each storage it has made, before it fills or uses it."""


def is_torch_zip(path: Path) -> bool:
    """Whether a zip is one checkpoint (and not an archive of checkpoints)."""
    with open_zip(path) as archive:
        return any(name.rpartition("/")[2] == "data.pkl" for name in archive.namelist())


def read_state(path: Path, name: str | None = None) -> dict[str, Tensor]:
    """The state dict in a checkpoint: the tensors themselves, or those under the first of `NETWORKS` that it has.

    To these come the tensors of `BESIDE`; a tensor that is alone in its file is called `ALONE`. What else is in it
    (discriminators, optimisers) is not read where the file can be mapped.

    name: what to call the file in messages (None: its path). InputError: a pickle that asks for more than tensors, a
    damaged or cut file, a storage that is not there in its declared size, an entry that is not a dense tensor.
    """
    where = str(path) if name is None else name
    if path.is_dir():
        raise InputError(f"{where}: is a folder; name the checkpoint files in it")
    if not path.exists():
        raise InputError(f"{where}: no such file")
    if not path.stat().st_size:
        raise InputError(f"{where}: the file is empty; get it again")
    loaded = _load(path, where)
    if isinstance(loaded, Tensor):
        loaded = {ALONE: loaded}
    for entry in NETWORKS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(entry), Mapping):
            beside = {name: loaded[name] for name in BESIDE if name in loaded}
            loaded = {**loaded[entry], **beside}
            break
    if not isinstance(loaded, Mapping) or not loaded:
        raise InputError(
            f"{where}: holds a {type(loaded).__name__}, not named tensors; not a checkpoint of ours"
        )
    return _plain(loaded, path.stat().st_size, where)


def _load(path: Path, where: str) -> Any:
    mapped = is_zip(path)
    guard = _record_guard(path, where) if mapped else _total_guard(path.stat().st_size, where)
    try:
        with _options_allowed():
            return torch.load(path, map_location=guard, weights_only=True, mmap=mapped)
    except InputError:
        raise
    except Exception as error:  # a broken pickle makes its reader raise anything: all of it means the same
        raise InputError(f"{where}: {_reason(error)}") from error


def _options_allowed() -> AbstractContextManager[None]:
    """Inside the block a checkpoint may hold an `argparse.Namespace`, as relatives of e4e do for their options.

    It is an object with attributes and runs nothing; nobody here looks at it. Needs PyTorch 2.5: an older one refuses
    such files.
    """
    if not hasattr(torch.serialization, "safe_globals"):
        return nullcontext()
    allowed: AbstractContextManager[None] = torch.serialization.safe_globals([Namespace])
    return allowed


def _reason(error: Exception) -> str:
    """What an error of `torch.load` says about the file."""
    wanted = re.search(r"GLOBAL (\S+)", str(error))
    if wanted:
        return f"not plain weights: it asks for {wanted.group(1)[:80]}, which could run anything; nothing was run"
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return "asks for more memory than there is; free some, or get the file again if it is not that large"
    return f"not a PyTorch checkpoint, or cut short or damaged ({type(error).__name__}); get the file again"


def _record_guard(path: Path, where: str) -> Guard:
    """For the zip format: refuses what PyTorch never writes, then every storage that is not a whole record."""
    with open_zip(path) as archive:
        check_records(archive, where)
        sizes = {member.file_size for member in archive.infolist()}

    def check(storage: torch.UntypedStorage, location: str) -> torch.UntypedStorage:
        if storage.nbytes() and storage.nbytes() not in sizes:
            raise InputError(f"{where}: a tensor's data is declared larger than what the file holds; refused")
        return storage

    return check


def check_records(archive: zipfile.ZipFile, where: str) -> None:
    """InputError, beginning with `where`, for an archive that PyTorch doesn't write for weights."""
    members = archive.infolist()
    if any(member.filename.rpartition("/")[2] == "constants.pkl" for member in members):
        raise InputError(
            f"{where}: a TorchScript program, not weights; save its state_dict() with torch.save"
        )
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise InputError(
                f"{where}: {member.filename[:80]!r} in it is compressed, as PyTorch never does; refused"
            )
        if member.filename.endswith(".pkl") and member.file_size > MAX_PICKLE:
            raise InputError(
                f"{where}: its pickle has {member.file_size} bytes, more than {MAX_PICKLE}; refused"
            )


def _total_guard(size: int, where: str) -> Guard:
    """For the older format: all storages together can't be larger than the file. Unfilled ones use no memory yet."""
    left = size

    def check(storage: torch.UntypedStorage, location: str) -> torch.UntypedStorage:
        nonlocal left
        left -= storage.nbytes()
        if left < 0:
            raise InputError(
                f"{where}: declares more data than its {size} bytes: cut short, or forged; refused"
            )
        return storage

    return check


def _plain(loaded: Mapping[Any, Any], size: int, where: str) -> dict[str, Tensor]:
    """Name -> dense tensor, all of them no larger than the file (an expanded view could be, once it is written).

    Twice the file is let pass: a module that was saved under two names is in it once.
    """
    state: dict[str, Tensor] = {}
    for key, value in loaded.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise InputError(f"{where}: entry {str(key)[:80]!r} is a {type(value).__name__}, not a tensor")
        if value.layout is not torch.strided or value.dtype not in DTYPES or value.device.type != "cpu":
            raise InputError(f"{where}: entry {key[:80]!r} is not a dense tensor of plain numbers")
        state[key] = value.detach()
    if sum(tensor.nbytes for tensor in state.values()) > 2 * size:
        raise InputError(f"{where}: its tensors are larger than the file's {size} bytes; refused")
    return state
