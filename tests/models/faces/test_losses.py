"""The losses of stitching and tuning: the reference's numbers, and hand-made ones."""

import pytest
import torch
from golden_cases import Agree, Case

from maliang_video.errors import InputError
from maliang_video.models.faces.losses import locality_point, masked_l1, masked_l2


@pytest.mark.parity("face.losses")
def test_losses_are_the_reference_s(case: Case, agree: Agree) -> None:
    t = case.tensors()
    a, b, mask = t["a"], t["b"], t["mask"]
    ours = {
        "masked_l2": masked_l2(a, b, mask),
        "masked_l1": masked_l1(a, b, mask),
        "morphed": locality_point(t["pivot"], t["sample"], float(case.metadata["alpha"])),
    }
    agree(ours, {name: t[name] for name in ours}, lambda name: 1e-5 * max(1.0, float(t[name].abs().max())))


def test_a_soft_mask_counts_squared_and_channels_add_up() -> None:
    a, b = torch.zeros(1, 3, 1, 2), torch.tensor([2.0, 1.0]).expand(1, 3, 1, 2)
    mask = torch.tensor([0.5, 1.0]).view(1, 1, 1, 2)
    assert masked_l2(a, b, mask) == pytest.approx(3 * (1 + 1) / 1.5)
    assert masked_l1(a, b, mask) == pytest.approx(3 * (1 + 1) / 1.5)
    assert masked_l1(a, 2 * b, mask) == pytest.approx(2 * masked_l1(a, b, mask))
    assert masked_l2(a, 2 * b, mask) == pytest.approx(4 * masked_l2(a, b, mask))


def test_two_pictures_are_the_mean_of_each() -> None:
    a, b = torch.randn(2, 2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    mask = torch.rand(2, 1, 4, 5, generator=torch.Generator().manual_seed(1))
    one = [masked_l2(a[i : i + 1], b[i : i + 1], mask[i : i + 1]) for i in range(2)]
    assert masked_l2(a, b, mask) == pytest.approx(float(sum(one)) / 2)


def test_gradients_are_those_of_small_steps() -> None:
    a = torch.randn(1, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(1, 1, 3, 3, dtype=torch.float64)
    b = torch.randn(1, 3, 3, 3, dtype=torch.float64)
    for loss in (masked_l2, masked_l1):
        assert torch.autograd.gradcheck(lambda x, loss=loss: loss(x, b, mask), a)


def test_the_locality_point_lies_at_its_distance_of_each_pivot() -> None:
    pivot, sample = torch.randn(2, 3, 6, 8, generator=torch.Generator().manual_seed(0))
    point = locality_point(pivot, sample, 30.0)
    assert (point - pivot).flatten(1).norm(dim=1).tolist() == pytest.approx([30.0] * 3, rel=1e-5)


@pytest.mark.parametrize("loss", [masked_l2, masked_l1])
def test_an_empty_mask_is_refused(loss) -> None:
    mask = torch.ones(2, 1, 4, 4)
    mask[1] = 0
    with pytest.raises(InputError, match="the mask is empty: nothing of the face is inside it"):
        loss(torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4), mask)
