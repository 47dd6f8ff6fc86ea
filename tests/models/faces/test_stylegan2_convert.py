"""Published generators: both layouts, whole, or refused with a reason."""

import json

import pytest
import torch
from golden_cases import DEFAULT

from maliang_video.errors import InputError
from maliang_video.models.faces.stylegan2.config import StyleGAN2Config, published_channels
from maliang_video.models.faces.stylegan2.convert import (
    average_row,
    convert,
    from_nvlabs,
    nvlabs_names,
    rosinality_names,
)
from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.models.layers.binomial import binomial_kernel

TINY = StyleGAN2Config(channels=(8, 6, 4), z_width=10, w_width=12, mapping_layers=2, clamp=None)
FFHQ = StyleGAN2Config(published_channels(1024), 512, 512, 8, None)


def manifest(name):
    return json.loads((DEFAULT / "face" / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def state():
    torch.manual_seed(0)
    made = StyleGAN2(TINY).state_dict()
    return {name: value.add(0.1) for name, value in made.items()}


@pytest.fixture
def nvlabs(state):
    theirs = {name: state[ours] for ours, name in nvlabs_names(TINY).items()}
    return theirs | {"synthesis.b8.conv0.resample_filter": binomial_kernel()}


@pytest.fixture
def rosinality(state):
    """With the dimensions of one that only this layout has."""
    theirs = {"latent_avg": state["mapping.average"]}
    for ours, name in rosinality_names(TINY).items():
        value = state[ours]
        if name.endswith("conv.weight") or name.startswith("input"):
            value = value[None]
        elif name.startswith("noises"):
            value = value[None, None]
        elif name.endswith("noise.weight"):
            value = value[None]
        elif name.startswith("to_rgb") and name.endswith("s") and "modulation" not in name:
            value = value.view(1, 3, 1, 1)
        theirs[name] = value
    return theirs | {
        "convs.0.conv.blur.kernel": binomial_kernel(4.0),
        "to_rgbs.0.upsample.kernel": binomial_kernel(4.0),
    }


def test_names_are_those_of_the_published_files():
    pairs = {(a, b) for a, b, _ in manifest("layout_map_1024")["pairs"]}
    theirs, others = nvlabs_names(FFHQ), rosinality_names(FFHQ)
    assert {(theirs[name], others[name]) for name in others} == pairs
    published = {entry["name"]: entry["shape"] for entry in manifest("stylegan2_ada_ffhq1024")["tensors"]}
    with torch.device("meta"):
        ours = StyleGAN2(FFHQ).state_dict()
    assert {theirs[name]: list(value.shape) for name, value in ours.items()} == published


def test_both_layouts_give_the_same(state, nvlabs, rosinality):
    for published in (nvlabs, rosinality):
        config, ours = convert({"file": published})
        assert config == TINY
        assert ours.keys() == state.keys()
        assert all(torch.equal(ours[name], state[name]) for name in state)


def test_the_decoder_of_an_e4e_file(state, rosinality):
    file = {f"decoder.{name}": value for name, value in rosinality.items() if name != "latent_avg"}
    rows = rosinality["latent_avg"].expand(6, 12)
    config, ours = convert(
        {"e4e": file | {"latent_avg": rows, "encoder.input_layer.0.weight": torch.ones(1)}}
    )
    assert config == TINY
    assert torch.equal(ours["mapping.average"], state["mapping.average"])


def test_the_average_row_is_computed_where_it_is_missing(rosinality):
    del rosinality["latent_avg"]
    config, ours = convert({"file": rosinality})
    assert torch.equal(ours["mapping.average"], average_row(config, ours))
    generator = StyleGAN2(config)
    generator.load_state_dict(ours)
    draws = generator.mapping.row(torch.randn(20_000, 10, generator=torch.Generator().manual_seed(9)))
    torch.testing.assert_close(ours["mapping.average"], draws.mean(0), atol=0.1, rtol=0)


def test_the_clamp_is_told(nvlabs):
    assert from_nvlabs("file", nvlabs, 256.0)[0].clamp == 256.0


def refused(*states):
    with pytest.raises(InputError) as caught:
        convert({f"file{i}": state for i, state in enumerate(states)})
    return str(caught.value)


def test_what_does_not_fit_is_refused(nvlabs, rosinality):
    assert "is not the filter 1-3-3-1" in refused(
        nvlabs | {"synthesis.b8.conv0.resample_filter": torch.ones(4, 4) / 16}
    )
    assert "is not the filter 1-3-3-1" in refused(
        rosinality | {"convs.0.conv.blur.kernel": binomial_kernel(1.0)}
    )
    assert "labelled classes" in refused(nvlabs | {"mapping.embed.weight": torch.ones(1)})
    assert "1 entries that a published layout does not have (synthesis.b8.skip.weight)" in refused(
        nvlabs | {"synthesis.b8.skip.weight": torch.ones(1)}
    )
    del nvlabs["synthesis.b8.conv0.bias"]
    assert "'synthesis.b8.conv0.bias' is missing" in refused(nvlabs)
    assert "neither NVlabs's names nor rosinality's" in refused({"weight": torch.ones(1)})
    assert "is one file; got file0, file1" in refused(nvlabs, rosinality)
