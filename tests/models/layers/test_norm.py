"""Frame norm: the statistics are those of the frame, whatever it is batched with."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.models.layers.norm import FrameNorm


def seeded_norm(channels: int, affine: bool = True) -> FrameNorm:
    norm = FrameNorm(channels, affine)
    if affine:
        generator = torch.Generator().manual_seed(1)
        norm.weight.data = torch.rand(channels, generator=generator) + 0.5
        norm.bias.data = torch.randn(channels, generator=generator)
    return norm


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
def test_subtracts_the_mean_and_divides_by_the_biased_deviation(affine, batch):
    norm = seeded_norm(4, affine)
    x = torch.randn(batch, 4, 5, 7, generator=torch.Generator().manual_seed(0)) * 3 + 2
    mean = x.mean((2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((2, 3), keepdim=True)
    expected = (x - mean) / (variance + 1e-5).sqrt()
    if affine:
        expected = expected * norm.weight[:, None, None] + norm.bias[:, None, None]
    assert torch.allclose(norm(x), expected, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 4), st.integers(1, 5), st.booleans(), st.booleans())
def test_a_batch_is_its_frames_one_by_one(batch, channels, affine, channels_last):
    norm = seeded_norm(channels, affine)
    x = torch.randn(batch, channels, 6, 5)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    one_by_one = torch.cat([norm(frame) for frame in x.split(1)])
    assert torch.allclose(norm(x), one_by_one, atol=1e-5)


def channels_last(x: torch.Tensor) -> torch.Tensor:
    return x.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("arrange", [torch.Tensor.contiguous, channels_last])
@pytest.mark.parametrize("batch", [1, 2])
def test_large_maps_lose_no_digits(arrange, batch):
    """A quarter of a million pixels, whose mean is five times their deviation."""
    x = arrange(torch.randn(batch, 3, 256, 1024, generator=torch.Generator().manual_seed(0)) + 5)
    exact = torch.nn.functional.instance_norm(x.double(), eps=1e-5)
    assert (FrameNorm(3)(x).detach() - exact).abs().max() < 5e-6
    with torch.inference_mode():
        assert (FrameNorm(3)(x) - exact).abs().max() < 5e-6


@pytest.mark.parametrize("arrange", [torch.Tensor.contiguous, channels_last])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("trained_through", [True, False])
def test_the_layout_is_kept(arrange, batch, trained_through):
    x = arrange(torch.randn(batch, 4, 6, 8)).requires_grad_(trained_through)
    y = seeded_norm(4)(x)
    assert y.stride() == x.stride()
    assert torch.allclose(y, seeded_norm(4)(x.contiguous()), atol=1e-5)


def test_training_and_evaluation_are_the_same():
    norm, x = seeded_norm(3), torch.randn(1, 3, 4, 4)
    assert torch.equal(norm.train()(x), norm.eval()(x))
    assert not list(norm.buffers())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_does_not_overflow(dtype):
    x = torch.randn(1, 2, 16, 16, generator=torch.Generator().manual_seed(0)) * 300 + 1000
    y = seeded_norm(2, affine=False).to(dtype)(x.to(dtype))
    assert y.dtype == dtype
    assert y.float().mean().item() == pytest.approx(0, abs=0.05)
    assert y.float().std().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("arrange", [torch.Tensor.contiguous, channels_last])
@pytest.mark.parametrize("batch", [1, 2])
def test_gradients(batch, arrange):
    norm = seeded_norm(2).double()
    x = arrange(torch.randn(batch, 2, 3, 4, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(norm, (x,))
