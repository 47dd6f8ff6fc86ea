"""Generators of NVlabs/few-shot-vid2vid at 009e23f (`<epoch>_net_G.pth`). None was published; users have their own.

Batch norms run with their stored statistics, so those after a convolution become part of it.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ...errors import InputError
from ..published import Entries, State
from .config import FewShotConfig, FlowConfig
from .published import (
    KINDS,
    STREET_PALETTE,
    downwards,
    flow_config,
    fold_spectral,
    share_flow,
)

EPS = 1e-5
"""Of the batch norms."""


def from_nvlabs(file: str, state: State) -> tuple[FewShotConfig, dict[str, Tensor]]:
    """The file's state -> config and our state. InputError for older layouts and rare options."""
    _refuse_others(file, state)
    warps = any(name.startswith(("flow_network_ref.", "img_ref_embedding.")) for name in state)
    once = dict(state)
    separate = share_flow(file, once, "flow_network_ref.", "flow_network_temp.")
    entries = Entries(file, fold_spectral(once))
    config = _config(entries, warps, separate)
    exemplar_encoder(entries, config.levels)
    if config.mixing == "attention":
        attention(entries, config.mixing_level)
    weight_networks(entries, range(config.generated_levels), config.hidden_layers)
    embedder(entries, "label_embedding", "label_embedder", config.levels, config.generated_levels)
    if config.blending == "embedding":
        embedder(entries, "img_ref_embedding", "exemplar_embedder", config.levels, 0)
        embedder(entries, "img_prev_embedding", "past_embedder", config.levels, 0)
    flow_network(entries, "flow_network_temp", "flow", config.flow)
    if separate:
        flow_network(entries, "flow_network_ref", "exemplar_flow", config.flow)
    for level in range(config.levels + 1):
        decoder_block(entries, f"up_{level}", f"blocks.{level}")
    entries.move("conv_img", "to_image")
    return config, entries.finish()


def _refuse_others(file: str, state: State) -> None:
    reasons = {
        "img_warp_embedding": "saved before June 2020, with one embedder for both warped pictures",
        "flow_network_ref.conv_w.": "saved before June 2020, when the network had other parts",
        "flow_network_temp.conv_w.": "saved before June 2020, when the network had other parts",
        "fc_conv_": "trained with --adaptive_conv",
        "fc_mu_ref": "trained with --lambda_kld, which ties it to one size",
    }
    found = [why for start, why in reasons.items() if any(name.startswith(start) for name in state)]
    if not found and "ref_img_first.bn.running_mean" not in state:
        found = ["saved before 8 July 2020 or with other norms: it has no running statistics"]
    if not found and "ref_label_first.conv.bias" not in state:
        found = ["trained with --use_label_ref concat"]
    if found:
        raise InputError(
            f"{file}: {found[0]}; only networks with the last defaults of NVlabs/few-shot-vid2vid (009e23f) are read"
        )


def _config(entries: Entries, warps: bool, separate: bool) -> FewShotConfig:
    channels, kernel = (entries.shape("ref_label_first.conv.weight")[i] for i in (1, 2))
    levels = entries.count(r"ref_img_down_(\d+)\.")
    filters = entries.shape("ref_img_first.conv.weight")[0]
    flow = "flow_network_temp"
    return FewShotConfig(
        kind=KINDS.get(channels, "labels"),
        palette=STREET_PALETTE if channels == 20 else "",
        label_channels=channels,
        hidden_faces="all" if channels == 6 else "none",
        filters=filters,
        most_filters=entries.shape(f"ref_img_down_{levels - 1}.conv.weight")[0],
        levels=levels,
        norm="folded",
        exemplar_kernel=kernel,
        exemplar_label_eps=EPS,
        mixing="attention" if entries.has("atn_key_first.") else "average",
        attend_from=2,
        mixing_level=entries.count(r"atn_key_(\d+)\.") or 2,
        generated_levels=entries.count(r"fc_spade_0_(\d+)\."),
        hidden_layers=entries.count(r"fc_spade_0_0\.(\d+)\.") - 1,
        generated_cut="halves",
        embedding_kernel=_embedding_kernel(entries),
        summary_pixels=None,
        warp_exemplar=warps,
        blending="embedding" if entries.has("img_prev_embedding.") else "linear",
        warped_levels=entries.count(r"up_(\d+)\.bn_0\.mlp_gamma2\."),
        flow=flow_config(
            entries,
            f"{flow}.down_flow.0.0.weight",
            entries.count(rf"{flow}\.down_flow\.(\d+)\.") - 1,
            entries.count(rf"{flow}\.res_flow\.(\d+)\."),
        ),
        separate_flows=separate,
    )


def _embedding_kernel(entries: Entries) -> int:
    """Out of how many numbers are generated for each row."""
    filters = entries.shape("ref_img_first.conv.weight")[0]
    return math.isqrt((entries.shape("fc_spade_e_0.4.bias")[0] - 1) // filters)


def _batch_norm(entries: Entries, theirs: str, affine: bool) -> tuple[Tensor, Tensor]:
    """As x * scale + shift."""
    mean, variance = (entries.take(f"{theirs}.running_{what}").double() for what in ("mean", "var"))
    scale = torch.rsqrt(variance + EPS)
    if affine:
        scale = scale * entries.take(f"{theirs}.weight").double()
    shift = -mean * scale
    if affine:
        shift = shift + entries.take(f"{theirs}.bias").double()
    return scale, shift


def _folded(entries: Entries, conv: str, norm: str, ours: str, affine: bool = True) -> None:
    """A convolution and the norm after it as one convolution."""
    scale, shift = _batch_norm(entries, norm, affine)
    weight = entries.take(f"{conv}.weight").double() * scale[:, None, None, None]
    bias = entries.take(f"{conv}.bias").double() * scale if entries.has(f"{conv}.bias") else 0
    entries.ours[f"{ours}.weight"] = weight.float()
    entries.ours[f"{ours}.bias"] = (bias + shift).float()


def _scale(entries: Entries, norm: str, ours: str, affine: bool = True) -> None:
    scale, shift = _batch_norm(entries, norm, affine)
    entries.ours[f"{ours}.weight"], entries.ours[f"{ours}.bias"] = scale.float(), shift.float()


def _block(entries: Entries, theirs: str, ours: str) -> None:
    _folded(entries, f"{theirs}.conv", f"{theirs}.bn", f"{ours}.conv")


def exemplar_encoder(entries: Entries, levels: int) -> None:
    for theirs, ours in (("ref_img", "exemplar_encoder.image"), ("ref_label", "exemplar_encoder.label")):
        _block(entries, f"{theirs}_first", f"{ours}.first")
        for i in range(levels):
            _block(entries, f"{theirs}_down_{i}", f"{ours}.downs.{i}")
        for i, level in downwards(levels):
            if level:
                _block(entries, f"{theirs}_up_{level}", f"{ours}.narrowing.{i}")
        entries.drop(f"{theirs}_up_0.")


def attention(entries: Entries, levels: int) -> None:
    for branch in ("key", "query"):
        _block(entries, f"atn_{branch}_first", f"attention.{branch}.first")
        for i in range(levels):
            _block(entries, f"atn_{branch}_{i}", f"attention.{branch}.downs.{i}")


def weight_networks(entries: Entries, levels: Iterable[int], hidden_layers: int) -> None:
    names = {"0": "norm_0", "1": "norm_1", "s": "norm_s", "e": "embedding"}
    for level in levels:
        for theirs, ours in names.items():
            for layer in range(hidden_layers):
                entries.move(
                    f"fc_spade_{theirs}_{level}.{2 * layer}", f"weights.{level}.{ours}.hidden.{layer}"
                )
            entries.move(f"fc_spade_{theirs}_{level}.{2 * hidden_layers}", f"weights.{level}.{ours}.out")


def embedder(entries: Entries, theirs: str, ours: str, levels: int, generated: int) -> None:
    entries.move(f"{theirs}.conv_first.0", f"{ours}.first.conv")
    for i in range(levels):
        entries.move(f"{theirs}.down_{i}.0", f"{ours}.downs.{i}.conv")
    for i, level in downwards(levels):
        if level >= generated:
            entries.move(f"{theirs}.up_{level}.1", f"{ours}.ups.{i}.conv")


def flow_network(entries: Entries, theirs: str, ours: str, flow: FlowConfig) -> None:
    places: Sequence[tuple[str, str]] = [
        ("down_flow.0", "first"),
        *((f"down_flow.{2 * i + 2}", f"downs.{i}") for i in range(flow.downsamplings)),
        *((f"up_flow.{3 * i + 1}", f"ups.{i}") for i in range(flow.downsamplings)),
    ]
    for their, our in places:
        _folded(entries, f"{theirs}.{their}.0", f"{theirs}.{their}.1", f"{ours}.{our}.conv")
    for i in range(flow.blocks):
        block = f"{theirs}.res_flow.{i}"
        _scale(entries, f"{block}.bn_0", f"{ours}.blocks.{i}.norm_0")
        _folded(entries, f"{block}.conv_0", f"{block}.bn_1", f"{ours}.blocks.{i}.conv_0")
        entries.move(f"{block}.conv_1", f"{ours}.blocks.{i}.conv_1")
    entries.move(f"{theirs}.conv_flow.0", f"{ours}.to_flow")
    entries.move(f"{theirs}.conv_mask.0", f"{ours}.to_mask")


def decoder_block(entries: Entries, theirs: str, ours: str) -> None:
    for norm in ("0", "1", "s"):
        for number, name in (("", "label"), ("2", "exemplar"), ("3", "past")):
            gamma, beta = (f"{theirs}.bn_{norm}.mlp_{what}{number}" for what in ("gamma", "beta"))
            for leaf in ("weight", "bias") if entries.has(f"{gamma}.") else ():
                both = torch.cat([entries.take(f"{gamma}.{leaf}"), entries.take(f"{beta}.{leaf}")])
                entries.ours[f"{ours}.norm_{norm}.{name}.{leaf}"] = both
    _scale(entries, f"{theirs}.bn_0.norm", f"{ours}.norm_0.norm", affine=False)
    _folded(entries, f"{theirs}.conv_0", f"{theirs}.bn_1.norm", f"{ours}.conv_0", affine=False)
    entries.move(f"{theirs}.conv_1", f"{ours}.conv_1")
    if entries.has(f"{theirs}.conv_s."):
        _scale(entries, f"{theirs}.bn_s.norm", f"{ours}.norm_s.norm", affine=False)
        weight = entries.take(f"{theirs}.conv_s.weight")
        entries.ours[f"{ours}.conv_s.weight"] = weight
        entries.ours[f"{ours}.conv_s.bias"] = weight.new_zeros(len(weight))
