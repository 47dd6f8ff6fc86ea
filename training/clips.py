"""Training clips: a few consecutive frames with everything that the losses need.

A data set is a function from a clip's number to the clip, so the order of the data is part of no state: a run that is
resumed at step n asks for clip n. One clip is in memory at a time (256x128, 8 frames: 8 MB).
"""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..errors import InputError
from .recipe import ClipShape
from .worlds.frame import WorldFrame
from .worlds.looks import LOOKS
from .worlds.street import StreetWorld

Batch = dict[str, Tensor]
"""A batch of clips (or one clip, without the b): ids uint8 `[b t h w]`, instances int32 `[b t h w]`, pictures float
`[b t 3 h w]` in -1..1, flow `[b t 2 h w]` backward in pixels, visible float `[b t 1 h w]` (1 where the flow is to be
trusted, else 0; a clip's first flow leads out of the clip), style float `[b s]`."""


class StreetClips(Dataset[Batch]):
    """Clips of the procedural street: endless, no two alike. `shape_of` tells how each clip looks."""

    def __init__(self, seed: int, shape_of: Callable[[int], ClipShape]) -> None:
        self.seed = seed
        self.shape_of = shape_of

    def __getitem__(self, index: int) -> Batch:
        shape = self.shape_of(index)
        draw = random.Random(f"{self.seed}:{index}")
        zoom = draw.choice(shape.zooms)
        look = draw.randrange(len(LOOKS))
        width, height = round(shape.width * zoom / 2) * 2, round(shape.height * zoom / 2) * 2
        world = StreetWorld(draw.randrange(2**31), LOOKS[look], width, height)
        start = draw.randrange(2000)
        left, top = draw.randint(0, width - shape.width), draw.randint(0, height - shape.height)
        window = np.s_[..., top : top + shape.height, left : left + shape.width]
        frames = [_cut(world.render(start + t), window) for t in range(shape.frames)]
        clip = {key: torch.stack([frame[key] for frame in frames]) for key in frames[0]}
        clip["style"] = F.one_hot(torch.tensor(look), len(LOOKS)).float()
        return clip


def _cut(frame: WorldFrame, window: tuple[Any, ...]) -> Batch:
    """The window of a world frame, as tensors; flow that leads out of the window is not to be trusted."""
    pictures = np.moveaxis(frame.rgb, -1, 0)[window].astype(np.float32) / 127.5 - 1
    flow = frame.flow[window]
    height, width = flow.shape[1:]
    x, y = np.arange(width) + flow[0], np.arange(height)[:, None] + flow[1]
    visible = ~frame.occlusion[window] & (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return {
        "ids": torch.from_numpy(frame.ids[window].copy()),
        "instances": torch.from_numpy(frame.instances[window].copy()),
        "pictures": torch.from_numpy(pictures),
        "flow": torch.from_numpy(flow.copy()),
        "visible": torch.from_numpy(visible[None]).float(),
    }


class _Careful(Dataset[Batch | str]):
    """Clips, or the sentence that says why there is none: an exception would lose its own words between processes."""

    def __init__(self, clips: Dataset[Batch]) -> None:
        self.clips = clips

    def __getitem__(self, index: int) -> Batch | str:
        try:
            return self.clips[index]
        except InputError as error:
            return str(error)


def load_clips(clips: Dataset[Batch], start: int, stop: int, workers: int) -> Iterator[Batch]:
    """Clips `start`..`stop`-1 in order, in batches of one, made ahead in `workers` processes (0: in this one).

    InputError where a clip can't be read. Memory: two clips a process.
    """
    loader = DataLoader(_Careful(clips), batch_size=None, sampler=range(start, stop), num_workers=workers)
    for clip in loader:
        if isinstance(clip, str):
            raise InputError(clip)
        yield {key: value[None] for key, value in clip.items()}
