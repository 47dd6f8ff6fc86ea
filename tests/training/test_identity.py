"""Identity without a network: the same subject is like itself, another one isn't."""

import pytest
import torch

from maliang_video.training.identity import (
    NOBODY,
    Appearance,
    appearance,
    crowd_of,
    identity_similarity,
)

PARTS = torch.full((8, 8), NOBODY, dtype=torch.uint8)
PARTS[:4, :4], PARTS[4:, :4], PARTS[:1, 6:] = 0, 1, 2


def subject(seed: int) -> torch.Tensor:
    """Two parts of its own colours on a ground that is nobody's."""
    colors = torch.rand(2, 3, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    picture = torch.zeros(3, 8, 8)
    picture[:, :4, :4], picture[:, 4:, :4] = colors[0][:, None, None], colors[1][:, None, None]
    return picture


def look(picture: torch.Tensor) -> Appearance:
    return appearance(picture, PARTS, 3)


def test_a_part_is_told_by_the_mean_and_the_spread_of_its_colours():
    picture = torch.zeros(3, 8, 8)
    picture[0, :2, :4], picture[0, 2:4, :4] = 1.0, 0.0
    picture[:, :, 4:] = 0.9
    seen = look(picture)
    assert seen.values[0].tolist() == pytest.approx([0.5, 0, 0, 0.5, 0, 0])
    assert seen.values[1].tolist() == [0] * 6
    assert seen.present.tolist() == [True, True, False], "two pixels are no part"


def test_what_is_nobodys_plays_no_part():
    picture, other = subject(1), subject(1)
    other[:, :, 4:] = 1
    assert torch.equal(look(picture).values[:2], look(other).values[:2])


def test_a_crowd_says_what_is_usual_and_leaves_out_what_few_have():
    looks = [look(subject(seed)) for seed in range(6)]
    crowd = crowd_of(looks)
    values = torch.stack([each.values for each in looks])
    assert torch.allclose(crowd.mean[:2], values[:, :2].mean(0))
    assert torch.allclose(crowd.spread[:2, :3], values[:, :2, :3].std(0, correction=0))
    assert crowd.spread[2].isinf().all()
    assert crowd_of(looks[:3]).spread.isinf().all(), "three subjects are no crowd"


def test_the_same_subject_is_alike_and_others_are_not():
    crowd = crowd_of([look(subject(seed)) for seed in range(40)])
    mine = look(subject(100))
    assert identity_similarity(mine, mine, crowd) == pytest.approx(1)
    others = [identity_similarity(look(subject(seed)), mine, crowd) for seed in range(200, 260)]
    assert abs(sum(others) / len(others)) < 0.3
    nearly = look((subject(100) + 0.05).clamp(-1, 1))
    assert identity_similarity(nearly, mine, crowd) > max(0.9, sorted(others)[-6])
