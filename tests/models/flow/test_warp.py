"""Backward warping: the reference's case, its gradients, and what must hold for any picture."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from maliang_video.models.flow.warp import warp

GOLDEN = Path(__file__).parents[2] / "golden" / "vid2vid" / "warp.safetensors"


@pytest.fixture(scope="module")
def golden() -> dict[str, torch.Tensor]:
    return load_file(GOLDEN)


def test_matches_the_reference(golden):
    assert torch.allclose(warp(golden["image"], golden["flow"]), golden["out"], rtol=0, atol=1e-5)


def test_gradients_match_the_reference(golden):
    image = golden["image"].clone().requires_grad_()
    flow = golden["flow"].clone().requires_grad_()
    (warp(image, flow) * golden["upstream"]).sum().backward()
    assert torch.allclose(image.grad, golden["grad_image"], rtol=0, atol=1e-4)
    height, width = flow.shape[-2:]
    x = flow[:, 0] + torch.arange(width)
    y = flow[:, 1] + torch.arange(height)[:, None]
    smooth = ((x - x.round()).abs() > 1e-4) & ((y - y.round()).abs() > 1e-4)  # elsewhere the gradient jumps
    assert smooth.float().mean() > 0.8
    difference = (flow.grad - golden["grad_flow"]).abs() * smooth[:, None]
    assert difference.max() < 1e-4


def test_no_motion_changes_nothing():
    image = torch.rand(2, 3, 7, 9)
    assert torch.allclose(warp(image, torch.zeros(2, 2, 7, 9)), image, atol=1e-6)


def test_whole_pixels_are_pulled_from_where_the_flow_points():
    image = torch.arange(20.0).reshape(1, 1, 4, 5)
    flow = torch.zeros(1, 2, 4, 5)
    flow[:, 0], flow[:, 1] = 2, -1
    out = warp(image, flow)[0, 0]
    assert out[2, 1] == pytest.approx(image[0, 0, 1, 3].item(), abs=1e-5)
    assert out[0, 4] == pytest.approx(image[0, 0, 0, 4].item(), abs=1e-5)  # outside: the border repeats


@pytest.mark.parametrize("resampling", ["bilinear", "bicubic"])
def test_flow_that_is_no_number_harms_no_other_pixel(resampling):
    image = torch.rand(1, 3, 32, 64, requires_grad=True)
    flow = torch.zeros(1, 2, 32, 64)
    flow[..., :32], flow[..., 32:40] = float("nan"), float("inf")
    out = warp(image, flow.requires_grad_(), resampling)
    assert torch.allclose(out[..., 40:], image[..., 40:], atol=1e-5)
    out.sum().backward()
    assert flow.grad[..., 40:].isfinite().all()


def test_half_a_pixel_is_the_mean_of_two():
    image = torch.tensor([[[[0.0, 10.0, 30.0]]]])
    flow = torch.tensor([[[[0.5, 0.5, 0.0]], [[0.0, 0.0, 0.0]]]])
    assert warp(image, flow).flatten().tolist() == pytest.approx([5.0, 20.0, 30.0], abs=1e-5)


def test_bicubic_carries_a_pattern_further_than_bilinear():
    """Ten steps of 0.3 pixels are one of 3, but for what resampling takes away."""
    waves = torch.sin(torch.arange(64) * 0.9).expand(1, 1, 8, 64)
    step = torch.zeros(1, 2, 8, 64)
    step[:, 0] = 0.3
    moved = {"bilinear": waves, "bicubic": waves}
    for _ in range(10):
        moved = {kind: warp(image, step, kind) for kind, image in moved.items()}
    inside = (..., slice(8, 56))
    lost = {kind: (image - warp(waves, 10 * step))[inside].abs().mean() for kind, image in moved.items()}
    assert lost["bilinear"] > 0.35
    assert lost["bicubic"] < 0.25


def test_half_precision_keeps_its_type_and_the_exact_position():
    image = torch.linspace(-1, 1, 3000).reshape(1, 1, 1, 3000)
    flow = torch.zeros(1, 2, 1, 3000)
    flow[:, 0] = 1
    out = warp(image.to(torch.bfloat16), flow.to(torch.bfloat16))
    assert out.dtype == torch.bfloat16
    assert torch.equal(out[..., 2990], image.to(torch.bfloat16)[..., 2991])


def test_gradient_of_the_flow_in_float64():
    image = torch.rand(1, 2, 5, 6)
    flow = (torch.rand(1, 2, 5, 6) * 0.6 + 0.2).requires_grad_()
    warp(image, flow).sum().backward()
    step = 1e-2
    nudged = flow.detach().clone()
    nudged[0, 0, 2, 2] += step
    slope = (warp(image, nudged).double().sum() - warp(image, flow.detach()).double().sum()) / step
    assert flow.grad[0, 0, 2, 2].item() == pytest.approx(slope.item(), abs=1e-3)
