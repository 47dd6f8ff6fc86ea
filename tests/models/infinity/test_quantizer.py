"""Which code is nearest, and which way each loss draws."""

import pytest
import torch

from maliang_video.models.infinity import quantizer
from maliang_video.models.infinity.quantizer import (
    adversarial_weight,
    codebook_loss,
    commitment_loss,
    look_up,
    nearest_codes,
    quantizer_loss,
    straight_through,
)

CODES = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])


def test_nearest_by_hand():
    latent = torch.tensor([[[[1.0, 2.0], [0.2, 0.0]], [[0.0, 0.5], [2.1, 1.9]]]])  # channels, rows, columns
    assert nearest_codes(latent, CODES).tolist() == [[[0, 1], [2, 0]]]
    assert look_up(torch.tensor([[[0, 1], [2, 0]]]), CODES)[0].tolist() == [
        [[0, 3], [0, 0]],
        [[0, 0], [4, 0]],
    ]


def test_many_latents_are_compared_in_pieces(monkeypatch):
    latent = torch.randn(2, 5, 7, 9, generator=torch.Generator().manual_seed(0))
    codes = torch.randn(11, 5, generator=torch.Generator().manual_seed(1))
    distances = torch.cdist(latent.permute(0, 2, 3, 1).reshape(-1, 5), codes)
    expected = distances.argmin(1).view(2, 7, 9)
    assert torch.equal(nearest_codes(latent, codes), expected)
    monkeypatch.setattr(quantizer, "COMPARED_AT_ONCE", 40)
    assert torch.equal(nearest_codes(latent, codes), expected)


def test_losses_by_hand_and_whom_they_move():
    latent = torch.tensor([1.0, 2.0], requires_grad=True)
    code = torch.tensor([2.0, 5.0], requires_grad=True)
    assert codebook_loss(latent, code).item() == commitment_loss(latent, code).item() == 5
    assert quantizer_loss(latent, code).item() == pytest.approx(6.25)
    to_latent, to_code = torch.autograd.grad(quantizer_loss(latent, code), (latent, code))
    assert to_code.tolist() == [1, 3], "the codes move with weight 1"
    assert to_latent.tolist() == [-0.25, -0.75], "the latents with that of the commitment"


def test_the_gradient_goes_straight_through():
    latent = torch.tensor([1.0, 2.0], requires_grad=True)
    out = straight_through(latent, torch.tensor([2.0, 5.0]))
    assert out.tolist() == [2, 5]
    (out * torch.tensor([7.0, -1.0])).sum().backward()
    assert latent.grad.tolist() == [7, -1]


def test_the_discriminators_weight():
    strong, weak = torch.tensor([3.0, 4.0]), torch.tensor([0.5, 0.0])
    assert adversarial_weight(strong, weak).item() == pytest.approx(5 / 0.5001)
    assert adversarial_weight(strong, torch.zeros(2)).item() == pytest.approx(1e4)
