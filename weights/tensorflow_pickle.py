"""Networks that NVlabs pickled with TensorFlow (`stylegan2-ffhq-config-f.pkl`), as arrays, without running anything.

Such a file is a tuple of generator, discriminator and the generator's average (G, D, Gs). Each is a `Network`, which
gets its state from the pickle: its variables, its parts, and the text of the Python module that builds it. The
original loader runs that text; this one keeps variables and parts, and never looks at the rest.

Source of the format: dnnlib/tflib/network.py of NVlabs/stylegan2.
"""

import mmap
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from .pickled_arrays import PickledArray, numpy_names
from .restricted_pickle import Budget, Machine, Names, Record, Tape, new_dictionary, plainly

WHAT = "a pickle of plain networks as NVlabs published them for TensorFlow"
MAX_PARTS = 100
"""Networks in networks; a generator has two."""
MAX_DEPTH = 8
MAX_NAME = 200
"""Characters of a variable's name."""


class _Network(Record):
    """What a pickle says about a network."""

    def __init__(self) -> None:
        self.variables: Any = None
        self.components: Any = None

    def accept(self, state: Any) -> None:
        self.variables, self.components = state["variables"], state["components"]


def read_tensorflow_generator(path: Path, name: str | None = None) -> dict[str, Tensor]:
    """The variables of the averaged generator: "synthesis/4x4/Conv/weight" and so on, in TensorFlow's layout.

    name: what to call the file in messages (None: its path). InputError: a pickle that asks for anything but networks,
    damaged, or forged.
    """
    where = str(path) if name is None else name
    with plainly(where, WHAT), path.open("rb") as file:
        size = path.stat().st_size
        tape = Tape(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), Budget())
        names: Names = {
            **numpy_names(tape.budget),
            ("dnnlib.tflib.network", "Network"): _Network,
            ("dnnlib.util", "EasyDict"): new_dictionary,
            ("collections", "OrderedDict"): new_dictionary,
        }
        found = Machine(tape, names).load()
        if not isinstance(found, tuple) or len(found) != 3:
            raise InputError(
                f"{where}: holds no three networks G, D, Gs; not a generator of NVlabs's TensorFlow code"
            )
        arrays = Budget(copied=size)
        return {name: _built(value, arrays) for name, value in _variables(found[2], "", 0, count(1))}


def _variables(network: Any, prefix: str, depth: int, visits: Iterator[int]) -> Iterator[tuple[str, Any]]:
    if not isinstance(network, _Network) or depth > MAX_DEPTH or next(visits) > MAX_PARTS:
        raise ValueError(f"no network at {prefix[:80]!r}")
    for name, value in network.variables:
        if not isinstance(name, str) or len(prefix) + len(name) > MAX_NAME:
            raise ValueError(f"no variable at {prefix[:80]!r}")
        yield f"{prefix}{name}", value
    for name, part in network.components.items():
        yield from _variables(part, f"{prefix}{name}/", depth + 1, visits)


def _built(value: Any, budget: Budget) -> Tensor:
    """An array, or a number alone, which NumPy pickles in another way."""
    if type(value) is float:
        return torch.tensor(value)
    if not isinstance(value, PickledArray):
        raise ValueError(f"a variable that is a {type(value).__name__}")
    return torch.from_numpy(value.built(budget))
