"""Agreement with NVIDIA/vid2vid: one training step's losses by name, what learns from them, and their gradients.

The functions are those of the training step. Every frame of a case is a clip of two frames, the second generated,
because a case's real frames do not follow each other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from golden_cases import Agree, Case
from reference_discriminator import our_name, reference_discriminator
from synthetic_checkpoint import checkpoint, tensor
from torch import Tensor

from maliang_video.models.features.convert import convert
from maliang_video.models.features.vgg19 import VGG19
from maliang_video.models.labels.planes import LabelPlanes, dense_planes
from maliang_video.models.vid2vid.discriminator import MultiscaleDiscriminator
from maliang_video.training import objectives
from maliang_video.training.chunks import Chunk
from maliang_video.training.face_region import densepose_heads, face_region, face_side, openpose_heads
from maliang_video.training.losses import gan_loss
from maliang_video.training.objectives import judge_case, likeness_terms, motion_terms, picture_case
from maliang_video.training.recipe import LossWeights
from maliang_video.training.temporal import temporal_input

Tensors = dict[str, Tensor]

FACE = 2
"""The reference counts the terms of the face discriminator twice."""
LEARNT = ("fake_B", "fake_B_raw", "flow", "weight", "T.fake_B")
"""Inputs that the gradients of the generator's total are compared for."""


@dataclass(frozen=True)
class Verdict:
    """What one discriminator says: the generator's terms, and the parts of its own."""

    gan: Tensor
    matching: Tensor
    real: Tensor
    generated: Tensor
    total: Tensor


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.mark.parity("vid2vid.losses")
def test_losses(case: Case, agree: Agree) -> None:
    theirs, args = case.tensors(), case.manifest("D")["args"]
    given = inputs(case, theirs, args)
    moves = not {"--no_flow", "--openpose_only"} & set(case.metadata["command"].split())
    weights, chunk = loss_weights(args), chunk_of(given, moves)
    judge = reference_discriminator(case.manifest("D"))
    pictures = verdict(judge, picture_case(chunk, raw=1.0), weights.gan, weights.feature_matching)
    generator = likeness_terms(vgg19(case), weights, chunk) | motion_terms(weights, chunk)
    ours = {GENERATOR_TERMS[name]: value for name, value in generator.items()}
    ours |= named("", pictures) | {"total.D": pictures.total}
    if args["add_face_disc"]:
        ours |= face_terms(case, given, chunk, args, ours)
    ours |= motion_verdicts(case, given, args)
    ours["total.G"] = sum(value for name, value in ours.items() if re.match(r"loss\.[GFW]", name))
    ours |= gradients(given, ours["total.G"]) | own_gradients(case, judge, ours["total.D"])
    compared = per_parameter(case, theirs)
    unknown = {name: torch.zeros(1) for name in compared if name.startswith("loss.") and name not in ours}
    agree(
        {
            name: value.detach().reshape(compared[name].shape)
            for name, value in (unknown | ours).items()
            if name in compared
        },
        compared,
        lambda name: tolerance(case, name, compared[name]),
    )


GENERATOR_TERMS = {
    "perceptual": "loss.G_VGG",
    "flow": "loss.F_Flow",
    "flow_warp": "loss.F_Warp",
    "warp": "loss.G_Warp",
    "weight": "loss.W",
}
"""Our names and the reference's."""


def smooth(name: str, *shape: int) -> Tensor:
    """An input that is given by name: noise of a quarter of the size, enlarged."""
    height, width = shape[-2:]
    small = tensor(name, [prod(shape[:-2]), 1, height // 4, width // 4], "image")
    return F.interpolate(small, (height, width), mode="bilinear", align_corners=True).reshape(shape)


def inputs(case: Case, stored: Tensors, args: Mapping[str, Any]) -> Tensors:
    """All inputs of a case by the reference's names."""
    meta, stem = case.metadata, case.path.stem
    n, g, length = meta["frames"], meta["temporal_groups"], args["n_frames_D"]
    size = meta["height"], meta["width"]
    names = ("real_B", "fake_B", "fake_B_raw", "real_B_prev", "fake_B_prev")
    given = {name: smooth(f"{stem}.{name}", n, 3, *size) for name in names}
    given |= {name: 3 * smooth(f"{stem}.{name}", n, 2, *size) for name in ("flow", "flow_ref")}
    given["weight"] = (smooth(f"{stem}.weight", n, 1, *size) + 1) / 2
    given["conf_ref"] = (smooth(f"{stem}.conf", n, 1, *size) > -0.3).float()
    given |= {name: smooth(f"{stem}.{name}", g, length, 3, *size) for name in ("T.real_B", "T.fake_B")}
    given["T.flow_ref"] = 3 * smooth(f"{stem}.T.flow_ref", g, length - 1, 2, *size)
    given["real_A"] = stored["real_A"].float()
    for name in LEARNT:
        given[name].requires_grad_()
    return given


def loss_weights(args: Mapping[str, Any]) -> LossWeights:
    """The reference's options as ours."""
    return LossWeights(
        gan=1,
        feature_matching=args["lambda_feat"],
        perceptual=args["lambda_feat"],
        direction=0.0,
        flow=args["lambda_F"] / 2 ** (args["n_scales_spatial"] - 1),
        flow_warp=args["lambda_T"],
        warp=args["lambda_T"],
        weight=float(args["no_first_img"]),
        raw=1,
        raw_gan=1,
        temporal_gan=1,
        temporal_matching=args["lambda_feat"],
        face_gan=FACE,
        face_matching=FACE * args["lambda_feat"],
    )


def chunk_of(given: Tensors, moves: bool) -> Chunk:
    """Every frame as the second of a clip of its own; `moves`: the network predicts flow."""

    def pair(before: Tensor, now: Tensor) -> Tensor:
        return torch.stack([before, now], 1)

    clip = {
        "pictures": pair(given["real_B_prev"], given["real_B"]),
        "flow": pair(given["flow_ref"], given["flow_ref"]),
        "visible": pair(given["conf_ref"], given["conf_ref"]),
        "drawn": pair(given["real_A"], given["real_A"]),
        "style": torch.zeros(len(given["real_B"]), 0),
    }
    frame, raw, flow, weight, before = (
        given[name][:, None] for name in ("fake_B", "fake_B_raw", "flow", "weight", "fake_B_prev")
    )
    motion = (flow, weight) if moves else (None, None)
    return Chunk(clip, range(1, 2), dense_planes(given["real_A"]), frame, raw, *motion, before, (True,))


def vgg19(case: Case) -> VGG19:
    config, state = convert({"vgg19": checkpoint(case.manifest("vgg"))})
    network = VGG19(config).requires_grad_(False)
    network.load_state_dict(state)
    return network


def verdict(
    judge: MultiscaleDiscriminator,
    shown: objectives.Case,
    gan: float,
    matching: float,
    copies: int | None = None,
) -> Verdict:
    terms, total = judge_case(judge, shown, gan, matching, copies)
    with torch.no_grad():
        real = gan_loss(judge(shown.real), True) * len(shown.generated)
        fake = sum(gan_loss(judge(generated), False) for _, generated in shown.generated)
    return Verdict(*terms, real, fake, total)


def named(which: str, found: Verdict, number: str = "") -> Tensors:
    return {
        f"loss.G_{which}GAN{number}": found.gan,
        f"loss.G_{which}GAN_Feat{number}": found.matching,
        f"loss.D_{which}real{number}": found.real,
        f"loss.D_{which}fake{number}": found.generated,
    }


def face_terms(case: Case, given: Tensors, chunk: Chunk, args: Mapping[str, Any], ours: Tensors) -> Tensors:
    """The region, the face discriminator's terms, and the total with its own."""
    heads = openpose_heads if "--openpose_only" in case.metadata["command"] else densepose_heads
    region = face_region(heads(given["real_A"]), face_side(args["fineSize"]))
    if region is None:
        return {}

    def cut(planes: Any) -> LabelPlanes:
        return LabelPlanes(region.cut(planes.values), planes.channels, planes.total)

    whole = picture_case(chunk, raw=0)
    shown = objectives.Case(cut(whole.real), tuple((share, cut(each)) for share, each in whole.generated))
    weights, judge = loss_weights(args), reference_discriminator(case.manifest("D_f"))
    found = verdict(judge, shown, weights.face_gan, weights.face_matching, args["num_D"])
    place = torch.tensor([region.top, region.bottom, region.left, region.right])
    total = ours["total.D"] + found.total
    return named("f_", found) | {"face_region_ys_ye_xs_xe": place, "total.D": total}


def motion_verdicts(case: Case, given: Tensors, args: Mapping[str, Any]) -> Tensors:
    weights, judge = loss_weights(args), reference_discriminator(case.manifest("D_T"))
    real, fake = (temporal_input(given[f"T.{name}_B"], given["T.flow_ref"]) for name in ("real", "fake"))
    shown = objectives.Case(real, ((1.0, fake),))
    found = verdict(judge, shown, weights.temporal_gan, weights.temporal_matching)
    return named("T_", found, "0") | {"total.D_T0": found.total}


def gradients(given: Tensors, total: Tensor) -> Tensors:
    """Of the generator's total to every input; where it doesn't depend on one, a single 0."""
    found = torch.autograd.grad(total, [given[n] for n in LEARNT], retain_graph=True, allow_unused=True)
    pairs = zip(LEARNT, found, strict=True)
    return {f"grad_G.{name}": torch.zeros(1) if each is None else each for name, each in pairs}


def own_gradients(case: Case, judge: MultiscaleDiscriminator, total: Tensor) -> Tensors:
    """Norms of the gradients of the discriminator's total, by the reference's names of its parameters."""
    parameters = dict(judge.named_parameters())
    order = case.metadata["parameter_order_of_grad_D.norms"]
    mine = [parameters[our_name(name, judge.config.scales)] for name in order]
    found = torch.autograd.grad(total, mine)
    return {f"grad_D.{name}": each.norm() for name, each in zip(order, found, strict=True)}


def per_parameter(case: Case, stored: Tensors) -> Tensors:
    """What a case holds beside its inputs, the norms each under the name of its parameter."""
    compared = {name: value for name, value in stored.items() if name not in ("real_A", "grad_D.norms")}
    order = case.metadata["parameter_order_of_grad_D.norms"]
    norms = zip(order, stored["grad_D.norms"], strict=True)
    return compared | {f"grad_D.{name}": norm for name, norm in norms}


def tolerance(case: Case, name: str, value: Tensor) -> float:
    """Losses relative to their value, gradients of the generator absolute, those of D relative to their norm."""
    stored = "grad_D.norms" if name.startswith("grad_D") else name
    size = float(value.abs().max())
    allowed = 1e-6 if name.startswith("grad_G") else 1e-3 * size if stored != name else 1e-5 * size
    return max(allowed, 5 * case.float64_difference(stored))
