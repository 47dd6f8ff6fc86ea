"""A clip generated chunk by chunk: some frames with their gradients, then an update, then the next ones.

Source: Wang et al. 2018, 3.3; NVIDIA/vid2vid at 2e6d137, `train.py`, `models/vid2vid_model_G.py` (forward). The past
frames are the generator's own, as when it is used. Gradients flow through `unrolled` frames and never out of a chunk.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..models.labels.frames import LabelFrame
from ..models.labels.planes import LabelPlanes
from ..models.vid2vid.generator import Past, Step, Vid2VidGenerator
from ..models.vid2vid.rollout import Encoded
from .clips import Batch


@dataclass(frozen=True, eq=False)
class Chunk:
    """Successive frames of a clip, real and generated: `[b n c h w]` each, n frames."""

    clip: Batch
    frames: range
    """Their numbers in the clip."""
    labels: LabelPlanes
    """At full size, `[b*n c h w]`; without instance features, which only the generator sees."""
    frame: Tensor
    raw: Tensor
    flow: Tensor | None
    weight: Tensor | None
    before: Tensor
    """The picture before each, which the generator saw: generated, real or blank; without gradient."""
    started: tuple[bool, ...]
    """For every frame, whether there was a picture before it."""

    @property
    def real(self) -> Tensor:
        """In -1..1."""
        return self.clip["pictures"][:, self.frames.start : self.frames.stop]


@dataclass(frozen=True, eq=False)
class Carried:
    """What goes from one chunk of a clip to the next."""

    window: tuple[Encoded, ...]
    """The newest label frames."""
    past: Past


def first_frame(generator: Vid2VidGenerator, from_real: bool) -> int:
    """Number of the frame of a clip that is generated first."""
    return generator.config.past_frames if from_real else 0


def split(start: int, stop: int, chunk: int) -> Iterator[range]:
    """Frames `start`..`stop`-1 in pieces of `chunk`; the last may be shorter."""
    for first in range(start, stop, chunk):
        yield range(first, min(first + chunk, stop))


def begin(generator: Vid2VidGenerator, clip: Batch, from_real: bool) -> Carried:
    """Before the first generated frame: the clip's own first pictures, or nothing."""
    given = first_frame(generator, from_real)
    pictures = clip["pictures"]
    if from_real:
        past = generator.past_from(pictures[:, :given])
    else:
        past = generator.blank_past((pictures.shape[3], pictures.shape[4]), pictures.shape[0])
    window = tuple(encode(generator, clip, t) for t in range(given))
    return Carried(window, past)


def paint_chunk(
    generator: Vid2VidGenerator, clip: Batch, frames: range, carried: Carried, unrolled: int
) -> tuple[Chunk, Carried]:
    """Generate `frames` of a clip, which follow those that `carried` comes from."""
    length = generator.config.label_frames
    window, past = list(carried.window), carried.past
    steps: list[Step] = []
    labels: list[LabelPlanes] = []
    before: list[Tensor] = []
    started: list[bool] = []
    for index, t in enumerate(frames):
        window = [*window, encode(generator, clip, t)][-length:]
        labels.append(_without_features(generator, window[-1][0]))
        if index % unrolled == 0:
            past = detached(past)
        before.append(past.frames[-1][:, -1:].sum(1).detach())  # blank where the generator is shown none
        started.append(past.painted > 0 and generator.config.past_frames > 0)
        step = generator.step([window[0]] * (length - len(window)) + window, past, clip["style"])
        steps.append(step)
        past = step.past
    outputs = [step.scales[-1] for step in steps]
    chunk = Chunk(
        clip,
        frames,
        stack_planes(labels),
        torch.stack([step.frame for step in steps], 1),
        torch.stack([out.raw for out in outputs], 1),
        _stack([out.flow for out in outputs]),
        _stack([out.weight for out in outputs]),
        torch.stack(before, 1),
        tuple(started),
    )
    return chunk, Carried(tuple(map(_given, window)), detached(past))


def encode(generator: Vid2VidGenerator, clip: Batch, t: int) -> Encoded:
    """Frame t of a clip as network input: drawn maps where it has them, else label maps.

    Instances look as they do in the frame's own picture, where the network is told: its encoder learns what to tell.
    """
    if "drawn" in clip:
        return generator.encode_drawn(clip["drawn"][:, t])
    frame = LabelFrame(clip["ids"][:, t], clip["instances"][:, t])
    if generator.feature_encoder is not None:
        seen = generator.features_of(clip["pictures"][:, t], frame.ids, frame.instances)
        frame = replace(frame, features=seen)
    return generator.encode(frame)


def _without_features(generator: Vid2VidGenerator, planes: LabelPlanes) -> LabelPlanes:
    config = generator.config
    return planes.first(config.label_channels) if config.feature_channels else planes


def _given(encoded: Encoded) -> Encoded:
    """The same label frame, whose instance features ask for no gradients."""
    return [LabelPlanes(level.values.detach(), level.channels, level.total) for level in encoded]


def detached(past: Past) -> Past:
    """The same frames, taken as given."""
    return Past(tuple(frames.detach() for frames in past.frames), past.painted)


def stack_planes(frames: list[LabelPlanes]) -> LabelPlanes:
    """The planes of several frames `[b c h w]` as those of one batch `[b*n c h w]`, each clip's frames in a row."""
    if len(frames) == 1:
        return frames[0]
    channels = torch.unique(torch.cat([frame.channels for frame in frames]))
    full = frames[0].values.new_zeros(
        frames[0].values.shape[0], len(frames), len(channels), *frames[0].values.shape[2:]
    )
    for n, frame in enumerate(frames):
        full[:, n].index_copy_(1, torch.searchsorted(channels, frame.channels), frame.values)
    return LabelPlanes(full.flatten(0, 1), channels, frames[0].total)


def _stack(parts: list[Tensor | None]) -> Tensor | None:
    there = [part for part in parts if part is not None]
    return torch.stack(there, 1) if there else None
