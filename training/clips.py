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
from torch.utils.data import DataLoader, Dataset, Sampler

from .recipe import Stage
from .worlds.frame import WorldFrame
from .worlds.street import LOOKS, StreetWorld

Batch = dict[str, Tensor]
"""A batch of clips: ids uint8 `[b t h w]`, instances int32 `[b t h w]`, pictures float `[b t 3 h w]` in -1..1,
flow `[b t 2 h w]` backward in pixels, visible `[b t 1 h w]` (1 where the flow is to be trusted), style `[b s]`."""


class StreetClips(Dataset[Batch]):
    """Clips of the procedural street: endless, no two alike. `stage_of` tells the size of each clip."""

    def __init__(self, seed: int, stage_of: Callable[[int], Stage]) -> None:
        self.seed = seed
        self.stage_of = stage_of

    def __getitem__(self, index: int) -> Batch:
        stage = self.stage_of(index)
        draw = random.Random(f"{self.seed}:{index}")
        zoom = draw.choice(stage.zooms)
        look = draw.randrange(len(LOOKS))
        width, height = round(stage.width * zoom / 2) * 2, round(stage.height * zoom / 2) * 2
        world = StreetWorld(draw.randrange(2**31), LOOKS[look], width, height)
        start = draw.randrange(2000)
        left, top = draw.randint(0, width - stage.width), draw.randint(0, height - stage.height)
        window = np.s_[..., top : top + stage.height, left : left + stage.width]
        frames = [_cut(world.render(start + t), window) for t in range(stage.frames)]
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


class _From(Sampler[int]):
    """Clip numbers from `start` on."""

    def __init__(self, start: int, stop: int) -> None:
        self.numbers = range(start, stop)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


def clip_loader(clips: Dataset[Batch], start: int, stop: int, workers: int) -> DataLoader[Batch]:
    """Clips `start`..`stop`-1 in order, one at a time (batches of one), made ahead in `workers` processes."""
    return DataLoader(clips, batch_size=1, sampler=_From(start, stop), num_workers=workers)
