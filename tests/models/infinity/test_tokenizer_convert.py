"""Layouts are told apart by their names; names and sizes become ours; what is left over is an error."""

import json
import re

import pytest
import torch
from golden_cases import DEFAULT

from maliang_video.errors import InputError
from maliang_video.models.infinity.tokenizer import Tokenizer
from maliang_video.models.infinity.tokenizer_config import TokenizerConfig, published_config
from maliang_video.models.infinity.tokenizer_convert import convert

PUBLISHED = {
    "vqgan_f16_1024": published_config(1024, 256),
    "vqgan_f16_16384": published_config(16384, 256),
    "vqgan_llamagen_ds16": published_config(16384, 8, unit_codes=True),
}
AMUSED = TokenizerConfig((128, 256, 256, 512, 768), 2, False, False, 64, 8192, 64, False, 32)
"""aMUSEd's widths, without attention."""


def on_meta(manifest):
    content = json.loads((DEFAULT / "infinity" / f"{manifest}.json").read_text("utf-8"))
    return {each["name"]: torch.empty(each["shape"], device="meta") for each in content["tensors"]}


def expected(config):
    with torch.device("meta"):
        return Tokenizer(config).state_dict()


def same_entries(state, config):
    theirs = expected(config)
    assert {k: tuple(v.shape) for k, v in state.items()} == {k: tuple(v.shape) for k, v in theirs.items()}


@pytest.mark.parametrize("manifest", PUBLISHED)
def test_published_files(manifest):
    config, state = convert({"net": on_meta(manifest)})
    assert config == PUBLISHED[manifest]
    same_entries(state, config)


def test_llamagens_network_is_tamings():
    """Entry for entry, through the renaming that the golden data state."""
    ours = {}
    for manifest in ("vqgan_f16_1024", "vqgan_llamagen_ds16"):
        ours[manifest] = set(convert({"net": on_meta(manifest)})[1])
    assert ours["vqgan_f16_1024"] == ours["vqgan_llamagen_ds16"]
    state = on_meta("vqgan_f16_1024")
    config, converted = convert({"net": state})
    assert converted["decoder.levels.0.blocks.0.conv_1.weight"] is state["decoder.up.4.block.0.conv1.weight"]
    assert converted["decoder.doubles.3.weight"] is state["decoder.up.1.upsample.conv.weight"]
    assert converted["encoder.halves.1.weight"] is state["encoder.down.1.downsample.conv.weight"]
    assert config.deepest_attention


DIFFUSERS_NAMES = (
    (r"^encoder\.levels\.(\d)\.blocks", r"encoder.down_blocks.\1.resnets"),
    (r"^decoder\.levels\.(\d)\.blocks", r"decoder.up_blocks.\1.resnets"),
    (r"^encoder\.levels\.(\d)\.attentions", r"encoder.down_blocks.\1.attentions"),
    (r"^decoder\.levels\.(\d)\.attentions", r"decoder.up_blocks.\1.attentions"),
    (r"^encoder\.halves\.(\d)", r"encoder.down_blocks.\1.downsamplers.0.conv"),
    (r"^decoder\.doubles\.(\d)", r"decoder.up_blocks.\1.upsamplers.0.conv"),
    (r"middle\.first", "mid_block.resnets.0"),
    (r"middle\.attention", "mid_block.attentions.0"),
    (r"middle\.second", "mid_block.resnets.1"),
    (r"(attentions\.\d)\.norm", r"\1.group_norm"),
    (r"\.query", ".to_q"),
    (r"\.key", ".to_k"),
    (r"\.value", ".to_v"),
    (r"(attentions\.\d)\.out", r"\1.to_out.0"),
    (r"coder\.first", "coder.conv_in"),
    (r"coder\.norm\.", "coder.conv_norm_out."),
    (r"coder\.last", "coder.conv_out"),
    (r"(norm|conv)_(\d)", r"\1\2"),
    (r"shortcut", "conv_shortcut"),
    (r"^to_code", "quant_conv"),
    (r"^from_code", "post_quant_conv"),
    (r"^codes$", "quantize.embedding.weight"),
)


def as_diffusers(config):
    """The entries that diffusers' VQModel of these sizes has; its attention keeps matrices."""
    state = {}
    for name, value in expected(config).items():
        for pattern, theirs in DIFFUSERS_NAMES:
            name = re.sub(pattern, theirs, name)
        matrix = ".attentions." in name and value.dim() == 4
        state[name] = value[:, :, 0, 0] if matrix else value
    return state


@pytest.mark.parametrize("config", [AMUSED, published_config(1024, 256)], ids=["amused", "with attention"])
def test_diffusers(config):
    state = as_diffusers(config)
    assert "decoder.up_blocks.0.resnets.2.norm1.weight" in state
    found, converted = convert({"vqvae": state})
    assert found == config
    same_entries(converted, config)


def test_what_training_left_is_ignored():
    extra = (
        "loss.perceptual_loss.net.weight",
        "loss.discriminator.main.3.num_batches_tracked",
        "quantize.codebook_used",
    )
    state = on_meta("vqgan_f16_1024") | {name: torch.empty(3, device="meta") for name in extra}
    same_entries(convert({"last": state})[1], PUBLISHED["vqgan_f16_1024"])


def test_refusals():
    state = on_meta("vqgan_f16_1024")
    with pytest.raises(InputError, match="a tokenizer is one file; got a, b"):
        convert({"a": state, "b": state})
    with pytest.raises(InputError, match=r"net: no VQGAN of .* first entries are layer\.weight"):
        convert({"net": {"layer.weight": torch.zeros(3)}})
    gumbel = {k: v for k, v in state.items() if "quantize" not in k} | {
        "quantize.proj.weight": torch.zeros(3, 3)
    }
    with pytest.raises(InputError, match="net: a VQGAN without 'codes'"):
        convert({"net": gumbel})
    grey = state | {"encoder.conv_in.weight": torch.empty(128, 1, 3, 3)}
    with pytest.raises(InputError, match="other than three colours"):
        convert({"net": grey})
