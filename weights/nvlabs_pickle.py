"""Networks that NVlabs pickled whole (`ffhq.pkl` of stylegan2-ada-pytorch), without running anything in them.

In such a file every network and every layer of it is a call of `torch_utils.persistence._reconstruct_persistent_obj`
with a dictionary: the name of its class, the text of the Python module which defines it, and its state. The original
loader runs that text. This one never looks at it: a call makes a `Module` of class name and state, from which the
parameters and buffers are read under the names that a state dict would give them.

Source of the format: torch_utils/persistence.py of NVlabs/stylegan2-ada-pytorch.
"""

import mmap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

from torch import Tensor

from ..errors import InputError
from .pickled_arrays import numpy_names
from .pickled_tensors import TENSOR_NAMES, TensorPlan, build_all, load_from_bytes
from .restricted_pickle import Budget, Machine, Names, Tape, new_dictionary, plainly, printable

WHAT = "a pickle of plain networks as NVlabs published them"
MAX_DEPTH = 16
"""Modules within modules; a StyleGAN2 has four."""
MAX_MODULES = 5_000
"""Networks and layers in one network; the published ones have some 60."""
MAX_NAME = 200
"""Characters of a tensor's name."""


@dataclass(frozen=True)
class Module:
    """A network or a layer, as it was pickled."""

    class_name: str
    state: Mapping[str, Any]
    """Its attributes. Plain values, modules, tensor plans."""

    @property
    def options(self) -> Mapping[str, Any]:
        """What its constructor was called with by name: sizes, `conv_clamp`, ..., as they stand in the file."""
        options = self.state.get("_init_kwargs")
        return MappingProxyType(options) if isinstance(options, dict) else {}


@dataclass(frozen=True, eq=False)
class Network:
    """A network of a file."""

    class_name: str
    options: Mapping[str, Any]
    state: dict[str, Tensor]
    """Parameters and buffers, in the order of a state dict."""


def read_networks(
    path: Path, wanted: Collection[str] = ("G_ema",), name: str | None = None
) -> dict[str, Network]:
    """The networks with these names; of others no tensor is read.

    name: what to call the file in messages (None: its path). InputError: no file, a pickle that asks for anything but
    networks, damaged, forged, or without one of the names.
    """
    where = str(path) if name is None else name
    if not path.is_file():
        raise InputError(f"{where}: no such file")
    with plainly(where, WHAT), path.open("rb") as file:
        size = path.stat().st_size
        tape = Tape(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), Budget())
        names = {
            **module_names(tape.budget),
            ("torch.storage", "_load_from_bytes"): load_from_bytes(tape.budget),
        }
        found = Machine(tape, names).load()
        if not isinstance(found, dict):
            raise ValueError(f"it holds a {type(found).__name__}")
        modules = {name: module for name, module in found.items() if isinstance(module, Module)}
        missing = [name for name in wanted if name not in modules]
        if missing:
            there = ", ".join(map(str, modules))[:200] or "none"
            raise InputError(f"{where}: holds no network {missing[0]}; it holds {printable(there)}")
        return {name: network(modules[name], size) for name in wanted}


def module_names(budget: Budget) -> Names:
    """What pickled networks name, wherever their storages are. budget: that of the tape."""
    return {
        **numpy_names(budget),
        **TENSOR_NAMES,
        ("torch_utils.persistence", "_reconstruct_persistent_obj"): _module,
        ("dnnlib.util", "EasyDict"): new_dictionary,
        ("builtins", "set"): _set,
        ("__builtin__", "set"): _set,
    }


def _module(meta: Any) -> Module:
    name, state = meta["class_name"], meta["state"]
    if meta["type"] != "class" or not isinstance(name, str) or not isinstance(state, dict):
        raise ValueError("a network without a class or a state")
    return Module(name, state)


def _set(entries: Any) -> list[Any]:
    """Which buffers are not stored, and the like; nobody asks for it."""
    if type(entries) is not list:
        raise ValueError(f"a set of a {type(entries).__name__}")
    return entries


def network(module: Module, size: int) -> Network:
    """A pickled network with its tensors. size: bytes of the file, which bound them."""
    plans = dict(_entries(module, "", 0, count(1)))
    return Network(module.class_name, module.options, build_all(plans, size))


def _entries(module: Any, prefix: str, depth: int, visits: Iterator[int]) -> Iterator[tuple[str, TensorPlan]]:
    """Parameters, then buffers, then those of the modules inside, as `state_dict` has them."""
    if not isinstance(module, Module) or depth > MAX_DEPTH or next(visits) > MAX_MODULES:
        raise ValueError(f"no network of layers at {prefix[:80]!r}")
    for group in ("_parameters", "_buffers"):
        for name, plan in module.state[group].items():
            if len(prefix) + len(name) > MAX_NAME or not isinstance(plan, TensorPlan | None):
                raise ValueError(f"no tensor at {prefix[:80]}{name[:40]}")
            if plan is not None:
                yield f"{prefix}{name}", plan
    for name, inner in module.state["_modules"].items():
        if inner is not None:
            yield from _entries(inner, f"{prefix}{name}.", depth + 1, visits)
