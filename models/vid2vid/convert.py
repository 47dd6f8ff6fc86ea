"""Published vid2vid checkpoints in our layout: which network a state dict is, and where each entry goes.

The published files are bare state dicts, one a scale (`latest_net_G0.pth` ...), and one for the first-frame network
(two for faces). What a file is follows from its keys, its sizes from the shapes; an entry that no rule takes is an
error.
Source of the layouts: NVIDIA/vid2vid at 2e6d137, `models/networks.py`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from torch import Tensor

from ...errors import InputError
from .config import FirstFrameConfig, GeneratorConfig

State = Mapping[str, Tensor]
"""One published file: name -> tensor."""
Renames = Iterator[tuple[str, str]]
"""Pairs (prefix in the published file, prefix in ours)."""

CITYSCAPES_CLASSES = 35
CITYSCAPES_THINGS = tuple(range(24, 34))
CAR = 26


def kind_of(state: State) -> str | None:
    """ "coarse", "fine", "global", "enhancer", "styled", "encoder", or None for anything else."""
    if "model_down_seg.1.weight" in state:
        return "fine" if "model_up_img.0.conv_block.1.weight" in state else "coarse"
    if "model_downsample.1.weight" in state and "model_upsample_conv.1.weight" in state:
        return "styled"
    if "model1_1.1.weight" in state:
        return "enhancer"
    if "model.1.weight" in state:
        return "global" if any(".conv_block." in key for key in state) else "encoder"
    return None


def convert(states: Mapping[str, State]) -> tuple[GeneratorConfig, dict[str, Tensor]]:
    """All files of one generator, by file name, in any order -> its config and its state in our layout.

    Needs the coarsest scale; finer scales must be complete up to the finest given; the first-frame network (for faces,
    its encoder) may be left out. InputError names a file that is none of these, or that does not fit the others.
    """
    by_kind = _by_kind(states)
    scales = [_only(by_kind, "coarse"), *sorted(by_kind.get("fine", {}).values(), key=_filters, reverse=True)]
    coarse = scales[0]
    for index, state in enumerate(scales):
        if _filters(state) * 2**index != _filters(coarse):
            raise InputError(
                f"vid2vid files: scale {index} should have {_filters(coarse) // 2**index} filters, "
                f"the nearest file has {_filters(state)}; a scale is missing or from another model"
            )
    first = _first_frame(by_kind)
    config = _config(coarse, scales, None if first is None else first[0])
    ours: dict[str, Tensor] = {}
    for index, state in enumerate(scales):
        ours |= _renamed(state, _scale_names(config, index), f"scales.{index}.")
    if first is not None:
        ours |= first[1]
    return config, ours


def _by_kind(states: Mapping[str, State]) -> dict[str, dict[str, State]]:
    found: dict[str, dict[str, State]] = {}
    for name, state in states.items():
        kind = kind_of(state)
        if kind is None:
            raise InputError(
                f"{name}: not a vid2vid generator; its first entries are {', '.join(list(state)[:3])}"
            )
        found.setdefault(kind, {})[name] = state
    return found


def _only(by_kind: dict[str, dict[str, State]], kind: str) -> State:
    files = by_kind.get(kind, {})
    if len(files) != 1:
        raise InputError(
            f"vid2vid files: need exactly one {kind} network, got {', '.join(files) or 'none'}"
            + (" (the file named ..._net_G0.pth)" if kind == "coarse" else "")
        )
    return next(iter(files.values()))


def _filters(state: State) -> int:
    return state["model_down_seg.1.weight"].shape[0]


def _count(state: State, pattern: str) -> int:
    """How many different numbers stand where `pattern` has its group."""
    return len({match.group(1) for key in state if (match := re.match(pattern, key))})


def _config(coarse: State, scales: list[State], first: FirstFrameConfig | None) -> GeneratorConfig:
    label_frames = coarse["model_down_img.1.weight"].shape[1] // 3 + 1
    channels = coarse["model_down_seg.1.weight"].shape[1] // label_frames
    downs = _count(coarse, r"model_up_img\.(\d+)\.bias") // 2
    blocks = _count(coarse, r"model_down_seg\.(\d+)\.conv_block") + _count(coarse, r"model_res_img\.(\d+)\.")
    foreground = "indv_down.1.weight" in coarse
    edges = channels == CITYSCAPES_CLASSES + 1
    return GeneratorConfig(
        palette="cityscapes" if edges else "",
        label_classes=channels - edges,
        edges=edges,
        things=CITYSCAPES_THINGS if edges else (),
        style_names=(),
        label_frames=label_frames,
        filters=_filters(coarse),
        foreground_filters=coarse["indv_down.1.weight"].shape[0] if foreground else 0,
        downsamplings=downs,
        blocks=blocks,
        local_blocks=_count(scales[1], r"model_up_img\.(\d+)\.conv_block") if len(scales) > 1 else 0,
        scales=len(scales),
        flow="model_final_flow.1.weight" in coarse,
        foreground=(CAR,) if foreground else (),
        first_frame=first,
    )


def _first_frame(by_kind: dict[str, dict[str, State]]) -> tuple[FirstFrameConfig, dict[str, Tensor]] | None:
    kinds = [kind for kind in ("global", "enhancer", "styled") if kind in by_kind]
    if not kinds:
        return None
    if len(kinds) > 1 or len(by_kind[kinds[0]]) > 1:
        files = ", ".join(name for kind in kinds for name in by_kind[kind])
        raise InputError(
            f"vid2vid files: several first-frame networks ({files}); give the one of your picture size"
        )
    kind, state = kinds[0], _only(by_kind, kinds[0])
    config = _first_frame_config(kind, state, by_kind)
    ours = _renamed(state, _first_frame_names(config), "first_frame.")
    if kind == "styled":
        encoder = _renamed(_only(by_kind, "encoder"), _encoder_names(config), "first_frame.style_encoder.")
        ours |= encoder
    return config, ours


def _first_frame_config(kind: str, state: State, by_kind: dict[str, dict[str, State]]) -> FirstFrameConfig:
    if kind == "styled":
        encoder = _only(by_kind, "encoder")
        style = encoder[max((k for k in encoder if k.endswith(".weight")), key=_index)].shape[0]
        return FirstFrameConfig(
            "styled",
            channels=state["model_downsample.1.weight"].shape[1] - style,
            filters=state["model_downsample.1.weight"].shape[0],
            downsamplings=_count(state, r"model_upsample\.(\d+)\.bias"),
            blocks=_count(state, r"model_resnet\.(\d+)\."),
            enhancer_blocks=0,
            style_channels=style,
            encoder_filters=encoder["model.1.weight"].shape[0],
            encoder_downsamplings=(_count(encoder, r"model\.(\d+)\.bias") - 2) // 2,
        )
    blocks = _count(state, r"model\.(\d+)\.conv_block")
    plain = _count(state, r"model\.(\d+)\.bias")
    return FirstFrameConfig(
        "global" if kind == "global" else "enhancer",
        channels=state["model.1.weight"].shape[1],
        filters=state["model.1.weight"].shape[0],
        downsamplings=(plain - (2 if kind == "global" else 1)) // 2,
        blocks=blocks,
        enhancer_blocks=_count(state, r"model1_2\.(\d+)\.conv_block"),
        style_channels=0,
        encoder_filters=0,
        encoder_downsamplings=0,
    )


def _index(key: str) -> int:
    return int(key.split(".")[1])


class _Layers(NamedTuple):
    """Counts along a published encoder-decoder."""

    downs: int
    blocks: int


def _block_names(theirs: str, ours: str) -> Renames:
    for their, our in (("1", "conv1"), ("2", "norm1"), ("5", "conv2"), ("6", "norm2")):
        yield f"{theirs}.conv_block.{their}.", f"{ours}.{our}."


def _encoder_rules(theirs: str, ours: str, layers: _Layers) -> Renames:
    """7x7 convolution, downsamplings, blocks, numbered through with pads, norms and ReLUs between them."""
    yield f"{theirs}.1.", f"{ours}.stem.conv."
    yield f"{theirs}.2.", f"{ours}.stem.norm."
    for i in range(layers.downs):
        yield f"{theirs}.{4 + 3 * i}.", f"{ours}.downs.{i}.conv."
        yield f"{theirs}.{5 + 3 * i}.", f"{ours}.downs.{i}.norm."
    for i in range(layers.blocks):
        yield from _block_names(f"{theirs}.{4 + 3 * layers.downs + i}", f"{ours}.blocks.{i}")


def _up_rules(theirs: str, ours: str, ups: int, start: int = 0) -> Renames:
    for i in range(ups):
        yield f"{theirs}.{start + 3 * i}.", f"{ours}.{i}.conv."
        yield f"{theirs}.{start + 1 + 3 * i}.", f"{ours}.{i}.norm."


def _decoder_rules(blocks_at: str, ups_at: str, ours: str, layers: _Layers, coarsest: bool) -> Renames:
    """Blocks and upsamplings: two Sequentials at the coarsest scale, one at the finer ones."""
    for i in range(layers.blocks):
        yield from _block_names(f"{blocks_at if coarsest else ups_at}.{i}", f"{ours}.blocks.{i}")
    yield from _up_rules(ups_at, f"{ours}.ups", layers.downs, 0 if coarsest else layers.blocks)


def _scale_names(config: GeneratorConfig, index: int) -> Renames:
    scale, coarsest = config.scale(index), index == 0
    encoder = _Layers(scale.downsamplings, scale.encoder_blocks)
    decoder = _Layers(scale.downsamplings, scale.decoder_blocks)
    yield from _encoder_rules("model_down_seg", "labels", encoder)
    yield from _encoder_rules("model_down_img", "past", encoder)
    yield from _decoder_rules("model_res_img", "model_up_img", "image", decoder, coarsest)
    yield "model_final_img.1.", "to_image."
    if config.flow:
        yield from _decoder_rules("model_res_flow", "model_up_flow", "flow.decoder", decoder, coarsest)
        yield "model_final_flow.1.", "flow.to_flow."
        yield "model_final_w.1.", "flow.to_weight."
    if config.foreground:
        painter = _Layers(scale.downsamplings, scale.foreground_blocks)
        yield from _encoder_rules("indv_down", "foreground.encoder", _Layers(scale.downsamplings, 0))
        yield from _decoder_rules("indv_res", "indv_up", "foreground.decoder", painter, coarsest)
        yield "indv_final.1.", "foreground.to_image."


def _network_rules(theirs: str, ours: str, layers: _Layers) -> Renames:
    yield from _encoder_rules(theirs, f"{ours}.encoder", layers)
    start = 4 + 3 * layers.downs + layers.blocks
    yield from _up_rules(theirs, f"{ours}.decoder.ups", layers.downs, start)


def _first_frame_names(config: FirstFrameConfig) -> Renames:
    layers = _Layers(config.downsamplings, config.blocks)
    if config.kind == "styled":
        yield from _encoder_rules("model_downsample", "encoder", _Layers(config.downsamplings, 0))
        for i in range(config.blocks):
            yield from _block_names(f"model_resnet.{i}", f"blocks.{i}")
        yield from _up_rules("model_upsample", "ups", config.downsamplings)
        yield "model_upsample_conv.1.", "to_image."
        return
    yield from _network_rules("model", "network", layers)
    if config.kind == "global":
        yield f"model.{5 + 6 * config.downsamplings + config.blocks}.", "to_image."
        return
    yield from _encoder_rules("model1_1", "encoder", _Layers(1, 0))
    yield from _decoder_rules("", "model1_2", "decoder", _Layers(1, config.enhancer_blocks), coarsest=False)
    yield f"model1_2.{config.enhancer_blocks + 4}.", "to_image."


def _encoder_names(config: FirstFrameConfig) -> Renames:
    downs = config.encoder_downsamplings
    yield from _network_rules("model", "network", _Layers(downs, 0))
    yield f"model.{5 + 6 * downs}.", "to_style."


_UNUSED = ("running_mean", "running_var", "num_batches_tracked")


def _renamed(state: State, names: Iterable[tuple[str, str]], prefix: str) -> dict[str, Tensor]:
    """The entries under our names. Running statistics are dropped: the networks never use them."""
    rules = dict(names)
    ours = {}
    for key, value in state.items():
        module, _, leaf = key.rpartition(".")
        if leaf in _UNUSED:
            continue
        if f"{module}." not in rules:
            raise InputError(
                f"vid2vid file: unexpected entry {key!r}; the file is not one of the published layouts"
            )
        ours[f"{prefix}{rules[f'{module}.']}{leaf}"] = value
    return ours
