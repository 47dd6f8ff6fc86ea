"""Agreement of the networks that edit faces with NVlabs, rosinality, encoder4editing, face-parsing.PyTorch and lpips.

Tolerances are those of the golden data; everything that a case holds beside its inputs is compared.
"""

import re
from functools import lru_cache

import pytest
import torch
from golden_cases import Agree, Case
from synthetic_checkpoint import checkpoint, tensor

from maliang_video.models.faces.bisenet import BiSeNet
from maliang_video.models.faces.bisenet_convert import convert as convert_bisenet
from maliang_video.models.faces.e4e import E4E
from maliang_video.models.faces.e4e_convert import convert as convert_e4e
from maliang_video.models.faces.stylegan2.config import SMALLEST
from maliang_video.models.faces.stylegan2.convert import (
    AVERAGE,
    from_nvlabs,
    from_rosinality,
    nvlabs_names,
    rosinality_names,
)
from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.models.features.lpips import LPIPS
from maliang_video.models.features.lpips_convert import convert as convert_lpips

LAYOUTS = pytest.mark.parametrize(
    "layout", [torch.contiguous_format, torch.channels_last], ids=["plain", "channels-last"]
)
LEARNING = pytest.mark.parametrize("learning", [False, True], ids=["", "learning"])
"""Gradients are asked for, or not: what is computed differs."""

STYLEGAN2 = {"w": 1e-5, "w_psi0.7": 1e-5, "w_psi0.5_cut4": 1e-5, "styles": 1e-5}


def built(module, config, state, layout=torch.contiguous_format):
    with torch.device("meta"):
        network = module(config)
    network.load_state_dict(state, strict=True, assign=True)
    return network.eval().requires_grad_(False).to(memory_format=layout)


@lru_cache(maxsize=1)
def published(case: Case):
    return checkpoint(case.manifest())


def block_of(resolution: str) -> int:
    return (int(resolution) // SMALLEST).bit_length() - 1


@LAYOUTS
@LEARNING
@pytest.mark.parity("face.stylegan2_nvlabs")
def test_generator_of_nvlabs(case: Case, agree: Agree, layout, learning):
    theirs = case.tensors()
    clamp = case.metadata["config"]["synthesis_kwargs"].get("conv_clamp")
    generator = built(StyleGAN2, *from_nvlabs(case.path.name, published(case), clamp), layout)
    generator.requires_grad_(learning)
    z, codes, edit = (theirs.pop(name) for name in ("z", "wplus", "style_edit"))
    styles = generator.styles(codes)
    ours = {
        "w": generator.mapping(z)[:, 0],
        "w_psi0.7": generator.mapping(z, truncation=0.7)[:, 0],
        "w_psi0.5_cut4": generator.mapping(z, truncation=0.5, cutoff=4),
        "styles": torch.cat(styles, 1),
        "image_wplus": generator.synthesis(codes),
        "image_nonoise": generator.synthesis(codes, "none"),
        "image_w": generator.synthesis(generator.mapping(z)[:1]),
        "image_style_edit": generator.synthesis_from_styles(edited(generator, styles, 0.3 * edit)),
    }
    if theirs["image_style_edit"].shape != ours["image_style_edit"].shape:
        ours["image_style_edit"] = torch.nn.functional.avg_pool2d(ours["image_style_edit"], 4)
    stages = list(generator.stages(styles))
    for name in theirs:
        if found := re.fullmatch(r"(torgb|rgb_after|x_after)_b(\d+)(_ch0_8)?", name):
            stage = stages[block_of(found[2])]
            kinds = {"torgb": stage.colours, "rgb_after": stage.picture, "x_after": stage.features[:, :8]}
            ours[name] = kinds[found[1]]
    agree({n: t.detach() for n, t in ours.items()}, theirs, lambda name: STYLEGAN2.get(name, 2e-4))


def edited(generator, styles, offsets):
    """The styles of convolutions, moved by their part of one vector; those of the layers to colours stay."""
    at, moved = 0, []
    for style, vector in zip(styles, generator.config.style_vectors, strict=True):
        if vector.part != "to_rgb":
            style = style + offsets[at : at + vector.width]
            at += vector.width
        moved.append(style)
    assert at == len(offsets), "all of the vector is used"
    return moved


@LAYOUTS
@pytest.mark.parity("face.stylegan2_rosinality")
def test_generator_of_rosinality(case: Case, agree: Agree, layout):
    theirs = case.tensors()
    z, codes, average = (theirs.pop(name) for name in ("z", "wplus", "latent_avg"))
    generator = built(
        StyleGAN2, *from_rosinality(case.path.name, published(case) | {AVERAGE: average}), layout
    )
    stages = list(generator.stages(generator.styles(codes)))
    ours = {
        "w": generator.mapping(z)[:, 0],
        "image_wplus": stages[-1].picture,
        "image_z_trunc0.7": generator.synthesis(generator.mapping(z[:1], truncation=0.7)),
        **{f"rgb_after_{SMALLEST << block}": stage.picture for block, stage in enumerate(stages)},
    }
    agree(ours, theirs, lambda name: STYLEGAN2.get(name, 2e-4))


@pytest.mark.parity("face.stylegan2_layouts")
def test_one_generator_in_both_layouts(case: Case, agree: Agree):
    """What rosinality made of NVlabs's weights is what we make of them, in either layout."""
    beside = {other.stem: other for other in case.path.parent.glob("*.safetensors")}
    nvlabs = Case(beside[case.path.stem.replace("layout", "ada")], "face.stylegan2_nvlabs", {})
    inputs, state = nvlabs.tensors(), published(nvlabs)
    config, ours = from_nvlabs("ada", state)
    theirs = rosinality_names(config)
    renamed = {theirs[name]: tensor for name, tensor in ours.items() if name in theirs}
    expected = case.tensors()
    for state_of_both in (
        (config, ours),
        from_rosinality("rosinality", renamed | {AVERAGE: ours["mapping.average"]}),
    ):
        generator = built(StyleGAN2, *state_of_both)
        made = {
            "w_rosinality": generator.mapping(inputs["z"])[:, 0],
            "image_wplus_rosinality": generator.synthesis(inputs["wplus"]),
        }
        agree(made, {name: expected[name] for name in made}, lambda _: 2e-4)
    assert set(nvlabs_names(config).values()) == {
        name for name in state if not name.endswith("resample_filter")
    }


@LAYOUTS
@pytest.mark.parity("face.e4e")
def test_encoder(case: Case, agree: Agree, layout):
    rows = case.tensors()["codes"].shape[1]
    average = tensor(f"{case.path.stem}.latent_avg", [rows, 512], "unit")
    encoder = built(E4E, *convert_e4e({case.path.name: published(case) | {"latent_avg": average}}), layout)
    pictures = tensor(f"{case.path.stem}.input", [1, 3, 256, 256], "image")
    taps = encoder.taps(pictures)
    pyramid = encoder.pyramid(taps)
    ours = {
        "codes": encoder.offsets(pyramid),
        "codes_plus_avg": encoder.offsets(pyramid) + encoder.average,
        "codes_w_only": encoder.offsets(pyramid, rows=1),
        **{f"c{level}_mean": tap.mean((2, 3)) for level, tap in enumerate(taps, 1)},
    }
    agree(ours, case.tensors(), lambda _: 1e-3)


@LAYOUTS
@pytest.mark.parity("face.bisenet")
def test_face_parser(case: Case, agree: Agree, layout):
    parser = built(BiSeNet, *convert_bisenet({case.path.name: published(case)}), layout)
    pictures = tensor("bisenet_64.input", [1, 3, 64, 64], "unit")
    scores, scores16, scores32 = parser.scores(pictures)
    theirs = case.tensors()
    different = (parser(pictures).argmax(1) != theirs.pop("labels")).double().mean()
    assert different <= 0.001
    ours = {
        "logits": scores,
        "logits16_mean": scores16.mean((2, 3)),
        "logits32_mean": scores32.mean((2, 3)),
        "feat32": parser.trunk(pictures)[2].mean((2, 3)),
    }
    agree(ours, theirs, lambda _: 1e-3)


@LAYOUTS
@pytest.mark.parity("face.lpips")
def test_perceptual_distance(case: Case, agree: Agree, layout):
    metric = built(LPIPS, *convert_lpips({case.path.name: published(case)}), layout)
    theirs = case.tensors()
    a, b = theirs.pop("a"), theirs.pop("b")
    target = metric.features(a)
    ours = {"lpips": metric(a, b), "per_layer": metric.per_layer(target, b)}
    assert torch.equal(metric.distance(target, b), ours["lpips"])
    agree(ours, theirs, lambda _: 1e-5)
