"""Whole pickled networks as NVlabs published them: the very tensors, and nothing of the code beside them."""

import pickle
import pickletools
import sys

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.weights.nvlabs_pickle import MAX_MODULES, Module, network, read_networks
from maliang_video.weights.pickled_tensors import Storage, TensorPlan, _plan, build_all
from maliang_video.weights.restricted_pickle import NotAllowedError


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_the_networks_of_a_file_are_read(published_faces, protocol):
    read = read_networks(published_faces.folder / f"protocol{protocol}.pkl", ("G_ema", "D"))
    generator = read["G_ema"]
    assert generator.class_name == "Generator"
    assert set(generator.state) == set(published_faces.state)
    for name, tensor in published_faces.state.items():
        assert torch.equal(generator.state[name], tensor), name
        assert generator.state[name].is_contiguous()
        assert not generator.state[name].requires_grad
    assert generator.options["z_dim"] == 8
    assert generator.options["synthesis_kwargs"]["conv_clamp"] == 256
    assert list(read["D"].state) == ["b4.out.weight"]


def test_their_modules_have_never_been_here(published_faces):
    read_networks(published_faces.folder / "protocol4.pkl")
    assert not [name for name in sys.modules if name.startswith(("torch_utils", "dnnlib"))]


def test_the_files_are_like_the_published_ones(published_faces):
    """The names and instructions that the published ones are known to hold."""
    content = (published_faces.folder / "protocol3.pkl").read_bytes()
    operations = [(operation.name, argument) for operation, argument, _ in pickletools.genops(content)]
    assert {argument for name, argument in operations if name == "GLOBAL"} == {
        "torch_utils.persistence _reconstruct_persistent_obj",
        "collections OrderedDict",
        "torch._utils _rebuild_parameter",
        "torch._utils _rebuild_tensor_v2",
        "torch.storage _load_from_bytes",
        f"{np._core.multiarray.__name__ if hasattr(np, '_core') else 'numpy.core.multiarray'} scalar",
        "numpy dtype",
        "dnnlib.util EasyDict",
        "builtins set",
    }
    assert {"NEWOBJ", "BUILD", "REDUCE", "BINBYTES"} <= {name for name, _ in operations}
    assert "raise SystemExit" in content.decode("latin1")


def test_a_network_that_is_not_there_is_named(published_faces, tmp_path):
    path = published_faces.folder / "protocol4.pkl"
    with pytest.raises(InputError, match=r"holds no network G_me; it holds G, D, G_ema"):
        read_networks(path, ("G_me",))
    with pytest.raises(InputError, match="no such file"):
        read_networks(tmp_path / "none.pkl")
    for content, message in (
        ({}, "it holds none"),
        ([1], "it holds a list"),
        ({"G_ema": {}}, "it holds none"),
    ):
        (tmp_path / "other.pkl").write_bytes(pickle.dumps(content))
        with pytest.raises(InputError, match=message):
            read_networks(tmp_path / "other.pkl")


def plan(count: int = 6, offset: object = 0, size: object = (2, 3), stride: object = (3, 1)) -> TensorPlan:
    values = torch.arange(float(count)).numpy().tobytes()
    return _plan(Storage(torch.float32, count, lambda: values), offset, size, stride, False, {})


def test_tensors_are_views_of_their_storages():
    assert plan().built().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert plan(stride=(1, 2)).built().tolist() == [[0, 2, 4], [1, 3, 5]]
    assert plan(offset=5, size=(), stride=()).built().item() == 5
    assert plan(offset=1, size=(2, 2), stride=(3, 0)).built().tolist() == [[1, 1], [4, 4]]
    assert plan(count=0, offset=0, size=(0, 7), stride=(7, 1)).built().shape == (0, 7)
    built = plan(offset=4, size=(2,), stride=(1,)).built()
    assert built.untyped_storage().nbytes() == 8, "a small part keeps nothing large alive"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offset": 1}, "reaches to number 7 of a storage of 6"),
        ({"size": (2, 4)}, "reaches to number 7"),
        ({"stride": (1 << 39, 1)}, "reaches to number"),
        ({"offset": -1}, "don't fit together"),
        ({"stride": (-3, 1)}, "don't fit together"),
        ({"size": (2, True)}, "don't fit together"),
        ({"size": (2, 1 << 63)}, "don't fit together"),
        ({"size": (2,)}, "don't fit together"),
        ({"size": (1,) * 9, "stride": (1,) * 9}, "don't fit together"),
        ({"size": [2, 3]}, "without a storage, a size or a stride"),
        ({"stride": None}, "without a storage, a size or a stride"),
    ],
)
def test_a_tensor_beyond_its_storage_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        plan(**changes)


def test_tensors_far_larger_than_their_file_are_not_built():
    expanded = plan(count=1, size=(1 << 39,), stride=(0,))
    with pytest.raises(NotAllowedError, match="far larger than its 100 bytes"):
        build_all({"a": expanded}, 100)
    many = {str(number): plan() for number in range(100)}
    with pytest.raises(NotAllowedError, match="far larger"):
        build_all(many, 100)
    assert len(build_all(many, 100 * 48 // 4)) == 100


def module(inner: dict[str, object], tensors: dict[str, object] | None = None) -> Module:
    return Module("Layer", {"_parameters": tensors or {}, "_buffers": {}, "_modules": inner})


def test_networks_that_hold_themselves_are_refused():
    """Sixteen levels of a hundred names for one layer would be 100 ** 16 layers."""
    held = module({})
    for _ in range(14):
        held = module({str(number): held for number in range(100)})
    with pytest.raises(ValueError, match="no network of layers at"):
        network(held, MAX_MODULES)
    circle = module({})
    circle.state["_modules"]["again"] = circle
    with pytest.raises(ValueError, match=r"no network of layers at 'again\.again"):
        network(circle, 100)
    with pytest.raises(ValueError, match=r"no tensor at inner\.x"):
        network(module({"inner": module({}, {"x": 3})}), 100)
    with pytest.raises(ValueError, match="no tensor at"):
        network(module({}, {"x" * 300: plan()}), 100)
    assert network(module({"none": None}, {"bias": None}), 100).state == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_damaged_bytes_is_refused_or_read(published_faces, watched, tmp_path, data):
    content = bytearray((published_faces.folder / "small.pkl").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.pkl"
    path.write_bytes(content)
    said, state = f"{path}: ", {}
    try:
        with watched(files=True):
            state = read_networks(path)["G_ema"].state
    except InputError as error:
        said = str(error)
    assert said.startswith(f"{path}: ")
    assert len(said) < 600
    assert sum(tensor.nbytes for tensor in state.values()) <= 4 * len(content)
    assert [each.name for each in tmp_path.iterdir()] == ["damaged.pkl"]
    assert not [name for name in sys.modules if name.startswith(("torch_utils", "dnnlib"))]
