"""A published file of any layout as named tensors: PyTorch's checkpoints, whole pickled generators, NumPy's arrays.

Which reader a file needs follows from how it begins and what its pickle says; none of them runs anything in it.
"""

import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from ..models.faces.stylegan2.convert import CLAMP
from .file import open_weights
from .nvlabs_pickle import Network, read_networks
from .stit_file import is_tuned_model, read_tuned_model
from .tensorflow_pickle import read_tensorflow_generator
from .torch_file import ALONE, read_state
from .vector_files import NUMPY_MAGIC, named_array, read_statistics, read_vector_file

ZIP, PICKLE = b"PK", b"\x80"
TORCH_MAGIC = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
"""What PyTorch's older format has after the protocol: a pickle with a number of its own."""
_AS_PUBLISHED: Mapping[str, Any] = {
    "architecture": "skip",
    "activation": "lrelu",
    "lr_multiplier": 0.01,
    "use_noise": True,
}
"""Options that change what a generator of NVlabs computes, and that no tensor tells."""


def read_published(path: Path, name: str | None = None) -> dict[str, Tensor]:
    """The state dict of the network that people want of a file; of NVlabs's and STIT's that of the generator. Arrays
    come under the names that `models.faces.direction_convert` knows.

    name: what to call the file in messages (None: its path). InputError: see the readers.
    """
    where = str(path) if name is None else name
    start = _start(path)
    if path.suffix.lower() == ".safetensors":
        return _safetensors(path)
    if start.startswith(NUMPY_MAGIC):
        return read_vector_file(path, where)
    if start.startswith(ZIP) and is_tuned_model(path):
        return _with_options(read_tuned_model(path, name).generator, where)
    if not start.startswith(PICKLE) or start[2:] == TORCH_MAGIC:
        return _checkpoint(path, where)
    if _holds(path, b"_reconstruct_persistent_obj"):
        return _with_options(read_networks(path, name=name)["G_ema"], where)
    if _holds(path, b"dnnlib.tflib.network"):
        return read_tensorflow_generator(path, name)
    return read_statistics(path, where)


def _safetensors(path: Path) -> dict[str, Tensor]:
    with open_weights(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping


def _start(path: Path) -> bytes:
    """Of the file; empty where there is none."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(2 + len(TORCH_MAGIC))


def _holds(path: Path, name: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(name) >= 0


def _checkpoint(path: Path, where: str) -> dict[str, Tensor]:
    state = read_state(path, where)
    return named_array(state[ALONE], where) if set(state) == {ALONE} else state


def _with_options(generator: Network, where: str) -> dict[str, Tensor]:
    """The generator's state, and what its options say as one more entry. InputError for options that we don't have."""
    parts = [
        generator.options,
        *(generator.options.get(part) for part in ("mapping_kwargs", "synthesis_kwargs")),
    ]
    options = {name: value for part in parts if isinstance(part, Mapping) for name, value in part.items()}
    for name, published in _AS_PUBLISHED.items():
        if options.get(name, published) != published:
            raise InputError(
                f"{where}: was trained with another {name} than the published generators; not supported"
            )
    clamp = options.get("conv_clamp")
    if clamp is None:
        return generator.state
    if type(clamp) not in (int, float) or not 0 < clamp < 1e9:
        raise InputError(f"{where}: its conv_clamp is no number; the file is damaged: get it again")
    return {**generator.state, CLAMP: torch.tensor(float(clamp))}
