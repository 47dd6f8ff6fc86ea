"""Linear layers whose weights are scaled as they are used."""

import torch

from maliang_video.models.layers.equalized import EqualizedLinear


def test_values():
    layer = EqualizedLinear(4, 2, rate=0.5, bias=3.0)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(8.0).view(2, 4))
    assert layer(torch.ones(1, 4)).tolist() == [[6 / 4 + 3, 22 / 4 + 3]]


def test_what_it_starts_with_keeps_the_variance_whatever_the_rate():
    torch.manual_seed(0)
    for rate in (1.0, 0.01):
        made = EqualizedLinear(512, 512, rate=rate)(torch.randn(256, 512))
        assert abs(float(made.detach().var()) - 1) < 0.05
