"""Published tokenizers in our layout: which project a state dict is of, its sizes by its shapes, its names as ours.

taming (CompVis/taming-transformers; latent-diffusion's VQ models have the same names), LlamaGen
(FoundationVision/LlamaGen; the same network under other names), diffusers' VQModel (aMUSEd's has no attention). What
belongs to training alone (`loss.*`, a moving average, counters of used codes) is left out; any other entry that no rule
takes is an error.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from ...errors import InputError
from ..published import State
from .tokenizer_config import TokenizerConfig

GROUPS = 32
"""Of all published networks; no shape tells."""
LEFT_OUT = re.compile(r"(loss|model_ema|quantize\.codebook_used|teacher)\b.*|.*num_batches_tracked")

Rules = tuple[tuple[str, str], ...]
"""Regular expressions and what takes the place of what they match, one after the other, first in a name."""

_BLOCK: Rules = (
    (r"\.(norm|conv)(\d)\.", r".\1_\2."),
    (r"\.(nin_shortcut|conv_shortcut)\.", ".shortcut."),
    (r"\.q\.", ".query."),
    (r"\.k\.", ".key."),
    (r"\.v\.", ".value."),
    (r"\.proj_out\.", ".out."),
)
_ENDS: Rules = (
    (r"coder\.conv_in\.", "coder.first."),
    (r"coder\.(norm_out|conv_norm_out)\.", "coder.norm."),
    (r"coder\.conv_out\.", "coder.last."),
    (r"^quant_conv\.", "to_code."),
    (r"^post_quant_conv\.", "from_code."),
    (r"^quantize\.embedding\.weight$", "codes"),
)
TAMING: Rules = (
    (r"^encoder\.down\.(\d+)\.block\.", r"encoder.levels.\1.blocks."),
    (r"^encoder\.down\.(\d+)\.attn\.", r"encoder.levels.\1.attentions."),
    (r"^encoder\.down\.(\d+)\.downsample\.conv\.", r"encoder.halves.\1."),
    (r"^decoder\.up\.(\d+)\.block\.", r"decoder.levels.-\1.blocks."),
    (r"^decoder\.up\.(\d+)\.attn\.", r"decoder.levels.-\1.attentions."),
    (r"^decoder\.up\.(\d+)\.upsample\.conv\.", r"decoder.doubles.-\1."),
    (r"\.mid\.block_1\.", ".middle.first."),
    (r"\.mid\.attn_1\.", ".middle.attention."),
    (r"\.mid\.block_2\.", ".middle.second."),
    *_BLOCK,
    *_ENDS,
)
LLAMAGEN: Rules = (
    (r"coder\.conv_blocks\.(\d+)\.res\.", r"coder.levels.\1.blocks."),
    (r"coder\.conv_blocks\.(\d+)\.attn\.", r"coder.levels.\1.attentions."),
    (r"^encoder\.conv_blocks\.(\d+)\.downsample\.conv\.", r"encoder.halves.\1."),
    (r"^decoder\.conv_blocks\.(\d+)\.upsample\.conv\.", r"decoder.doubles.\1."),
    (r"\.mid\.0\.", ".middle.first."),
    (r"\.mid\.1\.", ".middle.attention."),
    (r"\.mid\.2\.", ".middle.second."),
    *_BLOCK,
    *_ENDS,
)
DIFFUSERS: Rules = (
    (r"coder\.(down|up)_blocks\.(\d+)\.resnets\.", r"coder.levels.\2.blocks."),
    (r"coder\.(down|up)_blocks\.(\d+)\.attentions\.", r"coder.levels.\2.attentions."),
    (r"^encoder\.down_blocks\.(\d+)\.downsamplers\.0\.conv\.", r"encoder.halves.\1."),
    (r"^decoder\.up_blocks\.(\d+)\.upsamplers\.0\.conv\.", r"decoder.doubles.\1."),
    (r"\.mid_block\.resnets\.0\.", ".middle.first."),
    (r"\.mid_block\.attentions\.0\.", ".middle.attention."),
    (r"\.mid_block\.resnets\.1\.", ".middle.second."),
    (r"\.group_norm\.", ".norm."),
    (r"\.(to_q|query)\.", ".query."),
    (r"\.(to_k|key)\.", ".key."),
    (r"\.(to_v|value)\.", ".value."),
    (r"\.(to_out\.0|proj_attn)\.", ".out."),
    *_BLOCK,
    *_ENDS,
)


class Layout(NamedTuple):
    """How one project writes its files."""

    rules: Rules
    level: str
    """Regular expression of the first entry of each of the encoder's levels."""
    unit_codes: bool
    """LlamaGen compares and decodes its codes at length 1; no shape tells."""


LAYOUTS = (
    Layout(TAMING, r"encoder\.down\.\d+\.block\.0\.conv1\.weight", unit_codes=False),
    Layout(LLAMAGEN, r"encoder\.conv_blocks\.\d+\.res\.0\.conv1\.weight", unit_codes=True),
    Layout(DIFFUSERS, r"encoder\.down_blocks\.\d+\.resnets\.0\.conv1\.weight", unit_codes=False),
)


def convert(states: Mapping[str, State]) -> tuple[TokenizerConfig, dict[str, Tensor]]:
    """One file, by its name -> config and state in our layout. InputError for files that are something else."""
    if len(states) != 1:
        raise InputError(f"a tokenizer is one file; got {', '.join(states) or 'none'}")
    name, state = next(iter(states.items()))
    levels, layout = max(
        ((sum(re.fullmatch(layout.level, key) is not None for key in state), layout) for layout in LAYOUTS),
        key=lambda found: found[0],
    )
    if not levels:
        raise InputError(
            f"{name}: no VQGAN of taming-transformers, LlamaGen or diffusers; its first entries are "
            f"{', '.join(list(state)[:3])}"
        )
    ours = {
        our_name(key, layout.rules, levels): _as_convolution(key, value)
        for key, value in state.items()
        if not LEFT_OUT.fullmatch(key)
    }
    return _config(name, ours, levels, layout.unit_codes), ours


def our_name(key: str, rules: Rules, levels: int) -> str:
    """The name of an entry in our layout; taming counts the decoder's levels from the finest, we from the deepest."""
    for pattern, replacement in rules:
        key = re.sub(pattern, replacement, key, count=1)
    return re.sub(r"\.-(\d+)\.", lambda match: f".{levels - 1 - int(match[1])}.", key)


def _as_convolution(key: str, value: Tensor) -> Tensor:
    """diffusers keeps the matrices of its attention as such; they are convolutions 1x1."""
    return value[:, :, None, None] if value.dim() == 2 and ".attentions." in key else value


def _config(name: str, state: State, levels: int, unit_codes: bool) -> TokenizerConfig:
    """Sizes by shapes."""
    try:
        widths = [state[f"encoder.levels.{i}.blocks.0.conv_1.weight"].shape[0] for i in range(levels)]
        blocks = sum(f"encoder.levels.0.blocks.{i}.conv_1.weight" in state for i in range(64))
        codes, code_channels = state["codes"].shape
        config = TokenizerConfig(
            widths=tuple(widths),
            blocks=blocks,
            deepest_attention=f"encoder.levels.{levels - 1}.attentions.0.query.weight" in state,
            middle_attention="decoder.middle.attention.query.weight" in state,
            latent_channels=state["decoder.first.weight"].shape[1],
            codes=codes,
            code_channels=code_channels,
            unit_codes=unit_codes,
            groups=GROUPS,
        )
    except KeyError as error:
        raise InputError(
            f"{name}: a VQGAN without {error.args[0]!r} is none that this version knows"
        ) from error
    except ValueError as error:
        raise InputError(f"{name}: its codebook is no table of codes") from error
    if state["encoder.first.weight"].shape[:2] != (widths[0], 3) or any(width % GROUPS for width in widths):
        raise InputError(
            f"{name}: a VQGAN of {widths} channels on other than three colours is none that we know"
        )
    return config
