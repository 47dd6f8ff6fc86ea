"""Which frames the temporal discriminators look at: groups of frames, further apart at every scale.

Source: Wang et al. 2018, 3.2; NVIDIA/vid2vid at 2e6d137, `models/vid2vid_model_D.py` (get_skipped_frames,
get_skipped_frames_sparse). At scale s the frames of a group are `frames ** s` apart. Dense: groups end at the newest
frame, and every `frames` frames before it, as far as new frames reach. Sparse: the clip is thinned to every
`frames ** s`th frame, and successive groups share no frame beyond the last of the one before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

FLOW_UNIT = 20
"""Flows are divided by this before a discriminator sees them."""

Group = tuple[int, ...]
"""Numbers of frames in a clip, ascending."""


@dataclass(frozen=True)
class FrameGroups:
    """How far a clip has come; `push` gives the next state. Begin with `FrameGroups(frames, scales, sparse)`."""

    frames: int
    """Of a group, at least 2."""
    scales: int
    sparse: bool
    count: int = 0
    """Frames of the clip so far."""
    waiting: tuple[Group, ...] = ()
    """Sparse: the frames of each scale that later groups will need."""

    def push(self, new: int) -> tuple["FrameGroups", tuple[tuple[Group, ...], ...]]:
        """After `new` more frames of the clip: the next state, and for every scale its groups, perhaps none."""
        after = replace(self, count=self.count + new)
        if not self.sparse:
            return after, tuple(self._dense(s, new) for s in range(self.scales))
        taken = [self._sparse(s, new) for s in range(self.scales)]
        return replace(after, waiting=tuple(w for w, _ in taken)), tuple(groups for _, groups in taken)

    @property
    def kept(self) -> frozenset[int]:
        """Numbers of the frames so far that later groups may contain."""
        if self.sparse:
            return frozenset(number for waiting in self.waiting for number in waiting)
        reach = self._span(self.scales - 1) if self.scales else 0
        return frozenset(range(max(0, self.count - reach), self.count))

    def _spacing(self, scale: int) -> int:
        """Frames from one frame of a group to the next."""
        spacing: int = self.frames**scale
        return spacing

    def _span(self, scale: int) -> int:
        """Frames from the first to the last of a group."""
        return self._spacing(scale) * (self.frames - 1)

    def _dense(self, scale: int, new: int) -> tuple[Group, ...]:
        span, newest = self._span(scale), self.count + new - 1
        at_hand = len(self.kept) + new
        ends = range(newest, newest - min(at_hand - span, new), -self.frames)
        return tuple(tuple(range(end - span, end + 1, self._spacing(scale))) for end in ends)

    def _sparse(self, scale: int, new: int) -> tuple[Group, tuple[Group, ...]]:
        """What waits after the new frames, and the groups."""
        waiting = self.waiting[scale] if self.waiting else ()
        step = self._spacing(scale)
        first = -(-self.count // step) * step  # the next multiple of the step
        waiting = (*waiting, *range(first, self.count + new, step))
        if len(waiting) < self.frames:
            return waiting, ()
        whole = waiting[len(waiting) % self.frames :]
        groups = tuple(whole[i : i + self.frames] for i in range(0, len(whole), self.frames))
        return whole[1 - self.frames :], groups


def gather(frames: Mapping[int, Tensor], groups: Sequence[Group]) -> Tensor:
    """Frames by number, each `[b c h w]` -> those of the groups, `[b*g n c h w]`, a clip's groups in a row."""
    stacked = torch.stack([torch.stack([frames[number] for number in group], 1) for group in groups], 1)
    return stacked.flatten(0, 1)


def temporal_input(pictures: Tensor, flows: Tensor) -> Tensor:
    """What a temporal discriminator sees: the pictures of each group, then the flows between them, divided by 20.

    pictures `[g n 3 h w]` in -1..1; flows `[g n-1 2 h w]` in pixels, from each picture but the first to the one before
    it -> `[g 3n+2(n-1) h w]`.
    """
    return torch.cat([pictures.flatten(1, 2), flows.flatten(1, 2) / FLOW_UNIT], 1)
