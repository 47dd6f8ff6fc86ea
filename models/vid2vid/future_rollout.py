"""Rollout of future prediction: label maps that were seen in, those to come out, one after the other.

Memory: as many label maps as the network sees at once, one flow and the activations of one step, however many label
maps were seen and however many are predicted. Nothing is drawn by chance: the same maps have the same future.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import torch

from ...errors import InputError
from ..labels.frames import LabelFrame
from .future import FutureStep, LabelFuture


@torch.inference_mode()
def predict(network: LabelFuture, seen: Iterable[LabelFrame], frames: int) -> Iterator[FutureStep]:
    """The `frames` label maps that follow those seen, each `[1 h w]` on the network's device, as soon as it is made.

    seen: at least `seen_frames` label maps `[h w]` on any device, of one size, of which the last ones count; where one
    has no instances, the outlines of countable classes stand in. InputError for what the network can't take.
    """
    if frames < 1:
        raise InputError(f"{frames} label maps to predict; ask for one at least")
    newest: deque[LabelFrame] = deque(maxlen=network.config.seen_frames)
    for number, frame in enumerate(seen):
        if newest and frame.ids.shape != newest[-1].ids.shape:
            (height, width), (h, w) = frame.ids.shape, newest[-1].ids.shape
            raise InputError(
                f"label frame {number} is {width}x{height}, those before it are {w}x{h}; bring all label maps to one "
                "size first"
            )
        newest.append(frame)
    past = network.begin([_batched(frame, network.device) for frame in newest])
    for _ in range(frames):
        step = network.step(past)
        past = step.past
        yield step


def _batched(frame: LabelFrame, device: torch.device) -> LabelFrame:
    instances = None if frame.instances is None else frame.instances[None].to(device)
    return LabelFrame(frame.ids[None].to(device), instances)
