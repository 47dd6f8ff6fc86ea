"""What the temporal discriminators are asked: groups of frames of a clip, which may reach back over several chunks.

Source: Wang et al. 2018, 3.2; NVIDIA/vid2vid at 2e6d137, `train.py`, `models/vid2vid_model_D.py`. Different here: flow
over several frames is put together from the known flow of single frames; the reference estimates it anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..models.flow.chain import chained_flow
from .chunks import Chunk
from .clips import Batch
from .objectives import Case
from .recipe import TemporalConfig
from .temporal import FrameGroups, Group, gather, temporal_input


@dataclass(frozen=True, eq=False)
class Memory:
    """The generated frames of a clip that later groups may contain."""

    start: int
    """Number of the clip's first generated frame; groups count from it."""
    groups: FrameGroups
    frames: Mapping[int, Tensor]
    """By their place in the groups, `[b 3 h w]`, without gradient."""


def empty_memory(config: TemporalConfig, start: int) -> Memory:
    """Before the first generated frame, which has number `start`."""
    return Memory(start, FrameGroups(config.frames, config.scales, config.sparse), {})


def motion_cases(memory: Memory, chunk: Chunk) -> tuple[Memory, list[Case | None]]:
    """The state after a chunk, and for every temporal scale what is to be told apart; None where no group is whole."""
    groups, found = memory.groups.push(len(chunk.frames))
    places = [t - memory.start for t in chunk.frames]
    generated = dict(memory.frames) | dict(zip(places, chunk.frame.unbind(1), strict=True))
    cases = [_case(chunk.clip, memory.start, generated, each) if each else None for each in found]
    kept = {place: frame.detach() for place, frame in generated.items() if place in groups.kept}
    return Memory(memory.start, groups, kept), cases


def _case(clip: Batch, start: int, generated: Mapping[int, Tensor], groups: Sequence[Group]) -> Case:
    places = sorted({place for group in groups for place in group})
    real = {place: clip["pictures"][:, start + place] for place in places}
    flows = torch.stack([_flows(clip, start, group) for group in groups], 1).flatten(0, 1)
    shown = (temporal_input(gather(frames, groups), flows) for frames in (real, generated))
    return Case(next(shown), ((1.0, next(shown)),))


def _flows(clip: Batch, start: int, group: Group) -> Tensor:
    """From each frame of a group but the first to the one before it in the group, `[b n-1 2 h w]` pixels."""
    flow = clip["flow"]
    pairs = zip(group[1:], group, strict=False)
    return torch.stack(
        [chained_flow([flow[:, start + t] for t in range(late, early, -1)]) for late, early in pairs], 1
    )
