"""Losses against numbers worked out by hand, and their gradients."""

import pytest
import torch

from maliang_video.training.losses import (
    feature_matching_loss,
    flow_loss,
    gan_loss,
    masked_l1,
    warping_loss,
    weight_loss,
)


def decisions(*maps: list[float]) -> list[list[torch.Tensor]]:
    """Copies whose last layer is the given numbers; the layer before is of no account."""
    return [[torch.full((1, 1, 2, 2), 9.0), torch.tensor(numbers).reshape(1, 1, 1, -1)] for numbers in maps]


def test_gan_loss_is_the_mean_square_of_each_copy_summed_over_the_copies():
    judged = decisions([1.0, 0.0], [0.5, 0.5, 2.0])
    real = (0 + 1) / 2 + (0.25 + 0.25 + 1) / 3
    generated = (1 + 0) / 2 + (0.25 + 0.25 + 4) / 3
    assert gan_loss(judged, True).item() == pytest.approx(real)
    assert gan_loss(judged, False).item() == pytest.approx(generated)


def test_feature_matching_is_four_times_the_mean_over_layers_averaged_over_copies():
    generated = [[torch.tensor([0.0, 2.0]), torch.tensor([1.0]), torch.tensor([50.0])]] * 2
    real = [
        [torch.tensor([1.0, 1.0]), torch.tensor([4.0]), torch.tensor([-50.0])],
        [torch.tensor([0.0, 2.0]), torch.tensor([1.5]), torch.tensor([0.0])],
    ]
    by_hand = 4 * ((1 + 3) / 2 + (0 + 0.5) / 2)
    assert feature_matching_loss(generated, real).item() == pytest.approx(by_hand / 2)
    assert feature_matching_loss(generated, real, copies=3).item() == pytest.approx(by_hand / 3)


def test_feature_matching_teaches_the_generator_alone():
    generated, real = (torch.rand(2, 3, requires_grad=True) for _ in range(2))
    feature_matching_loss([[generated, generated]], [[real, real]]).backward()
    assert real.grad is None
    assert torch.allclose(generated.grad, 4 * (generated - real).sign().detach() / 6)


def test_masked_l1_is_a_mean_over_all_pixels_not_over_the_mask():
    a, b = torch.zeros(1, 2, 2, 2), torch.full((1, 2, 2, 2), 3.0)
    mask = torch.tensor([[[[1.0, 0.0], [0.0, 0.5]]]])
    assert masked_l1(a, b, mask).item() == pytest.approx(2 * (3 + 1.5) / 8)


def test_flow_loss_counts_only_what_is_visible():
    flow = torch.tensor([1.0, -2.0]).reshape(1, 2, 1, 1).expand(1, 2, 1, 4)
    visible = torch.tensor([1.0, 1.0, 1.0, 0.0]).reshape(1, 1, 1, 4)
    assert flow_loss(flow, torch.zeros_like(flow), visible).item() == pytest.approx(3 * (1 + 2) / 8)


def test_weight_loss_counts_only_what_is_visible():
    weight, visible = torch.full((1, 1, 2, 2), 0.5), torch.tensor([[[[1.0, 1.0], [0.0, 1.0]]]])
    assert weight_loss(weight, visible).item() == pytest.approx(0.5 * 3 / 4)


PARTS = (("pictures", 0), ("pictures", 1), ("flow", 1), ("visible", 1))


def test_warping_loss_is_nothing_for_a_picture_that_moves_with_the_flow(clips):
    clip = clips[0]
    before, now, flow, visible = (clip[k][i : i + 1] for k, i in PARTS)
    assert warping_loss(now, before, flow, visible).item() == pytest.approx(0, abs=1e-6)
    assert warping_loss(now, before, -flow, visible).item() > 0.01
    lighter = warping_loss(now + 0.25, before, flow, visible).item()
    assert lighter == pytest.approx(0.25 * visible.mean().item(), abs=1e-6)


def test_gradients_in_float64():
    torch.manual_seed(0)
    a, b = torch.rand(2, 1, 2, 3, 4, dtype=torch.float64)
    mask = (torch.rand(1, 1, 3, 4, dtype=torch.float64) > 0.4).double()
    a.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: masked_l1(x, b, mask), a)
    assert torch.autograd.gradcheck(lambda x: gan_loss([[x], [x * x]], True), a)
    assert torch.autograd.gradcheck(lambda x: gan_loss([[x], [x * x]], False), a)
    assert torch.autograd.gradcheck(lambda x: feature_matching_loss([[x, x * x, x]], [[b, b, b]]), a)


def test_gradient_of_the_warping_loss():
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 4, 5, requires_grad=True)
    before, flow = torch.rand(1, 3, 4, 5), torch.zeros(1, 2, 4, 5)
    visible = (torch.rand(1, 1, 4, 5) > 0.5).float()
    warping_loss(picture, before, flow, visible).backward()
    by_hand = visible * (picture.detach() - before).sign() / picture.numel()
    assert torch.allclose(picture.grad, by_hand, atol=1e-7)
