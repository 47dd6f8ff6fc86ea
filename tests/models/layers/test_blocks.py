"""The convolution blocks against their definition in plain functions."""

import pytest
import torch
import torch.nn.functional as F

from maliang_video.models.layers.blocks import (
    FewOutputs,
    ResidualBlock,
    convolve_to_few,
    down,
    modulate,
    residual_blocks,
    stem,
    up,
)


def frame_norm(x: torch.Tensor, norm: torch.nn.Module) -> torch.Tensor:
    return F.instance_norm(x, weight=norm.weight, bias=norm.bias)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_the_stem_reflects_at_the_border():
    conv, x = stem(2, 3), torch.randn(1, 2, 8, 10)
    padded = F.pad(x, (3, 3, 3, 3), mode="reflect")
    assert torch.allclose(conv(x), F.conv2d(padded, conv.weight, conv.bias), atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_few_outputs_are_those_of_the_whole_convolution(outputs, dtype):
    few, x = FewOutputs(5, outputs).to(dtype), torch.randn(2, 5, 8, 11, dtype=dtype)
    expected = F.conv2d(F.pad(x, (3, 3, 3, 3), mode="reflect"), few.weight, few.bias)
    assert few(x).dtype == dtype
    assert torch.allclose(few(x), expected, atol=1e-5)


def test_gradients_of_few_outputs():
    few, x = FewOutputs(2, 2).double(), torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w, b: convolve_to_few(x, w, b), (x, few.weight, few.bias))


@pytest.mark.parametrize("affine", [True, False])
def test_down_halves_the_size_with_zeros_around_it(affine):
    block, x = down(3, affine), torch.randn(2, 3, 8, 12)
    expected = F.conv2d(F.pad(x, (1, 1, 1, 1)), block.conv.weight, block.conv.bias, stride=2)
    y = block(x)
    assert y.shape == (2, 6, 4, 6)
    assert torch.allclose(y, frame_norm(expected, block.norm).relu(), atol=1e-5)


@pytest.mark.parametrize("affine", [True, False])
def test_up_doubles_the_size(affine):
    block, x = up(6, 3, affine), torch.randn(2, 6, 4, 6)
    full = F.conv_transpose2d(
        x, block.conv.weight, block.conv.bias, stride=2
    )  # one row and column more at each end
    expected = F.pad(full, (-1, 0, -1, 0))[:, :, : 2 * 4, : 2 * 6]
    y = block(x)
    assert y.shape == (2, 3, 8, 12)
    assert torch.allclose(y, frame_norm(expected, block.norm).relu(), atol=1e-5)


def test_a_residual_block_adds_to_its_input_without_a_relu_after_it():
    block, x = ResidualBlock(4), torch.randn(1, 4, 6, 6)
    pad = lambda t: F.pad(t, (1, 1, 1, 1), mode="reflect")  # noqa: E731
    inner = frame_norm(F.conv2d(pad(x), block.conv1.weight, block.conv1.bias), block.norm1).relu()
    outer = frame_norm(F.conv2d(pad(inner), block.conv2.weight, block.conv2.bias), block.norm2)
    y = block(x)
    assert torch.allclose(y, x + outer, atol=1e-5)
    assert (y < 0).any()


def test_blocks_leave_their_input_alone():
    x = torch.randn(1, 4, 6, 6)
    before = x.clone()
    with torch.inference_mode():
        residual_blocks(2, 4)(x)
        down(4)(x)
        up(4, 2)(x)
    assert torch.equal(x, before)


def test_modulation_scales_and_shifts_every_channel():
    x = torch.ones(1, 2, 1, 1)
    assert modulate(x, torch.tensor([[0.0, 1.0, 5.0, -3.0]])).flatten().tolist() == [6.0, -1.0]


def test_modulation_happens_between_norm_and_relu():
    block, x = up(4, 2), torch.randn(1, 4, 3, 3)
    modulation = torch.tensor([[-2.0, 0.5, 0.1, -0.2]])
    y = F.conv_transpose2d(x, block.conv.weight, block.conv.bias, stride=2, padding=1, output_padding=1)
    expected = modulate(frame_norm(y, block.norm), modulation).relu()
    assert torch.allclose(block(x, modulation), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "channels"), [(lambda: ResidualBlock(2), 2), (lambda: down(2), 2), (lambda: up(4, 2), 4)]
)
def test_gradients(make, channels):
    x = torch.randn(1, channels, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(make().double(), (x,), atol=1e-4)
