"""What the readers of both published families share: spectral norm, entries that are taken one by one, names."""

import re
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from ...errors import InputError
from .config import FlowConfig

State = Mapping[str, Tensor]
"""One published file: name -> tensor."""

KINDS = {1: "face", 6: "pose", 20: "street"}
"""What published networks were trained on, by the channels of their label maps."""
STREET_PALETTE = "cityscapes_fewshot"
"""20 classes: 19 that are told apart, then all the rest."""


def fold_spectral(state: State) -> dict[str, Tensor]:
    """Weights divided by the norm that the stored vectors give, u . (W v); counters are left out."""
    folded = {}
    for name, value in state.items():
        module, _, leaf = name.rpartition(".")
        if leaf == "weight_orig":
            u, v = (state.get(f"{module}.weight_{vector}") for vector in "uv")
            if u is None or v is None:
                raise InputError(
                    f"{name}: its spectral norm's weight_u or weight_v is missing; get the file again"
                )
            folded[f"{module}.weight"] = value / torch.dot(u, torch.mv(value.flatten(1), v))
        elif leaf not in ("weight_u", "weight_v", "num_batches_tracked"):
            folded[name] = value
    return folded


class Entries:
    """The entries of a file, each of which is taken once, and our names for them."""

    def __init__(self, file: str, state: State) -> None:
        self.file = file
        self.left = dict(state)
        self.ours: dict[str, Tensor] = {}

    def has(self, start: str) -> bool:
        """Whether an entry that begins so is left."""
        return any(name.startswith(start) for name in self.left)

    def shape(self, name: str) -> torch.Size:
        """Of an entry, which stays."""
        return self._find(name).shape

    def count(self, pattern: str) -> int:
        """How many different numbers stand where `pattern` has its group."""
        return len({match.group(1) for name in self.left if (match := re.match(pattern, name))})

    def take(self, name: str) -> Tensor:
        value = self._find(name)
        del self.left[name]
        return value

    def move(self, theirs: str, ours: str) -> None:
        """The entries of one module, weight and bias, under our name."""
        for leaf in ("weight", "bias"):
            self.ours[f"{ours}.{leaf}"] = self.take(f"{theirs}.{leaf}")

    def drop(self, start: str) -> None:
        """Leave out what nothing uses."""
        for name in [name for name in self.left if name.startswith(start)]:
            del self.left[name]

    def finish(self) -> dict[str, Tensor]:
        """Our state, when everything has found its place. InputError for what has not."""
        if self.left:
            some = ", ".join(list(self.left)[:3])
            raise InputError(
                f"{self.file}: {len(self.left)} entries that a published layout does not have ({some}); it was "
                "trained with other options"
            )
        return self.ours

    def _find(self, name: str) -> Tensor:
        if name not in self.left:
            raise InputError(
                f"{self.file}: entry {name!r} is missing; trained with other options, or cut short"
            )
        return self.left[name]


def share_flow(file: str, state: dict[str, Tensor], exemplar: str, past: str) -> bool:
    """Take a flow network that was saved under two names out of `state` once, as `past`; True if there are two.

    exemplar, past: the prefixes.
    """
    theirs = [name.removeprefix(exemplar) for name in state if name.startswith(exemplar)]
    twice = [name for name in theirs if past + name in state]
    if theirs and not twice:
        for name in theirs:
            state[past + name] = state.pop(exemplar + name)
        return False
    if twice != theirs:
        raise InputError(f"{file}: {exemplar} and {past} are not of one shape; trained with other options")
    if not all(_same(state[exemplar + name], state[past + name]) for name in theirs):
        return True
    for name in theirs:
        del state[exemplar + name]
    return False


def _same(a: Tensor, b: Tensor) -> bool:
    return a is b or torch.equal(a, b)


def flow_config(entries: Entries, first: str, downs: int, blocks: int) -> FlowConfig:
    """first: the entry of the first convolution's weights. The gain is not in the file: all published ones have 20."""
    return FlowConfig(filters=entries.shape(first)[0], downsamplings=downs, blocks=blocks, gain=20.0)


def downwards(count: int) -> Iterator[tuple[int, int]]:
    """Our index on the way up from the bottleneck, and theirs, which is the level."""
    yield from enumerate(range(count - 1, -1, -1))
