"""How consistent a person stays: the definition's numbers, hand-made ones, and what is refused."""

import math

import pytest
import torch
from golden_cases import Agree, Case
from torch import Tensor

from maliang_video.errors import InputError
from maliang_video.training.metrics_identity import (
    local_consistency,
    measure_identity,
    overall_consistency,
)


def at_angles(*degrees: float) -> Tensor:
    radians = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    return torch.stack([radians.cos(), radians.sin()], 1)


class MeanColour:
    description = "mean colour"

    def __call__(self, frames: Tensor) -> Tensor:
        return frames.mean((2, 3))


@pytest.mark.parity("face.id_metric")
@pytest.mark.parametrize("block", [1024, 3])
def test_measures_are_the_definition_s(case: Case, agree: Agree, block: int) -> None:
    t = case.tensors()
    pair = t["source_embeddings"], t["edited_embeddings"]
    ours = {"tl_id": local_consistency(*pair).value, "tg_id": overall_consistency(*pair, block).value}
    agree(
        {name: torch.tensor(value, dtype=torch.float64) for name, value in ours.items()},
        {name: t[name] for name in ours},
        lambda name: 1e-6,
    )


def test_quotients_of_cosines() -> None:
    source, edited = at_angles(0, 60, 0), 5 * at_angles(0, 0, 60)
    assert local_consistency(source, edited).value == pytest.approx((1 / 0.5 + 0.5 / 0.5) / 2)
    assert overall_consistency(source, edited).value == pytest.approx((1 / 0.5 + 0.5 / 0.5 + 0.5 / 1) / 3)
    assert overall_consistency(source, edited).pairs == 6


def test_an_edit_that_changes_nothing_scores_one() -> None:
    same = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    for measure in (local_consistency, overall_consistency):
        assert measure(same, same).value == pytest.approx(1, abs=1e-12)


def test_source_frames_that_show_no_common_person_are_left_out() -> None:
    source, edited = at_angles(0, 90, 90), at_angles(0, 0, 0)
    local, overall = local_consistency(source, edited), overall_consistency(source, edited)
    assert (local.value, local.pairs, local.left_out) == (pytest.approx(1), 1, 1)
    assert (overall.value, overall.pairs, overall.left_out) == (pytest.approx(1), 2, 4)
    assert math.isnan(local_consistency(at_angles(0, 90), at_angles(0, 0)).value)


def test_two_videos_are_measured_frame_by_frame() -> None:
    source = [torch.full((3, 2, 2), 0.5) * torch.tensor([1.0, x, 0]).view(3, 1, 1) for x in (0.0, 0.1, 0.2)]
    report = measure_identity(iter(source), iter([-frame for frame in source]), MeanColour())
    assert (report.frames, report.network) == (3, "mean colour")
    assert report.to_source == pytest.approx(-1)
    assert report.local.value == pytest.approx(1)
    assert report.overall.value == pytest.approx(1)


def test_videos_that_can_not_be_compared_are_refused() -> None:
    frames = [torch.ones(3, 2, 2)] * 3
    with pytest.raises(InputError, match="one ends after 2 frames"):
        measure_identity(frames, frames[:2], MeanColour())
    with pytest.raises(InputError, match="needs two frames or more, not 1"):
        measure_identity(frames[:1], frames[:1], MeanColour())
    with pytest.raises(InputError, match="as many frames, two or more; got 3 and 2"):
        local_consistency(torch.ones(3, 4), torch.ones(2, 4))
