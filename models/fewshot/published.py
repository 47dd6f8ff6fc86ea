"""What the readers of both published families share: spectral norm, shared flow networks, names."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ...errors import InputError
from ..published import Entries, State
from .config import FlowConfig

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
