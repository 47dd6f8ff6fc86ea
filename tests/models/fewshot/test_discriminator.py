"""Discriminators: sizes, norms, and spectral norm in training."""

import pytest
import torch

from maliang_video.models.fewshot.discriminator import DiscriminatorConfig, FewShotDiscriminator
from maliang_video.models.fewshot.losses import judge_loss, likeness_loss, painter_loss


def config(**changes):
    values = {
        "channels": 5,
        "filters": 4,
        "strided_layers": 3,
        "copies": 2,
        "family": "nvlabs",
        "spectral": False,
    }
    return DiscriminatorConfig(**(values | changes))


@pytest.mark.parametrize(
    ("family", "sizes", "coarse"),
    [("nvlabs", [33, 17, 9, 10, 11], 7), ("imaginaire", [32, 16, 8, 7, 7], 3)],
)
def test_sizes(family, sizes, coarse):
    fine, half = FewShotDiscriminator(config(family=family))(torch.zeros(1, 5, 64, 64))
    assert [layer.shape[2] for layer in fine] == sizes
    assert half[-1].shape == (1, 1, coarse, coarse)


@pytest.mark.parametrize("family", ["nvlabs", "imaginaire"])
def test_spectral_norm_holds_weights_down_while_training(family):
    torch.manual_seed(0)
    judge = FewShotDiscriminator(config(family=family, spectral=True)).train()
    layer = judge.copies[0].layers[1][0]
    with torch.no_grad():
        layer.parametrizations.weight.original *= 100
    for _ in range(20):
        judge(torch.randn(2, 5, 32, 32))
    assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, rel=0.1)
    plain = judge.copies[0].layers[0][0]
    assert hasattr(plain, "parametrizations") == (family == "imaginaire")


def test_losses_by_hand():
    generated = [[torch.tensor([1.0, 3.0]), torch.tensor([-2.0, 0.5])]]
    real = [[torch.tensor([2.0, 1.0]), torch.tensor([2.0, 0.0])]]
    assert judge_loss(generated, real=False).item() == pytest.approx((0 + 1.5) / 2)
    assert judge_loss(real, real=True).item() == pytest.approx((0 + 1) / 2)
    assert painter_loss(generated).item() == pytest.approx((3 + 0.5) / 2)
    assert likeness_loss(generated, real).item() == pytest.approx(1.5)
