"""Generators of NVlabs/imaginaire at c6f7484, fs_vid2vid: the only few-shot weights that were ever published.

Source of the eps: `generators/fs_vid2vid.py` (custom_init), which changes it after the moving average was set up.
"""

import math

from torch import Tensor

from ..published import Entries, State
from .config import FewShotConfig
from .published import (
    KINDS,
    STREET_PALETTE,
    downwards,
    flow_config,
    fold_spectral,
    share_flow,
)

LEARNT_EPS, AVERAGED_EPS = 0.1, 1e-5
"""Of the norms that read exemplars' labels."""
FACE_PIXELS = 256.0
"""Of the bottleneck at 512x512, at which the published faces were trained."""


def from_imaginaire(file: str, state: State) -> tuple[FewShotConfig, dict[str, Tensor]]:
    """The state, without the prefix of its half of the file -> config and our state."""
    learnt = any(name.endswith(".weight_orig") for name in state)
    once = dict(state)
    separate = share_flow(file, once, "flow_network_ref.", "flow_network_temp.")
    entries = Entries(file, fold_spectral(once))
    config = _config(entries, learnt, separate)
    exemplar_encoder(entries, config)
    for branch in ("key", "query") if config.mixing == "attention" else ():
        theirs = f"weight_generator.attention_module.atn_{branch}"
        _block(entries, f"{theirs}_first", f"attention.{branch}.first")
        for i in range(config.mixing_level):
            _block(entries, f"{theirs}_{i}", f"attention.{branch}.downs.{i}")
    weight_networks(entries, config)
    embedder(
        entries, "weight_generator.label_embedding", "label_embedder", config.levels, config.generated_levels
    )
    embedder(entries, "ref_image_embedding", "exemplar_embedder", config.levels, 0)
    embedder(entries, "prev_image_embedding", "past_embedder", config.levels, 0)
    flow_network(entries, "flow_network_temp", "flow", config)
    if separate:
        flow_network(entries, "flow_network_ref", "exemplar_flow", config)
    for level in range(config.levels + 1):
        decoder_block(entries, f"up_{level}", f"blocks.{level}")
    entries.move("conv_img.layers.conv", "to_image")
    return config, entries.finish()


def _config(entries: Entries, learnt: bool, separate: bool) -> FewShotConfig:
    generator, flow = "weight_generator", "flow_network_temp"
    channels, kernel = (entries.shape(f"{generator}.ref_label_first.layers.conv.weight")[i] for i in (1, 2))
    levels = entries.count(rf"{generator}\.ref_img_down_(\d+)\.")
    filters = entries.shape(f"{generator}.ref_img_first.layers.conv.weight")[0]
    hidden = entries.count(rf"{generator}\.fc_spade_e_0\.(\d+)\.") - 1
    rows = entries.shape(f"{generator}.fc_spade_e_0.{hidden}.layers.conv.bias")[0]
    return FewShotConfig(
        kind=KINDS.get(channels, "labels"),
        palette=STREET_PALETTE if channels == 20 else "",
        label_channels=channels,
        hidden_faces="drivers" if channels == 6 else "none",
        filters=filters,
        most_filters=entries.shape(f"{generator}.ref_img_down_{levels - 1}.layers.conv.weight")[0],
        levels=levels,
        norm="instance",
        exemplar_kernel=kernel,
        exemplar_label_eps=LEARNT_EPS if learnt else AVERAGED_EPS,
        mixing="attention" if entries.has(f"{generator}.attention_module.") else "average",
        attend_from=2,
        mixing_level=entries.count(rf"{generator}\.attention_module\.atn_key_(\d+)\.") or 2,
        generated_levels=entries.count(rf"{generator}\.fc_spade_0_(\d+)\."),
        hidden_layers=hidden,
        generated_cut="whole",
        embedding_kernel=math.isqrt((rows - 1) // filters),
        summary_pixels=FACE_PIXELS if channels == 1 else None,
        warp_exemplar=True,
        blending="embedding",
        warped_levels=entries.count(r"up_(\d+)\.conv_block_0\.layers\.norm\.mlps\.1\."),
        flow=flow_config(
            entries,
            f"{flow}.down_flow.0.layers.conv.weight",
            entries.count(rf"{flow}\.down_flow\.(\d+)\.") - 1,
            entries.count(rf"{flow}\.res_flow\.(\d+)\."),
        ),
        separate_flows=separate,
    )


def _block(entries: Entries, theirs: str, ours: str) -> None:
    entries.move(f"{theirs}.layers.conv", f"{ours}.conv")
    entries.move(f"{theirs}.layers.norm", f"{ours}.norm")


def exemplar_encoder(entries: Entries, config: FewShotConfig) -> None:
    for branch, our in (("ref_img", "exemplar_encoder.image"), ("ref_label", "exemplar_encoder.label")):
        theirs = f"weight_generator.{branch}"
        _block(entries, f"{theirs}_first", f"{our}.first")
        for i in range(config.levels):
            _block(entries, f"{theirs}_down_{i}", f"{our}.downs.{i}")
        for i, level in downwards(config.levels):
            if level:
                _block(entries, f"{theirs}_up_{level}", f"{our}.narrowing.{i}")
        entries.drop(f"{theirs}_up_0.")


def weight_networks(entries: Entries, config: FewShotConfig) -> None:
    names = {"0": "norm_0", "1": "norm_1", "s": "norm_s", "e": "embedding"}
    for level in range(config.generated_levels):
        for theirs, ours in names.items():
            layers = [f"hidden.{layer}" for layer in range(config.hidden_layers)] + ["out"]
            for number, layer in enumerate(layers):
                entry = f"weight_generator.fc_spade_{theirs}_{level}.{number}.layers.conv"
                entries.move(entry, f"weights.{level}.{ours}.{layer}")


def embedder(entries: Entries, theirs: str, ours: str, levels: int, generated: int) -> None:
    entries.move(f"{theirs}.conv_first.layers.conv", f"{ours}.first.conv")
    for i in range(levels):
        entries.move(f"{theirs}.down_{i}.layers.conv", f"{ours}.downs.{i}.conv")
    for i, level in downwards(levels):
        if level >= generated:
            entries.move(f"{theirs}.up_{level}.layers.conv", f"{ours}.ups.{i}.conv")


def flow_network(entries: Entries, theirs: str, ours: str, config: FewShotConfig) -> None:
    _block(entries, f"{theirs}.down_flow.0", f"{ours}.first")
    for i in range(config.flow.downsamplings):
        _block(entries, f"{theirs}.down_flow.{i + 1}", f"{ours}.downs.{i}")
        _block(entries, f"{theirs}.up_flow.{2 * i + 1}", f"{ours}.ups.{i}")
    for i in range(config.flow.blocks):
        for half in "01":
            block = f"{theirs}.res_flow.{i}.conv_block_{half}.layers"
            entries.move(f"{block}.norm", f"{ours}.blocks.{i}.norm_{half}")
            entries.move(f"{block}.conv", f"{ours}.blocks.{i}.conv_{half}")
    entries.move(f"{theirs}.conv_flow.0.layers.conv", f"{ours}.to_flow")
    entries.move(f"{theirs}.conv_mask.0.layers.conv", f"{ours}.to_mask")


def decoder_block(entries: Entries, theirs: str, ours: str) -> None:
    for part in ("0", "1", "s"):
        block = f"{theirs}.conv_block_{part}.layers"
        for number, name in enumerate(("label", "exemplar", "past")):
            if entries.has(f"{block}.norm.mlps.{number}."):
                entries.move(f"{block}.norm.mlps.{number}.0.layers.conv", f"{ours}.norm_{part}.{name}")
        if entries.has(f"{block}.conv."):
            entries.move(f"{block}.conv", f"{ours}.conv_{part}")
