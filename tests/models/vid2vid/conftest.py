"""Generators small enough to run in milliseconds, with everything that a big one has."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.vid2vid.config import FirstFrameConfig, GeneratorConfig
from maliang_video.models.vid2vid.generator import Vid2VidGenerator

MICRO = GeneratorConfig(
    palette="",
    label_classes=6,
    edges=True,
    things=(4, 5),
    style_names=(),
    label_frames=3,
    filters=4,
    foreground_filters=4,
    downsamplings=1,
    blocks=2,
    local_blocks=1,
    scales=2,
    flow=True,
    foreground=(5,),
    first_frame=None,
)
FIRST_FRAME = FirstFrameConfig(
    kind="global",
    channels=6,
    filters=4,
    downsamplings=2,
    blocks=1,
    enhancer_blocks=0,
    style_channels=0,
    encoder_filters=0,
    encoder_downsamplings=0,
)
HEIGHT, WIDTH = 16, 24


@pytest.fixture
def micro() -> GeneratorConfig:
    return MICRO


@pytest.fixture
def first_frame() -> FirstFrameConfig:
    return FIRST_FRAME


@pytest.fixture
def make() -> Callable[..., Vid2VidGenerator]:
    """`make(field=value, ...)`: the micro generator with some fields of its config changed; always the same weights."""

    def build(**changes: object) -> Vid2VidGenerator:
        torch.manual_seed(5)
        generator = Vid2VidGenerator(replace(MICRO, **changes))
        for name, parameter in generator.named_parameters():
            if "to_flow" in name:
                parameter.data *= 0.1  # flows of pixels, not of pictures
        return generator.eval()

    return build


@pytest.fixture
def clip() -> Callable[..., list[LabelFrame]]:
    """`clip(count, seed=0, classes=6)`: label frames whose classes move and come and go."""

    def draw(
        count: int, seed: int = 0, classes: int = 6, height: int = HEIGHT, width: int = WIDTH
    ) -> list[LabelFrame]:
        generator = torch.Generator().manual_seed(seed)
        blocks = torch.randint(classes, (height // 4, width // 4 + count), generator=generator)
        ids = blocks.repeat_interleave(4, 0).repeat_interleave(4, 1).to(torch.uint8)
        frames = [ids[:, 3 * t : 3 * t + width] for t in range(count)]
        return [LabelFrame(frame, frame.int() * 10 + t % 2) for t, frame in enumerate(frames)]

    return draw
