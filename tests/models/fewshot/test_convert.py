"""Published layouts become ours: every entry finds its place, and nothing else is let in.

The entries are those of the manifests; shapes are enough here, so the tensors live on the meta device.
"""

import json
from pathlib import Path

import pytest
import torch
from golden_cases import DEFAULT
from synthetic_checkpoint import checkpoint

from maliang_video.errors import InputError
from maliang_video.models.fewshot.convert import convert, convert_learnt
from maliang_video.models.fewshot.discriminator import FewShotDiscriminator, convert_discriminator
from maliang_video.models.fewshot.generator import FewShotGenerator
from maliang_video.models.fewshot.published import fold_spectral
from maliang_video.weights import load
from maliang_video.weights.convert import convert_files
from maliang_video.weights.converters import CONVERTERS

State = dict[str, torch.Tensor]

LAYOUTS = {
    "fsv2v_face": {"kind": "face", "mixing": "average", "warp_exemplar": True, "blending": "embedding"},
    "fsv2v_face_k3": {"mixing": "attention", "mixing_level": 2, "generated_levels": 4, "hidden_layers": 2},
    "fsv2v_face_linear": {"warp_exemplar": True, "blending": "linear", "warped_levels": 0},
    "fsv2v_pose": {"kind": "pose", "label_channels": 6, "hidden_faces": "all", "exemplar_kernel": 3},
    "fsv2v_pose_k3": {"norm": "folded", "generated_cut": "halves", "embedding_kernel": 1},
    "fsv2v_street": {"kind": "street", "palette": "cityscapes_fewshot", "warp_exemplar": False},
    "fsv2v_street_k3": {"label_channels": 20, "blending": "linear", "summary_pixels": None},
    "fsv2v_face_k3_small": {"filters": 4, "most_filters": 128},
    "imaginaire_face_forensics_ema": {
        "exemplar_label_eps": 1e-5,
        "summary_pixels": 256.0,
        "norm": "instance",
    },
    "imaginaire_face_forensics_raw": {"exemplar_label_eps": 0.1, "generated_cut": "whole"},
    "imaginaire_youtube_dancing_raw": {"kind": "pose", "hidden_faces": "drivers", "embedding_kernel": 3},
    "imaginaire_face_k3_ema": {"mixing": "attention", "exemplar_kernel": 1, "separate_flows": False},
}


def manifest(name: str) -> dict:
    return json.loads((DEFAULT / "fewshot" / f"{name}.json").read_text("utf-8"))


def published(name: str, aliases: bool = True) -> State:
    content = manifest(name)
    state = {e["name"]: torch.empty(e["shape"], device="meta") for e in content["tensors"]}
    for alias, target in content.get("aliases", {}).items() if aliases else ():
        for entry in [entry for entry in state if entry.startswith(target)]:
            state[alias + entry.removeprefix(target)] = state[entry]
    return state


def built(state: State, convert=convert) -> FewShotGenerator:
    """The network that a conversion says, with the weights that it gives, each of the right name and shape."""
    config, ours = convert({"a file": state})
    with torch.device("meta"):
        network = FewShotGenerator(config)
    network.load_state_dict(ours, strict=True, assign=True)
    return network


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_entry_of_a_published_layout_has_its_place(name):
    config = built(published(name)).config
    assert {field: getattr(config, field) for field in LAYOUTS[name]} == LAYOUTS[name]


@pytest.mark.parametrize("name", ["fsv2v_face", "imaginaire_face_forensics_ema"])
def test_a_module_saved_under_two_names_is_read_once(name):
    state = published(name)
    for left_out in ("flow_network_ref.", "flow_network_temp.", "neither"):
        one = {entry: value for entry, value in state.items() if not entry.startswith(left_out)}
        network = built(one)
        assert network.exemplar_flow is None
        assert network.config == built(state).config


def test_two_flow_networks_are_two():
    state = checkpoint(manifest("fsv2v_face_small"))
    assert built(state).exemplar_flow is None
    own = {name: value.clone() for name, value in state.items()}
    own["flow_network_ref.conv_mask.0.bias"] += 1
    network = built(own)
    assert network.config.separate_flows
    assert network.exemplar_flow.to_mask.bias == network.flow.to_mask.bias + 1


def test_the_full_file_has_two_halves():
    """Of the one file that was published: the average is used by inference, with another eps."""
    state = published("imaginaire_face_forensics_net_G_full_layout")
    twins = {
        name.replace("flow_network_ref", "flow_network_temp"): value
        for name, value in state.items()
        if "flow_network_ref" in name
    }
    averaged, learnt = built(state | twins), built(state | twins, convert_learnt)
    assert averaged.config.exemplar_label_eps == 1e-5
    assert learnt.config.exemplar_label_eps == 0.1
    assert averaged.config.levels == learnt.config.levels == 5
    assert sum(p.numel() for p in averaged.parameters()) == pytest.approx(91.1e6, rel=1e-3)


def test_the_halves_are_not_mixed_up():
    state = checkpoint(manifest("imaginaire_face_small_raw"))
    plain = fold_spectral(state)
    both = {f"module.module.{name}": value for name, value in state.items()}
    both |= {f"module.averaged_model.{name}": 2 * value for name, value in plain.items()}
    both["module.num_updates_tracked"] = torch.tensor(600)
    assert torch.equal(built(both).to_image.weight, 2 * plain["conv_img.layers.conv.weight"])
    assert torch.equal(built(both, convert_learnt).to_image.weight, plain["conv_img.layers.conv.weight"])
    alone = {f"module.{name}": value for name, value in state.items()}
    assert torch.equal(built(alone).to_image.weight, plain["conv_img.layers.conv.weight"])


def test_spectral_norm_is_folded_with_the_stored_vectors():
    torch.manual_seed(0)
    weight, u, v = torch.randn(4, 3, 2, 2), torch.randn(4), torch.randn(12)
    stored = {"conv.weight_orig": weight, "conv.weight_u": u, "conv.weight_v": v, "conv.bias": u}
    folded = fold_spectral(stored)
    assert folded.keys() == {"conv.weight", "conv.bias"}
    assert torch.allclose(folded["conv.weight"], weight / (u @ weight.view(4, 12) @ v))
    with pytest.raises(InputError, match="weight_v is missing"):
        fold_spectral({name: value for name, value in stored.items() if name != "conv.weight_v"})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: {n: v for n, v in s.items() if "running_" not in n}, "before 8 July 2020"),
        (lambda s: {n.replace("conv_mask", "conv_w"): v for n, v in s.items()}, "before June 2020"),
        (
            lambda s: s | {"img_warp_embedding.conv_first.0.weight": s["conv_img.bias"]},
            "one embedder for both",
        ),
        (lambda s: s | {"fc_conv_0_0.0.bias": s["conv_img.bias"]}, "--adaptive_conv"),
        (lambda s: {n: v for n, v in s.items() if not n.startswith("ref_label")}, "concat"),
        (
            lambda s: s | {"extra.weight": s["conv_img.bias"]},
            r"a published layout does not have \(extra.weight\)",
        ),
        (lambda s: {n: v for n, v in s.items() if n != "conv_img.bias"}, "'conv_img.bias' is missing"),
        (lambda s: {f"x.{n}": v for n, v in s.items()}, "not a few-shot vid2vid generator"),
    ],
)
def test_what_is_of_another_version_is_refused_in_a_sentence(change, complaint):
    with pytest.raises(InputError, match=complaint):
        convert({"latest_net_G": change(published("fsv2v_face"))})


def test_one_file_is_one_network():
    with pytest.raises(InputError, match="one file; got a, b"):
        convert({"a": {}, "b": {}})


@pytest.mark.parametrize("kind", ["fewshot", "fewshot-raw"])
def test_a_published_container_becomes_a_file_that_loads(tmp_path: Path, kind):
    """imaginaire's: the generator is one entry among discriminators, optimisers and numbers."""
    state = checkpoint(manifest("imaginaire_face_small_raw"))
    generator = {f"module.module.{name}": value for name, value in state.items()}
    generator |= {f"module.averaged_model.{name}": value for name, value in fold_spectral(state).items()}
    optimiser = {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1e-4}]}
    whole = {"net_G": generator, "net_D": {"a": torch.zeros(3)}, "opt_G": optimiser, "current_epoch": 200}
    torch.save(whole, tmp_path / "checkpoint.pt")
    out = tmp_path / "face.safetensors"
    info = convert_files([tmp_path / "checkpoint.pt"], out, CONVERTERS[kind]())
    assert (info.architecture, info.licence[:6]) == ("fewshot.generator/1", "Nvidia")
    network = load(out)
    expected = built(generator, convert if kind == "fewshot" else convert_learnt)
    assert network.config == expected.config
    assert network.config.exemplar_label_eps == (1e-5 if kind == "fewshot" else 0.1)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), expected.parameters(), strict=True))


def test_a_users_own_training_becomes_a_file_that_loads(tmp_path: Path):
    """nvlabs': a bare state dict, whose flow network is in the file once and named twice."""
    state = checkpoint(manifest("fsv2v_face_k3_small"))
    torch.save(state, tmp_path / "latest_net_G.pth")
    out = tmp_path / "mine.safetensors"
    convert_files([tmp_path / "latest_net_G.pth"], out, CONVERTERS["fewshot"](), licence="mine")
    network = load(out)
    assert network.config == built(state).config
    assert all(not b.is_meta for b in network.buffers())


@pytest.mark.parametrize(
    ("layout", "net", "strided", "copies"),
    [
        ("fsv2v_discriminators", "D_pose", 4, 1),
        ("fsv2v_discriminators", "D_face", 4, 1),
        ("fsv2v_discriminators", "D_street", 4, 1),
        ("fsv2v_discriminators", "Df", 4, 1),
        ("fsv2v_discriminators", "DT", 4, 1),
        ("imaginaire_net_D_layouts", "face_forensics.net_D", 4, 2),
        ("imaginaire_net_D_layouts", "youtube_dancing.net_D", 4, 2),
        ("imaginaire_net_D_layouts", "youtube_dancing.net_D_face", 3, 1),
    ],
)
def test_every_published_discriminator_is_read(layout, net, strided, copies):
    state = {n.removeprefix(f"{net}."): v for n, v in published(layout).items() if n.startswith(f"{net}.")}
    config, ours = convert_discriminator("latest_net_D", state)
    assert (config.strided_layers, config.copies, config.filters) == (strided, copies, 32)
    with torch.device("meta"):
        judge = FewShotDiscriminator(config)
    judge.load_state_dict(ours, strict=True, assign=True)
    decisions = judge(torch.empty(1, config.channels, 128, 128, device="meta"))
    assert len(decisions) == copies
    assert len(decisions[0]) == strided + 2
    assert decisions[0][-1].shape[1] == 1


def test_what_is_no_discriminator_is_refused():
    with pytest.raises(InputError, match="not a few-shot discriminator"):
        convert_discriminator("latest_net_G", published("fsv2v_face"))
