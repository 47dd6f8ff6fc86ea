"""FlowNet2: the reference's numbers, its layout, and what must hold at any width and for pictures of any size."""

import pytest
import torch
from golden_cases import Agree, Case
from synthetic_checkpoint import checkpoint
from torch import Tensor

from maliang_video.errors import InputError
from maliang_video.models.flow.flownet2 import FlowNet2, FlowNet2Config, centred
from maliang_video.models.flow.flownet2_convert import convert, renames
from maliang_video.models.flow.flownet2_correlation import correlate
from maliang_video.models.flow.flownet2_estimate import estimate_flows, flow_and_confidence
from maliang_video.models.flow.flownet2_layers import outputs_of
from maliang_video.models.flow.warp import warp

NETWORKS = {
    "flownetc": "matched",
    "flownets_1": "improved",
    "flownets_2": "twice_improved",
    "flownets_d": "small",
    "flownetfusion": "flow",
}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.mark.parity("vid2vid.flownet2")
@torch.inference_mode()
def test_agrees_with_the_reference(case: Case, agree: Agree) -> None:
    network, tensors = published(case), case.tensors()
    first, second = tensors.pop("a"), tensors.pop("b")
    (height, width), fitting = first.shape[-2:], [side // 64 * 64 for side in first.shape[-2:]]
    flow, confidence = flow_and_confidence(network, first, second)
    flow[:, 0] *= (height / fitting[0]) / (width / fitting[1])  # the reference scales x by the height's ratio
    resized = [torch.nn.functional.interpolate(x, fitting, mode="bilinear") for x in (first, second)]
    steps = network.steps(*resized)
    ours = {"flow": flow, "conf": confidence, "correlation": alike(network, *resized)[:, ::7]}
    ours |= {theirs: getattr(steps, name) for theirs, name in NETWORKS.items()}
    agree(ours, tensors, lambda name: 0 if name == "conf" else max(1e-4, 5 * case.float64_difference(name)))


def published(case: Case) -> FlowNet2:
    config, state = convert({"FlowNet2_checkpoint": checkpoint(case.manifest())})
    with torch.device("meta"):
        network = FlowNet2(config)
    network.load_state_dict(state, strict=True, assign=True)
    return network


def alike(network: FlowNet2, first: Tensor, second: Tensor) -> Tensor:
    return correlate(*(outputs_of(network.matcher.stem, x)[-1] for x in centred(first, second)))


@pytest.fixture(scope="module")
def tiny() -> FlowNet2:
    torch.manual_seed(0)
    return FlowNet2(FlowNet2Config(filters=4)).eval()


def pictures(height: int, width: int) -> tuple[Tensor, Tensor]:
    """A smooth picture, and the same two pixels further left."""
    wide = torch.sin(torch.arange(width + 2) * 0.3) * torch.cos(torch.arange(height) * 0.2)[:, None]
    planes = wide.expand(1, 3, height, width + 2) * torch.tensor([1.0, -0.5, 0.25])[:, None, None]
    return planes[..., :-2], planes[..., 2:]


def test_correlation_by_hand():
    torch.manual_seed(0)
    a, b = torch.randn(2, 1, 3, 24, 26)
    found = correlate(a, b)
    assert found.shape == (1, 441, 24, 26)

    def at(dy: int, dx: int) -> Tensor:
        return found[0, (dy + 20) // 2 * 21 + (dx + 20) // 2]

    assert torch.allclose(at(0, 0), (a * b).mean(1)[0])
    assert at(-4, 6)[10, 9].item() == pytest.approx((a[0, :, 10, 9] * b[0, :, 6, 15]).mean().item(), abs=1e-6)
    assert at(20, 0)[5, 5] == 0  # below the picture
    assert at(0, -20)[5, 19] == 0
    assert at(0, -20)[5, 20] != 0


def test_pictures_are_centred_by_the_mean_of_both():
    a, b = torch.rand(2, 2, 3, 4, 4)
    first, second = centred(a, b)
    assert torch.allclose((first + second).mean((2, 3)), torch.zeros(2, 3), atol=1e-6)
    assert torch.allclose(first - second, a - b, atol=1e-6)


def test_widths_follow_the_published_ones(tiny):
    assert sum(p.numel() for p in FlowNet2(FlowNet2Config(8)).parameters()) > sum(
        p.numel() for p in tiny.parameters()
    )
    with torch.device("meta"):
        assert sum(p.numel() for p in FlowNet2(FlowNet2Config(64)).parameters()) == 162_518_834


def test_sizes_on_the_way(tiny):
    with torch.no_grad():
        steps = tiny.steps(*pictures(64, 128))
    assert steps.flow.shape == (1, 2, 64, 128)
    quarter = (steps.matched, steps.improved, steps.twice_improved, steps.small)
    assert {tuple(flow.shape) for flow in quarter} == {(1, 2, 16, 32)}


def test_every_component_is_scaled_by_its_own_side(tiny):
    first, second = pictures(96, 160)
    small = [torch.nn.functional.interpolate(x, (64, 128), mode="bilinear") for x in (first, second)]
    with torch.no_grad():
        inside = torch.nn.functional.interpolate(tiny(*small), (96, 160), mode="bilinear")
    flow, confidence = flow_and_confidence(tiny, first, second)
    assert torch.allclose(flow[:, 0], inside[:, 0] * 160 / 128)
    assert torch.allclose(flow[:, 1], inside[:, 1] * 96 / 64)
    assert confidence.shape == (1, 1, 96, 160)


def test_small_pictures_are_enlarged(tiny):
    flow, confidence = flow_and_confidence(tiny, *pictures(40, 48))
    assert flow.shape == (1, 2, 40, 48)
    assert confidence.shape == (1, 1, 40, 48)


class Knows(torch.nn.Module):
    """Stands in for FlowNet2: says what it was told."""

    def __init__(self, flow: Tensor) -> None:
        super().__init__()
        self.flow = torch.nn.Parameter(flow)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return self.flow.expand(len(first), -1, *first.shape[-2:])


def test_confidence_is_where_the_colours_agree():
    first, second = pictures(64, 64)  # second(x) = first(x + 2), so first(x) is found at x - 2
    flow, confidence = flow_and_confidence(
        Knows(torch.tensor([-2.0, 0.0]).reshape(1, 2, 1, 1)), first, second
    )
    error = (first - warp(second, flow)).square().sum(1, keepdim=True)
    assert torch.equal(confidence, (error < 0.02).float())
    assert confidence[..., 2:].min() == 1
    wrong, doubtful = flow_and_confidence(Knows(torch.tensor([9.0, 0.0]).reshape(1, 2, 1, 1)), first, second)
    assert wrong[0, 0].min() == 9
    assert doubtful.mean() < 0.5


def test_a_clip_has_a_flow_for_every_frame():
    first, second = pictures(64, 64)
    network = Knows(torch.tensor([-2.0, 0.0]).reshape(1, 2, 1, 1))
    empty, found = estimate_flows(network, [second[0], first[0]])
    assert empty.occlusion.min() == 1
    assert empty.displacement.abs().max() == 0
    assert found.displacement[0, :, 5, 5].tolist() == [-2, 0]
    assert found.occlusion[..., 2:].max() == 0
    with pytest.raises(InputError, match="one size: 32x64 follows 64x64"):
        list(estimate_flows(network, [first[0], first[0, :, :, :32]]))


def layout(filters: int) -> dict[str, Tensor]:
    """A state dict in the published layout, read off our own network by the converter's rules."""
    ours = FlowNet2(FlowNet2Config(filters)).state_dict()
    back = {mine: theirs for theirs, mine in renames()}
    return {f"{back[k.rpartition('.')[0]]}.{k.rpartition('.')[2]}": v for k, v in ours.items()}


def test_a_file_of_another_width_is_converted():
    config, state = convert({"mine": layout(4)})
    assert config == FlowNet2Config(filters=4)
    FlowNet2(config).load_state_dict(state, strict=True)


def test_other_files_are_refused():
    with pytest.raises(InputError, match=r"x: not FlowNet2; its first entries are conv1\.weight"):
        convert({"x": {"conv1.weight": torch.zeros(1)}})
    with pytest.raises(InputError, match="one file; got a, b"):
        convert({"a": {}, "b": {}})
    with pytest.raises(InputError, match=r"unexpected entry 'flownetc\.bn\.weight'"):
        convert({"x": layout(4) | {"flownetc.bn.weight": torch.zeros(1)}})
