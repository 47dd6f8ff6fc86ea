"""Agreement with both published few-shot generators, within the tolerances of golden/README.md.

Everything that a case holds beside its inputs is compared: a tensor that we don't compute fails the test.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from golden_cases import Agree, Case
from synthetic_checkpoint import checkpoint
from torch import Tensor, nn

from maliang_video.models.fewshot import convert_imaginaire, convert_nvlabs
from maliang_video.models.fewshot.attention import ExemplarAttention, attend, attention_matrix, remember
from maliang_video.models.fewshot.config import FewShotConfig, FlowConfig
from maliang_video.models.fewshot.convert import convert
from maliang_video.models.fewshot.discriminator import FewShotDiscriminator, convert_discriminator
from maliang_video.models.fewshot.embedders import LabelEmbedder, WarpEmbedder, at_full_size
from maliang_video.models.fewshot.exemplar_encoder import ExemplarEncoder, summarize
from maliang_video.models.fewshot.flow_network import FlowNetwork
from maliang_video.models.fewshot.frame import Exemplars, Frame, Identity
from maliang_video.models.fewshot.generator import (
    FewShotGenerator,
    encode_exemplars,
    identity_of,
    look_up,
)
from maliang_video.models.fewshot.layers import ConvWeights
from maliang_video.models.fewshot.losses import judge_loss, likeness_loss, painter_loss
from maliang_video.models.fewshot.modulation import BlockWeights, Maps, ModulatedBlock
from maliang_video.models.fewshot.published import fold_spectral
from maliang_video.models.fewshot.rollout import synthesize
from maliang_video.models.fewshot.weight_generation import LevelWeights, cut_whole, halves
from maliang_video.models.flow.warp import warp
from maliang_video.models.labels.body_parts import foreground, without_head
from maliang_video.models.labels.encoding import one_hot
from maliang_video.models.published import Entries

Tensors = dict[str, Tensor]

STREET_CLASSES = 20
PUBLISHED = FewShotConfig(
    kind="face", palette="", label_channels=1, hidden_faces="none",
    filters=32, most_filters=1024, levels=5, norm="folded", exemplar_kernel=3, exemplar_label_eps=1e-5,
    mixing="attention", attend_from=2, mixing_level=2,
    generated_levels=4, hidden_layers=2, generated_cut="halves", embedding_kernel=1, summary_pixels=None,
    warp_exemplar=True, blending="embedding", warped_levels=2,
    flow=FlowConfig(filters=32, downsamplings=3, blocks=6, gain=20.0), separate_flows=False,
)  # fmt: skip
"""nvlabs' faces; the components are built of it, without the rest of the network."""


def outputs(tensors: Tensors) -> Tensors:
    """What is to be compared, without "out." and "dbg."."""
    found = {name: t for name, t in tensors.items() if not name.startswith("in.")}
    return {re.sub(r"^(out|dbg)\.", "", name): t for name, t in found.items()}


def component(theirs: Tensors) -> Callable[[str], float]:
    """1e-4 absolute and relative: of the largest value, as a tensor has one tolerance here."""
    return lambda name: 1e-4 + 1e-4 * float(theirs[name].abs().max())


def tolerance(case: Case, theirs: Tensors) -> Callable[[str], float]:
    """Of a network's outputs; attention sums and what is inside are components."""
    loose = case.kind == "fewshot.rollout" and case.metadata["system"] == "imaginaire"

    def of(name: str) -> float:
        what = name.partition("_")[0]
        if name == "ref_idx":
            return 0
        if what == "flow":
            return 2e-3 if loose else 5e-4
        if what in ("image", "raw", "mask", "warped"):
            return 5e-4 if loose else 2e-4
        return component(theirs)(name)

    return of


@lru_cache(maxsize=1)
def build(manifest: Path) -> FewShotGenerator:
    """Our network with the reference's weights."""
    content = json.loads(manifest.read_text("utf-8"))
    config, state = convert({manifest.name: checkpoint(content)})
    config = replace(config, summary_pixels=None)  # the cases have other sizes than was trained at
    with torch.device("meta"):
        built = FewShotGenerator(config)
    built.load_state_dict(state, strict=True, assign=True)
    return built.eval()


@pytest.fixture(params=[torch.contiguous_format, torch.channels_last], ids=["plain", "channels-last"])
def generator(case: Case, request: pytest.FixtureRequest) -> FewShotGenerator:
    """In both layouts that it may be loaded in."""
    return build(case.manifest_paths()[""]).to(memory_format=request.param)


def maps(case: Case, labels: Tensor) -> Tensor:
    """What a network takes, of what a data set delivers."""
    return one_hot(labels[:, 0].long(), STREET_CLASSES) if case.metadata["dataset"] == "street" else labels


def painted(frame: Frame) -> Tensors:
    """All that a step makes, under the reference's names."""
    made = {"image": frame.image, "raw": frame.raw}
    for name, moved in (("ref", frame.exemplar), ("prev", frame.past)):
        if moved is not None:
            made |= {f"flow_{name}": moved.flow, f"mask_{name}": moved.mask, f"warped_{name}": moved.picture}
    if frame.attention is not None:
        made |= {"attention_vis": frame.attention.share[:, :1], "attention_key_sum": frame.attention.used}
        made["ref_idx"] = frame.chosen
    return {name: value for name, value in made.items() if value is not None}


def inside(generator: FewShotGenerator, exemplars: Exemplars, labels: Tensor) -> Tensors:
    """What a step uses on the way, as far as cases hold it."""
    labels = labels if generator.config.hidden_faces == "none" else without_head(labels)
    found = look_up(generator, exemplars, labels)
    identity = identity_of(generator, exemplars, found)
    made = generated(generator.weights[0], identity, 0) | {"bottleneck": identity.bottleneck}
    embedded = generator.label_embedder(labels, identity.embedding)
    for level, each in enumerate(at_full_size(embedded, *labels.shape[2:])):
        made[f"encoded_label_{level}"] = each
    for level, summary in enumerate(identity.summaries):
        made[f"encoded_ref_{level + 1}"] = summary[:, :64, :, None]
    if exemplars.memory is not None and generator.attention is not None:
        made["attention"] = attention_matrix(generator.attention.query(labels), exemplars.memory)
    return made


def generated(level: LevelWeights, identity: Identity, index: int, end: str = "") -> Tensors:
    """The weights of one level under the reference's names, with the biases that are never used."""
    embedding, block, summary = identity.embedding[index], identity.blocks[index], identity.summaries[index]
    made = {f"embed_w{end}": embedding.weight, f"embed_b{end}": embedding.bias}
    for name, conv in zip(BlockWeights._fields, block, strict=True):
        _, biases = halves(getattr(level, name)(summary), conv.bias.shape[1] // 2, conv.weight.shape[2])
        made |= {f"{name}{end}.w": conv.weight, f"{name}{end}.b": conv.bias}
        for what, weight, bias in zip(
            ("gamma", "beta"), conv.weight.chunk(2, 1), biases.chunk(2, 1), strict=True
        ):
            made |= {f"{name}{end}.{what}_w": weight, f"{name}{end}.{what}_b": bias}
    return made


@pytest.mark.parity("fewshot.step", "fewshot.rollout")
@torch.inference_mode()
def test_generator(case: Case, generator: FewShotGenerator, agree: Agree) -> None:
    tensors = case.tensors()
    labels = maps(case, tensors["in.labels"])
    exemplars = encode_exemplars(generator, maps(case, tensors["in.ref_labels"]), tensors["in.ref_images"])
    frames = [painted(made.frame) for made in synthesize(generator, exemplars, labels, tell_attention=True)]
    names = {name for frame in frames for name in frame}
    ours = {name: torch.cat([frame[name] for frame in frames if name in frame]) for name in names}
    ours |= inside(generator, exemplars, labels[:1])
    theirs = outputs(tensors)
    agree(ours, theirs, tolerance(case, theirs))


@pytest.mark.parity("fewshot.rollout")
@torch.inference_mode()
def test_one_frame_at_a_time(case: Case, generator: FewShotGenerator, agree: Agree) -> None:
    """The same frames when every step is a rollout of its own, whose past went through a file's tensors."""
    tensors = case.tensors()
    exemplars = encode_exemplars(generator, maps(case, tensors["in.ref_labels"]), tensors["in.ref_images"])
    past, images = None, []
    for labels in maps(case, tensors["in.labels"]):
        (made,) = synthesize(generator, exemplars, [labels], past=past)
        past = type(made.past).from_tensors(made.past.to_tensors())
        images.append(made.frame.image)
    theirs = {"image": tensors["out.image"]}
    agree({"image": torch.cat(images)}, theirs, tolerance(case, theirs))


def some_entries(case: Case, *starts: str) -> Entries:
    """Of the case's manifest, only the entries that begin so: making up the others takes seconds."""
    manifest = case.manifest()
    wanted = [entry for entry in manifest["tensors"] if entry["name"].startswith(starts)]
    state = checkpoint({**manifest, "tensors": wanted, "aliases": {}})
    return Entries(case.path.name, fold_spectral(state))


def loaded(module: nn.Module, entries: Entries, prefix: str) -> Any:
    """The module with what was converted for it, all of it; typed as its class at the place of use."""
    state = {
        name.removeprefix(prefix): value for name, value in entries.ours.items() if name.startswith(prefix)
    }
    module.load_state_dict(state, strict=True)
    return module.eval()


@pytest.mark.parity("fewshot.attention")
@torch.inference_mode()
def test_attention(case: Case, agree: Agree) -> None:
    tensors, count = case.tensors(), case.metadata["options"]["n_shot"]
    entries = some_entries(case, "atn_")
    convert_nvlabs.attention(entries, PUBLISHED.mixing_level)
    entries.finish()
    encoders: ExemplarAttention = loaded(ExemplarAttention(PUBLISHED), entries, "attention.")
    keys, queries = encoders.key(tensors["in.ref_label"]), encoders.query(tensors["in.label"])
    keys_of_each = keys.view(-1, count, *keys.shape[1:])
    ours = {"key": keys, "query": queries}
    for name in ("features", "features_2"):
        features = tensors[f"in.{name}"]
        memory = remember(keys_of_each, features.view(-1, count, *features.shape[1:]))
        found = attend(queries, memory, count)
        ours[name] = found.features
    ours["attention"] = attention_matrix(queries, memory)
    ours["attention_vis"] = found.share[-1:, :1]
    ours["ref_idx"] = found.share.sum((2, 3)).argmax(1)
    theirs = outputs(tensors)
    agree(ours, theirs, lambda name: 0 if name == "ref_idx" else component(theirs)(name))


@pytest.mark.parity("fewshot.embedders")
@torch.inference_mode()
def test_embedders(case: Case, agree: Agree) -> None:
    tensors, levels = case.tensors(), PUBLISHED.levels
    entries = some_entries(case, "label_embedding.", "img_ref_embedding.")
    convert_nvlabs.embedder(entries, "label_embedding", "label.", levels, PUBLISHED.generated_levels)
    convert_nvlabs.embedder(entries, "img_ref_embedding", "warp.", levels, 0)
    entries.finish()
    labels: LabelEmbedder = loaded(LabelEmbedder(PUBLISHED), entries, "label..")
    pictures: WarpEmbedder = loaded(WarpEmbedder(PUBLISHED), entries, "warp..")
    given = [
        ConvWeights(tensors[f"in.weight_{i}"], tensors[f"in.bias_{i}"])
        for i in range(case.metadata["options"]["hyper_levels"])
    ]
    size = tensors["in.label"].shape[2:]
    ours = {}
    for level, each in enumerate(at_full_size(labels(tensors["in.label"], given), *size)):
        ours[f"label_embedding_{level}"] = each
    for level, each in enumerate(pictures.all_levels(tensors["in.warp_and_mask"])):
        ours[f"img_ref_embedding_{level}"] = each
    theirs = outputs(tensors)
    agree(ours, theirs, component(theirs))


@pytest.mark.parity("fewshot.flow_warp")
@torch.inference_mode()
def test_flow_and_warp(case: Case, agree: Agree) -> None:
    tensors = case.tensors()
    entries = some_entries(case, "flow_network_ref.")
    convert_nvlabs.flow_network(entries, "flow_network_ref", "flow", PUBLISHED.flow)
    entries.finish()
    network: FlowNetwork = loaded(FlowNetwork(PUBLISHED), entries, "flow.")
    flow, mask = network(tensors["in.label"], tensors["in.ref_label"], tensors["in.ref_image"])
    ours = {"flow": flow, "mask": mask, "warped": warp(tensors["in.ref_image"], flow)}
    ours["warped_2"] = warp(tensors["in.image_2"], tensors["in.flow_2"])
    theirs = outputs(tensors)
    agree(ours, theirs, lambda name: 5e-4 if name == "flow" else component(theirs)(name))


@pytest.mark.parity("fewshot.reference_encoder")
@torch.inference_mode()
def test_exemplar_encoder(case: Case, agree: Agree) -> None:
    tensors, level = case.tensors(), case.metadata["options"]["generated_level"]
    config = replace(PUBLISHED, kind="pose", label_channels=tensors["in.ref_label"].shape[1])
    entries = some_entries(case, "ref_", f"fc_spade_0_{level}", f"fc_spade_1_{level}", f"fc_spade_s_{level}",
                           f"fc_spade_e_{level}")  # fmt: skip
    dead = dict(entries.left)
    convert_nvlabs.exemplar_encoder(entries, config.levels)
    convert_nvlabs.weight_networks(entries, [level], config.hidden_layers)
    entries.finish()
    encoder: ExemplarEncoder = loaded(ExemplarEncoder(config), entries, "exemplar_encoder.")
    weights: LevelWeights = loaded(LevelWeights(config, level), entries, f"weights.{level}.")
    labels = without_head(tensors["in.ref_label"])
    assert encoder.label is not None
    seen = encoder.image.after_mixing(encoder.image.before_mixing(tensors["in.ref_image"]))
    read = encoder.label.after_mixing(encoder.label.before_mixing(labels))
    ours = {"ref_label_valid": labels, "bottleneck": seen[0]}
    summaries = summarize(seen, read, config.generated_levels, None)
    last = [unused_layer(dead, "ref_img", seen[-1])], [unused_layer(dead, "ref_label", read[-1])]
    for index, summary in enumerate([*summarize(*last, 1, None), *summaries]):
        ours[f"encoded_ref_{index}"] = summary[..., None]
    summary = summaries[level]
    identity = Identity(seen[0], (summary,), (weights.block(summary),), (weights.embedder(summary),))
    ours |= generated(weights, identity, 0, end=f"_{level}")
    theirs = outputs(tensors)
    agree(ours, theirs, component(theirs))


def unused_layer(state: Mapping[str, Tensor], branch: str, x: Tensor) -> Tensor:
    """The reference's last one, which our network leaves out, as its output goes nowhere."""
    name = f"{branch}_up_0"
    made = F.conv2d(x, state[f"{name}.conv.weight"], state[f"{name}.conv.bias"], padding=1)
    norm = (state[f"{name}.bn.{what}"] for what in ("running_mean", "running_var", "weight", "bias"))
    return F.leaky_relu(F.batch_norm(made, *norm, training=False), 0.2)


BLOCKS = {"fewshot.spade_block": convert_nvlabs, "fewshot.imaginaire_hyper_block": convert_imaginaire}


@pytest.mark.parity("fewshot.spade_block", "fewshot.imaginaire_hyper_block")
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@torch.inference_mode()
def test_modulated_block(case: Case, agree: Agree, layout: torch.memory_format) -> None:
    tensors = {
        name: t.contiguous(memory_format=layout) if t.dim() == 4 else t for name, t in case.tensors().items()
    }
    options, entries = case.metadata["options"], some_entries(case, "")
    conv_0 = next(
        value
        for name, value in entries.left.items()
        if re.fullmatch(r"hyper\.conv_(block_)?0.*conv.*weight|hyper\.conv_0\.weight", name)
    )
    ours = {"effective_conv_0_weight": conv_0} if case.kind == "fewshot.spade_block" else {}
    norm = "folded" if case.kind == "fewshot.spade_block" else "instance"
    blocks = {}
    for which, generated_levels in (("hyper", 1), ("plain", 0)):
        sizes = options[which]
        config = replace(PUBLISHED, norm=norm, filters=sizes["fout"], generated_levels=generated_levels,
                         warped_levels=len(sizes["hidden"]) > 1)  # fmt: skip
        BLOCKS[case.kind].decoder_block(entries, which, which)
        blocks[which] = loaded(ModulatedBlock(config, 0), entries, f"{which}.").to(memory_format=layout)
    entries.finish()
    weights = BlockWeights(*(given_weights(tensors, name) for name in BlockWeights._fields))
    x, size = tensors["in.x"], tuple(tensors["in.x"].shape[2:])
    label, exemplar, past = (tensors[f"in.map_{name}"] for name in ("label", "ref", "prev"))
    ours["hyper_all"] = blocks["hyper"](x, Maps(label, exemplar, past), size, weights)
    ours["hyper_no_prev"] = blocks["hyper"](x, Maps(label, exemplar, None), size, weights)
    ours["hyper_label_only"] = blocks["hyper"](x, Maps(label, None, None), size, weights)
    ours["plain"] = blocks["plain"](x, Maps(label, None, None), size)
    alone = blocks["hyper"].norm_0
    alone.slope = 1.0
    fitted = Maps(*(F.interpolate(each, size) for each in (label, exemplar, past)))
    ours["norm_0_only"] = alone(x, fitted, weights.norm_0)
    if "reshape.in" in tensors:
        ours |= cuts(tensors)
    theirs = outputs(tensors)
    agree(ours, theirs, component(theirs))


def given_weights(tensors: Tensors, norm: str) -> ConvWeights:
    """Generated weights as either code base writes them; the biases of the older one are there to be ignored."""
    if f"in.{norm}.w" in tensors:
        return ConvWeights(tensors[f"in.{norm}.w"], tensors[f"in.{norm}.b"])
    weight = torch.cat([tensors[f"in.{norm}.gamma_w"], tensors[f"in.{norm}.beta_w"]], 1)
    return ConvWeights(weight, torch.zeros(weight.shape[:2]))


def cuts(tensors: Tensors) -> Tensors:
    """How one vector is cut by each."""
    vector = tensors["reshape.in"]
    channels, inputs = tensors["reshape.fsv2v_gamma_w"].shape[1:3]
    whole = cut_whole(vector, channels, inputs)
    weight, bias = halves(vector, channels, inputs)
    made = {"reshape.imaginaire_w": whole.weight, "reshape.imaginaire_b": whole.bias}
    for what, w, b in zip(("gamma", "beta"), weight.chunk(2, 1), bias.chunk(2, 1), strict=True):
        made |= {f"reshape.fsv2v_{what}_w": w, f"reshape.fsv2v_{what}_b": b}
    return made | {"reshape.in": vector}


@pytest.mark.parity("fewshot.discriminator")
@torch.inference_mode()
def test_discriminator(case: Case, agree: Agree) -> None:
    tensors, options = case.tensors(), case.metadata["options"]
    prefix = f"{options['net']}."
    left = some_entries(case, prefix).left
    config, state = convert_discriminator(
        case.path.name, {name.removeprefix(prefix): value for name, value in left.items()}
    )
    judge = FewShotDiscriminator(config)
    judge.load_state_dict(state, strict=True)
    known = []
    ours = {}
    for name, key in (("ref_", "in.ref_"), ("", "in.")):
        labels = tensors[f"{key}label"]
        parts = [without_head(labels) if options.get("remove_face_labels") else labels]
        if f"out.{name}fg_mask" in tensors:
            ours[f"{name}fg_mask"] = foreground(labels).float()
            parts.append(ours[f"{name}fg_mask"])
        known += [*parts, tensors["in.ref_image"]] if name else parts
    fake, real = (torch.cat([*known, tensors[f"in.{which}"]], 1) for which in ("fake", "real"))
    both = judge(torch.cat([fake, real]))
    for layer, features in enumerate(both[0]):
        ours[f"D_feature_{layer}"] = features
    of_fake, of_real = ([[layer.chunk(2)[i] for layer in copy] for copy in both] for i in (0, 1))
    ours |= {"D_input_fake": fake, "loss_D_fake": judge_loss(of_fake, real=False)[None]}
    ours |= {"loss_D_real": judge_loss(of_real, real=True)[None], "loss_G_GAN": painter_loss(of_fake)[None]}
    ours["loss_G_feat"] = options["lambda_feat"] * likeness_loss(of_fake, of_real)[None]
    theirs = outputs(tensors)
    shown = {
        name: value[:, : theirs[name].shape[1]] if value.dim() == 4 else value for name, value in ours.items()
    }
    agree(shown, theirs, component(theirs))
