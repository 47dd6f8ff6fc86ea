"""Modulated convolution against its definition, in both of its forms, forwards and backwards."""

import pytest
import torch
import torch.nn.functional as F

from maliang_video.models.layers import modulated
from maliang_video.models.layers.binomial import binomial_kernel
from maliang_video.models.layers.modulated import modulated_convolution, modulated_points


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_definition(x, weight, style, bias, gain, up):
    """Sample by sample: weights scaled, each output's of length 1, zeros between the pixels, a filter over all."""
    made = []
    for sample, scale in zip(x, style, strict=True):
        kernels = weight * scale[:, None, None]
        kernels = kernels / (kernels.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if not up:
            y = F.conv2d(sample[None], kernels, padding=1)
        else:
            spread = sample.new_zeros(1, len(sample), 2 * sample.shape[1] - 1, 2 * sample.shape[2] - 1)
            spread[:, :, ::2, ::2] = sample
            y = F.conv2d(spread, kernels.flip(2, 3), padding=2)
            each = F.pad(y, (1, 1, 1, 1)).transpose(0, 1)
            y = F.conv2d(each, 4 * binomial_kernel().double()[None, None]).transpose(0, 1)
        made.append(gain * (y + bias[:, None, None]))
    return torch.cat(made)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("side", [2, 24], ids=["scaled activations", "scaled weights"])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_is_what_the_paper_says(up, side, batch, layout):
    x, style, bias = drawn(batch, 6, side, side + 2), drawn(batch, 6, seed=1), drawn(10, seed=2)
    weight = drawn(10, 6, 3, 3, seed=3)
    made = modulated_convolution(
        x.contiguous(memory_format=layout),
        weight.contiguous(memory_format=layout),
        style,
        bias,
        gain=1.5,
        up=up,
    )
    torch.testing.assert_close(made, by_definition(x, weight, style, bias, 1.5, up))


def test_the_cheaper_form_is_chosen(monkeypatch):
    chosen = []
    for name in ("_with_scaled_weights", "_with_scaled_activations"):
        monkeypatch.setattr(modulated, name, lambda *_, name=name: chosen.append(name))
    weight, style, bias = torch.ones(8, 8, 3, 3), torch.ones(1, 8), torch.zeros(8)
    modulated_convolution(torch.ones(1, 8, 64, 64), weight, style, bias)
    modulated_convolution(torch.ones(1, 8, 4, 4), weight, style, bias)
    modulated_convolution(torch.ones(1, 8, 4, 4, dtype=torch.bfloat16), weight, style, bias)
    assert chosen == ["_with_scaled_weights", "_with_scaled_activations", "_with_scaled_weights"]


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("side", [2, 4])
def test_gradients(up, side):
    given = [drawn(2, 2, side, side), drawn(3, 2, 3, 3), drawn(2, 2), drawn(3)]
    for tensor in given:
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(lambda *g: modulated_convolution(*g, up=up), given, fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda *g: modulated_convolution(*g, up=up), given, fast_mode=True)


def test_large_styles_do_not_overflow_half_precision():
    """What is scaled up by a style is brought down again before it is rounded."""
    x, weight, bias = drawn(1, 6, 8, 8).half(), drawn(10, 6, 3, 3).float(), torch.zeros(10)
    style = 3e4 * drawn(1, 6, seed=1).float()
    made = modulated_convolution(x, weight, style, bias)
    assert made.dtype == torch.float16
    expected = by_definition(x.double(), weight.double(), style.double(), bias.double(), 1.0, False)
    torch.testing.assert_close(made.double(), expected, atol=2e-2, rtol=1e-2)


def test_points():
    x, weight, style, bias = (
        drawn(2, 5, 3, 4),
        drawn(3, 5, 1, 1, seed=1),
        drawn(2, 5, seed=2),
        drawn(3, seed=3),
    )
    expected = F.conv2d(x * style[:, :, None, None], weight, bias)
    torch.testing.assert_close(modulated_points(x, weight, style, bias), expected)
