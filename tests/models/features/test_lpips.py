"""LPIPS: its formula, its gradient, targets that are kept, and its published files."""

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.features.lpips import (
    LPIPS,
    SCALE,
    SHIFT,
    TRUNKS,
    LPIPSConfig,
    unit_length,
    weighted_difference,
)
from maliang_video.models.features.lpips_convert import PUBLISHED, convert


@pytest.fixture(scope="module")
def metric():
    torch.manual_seed(0)
    return LPIPS(LPIPSConfig("alex")).eval().requires_grad_(False)


def pictures(seed):
    return torch.rand(2, 3, 64, 48, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_distances(metric):
    a, b = pictures(1), pictures(2)
    assert metric(a, a).tolist() == [0, 0]
    assert (metric(a, b) > 0).all()
    torch.testing.assert_close(metric(a, b), metric(b, a))
    torch.testing.assert_close(metric(a, b)[1:], metric(a[1:], b[1:]))
    assert metric.description == "LPIPS (AlexNet)"


def test_a_target_s_features_are_kept(metric):
    a, b = pictures(1), pictures(2)
    target = metric.features(a)
    assert [f.shape[1] for f in target] == [64, 192, 384, 256, 256]
    layers = metric.per_layer(target, b)
    assert layers.shape == (5, 2)
    assert torch.equal(metric.distance(target, b), layers.sum(0))
    torch.testing.assert_close(layers.sum(0), metric(a, b))


def test_formula():
    a = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    b = torch.tensor([0.0, 2.0]).view(1, 2, 1, 1)
    assert unit_length(a).flatten().tolist() == pytest.approx([0.6, 0.8])
    difference = weighted_difference(unit_length(a), unit_length(b), torch.tensor([10.0, 100.0]))
    assert float(difference) == pytest.approx(10 * 0.36 + 100 * 0.04)


def test_gradients_are_finite_where_features_are_zero(metric):
    x = torch.zeros(1, 4, 2, 2, requires_grad=True)
    weighted_difference(
        unit_length(torch.ones(1, 4, 2, 2)), unit_length(torch.relu(x)), torch.ones(4)
    ).sum().backward()
    assert not x.grad.any()
    picture = torch.zeros(1, 3, 64, 64, requires_grad=True)
    metric(pictures(1)[:1, :, :, :48], picture[..., :48]).sum().backward()
    assert picture.grad.isfinite().all()


def lpips_state(trunk, values=None):
    """As the package's module has it."""
    network = LPIPS(LPIPSConfig(trunk)) if values is None else values
    state = {}
    for index, (number, conv) in enumerate(zip(PUBLISHED[trunk], network.convolutions, strict=True)):
        state[f"net.slice{1 + index // 3}.{number}.weight"] = conv.weight.detach()
        state[f"net.slice{1 + index // 3}.{number}.bias"] = conv.bias.detach()
    for level, weights in enumerate(network.weights):
        for name in (f"lin{level}", f"lins.{level}"):
            state[f"{name}.model.1.weight"] = weights.detach().view(1, -1, 1, 1)
    state["scaling_layer.shift"] = torch.tensor(SHIFT).view(1, 3, 1, 1)
    state["scaling_layer.scale"] = torch.tensor(SCALE).view(1, 3, 1, 1)
    return state


def test_the_package_s_state(metric):
    config, state = convert({"lpips": lpips_state("alex", metric)})
    assert config == LPIPSConfig("alex")
    assert all(torch.equal(state[n], t) for n, t in metric.state_dict().items())
    assert state.keys() == metric.state_dict().keys()


def test_trunk_and_weights_in_two_files(metric):
    whole = lpips_state("alex", metric)
    trunk = {f"features.{n.split('.', 2)[2]}": t for n, t in whole.items() if n.startswith("net.")}
    weights = {n: t for n, t in whole.items() if n.startswith("lin") and not n.startswith("lins")}
    config, state = convert({"alexnet": trunk | {"classifier.1.weight": torch.ones(1)}, "alex": weights})
    assert config == LPIPSConfig("alex")
    assert all(torch.equal(state[n], t) for n, t in metric.state_dict().items())


def test_vgg():
    with torch.device("meta"):
        network = LPIPS(LPIPSConfig("vgg"))
        published = lpips_state("vgg", network)
    constants = {f"scaling_layer.{n}": torch.tensor(v) for n, v in (("shift", SHIFT), ("scale", SCALE))}
    config, state = convert({"lpips": published | constants})
    assert config == LPIPSConfig("vgg")
    assert {n: t.shape for n, t in state.items()} == {n: t.shape for n, t in network.state_dict().items()}
    assert [layer.outputs for layer in TRUNKS["vgg"] if layer.seen] == [64, 128, 256, 512, 512]
    assert network.description == "LPIPS (VGG16)"


def test_vgg_halves_the_size_at_every_level():
    torch.manual_seed(0)
    features = LPIPS(LPIPSConfig("vgg")).requires_grad_(False).features(pictures(1)[:1, :, :32, :32])
    assert [f.shape[2] for f in features] == [32, 16, 8, 4, 2]


def test_other_files_are_refused(metric):
    whole = lpips_state("alex", metric)
    with pytest.raises(InputError, match="no file: not LPIPS: give"):
        convert({})
    with pytest.raises(InputError, match="alexnet: not LPIPS"):
        convert({"alexnet": {n: t for n, t in whole.items() if not n.startswith("lin")}})
    with pytest.raises(InputError, match=r"scaling_layer\.shift is not LPIPS's"):
        convert({"lpips": whole | {"scaling_layer.shift": torch.zeros(1, 3, 1, 1)}})
    with pytest.raises(InputError, match=r"'lin2\.model\.1\.weight' is missing"):
        convert({"lpips": {n: t for n, t in whole.items() if not n.startswith("lin2.")}})
