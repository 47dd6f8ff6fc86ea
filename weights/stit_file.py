"""What STIT's `train.py` leaves behind (`model_<run>.pt`): a tuned generator, and codes and boxes of its clip.

It is PyTorch's newer format, a zip whose `data.pkl` names a record for every storage. The generator in it is pickled
whole, as in `nvlabs_pickle`, which is why `torch.load(weights_only=True)` refuses such files.

Source of the format: rotemtzaban/STIT fac087f, train.py.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .archive import is_zip, open_zip
from .nvlabs_pickle import Module, Network, module_names, network
from .pickled_arrays import PickledArray
from .pickled_tensors import STORAGE_NAMES, Storage, TensorPlan, build_all, storage_id
from .restricted_pickle import Budget, Machine, Tape, plainly
from .torch_file import MAX_PICKLE, check_records

WHAT = "a plain tuned model of STIT"


@dataclass(frozen=True, eq=False)
class TunedModel:
    """A generator that was tuned on a clip."""

    generator: Network
    pivots: Tensor
    """Codes of its frames, float32 `[frames rows w]`."""
    quads: Tensor
    """Corners of each crop, top left, bottom left, bottom right, top right, as x and y in pixels of the frame,
    float64 `[frames 4 2]`."""


def is_tuned_model(path: Path) -> bool:
    """Whether a zip of PyTorch's says that it holds a network as NVlabs pickles them. Nothing of it is carried out."""
    with open_zip(path) as archive:
        record = next((member for member in archive.infolist() if _is_pickle(member.filename)), None)
        if record is None or record.file_size > MAX_PICKLE or record.compress_type != zipfile.ZIP_STORED:
            return False
        return b"_reconstruct_persistent_obj" in archive.read(record)


def read_tuned_model(path: Path, name: str | None = None) -> TunedModel:
    """Generator, codes and boxes.

    name: what to call the file in messages (None: its path). InputError: no file, a pickle that asks for anything but
    this, damaged or forged.
    """
    where = str(path) if name is None else name
    if not path.is_file():
        raise InputError(f"{where}: no such file")
    if not is_zip(path):
        raise InputError(f"{where}: not a model_<run>.pt of STIT, which would be a zip of PyTorch's")
    with plainly(where, WHAT), open_zip(path) as archive:
        size = path.stat().st_size
        check_records(archive, where)
        folder = _folder(archive)
        tape = Tape(archive.read(f"{folder}/data.pkl"), Budget())
        names = {**module_names(tape.budget), **STORAGE_NAMES}
        found = Machine(tape, names, persistent=_storages(archive, folder)).load()
        generator, pivots, quads = (found[name] for name in ("generator", "pivots", "quads"))
        if not isinstance(generator, Module) or not isinstance(pivots, TensorPlan):
            raise ValueError("a generator or pivots of another kind")
        codes = build_all({"pivots": pivots}, size)["pivots"]
        return TunedModel(network(generator, size), codes, _quads(quads, codes, tape.budget))


def _folder(archive: zipfile.ZipFile) -> str:
    (name,) = filter(_is_pickle, archive.namelist())
    return name.removesuffix("/data.pkl")


def _is_pickle(name: str) -> bool:
    return name.endswith("/data.pkl")


def _storages(archive: zipfile.ZipFile, folder: str) -> Callable[[Any], Storage]:
    """Persistent id -> the storage whose numbers are a record of the archive."""

    def storage(pid: Any) -> Storage:
        dtype, key, count = storage_id(pid)
        record = archive.getinfo(f"{folder}/data/{key}")
        if record.file_size != count * dtype.itemsize:
            raise ValueError(f"a storage of {count} numbers in a record of {record.file_size} bytes")
        return Storage(dtype, count, lambda: archive.read(record))

    return storage


def _quads(arrays: Any, codes: Tensor, budget: Budget) -> Tensor:
    if codes.dim() != 3 or not isinstance(arrays, list) or len(arrays) != len(codes):
        raise ValueError(f"codes {list(codes.shape)} that don't belong to boxes")
    if not all(isinstance(array, PickledArray) for array in arrays):
        raise ValueError("boxes that are no arrays")
    quads = np.stack([array.built(budget) for array in arrays]).astype(np.float64)
    if quads.shape[1:] != (4, 2):
        raise ValueError(f"boxes {list(quads.shape)}")
    return torch.from_numpy(quads)
