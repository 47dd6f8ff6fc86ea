"""VQGANs as they are published, through the same command as every other network."""

import pytest
import torch
from safetensors.torch import save_file

from maliang_video.cli import main
from maliang_video.models.infinity.tokenizer import Tokenizer
from maliang_video.models.infinity.tokenizer_config import TokenizerConfig
from maliang_video.weights import load

CONFIG = TokenizerConfig(
    widths=(32, 32),
    blocks=1,
    deepest_attention=True,
    middle_attention=True,
    latent_channels=4,
    codes=16,
    code_channels=3,
    unit_codes=True,
    groups=32,
)
LLAMAGEN = (
    ("middle.first", "mid.0"),
    ("middle.attention", "mid.1"),
    ("middle.second", "mid.2"),
    ("levels.", "conv_blocks."),
    ("blocks.0.blocks.", "blocks.0.res."),
    ("blocks.1.blocks.", "blocks.1.res."),
    ("attentions.", "attn."),
    ("encoder.halves.0", "encoder.conv_blocks.0.downsample.conv"),
    ("decoder.doubles.0", "decoder.conv_blocks.0.upsample.conv"),
    ("coder.first", "coder.conv_in"),
    ("coder.norm.", "coder.norm_out."),
    ("coder.last", "coder.conv_out"),
    ("norm_1", "norm1"),
    ("norm_2", "norm2"),
    ("conv_1.", "conv1."),
    ("conv_2.", "conv2."),
    ("shortcut", "nin_shortcut"),
    ("query", "q"),
    ("key", "k"),
    ("value", "v"),
    (".out.", ".proj_out."),
    ("to_code", "quant_conv"),
    ("from_code", "post_quant_conv"),
    ("codes", "quantize.embedding.weight"),
)
"""Our names -> LlamaGen's, one after the other."""


@pytest.fixture
def tokenizer():
    torch.manual_seed(0)
    return Tokenizer(CONFIG).eval()


@pytest.fixture
def published(tokenizer):
    """The network's state as LlamaGen names it."""
    state = {}
    for name, value in tokenizer.state_dict().items():
        for ours, theirs in LLAMAGEN:
            name = name.replace(ours, theirs)
        state[name] = value
    return state


@pytest.mark.parametrize("form", ["lightning", "llamagen", "safetensors"])
def test_it_becomes_ours_and_encodes_alike(form, tokenizer, published, tmp_path):
    path = tmp_path / {"lightning": "last.ckpt", "llamagen": "vq_ds16_c2i.pt"}.get(form, "model.safetensors")
    if form == "safetensors":
        save_file(published, path)
    elif form == "llamagen":
        torch.save({"model": published | {"quantize.codebook_used": torch.zeros(9)}}, path)
    else:
        torch.save({"epoch": 3, "state_dict": published | {"loss.discriminator.bias": torch.zeros(1)}}, path)
    out = tmp_path / "vqgan.safetensors"
    assert main(["weights", "convert", str(path), "--out", str(out)]) == 0
    found = load(out)
    assert found.config == CONFIG
    picture = torch.rand(1, 3, 8, 12) * 2 - 1
    assert torch.equal(found.encode(picture), tokenizer.encode(picture))


def test_an_entry_that_is_left_over(published, tmp_path, capsys):
    torch.save(published | {"decoder.mid.7.weight": torch.zeros(3)}, tmp_path / "net.pt")
    command = [
        "weights",
        "convert",
        str(tmp_path / "net.pt"),
        "--kind",
        "vqgan",
        "--out",
        str(tmp_path / "o.safetensors"),
    ]
    assert main(command) == 2
    assert "1 entry unknown ('decoder.mid.7.weight')" in capsys.readouterr().err
    assert not (tmp_path / "o.safetensors").exists()
