"""Losses of StyleGAN2 where their values are known: linear judges, linear generators."""

import math

import pytest
import torch

from maliang_video.training.stylegan2_losses import (
    fooling_loss,
    judge_loss,
    path_lengths,
    path_penalty,
    r1_penalty,
)


def test_scores_of_nothing_cost_a_coin_toss():
    zero = torch.zeros(3)
    assert float(judge_loss(zero, zero)) == pytest.approx(2 * math.log(2))
    assert float(fooling_loss(zero)) == pytest.approx(math.log(2))


def test_what_each_side_wants():
    real, made = torch.tensor([2.0, 4.0]), torch.tensor([-1.0])
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.exp(-4))) / 2 + math.log1p(math.exp(-1))
    assert float(judge_loss(real, made)) == pytest.approx(expected)
    assert float(fooling_loss(made)) == pytest.approx(1 + math.log1p(math.exp(-1)))


def test_r1_of_a_linear_judge_is_the_square_of_its_weights():
    weights = torch.randn(3, 4, 4, dtype=torch.float64, requires_grad=True)
    pictures = torch.randn(5, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    penalty = r1_penalty((pictures * weights).sum((1, 2, 3)) + 7, pictures)
    assert penalty.item() == pytest.approx(weights.square().sum().item())
    (gradient,) = torch.autograd.grad(penalty, weights)
    assert torch.allclose(gradient, 2 * weights)


def test_r1_is_a_mean_over_pictures():
    pictures = torch.full((2, 1, 2, 2), 3.0, requires_grad=True)
    scores = torch.tensor([1.0, 2.0]) * pictures.square().sum((1, 2, 3))
    assert r1_penalty(scores, pictures).item() == pytest.approx((4 * 6**2 + 4 * 12**2) / 2)


def test_path_lengths_of_a_linear_generator():
    """Picture = matrix * code: the gradient by every row is the matrix, transposed, times the noise."""
    rows, width, side = 3, 5, 4
    matrix = torch.randn(rows * width, 3 * side * side, dtype=torch.float64, requires_grad=True)
    codes = torch.randn(2, rows, width, dtype=torch.float64, requires_grad=True)
    noise = torch.randn(2, 3, side, side, dtype=torch.float64)
    pictures = (codes.flatten(1) @ matrix).view(2, 3, side, side)
    found = path_lengths(pictures, codes, noise)
    pulled = (noise.flatten(1) @ matrix.T / side).view(2, rows, width)
    assert torch.allclose(found, (pulled.square().sum((1, 2)) / rows).sqrt())
    assert torch.autograd.grad(found.sum(), matrix)[0].abs().max() > 0  # it can be learnt from


def test_path_penalty():
    assert float(path_penalty(torch.tensor([1.0, 5.0]), torch.tensor(2.0))) == 5.0
