"""How one scale puts its frame together."""

import pytest
import torch

from maliang_video.models.flow.warp import warp
from maliang_video.models.labels.planes import dense_planes
from maliang_video.models.vid2vid.scale import Scale, ScaleOutput


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(2)
    labels = dense_planes(torch.rand(1, 21, 8, 12, generator=generator))
    past = torch.rand(1, 6, 8, 12, generator=generator) * 2 - 1
    mask = (torch.arange(12) < 4).float().expand(1, 1, 8, 12)
    return labels, past, mask


@pytest.fixture
def scale(make):
    return make().scales[0]


def run(scale: Scale, inputs, *, mask: bool = True, warp_past: bool = True) -> ScaleOutput:
    labels, past, where = inputs
    with torch.inference_mode():
        return scale(labels, past, None, where if mask else None, None, warp_past)


def test_the_weight_blends_raw_and_warped(scale, inputs):
    out = run(scale, inputs, mask=False)
    assert 0.01 < out.weight.min() < out.weight.max() < 0.99
    assert torch.allclose(out.frame, out.weight * out.raw + (1 - out.weight) * out.warped, atol=1e-6)


def test_the_newest_past_frame_is_warped(scale, inputs):
    out = run(scale, inputs)
    assert torch.equal(out.warped, warp(inputs[1][:, 3:], out.flow))
    assert out.flow.abs().max() > 0.1


def test_the_past_frame_is_resampled_as_the_config_says(make, inputs):
    out = run(make(resampling="bicubic").scales[0], inputs)
    assert torch.equal(out.warped, warp(inputs[1][:, 3:], out.flow, "bicubic"))
    assert not torch.equal(out.warped, warp(inputs[1][:, 3:], out.flow))


def test_with_skips_labels_reach_the_picture_past_the_small_sizes(make, inputs):
    for skips in (False, True):
        scale = make(skips=skips).scales[0]
        for layer in scale.image.ups:
            layer.conv.weight.data.zero_()
        labels, past, _ = inputs
        other = dense_planes(labels.values.flip(2))
        here, there = (run(scale, (shown, past, None), mask=False).raw for shown in (labels, other))
        assert torch.equal(here, there) is not skips


def test_weight_one_paints_and_weight_zero_copies(scale, inputs):
    for bias, expected in ((100.0, "raw"), (-100.0, "warped")):
        scale.flow.to_weight.bias.data.fill_(bias)
        out = run(scale, inputs, mask=False)
        assert torch.allclose(out.frame, getattr(out, expected), atol=1e-6)


def test_flow_is_in_pixels_of_its_scale(make, inputs):
    for scale, gain in zip(make().scales, (20, 40), strict=True):
        scale.flow.to_flow.weight.data.zero_()
        scale.flow.to_flow.bias.data = torch.tensor([0.5, -0.25])
        with torch.inference_mode():
            flow = scale.flow(torch.rand(1, scale.flow.decoder.blocks[0].conv1.in_channels, 4, 6))[1]
        assert torch.equal(flow[0, 0], torch.full((8, 12), 0.5 * gain))
        assert torch.equal(flow[0, 1], torch.full((8, 12), -0.25 * gain))


def test_flow_and_weight_are_their_own_convolutions(scale):
    features = torch.randn(1, 8, 4, 6, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        decoded, flow, weight = scale.flow(features)
        assert torch.allclose(flow, scale.flow.to_flow(decoded) * 20, atol=1e-5)
        assert torch.allclose(weight, scale.flow.to_weight(decoded).sigmoid(), atol=1e-6)


def test_the_foreground_covers_frame_and_raw_where_the_mask_is(scale, inputs):
    plain, out = run(scale, inputs, mask=False), run(scale, inputs)
    assert plain.foreground is None
    for covered, without in ((out.frame, plain.frame), (out.raw, plain.raw)):
        assert torch.equal(covered[..., :4], out.foreground[..., :4])
        assert torch.equal(covered[..., 4:], without[..., 4:])


def test_nothing_is_warped_where_there_is_no_past(scale, inputs):
    out = run(scale, inputs, warp_past=False)
    assert torch.equal(out.frame, out.raw)


def test_without_flow_the_raw_frame_is_the_frame(make, inputs):
    out = run(make(flow=False).scales[0], inputs)
    assert torch.equal(out.frame, out.raw)
    assert (out.flow, out.weight, out.warped, out.features.flow) == (None, None, None, None)


def test_pictures_stay_in_range(scale, inputs):
    out = run(scale, inputs)
    assert max(float(p.abs().max()) for p in (out.frame, out.raw, out.foreground)) <= 1
