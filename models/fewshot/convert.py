"""Published few-shot generators in our layout: which family a state dict is of, and where each entry goes.

Both families are read by keys and shapes. Spectral norm is folded into the weights with the vectors that are stored: a
matrix's true norm would be another number. Entries that no rule takes are an error.
Source of the layouts: NVlabs/few-shot-vid2vid at 009e23f, NVlabs/imaginaire at c6f7484.
"""

from collections.abc import Mapping

from torch import Tensor

from ...errors import InputError
from ..published import State
from .config import FewShotConfig
from .convert_imaginaire import from_imaginaire
from .convert_nvlabs import from_nvlabs

NVLABS_MARK, IMAGINAIRE_MARK = "ref_img_first.conv.bias", "weight_generator.ref_img_first.layers.conv.bias"
AVERAGED, LEARNT, ALONE = "module.averaged_model.", "module.module.", "module."
"""Prefixes of imaginaire: of the weights' moving average and of the weights beside it, of weights that have none."""


def convert(states: Mapping[str, State], averaged: bool = True) -> tuple[FewShotConfig, dict[str, Tensor]]:
    """One file, by its name -> config and state in our layout.

    averaged: of an imaginaire file that holds both, take the moving average, as its own inference does; False: the
    weights that it is the average of. InputError for files that are something else, or of older versions.
    """
    if len(states) != 1:
        raise InputError(
            f"a few-shot generator is one file; got {', '.join(states) or 'none'}: give the one named ..._net_G.pth, "
            "or imaginaire's checkpoint"
        )
    name, state = next(iter(states.items()))
    if NVLABS_MARK in state:
        return from_nvlabs(name, state)
    if f"{AVERAGED}{IMAGINAIRE_MARK}" in state and not averaged:
        return from_imaginaire(name, _below(state, LEARNT))
    for prefix in (AVERAGED, LEARNT, ALONE, ""):
        if f"{prefix}{IMAGINAIRE_MARK}" in state:
            return from_imaginaire(name, _below(state, prefix))
    raise InputError(
        f"{name}: not a few-shot vid2vid generator; its first entries are {', '.join(list(state)[:3])}"
    )


def convert_learnt(states: Mapping[str, State]) -> tuple[FewShotConfig, dict[str, Tensor]]:
    """`convert` to the weights that imaginaire's moving average was made of."""
    return convert(states, averaged=False)


def _below(state: State, prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
