"""The published FlowNet2 checkpoint in our layout.

Source of the layout: NVIDIA/vid2vid at 2e6d137, `models/flownet2_pytorch` (FlowNet2_checkpoint.pth.tar, the networks
without batch norm).
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from torch import Tensor

from ...errors import InputError
from .flownet2 import FlowNet2Config

NETWORKS = {
    "flownetc": "matcher",
    "flownets_1": "improver1",
    "flownets_2": "improver2",
    "flownets_d": "small_motions",
    "flownetfusion": "fusion",
}
"""Prefix in the published file -> prefix in ours."""
_SIGN = "flownets_d.conv0.0.weight"


def convert(states: Mapping[str, Mapping[str, Tensor]]) -> tuple[FlowNet2Config, dict[str, Tensor]]:
    """One file, by its name -> config and state in our layout. InputError for files that are something else."""
    if len(states) != 1:
        raise InputError(f"FlowNet2 is one file; got {', '.join(states) or 'none'}")
    name, state = next(iter(states.items()))
    if _SIGN not in state:
        raise InputError(f"{name}: not FlowNet2; its first entries are {', '.join(list(state)[:3])}")
    rules = dict(renames())
    ours = {}
    for key, value in state.items():
        module, _, leaf = key.rpartition(".")
        if module not in rules:
            raise InputError(f"{name}: unexpected entry {key!r}; not the published layout of FlowNet2")
        ours[f"{rules[module]}.{leaf}"] = value
    return FlowNet2Config(filters=state[_SIGN].shape[0]), ours


def renames() -> Iterator[tuple[str, str]]:
    """Module in the published file -> module in ours, all of them."""
    for theirs, ours in NETWORKS.items():
        for their_module, our_module in _network_rules(theirs):
            yield f"{theirs}.{their_module}", f"{ours}.{our_module}"


def _network_rules(network: str) -> Iterator[tuple[str, str]]:
    if network == "flownetc":
        yield from ((f"conv{i + 1}.0", f"stem.{i}.0") for i in range(3))
        yield "conv_redir.0", "redirect.0"
        yield "conv3_1.0", "merge.0"
        yield from _stage_rules(range(4, 7), 4)
        yield from _refinement_rules(range(6, 1, -1))
    elif network == "flownetfusion":
        yield from _stage_rules(range(3), 0)
        yield from _refinement_rules(range(2, -1, -1))
    else:
        yield from _stage_rules(range(7), 0 if network == "flownets_d" else 1)
        yield from _refinement_rules(range(6, 1, -1))


def _stage_rules(levels: range, first: int) -> Iterator[tuple[str, str]]:
    """Level n has one convolution, or two; `first`: the level that is our stage 0."""
    for level in levels:
        yield f"conv{level}.0", f"stages.{level - first}.0"
        yield f"conv{level}_1.0", f"stages.{level - first}.2"


def _refinement_rules(levels: range) -> Iterator[tuple[str, str]]:
    yield f"predict_flow{levels[0]}", "refinement.first"
    for i, (coarse, fine) in enumerate(pairwise(levels)):
        step = f"refinement.steps.{i}"
        yield f"deconv{fine}.0", f"{step}.features.0"
        yield f"upsampled_flow{coarse}_to_{fine}", f"{step}.flow"
        yield f"inter_conv{fine}.0", f"{step}.smooth"
        yield f"predict_flow{fine}", f"{step}.predict"
