"""The Frechet distance against closed forms, and moments that don't depend on how the vectors came in."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from maliang_video.training.metrics_frechet import Moments, frechet_distance, moments_of, no_moments


def gaussian(mean: list[float], covariance: Tensor) -> Moments:
    return Moments(11, torch.tensor(mean, dtype=torch.float64), 10 * covariance.double())


def vectors(count: int, length: int = 5, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(count, length, generator=draw) @ torch.randn(length, length, generator=draw) + 3


def test_distance_of_independent_gaussians():
    """|m1 - m2|^2 + the sum of (s1 - s2)^2."""
    a = gaussian([1, 2], torch.diag(torch.tensor([4.0, 9.0])))
    b = gaussian([4, -2], torch.diag(torch.tensor([1.0, 25.0])))
    assert frechet_distance(a, b) == pytest.approx(25 + 1 + 4)


def test_distance_of_correlated_gaussians():
    """Covariances that commute (turned by the same angle) are as far apart as their standard deviations."""
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    a = gaussian([0, 0], turn @ torch.diag(torch.tensor([4.0, 9.0])) @ turn.T)
    b = gaussian([0, 0], turn @ torch.diag(torch.tensor([16.0, 1.0])) @ turn.T)
    assert frechet_distance(a, b) == pytest.approx(4 + 4, rel=1e-6)


def test_distance_of_covariances_that_do_not_commute():
    """In two dimensions tr((A B)^1/2) = sqrt(tr(A B) + 2 sqrt(det A det B))."""
    a, b = torch.tensor([[2.0, 0.5], [0.5, 1.0]]), torch.tensor([[1.0, -0.3], [-0.3, 3.0]])
    cross = ((a @ b).trace() + 2 * (a.det() * b.det()).sqrt()).sqrt()
    expected = float(a.trace() + b.trace() - 2 * cross)
    assert frechet_distance(gaussian([0, 0], a), gaussian([0, 0], b)) == pytest.approx(expected, rel=1e-6)


def test_sets_that_fill_no_space():
    """Three vectors in five dimensions: the covariances have no root but by eigenvalues."""
    few, others = moments_of(vectors(3)), moments_of(vectors(3, seed=1))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(few, others) == pytest.approx(frechet_distance(others, few), rel=1e-6)
    moved = Moments(few.count, few.mean + 2, few.scatter)
    assert frechet_distance(few, moved) == pytest.approx(20, rel=1e-6)


def test_moments_are_those_of_numpy():
    data = vectors(40)
    found = moments_of(data)
    assert found.count == 40
    np.testing.assert_allclose(found.mean, data.double().mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(data.double().numpy().T), rtol=1e-12)
    assert not moments_of(data[:1]).covariance.any()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 39), max_size=6, unique=True))
def test_moments_do_not_depend_on_the_pieces(cuts):
    data = vectors(40)
    pieces = torch.tensor_split(data, sorted(cuts))
    total = sum((moments_of(piece) for piece in pieces), no_moments(5))
    whole = moments_of(data)
    assert total.count == whole.count
    torch.testing.assert_close(total.mean, whole.mean, rtol=1e-12, atol=0)
    torch.testing.assert_close(total.scatter, whole.scatter, rtol=1e-10, atol=1e-10)


def test_large_numbers_keep_their_spread():
    """A mean of a million and a variance of 1: sums of squares in single precision would lose it."""
    data = torch.tensor([[1e6 - 1], [1e6], [1e6 + 1]])
    assert (moments_of(data[:1]) + moments_of(data[1:])).covariance.item() == pytest.approx(1, rel=1e-9)
