"""Tokenizers small enough to run in milliseconds."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from maliang_video.models.infinity.tokenizer import Tokenizer
from maliang_video.models.infinity.tokenizer_config import TokenizerConfig

MICRO = TokenizerConfig(
    widths=(4, 8, 8),
    blocks=1,
    deepest_attention=True,
    middle_attention=True,
    latent_channels=6,
    codes=32,
    code_channels=5,
    unit_codes=False,
    groups=2,
)


@pytest.fixture
def make() -> Callable[..., Tokenizer]:
    """`make(field=value, ...)`: the micro tokenizer (f4) with some fields changed; always the same weights."""

    def build(**changes: object) -> Tokenizer:
        torch.manual_seed(5)
        tokenizer = Tokenizer(replace(MICRO, **changes))
        with torch.no_grad():
            for name, parameter in tokenizer.named_parameters():
                if "norm" in name:
                    parameter.normal_(1.0 if name.endswith("weight") else 0.0, 0.3)
            for layer in (tokenizer.encoder.last, tokenizer.decoder.last):
                layer.weight *= 4
            tokenizer.codes.normal_(0, 0.5)
        return tokenizer.eval().requires_grad_(False)

    return build
