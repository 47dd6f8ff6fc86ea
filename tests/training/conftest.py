"""A tiny recipe, and clips in memory whose every number is known."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.utils.data import Dataset

from maliang_video.training.clips import Batch
from maliang_video.training.recipe import LIKENESS, REALISM, STREET_DEMO, ClipShape, Recipe, Stage


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def recipe() -> Recipe:
    """Two stages of two clips, the second with the discriminator; a network of a few thousand weights."""
    generator = replace(STREET_DEMO.generator, filters=4, foreground_filters=2, downsamplings=1, blocks=1)
    return replace(
        STREET_DEMO,
        name="tiny",
        generator=generator,
        stages=(
            Stage(2, ClipShape(width=32, height=32, frames=3, zooms=(1.0, 2.0)), LIKENESS),
            Stage(2, ClipShape(width=64, height=32, frames=3, zooms=(1.0,)), REALISM),
        ),
        decay_clips=2,
        discriminator_filters=2,
        discriminator_scales=1,
        stand_ins=((27, 26),),
    )


class MovingClips(Dataset[Batch]):
    """Stripes of sky, wall, road and a car that move one pixel to the left from frame to frame."""

    def __init__(self, shape_of: Callable[[int], ClipShape]) -> None:
        self.shape_of = shape_of

    def __getitem__(self, index: int) -> Batch:
        shape, draw = self.shape_of(index), torch.Generator().manual_seed(index % 1000)
        width, height, frames = shape.width, shape.height, shape.frames
        ids = torch.tensor([23, 11, 7, 26], dtype=torch.uint8).repeat_interleave(height // 4)
        ids = ids[:, None].repeat(1, width + frames)
        ids[height // 2 :, 3 + index % 5 : 15] = 26
        texture = (torch.rand(3, height, width + frames, generator=draw) - 0.5) * 0.2 + ids / 20.0 - 0.8
        flow = torch.zeros(frames, 2, height, width)
        flow[:, 0] = 1
        visible = torch.ones(frames, 1, height, width)
        visible[..., -1] = 0
        views = [(..., slice(t, t + width)) for t in range(frames)]
        return {
            "ids": torch.stack([ids[view] for view in views]),
            "instances": torch.stack([(ids[view] == 26).to(torch.int32) for view in views]),
            "pictures": torch.stack([texture[view] for view in views]).clamp(-1, 1),
            "flow": flow,
            "visible": visible,
            "style": torch.eye(4)[index % 4],
        }


@pytest.fixture
def clips(recipe: Recipe) -> MovingClips:
    return MovingClips(recipe.shape)
