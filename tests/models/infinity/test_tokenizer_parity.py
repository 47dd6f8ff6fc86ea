"""Agreement with the published VQGANs, taming's and LlamaGen's, at full size. Tolerances: golden/README.md."""

import json
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from golden_cases import Agree, Case
from synthetic_checkpoint import checkpoint
from torch import Tensor

from maliang_video.models.infinity.quantizer import look_up, quantizer_loss
from maliang_video.models.infinity.tokenizer import Tokenizer
from maliang_video.models.infinity.tokenizer_convert import convert

TOLERANCES = {"prequant": 2e-5, "encoder_out": 2e-5, "quant_loss": 2e-5, "codes_normalised": 1e-6}
EXACT = ("indices",)
PIXELS = 5e-5


@lru_cache(maxsize=1)
def build(manifest: Path) -> Tokenizer:
    """Our network with the reference's weights."""
    config, state = convert({manifest.name: checkpoint(json.loads(manifest.read_text("utf-8")))})
    with torch.device("meta"):
        built = Tokenizer(config)
    built.load_state_dict(state, strict=True, assign=True)
    return built.eval()


def both_ways(tokenizer: Tokenizer, picture: Tensor) -> dict[str, Tensor]:
    """All that a picture becomes on its way."""
    latent = tokenizer.latent(picture)
    indices = tokenizer.nearest(latent)
    found = look_up(indices, tokenizer.codebook())
    return {
        "encoder_out": tokenizer.encoder(picture),
        "prequant": latent,
        "indices": indices,
        "decoded": tokenizer.decode(indices),
        "codes_normalised": found,
        "quant_loss": quantizer_loss(latent, found)[None],
    }


@pytest.mark.parity("infinity.vqgan")
@torch.inference_mode()
def test_both_ways(case: Case, agree: Agree):
    tokenizer, theirs = build(case.manifest_paths()[""]), case.tensors()
    ours: dict[str, Tensor] = {}
    if "image" in theirs:
        ours |= both_ways(tokenizer, theirs["image"])
    if "codes" in theirs:
        ours["codes_decoded"] = tokenizer.decode(theirs["codes"].long())
    compared = {name: value for name, value in theirs.items() if name not in ("image", "codes", "margin")}
    agree(ours, compared, lambda name: 0 if name in EXACT else TOLERANCES.get(name, PIXELS))
