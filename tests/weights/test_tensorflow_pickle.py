"""Generators of NVlabs's TensorFlow code: their variables, and nothing of the code beside them."""

import pickle
import sys

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.faces.stylegan2.tensorflow import to_nvlabs
from maliang_video.weights.tensorflow_pickle import MAX_PARTS, _Network, _variables, read_tensorflow_generator


@pytest.mark.parametrize("protocol", [3, 4])
def test_the_averaged_generator_is_read(published_faces, protocol):
    read = read_tensorflow_generator(published_faces.folder / f"tensorflow{protocol}.pkl")
    state = published_faces.state
    assert torch.equal(read["dlatent_avg"], state["mapping.w_avg"])
    assert torch.equal(read["synthesis/noise1"], state["synthesis.b8.conv0.noise_const"][None, None])
    assert torch.equal(
        read["synthesis/8x8/Conv0_up/weight"][0, 1, 2, 3], state["synthesis.b8.conv0.weight"][3, 2, 2, 1]
    )
    assert torch.equal(read["mapping/Dense1/weight"], state["mapping.fc1.weight"].T)
    assert not [name for name in sys.modules if name.startswith("dnnlib")]


def test_it_is_renamed_to_the_other_layout(published_faces):
    renamed = to_nvlabs(read_tensorflow_generator(published_faces.folder / "tensorflow4.pkl"))
    expected = {n: t for n, t in published_faces.state.items() if not n.endswith("resample_filter")}
    assert set(renamed) == set(expected)
    for name, tensor in expected.items():
        assert torch.allclose(renamed[name], tensor, rtol=0, atol=1e-6), name
    assert list(to_nvlabs({"synthesis/8x8/Skip/weight": torch.ones(1)})) == ["synthesis/8x8/Skip/weight"]


def test_what_is_no_generator_is_named(published_faces, tmp_path):
    content = (published_faces.folder / "tensorflow3.pkl").read_bytes()
    cases = {
        "holds no three networks": pickle.dumps((1, 2), 3),
        "no network at ''": pickle.dumps((1, 2, 3), 3),
        "it asks for dnnlib.tflib.other, which could run anything; nothing was run": content.replace(
            b"dnnlib.tflib.network\n", b"dnnlib.tflib\n"
        ).replace(b"\nNetwork\n", b"\nother\n"),
        "cut short or damaged": content[:-100],
        "numbers of type": content.replace(b"X\x02\x00\x00\x00f4", b"X\x02\x00\x00\x00U4"),
    }
    for message, changed in cases.items():
        path = tmp_path / "gs.pkl"
        path.write_bytes(changed)
        with pytest.raises(InputError) as caught:
            read_tensorflow_generator(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert message in str(caught.value)


def test_networks_that_hold_themselves_are_refused():
    held = _Network()
    held.accept({"variables": [], "components": {}})
    for _ in range(7):
        outer = _Network()
        outer.accept({"variables": [], "components": {str(k): held for k in range(MAX_PARTS)}})
        held = outer
    with pytest.raises(ValueError, match="no network at"):
        list(_variables(held, "", 0, iter(range(1, 1000))))
