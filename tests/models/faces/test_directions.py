"""Directions: what they say about themselves, and whose they are."""

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.faces.directions import Direction, latent_space


def direction(vector, space="w", **more):
    return Direction("smile", space, vector, "as published", "ours", "CC0-1.0", **more)


def test_a_reference_strength_is_scaled():
    assert direction(torch.ones(1, 4), reference_scale=0.5).strength_of(-3.0) == -1.5
    assert direction(torch.ones(4), "style").strength_of(10.0) == 10.0


@pytest.mark.parametrize(
    ("vector", "space", "more", "message"),
    [
        (
            torch.ones(4),
            "w",
            {},
            r"expected \[rows width\] of float32 or float64, got \[4\] of torch.float32",
        ),
        (torch.ones(1, 4), "style", {}, r"expected \[styles\] .* got \[1, 4\]"),
        (torch.ones(1, 4).half(), "w", {}, "torch.float16"),
        (torch.zeros(1, 4), "w", {}, "all zero"),
        (torch.empty(1, 0), "w", {}, "is empty"),
        (torch.tensor([[1.0, float("nan")]]), "w", {}, "not finite"),
        (torch.ones(1, 4), "w", {"rows": (3, 3)}, "no rows 3:3"),
        (torch.ones(1, 4), "w", {"rows": (-1, 3)}, "no rows -1:3"),
        (torch.ones(4), "style", {"rows": (0, 1)}, "no rows 0:1"),
    ],
)
def test_what_is_no_direction_is_named(vector, space, more, message):
    with pytest.raises(InputError, match=f"direction 'smile': .*{message}"):
        direction(vector, space, **more)


def test_a_latent_space_is_known_by_its_average_in_either_precision():
    average = torch.randn(512, generator=torch.Generator().manual_seed(0))
    space = latent_space(average)
    assert len(space) == 64
    assert latent_space(average.half()) == latent_space(average[None]) == space
    assert latent_space(average + 0.01) != space
    assert latent_space(torch.zeros(2)) == "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119"


def test_a_direction_belongs_to_its_generator_or_to_any():
    assert direction(torch.ones(1, 4), generator="a" * 64).belongs_to("a" * 64)
    assert not direction(torch.ones(1, 4), generator="a" * 64).belongs_to("b" * 64)
    assert direction(torch.ones(1, 4)).belongs_to("b" * 64)
