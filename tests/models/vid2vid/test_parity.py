"""Agreement with NVIDIA/vid2vid: frames, histories, encodings, sizes, within the tolerances of golden/README.md.

Everything that a case holds beside its inputs is compared: a tensor that we don't compute fails the test.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden_cases import Agree, Case
from PIL import Image
from synthetic_checkpoint import checkpoint
from torch import Tensor

from maliang_video.media.pixels import to_model
from maliang_video.models.flow.warp import warp
from maliang_video.models.labels.encoding import encode_labels, foreground_mask, pyramid
from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.labels.planes import LabelPlanes, join_planes, label_planes
from maliang_video.models.labels.resize import network_size, resize_nearest
from maliang_video.models.vid2vid.config import GeneratorConfig
from maliang_video.models.vid2vid.convert import convert
from maliang_video.models.vid2vid.first_frame import StyledFirstFrame, nearest_style
from maliang_video.models.vid2vid.generator import Past, Vid2VidGenerator
from maliang_video.models.vid2vid.parts import paint_style, part_means
from maliang_video.models.vid2vid.rollout import Encoded, synthesize_encoded
from maliang_video.models.vid2vid.scale import ScaleOutput

Tensors = dict[str, Tensor]

OUTPUTS = {
    "fake": "frame",
    "raw": "raw",
    "flow": "flow",
    "weight": "weight",
    "fg": "foreground",
    "warp": "warped",
}
"""The reference's names for what a scale makes, and ours."""

INPUTS = re.compile(r"labels|instances|input_u8|prev|real|parts|features\.\d+")

STEP = {"flow": 5e-4, "prev": 0.0, "mask": 0.0}
ROLLOUT = {"flow": 2e-3, "encoder": 1e-5, "style": 1e-5}
"""Tolerances; what is not named is a picture, a weight or a foreground: 1e-4 in a step, 5e-4 in a rollout."""

SIZE_RULES = {"scaleWidth": "scale_width", "scaleHeight": "scale_height", "resize": "resize", "none": "none"}


def within(case: Case, table: Mapping[str, float], pictures: float) -> Callable[[str], float]:
    """Tolerance of a tensor: the table's, or five times what float32 costs the reference itself if that is more."""

    def tolerance(name: str) -> float:
        what = re.sub(r"^G\d+\.|\.\d+$", "", name)
        return max(table.get(what, pictures), 5 * case.float64_difference(name))

    return tolerance


@pytest.fixture(params=[torch.contiguous_format, torch.channels_last], ids=["plain", "channels-last"])
def generator(case: Case, request: pytest.FixtureRequest) -> Vid2VidGenerator:
    """Our network with the reference's weights, in both layouts that it may be loaded in."""
    return build(tuple(case.manifest_paths().items())).to(memory_format=request.param)


@lru_cache(maxsize=1)
def build(manifests: tuple[tuple[str, Path], ...]) -> Vid2VidGenerator:
    contents = {net: json.loads(path.read_text("utf-8")) for net, path in manifests}
    config, state = convert({net: checkpoint(content) for net, content in contents.items()})
    with torch.device("meta"):
        built = Vid2VidGenerator(with_meaning(config, contents["G0"]["args"]))
    built.load_state_dict(state, strict=True, assign=True)
    return built.eval()


def with_meaning(config: GeneratorConfig, args: Mapping[str, Any]) -> GeneratorConfig:
    """What the channels mean, and which classes are in front: weights don't show it, the reference's options do."""
    return replace(
        config,
        label_classes=args["label_nc"] or args["input_nc"],
        edges=args["use_instance"],
        foreground=class_ids(args.get("fg_labels", "26")) if args["fg"] else (),
    )


def class_ids(labels: str | list[int]) -> tuple[int, ...]:
    return tuple(int(label) for label in (labels.split(",") if isinstance(labels, str) else labels))


def encoded(generator: Vid2VidGenerator, case: Case, tensors: Tensors) -> list[Encoded]:
    """Every label frame of the case as network input."""
    if "labels" in tensors:
        return [generator.encode(LabelFrame(ids, i)) for ids, i in label_pairs(tensors)]
    maps = tensors["input_u8"].float() / 255
    if "--dataset_mode face" not in case.metadata["command"]:
        maps = maps * 2 - 1
    return [generator.encode_drawn(frame[None]) for frame in maps]


def label_pairs(tensors: Tensors) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Ids and instances of each frame."""
    return zip(tensors["labels"], tensors.get("instances", [None] * len(tensors["labels"])), strict=True)


def painted(scales: list[ScaleOutput], suffix: str = "") -> Tensors:
    """All that a step makes, under the reference's names; the finest scale's also without its number."""
    found = {}
    for s, scale in enumerate(scales):
        made = named(scale, suffix)
        found |= made | {f"G{s}.{name}": value for name, value in made.items()}
    return found


def named(scale: ScaleOutput, suffix: str) -> Tensors:
    made = {f"{theirs}{suffix}": getattr(scale, ours) for theirs, ours in OUTPUTS.items()}
    return {name: value for name, value in made.items() if value is not None}


def mask_of(labels: LabelPlanes, front: tuple[int, ...]) -> Tensor:
    """Where the newest frame shows the classes in front: `[1 1 h w]`."""
    share = labels.share(front)
    return torch.zeros(1, 1, *labels.size) if share is None else share[-1:]


def outputs(tensors: Tensors) -> Tensors:
    return {name: value for name, value in tensors.items() if not INPUTS.fullmatch(name)}


@pytest.mark.parity("vid2vid.step")
@torch.inference_mode()
def test_step(case: Case, generator: Vid2VidGenerator, agree: Agree) -> None:
    tensors = case.tensors()
    window = encoded(generator, case, tensors)
    past = generator.past_from(tensors["prev"][None])
    ours = painted(generator.step(window, past, skip_unseen_foreground=False).scales)
    for s, (frames, labels) in enumerate(zip(past.frames, reversed(window[-1]), strict=True)):
        ours[f"G{s}.prev"] = frames.flatten(1, 2)
        ours[f"G{s}.mask"] = mask_of(labels, generator.config.foreground)[0]
    agree(ours, outputs(tensors), within(case, STEP, 1e-4))


@pytest.mark.parity("vid2vid.rollout")
@torch.inference_mode()
def test_rollout_one_frame_at_a_time(case: Case, generator: Vid2VidGenerator, agree: Agree) -> None:
    """Every frame from the reference's own history, so that no error adds up."""
    tensors = case.tensors()
    labels = encoded(generator, case, tensors)
    length = generator.config.label_frames
    start = opening(case, generator, labels, tensors).get("first")
    past = generator.blank_past(labels[0][0].size) if start is None else generator.past_from(start[None])
    ours = {}
    for t in range(len(labels) - length + 1):
        step = generator.step(labels[t : t + length], past, skip_unseen_foreground=False)
        ours |= painted(step.scales, f".{t}")
        last = len(past.frames) - 1
        theirs = (tensors[f"fake.{t}" if s == last else f"G{s}.fake.{t}"] for s in range(last + 1))
        moved = (torch.cat([old[:, 1:], new[None]], 1) for old, new in zip(past.frames, theirs, strict=True))
        past = Past(tuple(moved), past.painted + 1)
    compared = {name: value for name, value in outputs(tensors).items() if name in ours or "fake" in name}
    agree(ours, compared, within(case, ROLLOUT, 5e-4))


@pytest.mark.parity("vid2vid.rollout")
@torch.inference_mode()
def test_rollout(case: Case, generator: Vid2VidGenerator, agree: Agree) -> None:
    """First frames and all that follow, from our own history."""
    tensors = case.tensors()
    labels = encoded(generator, case, tensors)
    ours = opening(case, generator, labels, tensors)
    skipped = generator.config.past_frames
    if "first" in ours:
        rollout = list(synthesize_encoded(generator, labels, first=ours["first"][None]))
        assert len(rollout) == len(labels)
        for t, made in enumerate(rollout[skipped:]):
            ours |= {f"G{s}.fake.{t}": frames[:, -1] for s, frames in enumerate(made.past.frames)}
            ours |= named(made.details, f".{t}") | {f"fake.{t}": made.frame}
    else:
        past = generator.blank_past(labels[0][0].size)
        for t in range(len(labels) - skipped):
            step = generator.step(labels[t : t + skipped + 1], past)
            past = step.past
            ours |= painted(step.scales, f".{t}")
    idle = {name for name in tensors if name.startswith("fg.") and name not in ours}  # no foreground in sight
    compared = {name: value for name, value in outputs(tensors).items() if name not in idle}
    agree(ours, compared, within(case, ROLLOUT, 5e-4))


def opening(case: Case, generator: Vid2VidGenerator, labels: list[Encoded], tensors: Tensors) -> Tensors:
    """`first` [past_frames 3 h w], for faces also encoder means and styles; nothing where a rollout starts blank."""
    count = generator.config.past_frames
    network = generator.first_frame
    if isinstance(network, StyledFirstFrame):
        return styled_opening(network, labels, tensors, count)
    if network is not None:
        made = synthesize_encoded(generator, labels[:count])
        return {"first": torch.cat([synthesis.frame for synthesis in made])}
    return {"first": tensors["real"][:count]} if "real" in tensors else {}


def styled_opening(network: StyledFirstFrame, labels: list[Encoded], tensors: Tensors, count: int) -> Tensors:
    parts = sum(name.startswith("features.") for name in tensors)
    known = torch.stack([tensors[f"features.{part}"][:, :-1] for part in range(parts)], 1)
    made, pictures = {}, []
    for i in range(count):
        ids = tensors["parts"][i, 0].long()
        means = part_means(network.style_encoder(tensors["real"][i : i + 1])[0], ids, parts)
        style = known[nearest_style(means, known, torch.bincount(ids.flatten(), minlength=parts) > 0)]
        pictures.append(network(labels[i][0], paint_style(ids[None], style)))
        made |= {f"encoder.{i}": means, f"style.{i}": style}
    return made | {"first": torch.cat(pictures)}


@pytest.mark.parity("vid2vid.label_encoding")
def test_label_encoding(case: Case, agree: Agree) -> None:
    """With and without the empty planes: both exact."""
    tensors, args = case.tensors(), case.metadata["args"]
    instances = tensors.get("instances")
    front = class_ids(args.get("fg_labels", "26"))
    frames = label_planes(tensors["labels"], instances, args["label_nc"], torch.float32)
    dense = encode_labels(tensors["labels"], instances, args["label_nc"])
    sparse_made, dense_made = {"encoded": frames.dense()[None]}, {"encoded": dense[None]}
    for level, soft in enumerate(pyramid(dense, args["n_scales_spatial"])):
        sparse_made |= {f"pyramid.{level}": frames.dense()[None], f"mask.{level}": mask_of(frames, front)}
        dense_made |= {f"pyramid.{level}": soft[None], f"mask.{level}": foreground_mask(soft, front)[-1:]}
        frames = frames.halved()
    each = [
        label_planes(ids[None], None if i is None else i[None], args["label_nc"], torch.float32)
        for ids, i in label_pairs(tensors)
    ]
    rows = case.metadata.get("row_step", 1)
    sparse_made["input.0"] = join_planes(each[: args["n_frames_G"]]).dense()[:, :, ::rows]
    dense_made["input.0"] = dense[: args["n_frames_G"]].flatten(0, 1)[None, :, ::rows]
    agree(sparse_made, outputs(tensors), within(case, {}, 0))
    agree(dense_made, outputs(tensors), within(case, {}, 0))


@pytest.mark.parity("vid2vid.street_input")
def test_street_input(case: Case, agree: Agree) -> None:
    """Files at their own size become what the network takes: nearest for labels, Pillow's bicubic for pictures."""
    tensors = case.tensors()
    source = tensors["labels"].shape
    rule = SIZE_RULES[case.metadata["resize_or_crop"]]
    height, width = network_size(*source, rule, case.metadata["loadSize"])
    ours = {"A_last": resize_nearest(tensors["labels"], height, width).float()}
    if "instances_u8" in tensors:
        ours["inst_last"] = resize_nearest(tensors["instances_u8"], height, width).float()
    if "image" in tensors:
        picture = Image.fromarray(tensors["image"].numpy()).resize((width, height), Image.Resampling.BICUBIC)
        ours["B_last"] = to_model(np.array(picture))
    theirs = {name: value for name, value in tensors.items() if name.endswith("_last")}
    agree(ours, theirs, within(case, {"B_last": 1e-6}, 0))


@pytest.mark.parity("data/base_dataset.py get_img_params")
def test_network_sizes(case: Case) -> None:
    for row in case.metadata["rows"]:
        (width, height), rule = row["size_w_h"], SIZE_RULES[row["resize_or_crop"]]
        assert list(reversed(network_size(height, width, rule, row["loadSize"]))) == row["new_size_w_h"], row


@pytest.mark.parity("vid2vid.warp")
def test_warp(case: Case, agree: Agree) -> None:
    tensors = case.tensors()
    image, flow = tensors["image"].requires_grad_(), tensors["flow"].requires_grad_()
    out = warp(image, flow)
    (out * tensors["upstream"]).sum().backward()
    x = flow.detach()[:, 0] + torch.arange(flow.shape[-1])
    y = flow.detach()[:, 1] + torch.arange(flow.shape[-2])[:, None]
    smooth = ((x - x.round()).abs() > 1e-4) & ((y - y.round()).abs() > 1e-4)  # elsewhere the gradient jumps
    ours = {"out": out.detach(), "grad_image": image.grad, "grad_flow": flow.grad * smooth[:, None]}
    theirs = {"out": tensors["out"], "grad_image": tensors["grad_image"]}
    theirs["grad_flow"] = tensors["grad_flow"] * smooth[:, None]
    assert smooth.any()
    agree(ours, theirs, {"out": 1e-5, "grad_image": 1e-4, "grad_flow": 1e-4}.__getitem__)
