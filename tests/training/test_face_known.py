"""What is known of faces, as numbers like random draws."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from maliang_video.training.face_known import KNOWN, Shown, Standard, draw_shown, properties
from maliang_video.training.worlds.face_person import BEARDS


@pytest.fixture(scope="module")
def shown() -> Shown:
    return draw_shown(3, np.random.default_rng(3))


def test_every_property_has_a_name_of_its_own(shown):
    values = dict(zip(KNOWN, properties(shown), strict=True))
    assert len(values) == len(KNOWN)
    assert values["age"] == shown.subject.age
    assert values["smile"] == shown.moment.face.smile
    assert values["yaw"] == shown.moment.pose.yaw
    bearded = Shown(replace(shown.subject, beard="full"), shown.moment, shown.light)
    assert dict(zip(KNOWN, properties(bearded), strict=True))["beard"] == BEARDS.index("full")


def test_all_that_is_drawn_follows_from_the_chance():
    one, other = (draw_shown(3, np.random.default_rng(5)) for _ in range(2))
    assert one == other
    assert one != draw_shown(3, np.random.default_rng(6))


def test_numbers_are_like_random_draws():
    """Skewed, correlated and discrete properties become N(0, 1), not correlated."""
    chance = np.random.default_rng(0)

    def sample(count: int) -> np.ndarray:
        first = chance.exponential(size=count)
        second = first + 0.5 * chance.normal(size=count)
        kinds = (chance.random(count) < 0.2) + (first > 1)
        return np.stack([first, second, kinds.astype(float)], 1)

    standard = Standard(sample(2000))
    numbers = torch.stack([standard(row, chance) for row in sample(2000)]).double()
    assert numbers.mean(0).abs().max() < 0.1
    assert (numbers.std(0) - 1).abs().max() < 0.1
    assert (torch.corrcoef(numbers.T) - torch.eye(3)).abs().max() < 0.1
    assert (numbers.abs() > 2).double().mean() == pytest.approx(0.0455, abs=0.02)


def test_more_of_a_property_is_a_larger_number():
    standard = Standard(np.stack([np.linspace(0, 9, 50) ** 2, np.sin(np.arange(50))], 1))
    rising = [float(standard(np.array([x, 0.0]), np.random.default_rng(0))[0]) for x in (-5, 1, 30, 80, 900)]
    assert rising == sorted(rising)
    assert rising[0] < -1.5
    assert rising[-1] > 1.5
