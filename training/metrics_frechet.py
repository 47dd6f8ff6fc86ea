"""Distance between two sets of pictures, or of pieces of video, by the statistics of a network's features.

Source: Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium"
(Frechet inception distance); Dowson and Landau 1982, "The Frechet Distance between Multivariate Normal Distributions".
The network is not Inception here, so figures compare among each other only, and only where network, number of pictures
and their size are the same: the distance of few pictures is biased upwards.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and scatter of vectors of which any number was seen, in float64; none of them is kept."""

    count: int
    mean: Tensor
    """`[d]`"""
    scatter: Tensor
    """Sum of the outer products of the differences from the mean, `[d d]`."""

    @property
    def covariance(self) -> Tensor:
        """Unbiased, `[d d]`; 0 for a single vector."""
        return self.scatter / max(1, self.count - 1)

    def __add__(self, other: "Moments") -> "Moments":
        """Of both sets together (Chan, Golub, LeVeque 1979)."""
        count = self.count + other.count
        step = other.mean - self.mean
        between = torch.outer(step, step) * (self.count * other.count / max(1, count))
        mean = self.mean + step * (other.count / max(1, count))
        return Moments(count, mean, self.scatter + other.scatter + between)


def no_moments(length: int) -> Moments:
    """Of no vector at all, of so many numbers each."""
    return Moments(
        0, torch.zeros(length, dtype=torch.float64), torch.zeros(length, length, dtype=torch.float64)
    )


def moments_of(vectors: Tensor) -> Moments:
    """`[n d]`, n >= 1."""
    double = vectors.double().cpu()
    mean = double.mean(0)
    return Moments(len(double), mean, (double - mean).T @ (double - mean))


def frechet_distance(a: Moments, b: Moments) -> float:
    """Squared: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2), 0 or more.

    That product has the eigenvalues of C1 C2, whose root the papers take, and is symmetric, so that eigenvalues alone
    do, whatever the rank.
    """
    root = _root(a.covariance)
    eigenvalues = torch.linalg.eigvalsh(root @ b.covariance @ root)
    cross = eigenvalues.clamp(min=0).sqrt().sum()
    spread = a.covariance.trace() + b.covariance.trace() - 2 * cross
    return float(((a.mean - b.mean).square().sum() + spread).clamp(min=0))


def _root(covariance: Tensor) -> Tensor:
    """The symmetric root of a symmetric matrix whose eigenvalues are 0 or more but for rounding."""
    eigenvalues, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors * eigenvalues.clamp(min=0).sqrt() @ vectors.T
    return root
