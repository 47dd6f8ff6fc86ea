"""Rollout: a stream of label frames in, a stream of pictures out.

Memory: `label_frames` encoded label frames, the past frames of each scale, and the activations of one frame; the length
of the clip plays no part.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

import torch
from torch import Tensor

from ...errors import InputError
from ..labels.frames import AnyFrame, DrawnFrame, LabelFrame
from ..labels.planes import LabelPlanes
from .first_frame import StyledFirstFrame
from .generator import Past, Vid2VidGenerator
from .scale import ScaleOutput

Encoded = list[LabelPlanes]
"""One label frame at every scale, finest first."""


class Synthesis(NamedTuple):
    """One picture of a rollout."""

    frame: Tensor
    """`[b 3 h w]` float32 in -1..1."""
    past: Past
    """The state after this frame: a rollout that starts from it goes on with the next frame."""
    details: ScaleOutput | None
    """The finest scale's flow, weight, raw frame ...; None for first pictures, given or painted by their network."""


@torch.inference_mode()
def synthesize(
    generator: Vid2VidGenerator,
    labels: Iterable[AnyFrame],
    *,
    first: Tensor | None = None,
    style: Tensor | Iterable[Tensor] | None = None,
    past: Past | None = None,
) -> Iterator[Synthesis]:
    """One picture for every label frame, in order, as soon as it is made.

    labels: label maps, or drawn maps for a generator of those, on any device, all of one size (InputError else);
    first: the pictures of the first label frames, `[b past_frames 3 h w]` in -1..1; without them the first-frame
    network paints them where the generator has one, else the history starts empty, with the first label frame repeated;
    style: `[b styles]` weights of the generator's `style_names`, the same for all pictures or one for each;
    past: go on after frame n: `labels` then starts at frame n + 1 - `lead_frames(generator, past)`,
    and the first picture is that of frame n + 1.
    """
    encoded = (_encode(frame, generator) for frame in _same_size(labels))
    yield from synthesize_encoded(generator, encoded, first=first, style=style, past=past)


@torch.inference_mode()
def synthesize_encoded(
    generator: Vid2VidGenerator,
    labels: Iterable[Encoded],
    *,
    first: Tensor | None = None,
    style: Tensor | Iterable[Tensor] | None = None,
    past: Past | None = None,
) -> Iterator[Synthesis]:
    """`synthesize` for frames that are network input already, all of one size, such as drawn maps (`encode_drawn`)."""
    frames = iter(labels) if past is None else _fitting(labels, past)
    past = None if past is None else past.to(generator.device)
    styles = iter(style) if isinstance(style, Iterable) and not isinstance(style, Tensor) else repeat(style)
    window: deque[Encoded] = deque(maxlen=generator.config.label_frames)
    for _ in range(0 if past is None else lead_frames(generator, past)):
        window.append(_next(frames))
    if first is not None or generator.first_frame is not None:
        for opening in _opening(generator, frames, window, first, past):
            past = opening.past
            next(styles)
            yield opening
    for encoded in frames:
        window.append(encoded)
        while len(window) < generator.config.label_frames:
            window.appendleft(window[0])
        past = past or generator.blank_past(encoded[0].size, encoded[0].values.shape[0])
        look = next(styles)
        step = generator.step(list(window), past, None if look is None else look.to(generator.device))
        past = step.past
        yield Synthesis(step.frame, past, step.scales[-1])


def lead_frames(generator: Vid2VidGenerator, past: Past) -> int:
    """Label frames before the next one that going on from `past` needs: two for the published networks."""
    return min(past.painted, generator.config.label_frames - 1)


def _encode(frame: AnyFrame, generator: Vid2VidGenerator) -> Encoded:
    """The stage begins here: frames move to where the generator is."""
    if isinstance(frame, DrawnFrame):
        return generator.encode_drawn(frame.channels[None].to(generator.device))
    instances, features = (
        None if part is None else part.to(generator.device) for part in (frame.instances, frame.features)
    )
    return generator.encode(LabelFrame(frame.ids.to(generator.device), instances, features))


def _same_size(labels: Iterable[AnyFrame]) -> Iterator[AnyFrame]:
    size: torch.Size | None = None
    for index, frame in enumerate(labels):
        here = (frame.channels if isinstance(frame, DrawnFrame) else frame.ids).shape[-2:]
        size = size or here
        if here != size:
            raise InputError(
                f"label frame {index} is {here[-1]}x{here[-2]}, the frames before it are "
                f"{size[-1]}x{size[-2]}; bring all label maps to one size first"
            )
        yield frame


def _fitting(labels: Iterable[Encoded], past: Past) -> Iterator[Encoded]:
    height, width = past.frames[-1].shape[-2:]
    for encoded in labels:
        if encoded[0].size != (height, width):
            raise InputError(
                f"label maps are {encoded[0].size[1]}x{encoded[0].size[0]}, the frames to go on from are "
                f"{width}x{height}; give label maps of that size, or start afresh"
            )
        yield encoded


def _next(frames: Iterator[Encoded]) -> Encoded:
    try:
        return next(frames)
    except StopIteration:
        raise InputError(
            "label maps: too few frames to go on from; start before the frame to continue"
        ) from None


def _opening(
    generator: Vid2VidGenerator,
    frames: Iterator[Encoded],
    window: deque[Encoded],
    first: Tensor | None,
    past: Past | None,
) -> Iterator[Synthesis]:
    """The pictures of the first label frames, given or painted, as far as `past` lacks them."""
    count = generator.config.past_frames
    done = 0 if past is None else min(past.painted, count)
    pictures = [] if past is None else list(past.frames[-1][:, count - done :].unbind(1))
    for index in range(done, count):
        encoded = next(frames, None)
        if encoded is None:
            return
        window.append(encoded)
        picture = paint_first(generator, encoded) if first is None else _given(first, index, encoded)
        pictures.append(picture)
        history = generator.past_from(torch.stack([pictures[0]] * (count - len(pictures)) + pictures, 1))
        yield Synthesis(picture, Past(history.frames, len(pictures)), None)


def _given(first: Tensor, index: int, encoded: Encoded) -> Tensor:
    height, width = encoded[0].size
    if first.shape[1] <= index or first.shape[-2:] != (height, width):
        raise InputError(
            f"first pictures: expected [b t 3 {height} {width}] with t > {index}, got {list(first.shape)}; give one "
            "picture for each of the first label frames, at their size"
        )
    return first[:, index].to(encoded[0].values.device, torch.float32)


def paint_first(generator: Vid2VidGenerator, encoded: Encoded) -> Tensor:
    """The first-frame network's picture of one label frame: `[b 3 h w]` float32 in -1..1."""
    network = generator.first_frame
    if network is None or isinstance(network, StyledFirstFrame):
        raise InputError("this generator paints no first frame from labels alone; give the first pictures")
    channels = generator.config.first_frame.channels if generator.config.first_frame else 0
    picture: Tensor = network(encoded[0].first(channels))
    return picture
