"""Published files of every layout lead to the same network, and their names say which it is."""

import sys
import zipfile

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.faces.stylegan2.config import StyleGAN2Config
from maliang_video.models.faces.stylegan2.convert import CLAMP, nvlabs_names, rosinality_names
from maliang_video.weights import recognise as recognition
from maliang_video.weights.convert import convert_files
from maliang_video.weights.converters import CONVERTERS
from maliang_video.weights.file import read
from maliang_video.weights.nvlabs_pickle import Network
from maliang_video.weights.published_file import _with_options, read_published
from maliang_video.weights.recognise import recognise

CONFIG = StyleGAN2Config(channels=(8, 8, 8), z_width=8, w_width=8, mapping_layers=2, clamp=256.0)


FILES = ("protocol3.pkl", "protocol4.pkl", "model_run.pt", "state.pt", "tensorflow3.pkl", "tensorflow4.pkl")


@pytest.mark.parametrize("file", FILES)
def test_a_generator_is_converted_out_of_every_layout(published_faces, tmp_path, file):
    out = tmp_path / "generator.safetensors"
    info = convert_files([published_faces.folder / file], out, None)
    assert info.architecture == "faces.stylegan2/1"
    assert "non-commercial" in info.licence
    pickled = file in FILES[:3]
    assert info.config.clamp == (256.0 if pickled else None), "bare tensors can't tell"
    assert info.config.channels == CONFIG.channels
    network = read(out)
    given = published_faces.state
    for ours, theirs in nvlabs_names(CONFIG).items():
        assert torch.allclose(network.state_dict()[ours], given[theirs], rtol=0, atol=1e-6), ours
    with torch.no_grad():
        assert network(torch.zeros(1, 6, 8)).shape == (1, 3, 16, 16)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generator.safetensors"]
    assert not [name for name in sys.modules if name.startswith(("torch_utils", "dnnlib"))]


def test_a_generator_is_found_in_a_zip_of_many_files(published_faces, tmp_path):
    with zipfile.ZipFile(tmp_path / "pretrained_models.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(published_faces.folder / "protocol4.pkl", "pretrained_models/ffhq.pkl")
        archive.write(published_faces.folder / "state.pt", "pretrained_models/79999_iter.pth")
    out = tmp_path / "generator.safetensors"
    info = convert_files([tmp_path / "pretrained_models.zip"], out, None, only=["*ffhq.pkl"])
    assert info.config == CONFIG
    assert info.notes == "converted from pretrained_models/ffhq"


def test_a_hostile_pickle_is_not_run_and_leaves_nothing(tmp_path):
    hostile = b"\x80\x04cposix\nsystem\n\x8c\x09touch ran\x85R."
    (tmp_path / "ffhq.pkl").write_bytes(hostile)
    (tmp_path / "out").mkdir()
    for converter in (None, CONVERTERS["stylegan2"](), CONVERTERS["vid2vid"]()):
        with pytest.raises(
            InputError, match=r"ffhq\.pkl: not .* it asks for posix\.system, .*nothing was run"
        ):
            convert_files([tmp_path / "ffhq.pkl"], tmp_path / "out" / "g.safetensors", converter)
    assert list((tmp_path / "out").iterdir()) == []


def generator(**options: object) -> Network:
    return Network("Generator", options, {"w": torch.ones(1)})


def test_options_that_no_tensor_tells_are_kept_or_refused():
    assert CLAMP not in _with_options(generator(synthesis_kwargs={"conv_clamp": None}), "x")
    assert _with_options(generator(synthesis_kwargs={"conv_clamp": 64}), "x")[CLAMP] == 64
    assert _with_options(generator(mapping_kwargs={"lr_multiplier": 0.01}, synthesis_kwargs=None), "x")
    for options, name in (
        ({"synthesis_kwargs": {"architecture": "resnet"}}, "architecture"),
        ({"synthesis_kwargs": {"activation": "relu"}}, "activation"),
        ({"mapping_kwargs": {"lr_multiplier": 1}}, "lr_multiplier"),
        ({"use_noise": False}, "use_noise"),
    ):
        with pytest.raises(InputError, match=f"x: was trained with another {name} than the published"):
            _with_options(generator(**options), "x")
    for clamp in ("256", -1, float("nan"), True):
        with pytest.raises(InputError, match="conv_clamp is no number"):
            _with_options(generator(synthesis_kwargs={"conv_clamp": clamp}), "x")


def test_every_kind_is_told_by_the_names_of_its_entries():
    theirs = dict.fromkeys(rosinality_names(CONFIG).values())
    assert recognise({"stylegan2-ffhq-config-f": theirs}) == "stylegan2"
    assert (
        recognise({"e4e": [f"decoder.{name}" for name in theirs] + ["encoder.styles.0.linear.weight"]})
        == "e4e"
    )
    assert recognise({"alex": ["features.0.weight"], "lin": ["lin0.model.1.weight"]}) == "lpips"
    assert recognise({"vgg19": ["features.0.weight", "features.34.weight"]}) == "vgg19"
    assert recognise({"79999_iter": ["cp.resnet.conv1.weight"]}) == "bisenet"
    assert recognise({"F": ["flownets_d.conv0.0.weight"]}) == "flownet2"
    assert (
        recognise({"i": ["module.averaged_model.weight_generator.ref_img_first.layers.conv.bias"]})
        == "fewshot"
    )
    assert recognise({"latest_net_G0": ["model_down_seg.1.weight"], "s": ["model.1.weight"]}) == "vid2vid"
    assert {kind for kind, _ in recognition.MARKS} <= set(CONVERTERS)
    with pytest.raises(
        InputError, match=r"a: not a network that Maliang can tell .*\(x, y, \.\.\.\).* --kind"
    ):
        recognise({"a": ["x", "y"]})


def test_checkpoints_of_the_older_format_are_no_pickled_networks(tmp_path):
    path = tmp_path / "m.pth"
    torch.save({"w": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    assert read_published(path)["w"].tolist() == [1, 1]


def test_what_is_no_published_file_is_said_as_ever(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_published(tmp_path / "none.pt")
    with pytest.raises(InputError, match="is a folder"):
        read_published(tmp_path)
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(InputError, match="not a PyTorch checkpoint"):
        read_published(tmp_path / "text.pt")
