"""Generators small enough to run in milliseconds, and clips for them."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from maliang_video.models.fewshot.config import FlowConfig, small_config
from maliang_video.models.fewshot.generator import FewShotGenerator

MICRO = replace(
    small_config("pose", 6, filters=4, levels=3),
    most_filters=16,
    flow=FlowConfig(filters=4, downsamplings=2, blocks=1, gain=20.0),
)
HEIGHT, WIDTH = 32, 48


@pytest.fixture
def make() -> Callable[..., FewShotGenerator]:
    """`make(field=value, ...)`: the micro generator with some fields of its config changed; always the same weights."""

    def build(**changes: object) -> FewShotGenerator:
        torch.manual_seed(3)
        generator = FewShotGenerator(replace(MICRO, **changes))
        for name, parameter in generator.named_parameters():
            if "to_flow" in name:
                parameter.data *= 0.05  # flows of pixels, not of pictures
            elif parameter.dim() > 1:
                parameter.data *= 1.5
        return generator.eval()

    return build


@pytest.fixture
def exemplars() -> Callable[..., tuple[Tensor, Tensor]]:
    """`exemplars(count)`: label maps `[K 6 h w]` and pictures `[K 3 h w]`."""

    def draw(count: int, seed: int = 1) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        return (
            torch.rand(count, 6, HEIGHT, WIDTH, generator=generator) * 2 - 1,
            torch.rand(count, 3, HEIGHT, WIDTH, generator=generator) * 2 - 1,
        )

    return draw


@pytest.fixture
def driver() -> Callable[..., list[Tensor]]:
    """`driver(frames)`: label maps `[6 h w]` of a pattern that moves."""

    def draw(frames: int, seed: int = 2) -> list[Tensor]:
        generator = torch.Generator().manual_seed(seed)
        pattern = torch.rand(6, HEIGHT, WIDTH + 2 * frames, generator=generator) * 2 - 1
        return [pattern[:, :, 2 * t : 2 * t + WIDTH] for t in range(frames)]

    return draw
