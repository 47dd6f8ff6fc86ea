"""A tiny recipe, and clips in memory whose every number is known."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.models.labels.reader import LabelReader, ReaderConfig
from maliang_video.training import sheets
from maliang_video.training.clips import Batch, Clips
from maliang_video.training.recipe import Recipe, Stage, TemporalConfig
from maliang_video.training.schedule import ClipShape
from maliang_video.training.street_demo import LIKENESS, REALISM, STREET_DEMO
from maliang_video.training.team import Team


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(sheets, "PREVIEW_FRAMES", 4)


@pytest.fixture(scope="session")
def team() -> Team:
    return Team(torch.device("cpu"))


def tiny(clips: int, width: int, zooms: tuple[float, ...], losses, **changes) -> Stage:
    """A stage of clips of 32 pixels' height and 3 frames."""
    stage = Stage(
        clips=clips,
        shape=ClipShape(width=width, height=32, frames=3, zooms=zooms),
        scales=1,
        trained="all",
        discriminator_scales=1,
        chunk=1,
        unrolled=1,
        learning_rate=(6e-4, 6e-4),
        losses=losses,
    )
    return replace(stage, **changes)


def tiny_recipe() -> Recipe:
    """Two stages of two clips, the second with the discriminator; a network of a few thousand weights."""
    generator = replace(STREET_DEMO.generator, filters=4, foreground_filters=2, downsamplings=1, blocks=1)
    return replace(
        STREET_DEMO,
        name="tiny",
        generator=generator,
        stages=(
            tiny(2, 32, (1.0, 2.0), LIKENESS),
            tiny(2, 64, (1.0,), REALISM, learning_rate=(6e-4, 0.0)),
        ),
        start="both",
        discriminator_filters=2,
        stand_ins=((27, 26),),
    )


def progressive_recipe() -> Recipe:
    """Two scales: the coarse one, the fine one alone, both; three frames an update, and motion is judged."""
    losses = replace(REALISM, raw_gan=1.0, temporal_gan=1.0, temporal_matching=10.0, weight=1.0)
    recipe = tiny_recipe()
    long = ClipShape(width=32, height=32, frames=6, zooms=(1.0,))
    coarse = tiny(1, 32, (1.0,), losses, shape=long, chunk=3)
    fine = replace(coarse, shape=replace(long, width=64, height=64), scales=2, discriminator_scales=2)
    return replace(
        recipe,
        name="progressive",
        generator=replace(recipe.generator, scales=2, local_blocks=1),
        stages=(coarse, replace(fine, trained="finest"), replace(fine, learning_rate=(6e-4, 0.0))),
        temporal=TemporalConfig(frames=3, scales=2, sparse=False),
    )


def shared_recipe() -> Recipe:
    """Two updates of two clips each: one with the coarse scale, one with both."""
    recipe = progressive_recipe()
    coarse, _, both = recipe.stages
    stages = replace(coarse, clips=2), replace(both, clips=2, shape=coarse.shape)
    return replace(recipe, batch=2, stages=stages)


@pytest.fixture
def recipe() -> Recipe:
    return tiny_recipe()


@pytest.fixture
def shared() -> Recipe:
    return shared_recipe()


@pytest.fixture
def progressive() -> Recipe:
    return progressive_recipe()


class MovingClips(Clips):
    """Stripes of sky, wall, road and a car that move one pixel to the left from frame to frame."""

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
    return MovingClips(0, recipe.shape)


@pytest.fixture
def reader() -> LabelReader:
    """A segmenter of the street that has learnt nothing."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        return LabelReader(ReaderConfig("cityscapes", (7, 11, 23, 26), (4, 4, 4, 4), 1, 32)).eval()


@pytest.fixture
def face_codes() -> Callable[[StyleGAN2, int], Tensor]:
    """Makes codes `[n rows w]` of a face that changes a little from frame to frame."""

    @torch.no_grad()
    def make(generator: StyleGAN2, count: int) -> Tensor:
        chance = torch.Generator().manual_seed(2)
        ends = generator.mapping(torch.randn(2, generator.config.z_width, generator=chance))
        return torch.lerp(ends[:1], ends[1:], torch.linspace(0, 0.3, count)[:, None, None])

    return make
