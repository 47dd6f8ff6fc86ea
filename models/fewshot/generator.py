"""The few-shot generator: one frame from a driving label map, exemplars of the subject, and the frame before.

Source: Wang et al. 2019; NVlabs/few-shot-vid2vid at 009e23f, `models/networks/generator.py` (FewShotGenerator);
NVlabs/imaginaire at c6f7484, `generators/fs_vid2vid.py`. One implementation for both: they differ in the parts that a
`FewShotConfig` names. What differs from them: state is a value; what doesn't depend on the driving frame is encoded
once (`encode_exemplars`); attention never holds its matrix; both flows of a frame are made together.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import InputError
from ..labels.body_parts import without_head
from ..layers.storage import full_precision, stored_like
from .attention import Attended, AttentionMemory, ExemplarAttention, attend, remember
from .config import FewShotConfig
from .embedders import LabelEmbedder, WarpEmbedder
from .exemplar_encoder import Branch, ExemplarEncoder, summarize
from .flow_network import FlowNetwork, warped
from .frame import AttentionMaps, Exemplars, Frame, Identity, Past, Warped
from .layers import leaky
from .modulation import Maps, ModulatedBlock
from .weight_generation import LevelWeights


class FewShotGenerator(nn.Module):
    """The parts; `encode_exemplars` and `step` drive them."""

    def __init__(self, config: FewShotConfig) -> None:
        super().__init__()
        self.config = config
        embeds = config.blending == "embedding"
        self.exemplar_encoder = ExemplarEncoder(config)
        self.attention = ExemplarAttention(config) if config.mixing == "attention" else None
        self.weights = nn.ModuleList(LevelWeights(config, level) for level in range(config.generated_levels))
        self.label_embedder = LabelEmbedder(config)
        self.flow = FlowNetwork(config)
        self.exemplar_flow = FlowNetwork(config) if config.separate_flows and config.warp_exemplar else None
        self.exemplar_embedder = WarpEmbedder(config) if embeds and config.warp_exemplar else None
        self.past_embedder = WarpEmbedder(config) if embeds else None
        self.blocks = nn.ModuleList(ModulatedBlock(config, level) for level in range(config.levels + 1))
        self.to_image = nn.Conv2d(config.channels(0), 3, 3, padding=1)

    @property
    def dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


class Step(NamedTuple):
    """One step."""

    frame: Frame
    past: Past
    """What the next step takes."""


def encode_exemplars(generator: FewShotGenerator, labels: Tensor, images: Tensor) -> Exemplars:
    """All that frames need to know of the exemplars; everything that no frame changes is computed here.

    labels `[K c h w]` (for several clips at once `[b K c h w]`), images `[K 3 h w]` in -1..1, on the generator's
    device. Memory: the features of one exemplar at a time; kept are, for one exemplar or without attention, the
    generated weights (up to 12 MB at the published sizes), else 3 * 128 numbers for each 4x4 pixels of each exemplar.
    """
    if images.dim() == 4:
        labels, images = labels[None], images[None]
    config = generator.config
    _check_exemplars(config, labels, images)
    if config.hidden_faces == "all":
        labels = without_head(labels.flatten(0, 1)).view_as(labels)
    encoder, count = generator.exemplar_encoder, images.shape[1]
    label_reader = None if encoder.label is None else _in_full_precision(encoder.label)
    seen, read = [], []
    for k in range(count):
        seen.append(encoder.image.before_mixing(_as_input(generator, images[:, k])))
        if label_reader is not None:
            shown = full_precision(stored_like(labels[:, k], generator.to_image.weight))
            read.append(label_reader.before_mixing(shown))
    exemplars = Exemplars(labels, full_precision(images), None, None)
    if generator.attention is not None and count >= config.attend_from:
        keys = [generator.attention.key(_as_input(generator, labels[:, k])) for k in range(count)]
        features = [torch.cat(pair, 1) for pair in zip(seen, read, strict=True)] if read else seen
        memory = remember(torch.stack(keys, 1), torch.stack([f.to(generator.dtype) for f in features], 1))
        return Exemplars(exemplars.labels, exemplars.images, None, memory)
    mixed = torch.stack(read).mean(0) if read else None
    identity = _identity(generator, torch.stack(seen).mean(0), mixed, label_reader)
    return Exemplars(exemplars.labels, exemplars.images, identity, None)


def step(
    generator: FewShotGenerator,
    exemplars: Exemplars,
    labels: Tensor,
    past: Past | None = None,
    *,
    tell_attention: bool = False,
) -> Step:
    """Paint the next frame.

    labels `[b c h w]` (or `[c h w]`) on the generator's device; past: None for the first frame; tell_attention: fill in
    the frame's `attention`. Memory: see `memory.frame_bytes`; it does not grow with the number of exemplars.
    """
    config = generator.config
    labels = labels[None] if labels.dim() == 3 else labels
    _check_labels(config, exemplars, labels)
    labels = labels if config.hidden_faces == "none" else without_head(labels)
    found = look_up(generator, exemplars, labels, tell_attention)
    chosen = _nearest(exemplars, labels) if found is None else found.share.sum((2, 3)).argmax(1)
    identity = identity_of(generator, exemplars, found)
    moved_exemplar, moved_past = _warp_both(generator, exemplars, labels, past, chosen)
    maps = _maps(generator, identity, labels, moved_exemplar, moved_past)
    painted = _decode(generator, identity, maps, labels.shape[2:])
    image, raw = painted, None
    if config.blending == "linear":
        raw = painted
        for moved in (moved_exemplar, moved_past):
            image = image if moved is None else moved.mask * image + (1 - moved.mask) * moved.picture
    attention = None
    if found is not None and found.used is not None:
        attention = AttentionMaps(full_precision(found.share), full_precision(found.used))
    frame = Frame(image, raw, moved_exemplar, moved_past, chosen, attention)
    return Step(frame, Past(labels, image))


def _check_exemplars(config: FewShotConfig, labels: Tensor, images: Tensor) -> None:
    if labels.shape[:2] != images.shape[:2] or labels.shape[3:] != images.shape[3:] or images.shape[2] != 3:
        raise InputError(
            f"exemplars: pictures {list(images.shape[1:])} and label maps {list(labels.shape[1:])} don't fit each "
            "other: one label map for each picture, of its size"
        )
    if not images.shape[1]:
        raise InputError(
            "exemplars: there are none; give at least one picture of the subject with its labels"
        )
    if labels.shape[2] != config.label_channels:
        raise InputError(
            f"exemplars: label maps with {labels.shape[2]} channels; this network is for {config.kind}, with "
            f"{config.label_channels}"
        )
    config.check_size(*images.shape[3:])


def _check_labels(config: FewShotConfig, exemplars: Exemplars, labels: Tensor) -> None:
    if labels.shape[1] != config.label_channels:
        raise InputError(
            f"driver: label maps with {labels.shape[1]} channels; this network is for {config.kind}, with "
            f"{config.label_channels}"
        )
    if labels.shape[2:] != exemplars.images.shape[3:]:
        height, width = exemplars.images.shape[3:]
        raise InputError(
            f"driver: label maps of {labels.shape[3]}x{labels.shape[2]}, the exemplars are {width}x{height}; bring "
            "both to one size"
        )


def _as_input(generator: FewShotGenerator, x: Tensor) -> Tensor:
    return stored_like(x, generator.to_image.weight)


def _in_full_precision(branch: Branch) -> Branch:
    """Label maps are mostly empty, and the norms of what is read off them magnify every rounding."""
    dtype = branch.first.conv.weight.dtype
    return branch if dtype not in (torch.float16, torch.bfloat16) else deepcopy(branch).float()


def _identity(
    generator: FewShotGenerator, seen: Tensor, read: Tensor | None, label_reader: Branch | None
) -> Identity:
    """What mixed features say about the subject."""
    config = generator.config
    images = generator.exemplar_encoder.image.after_mixing(seen)
    if read is None or label_reader is None:
        return Identity(images[0], (), (), ())
    summaries = summarize(
        images, label_reader.after_mixing(read), config.generated_levels, config.summary_pixels
    )
    pairs = list(zip(cast(Iterable[LevelWeights], generator.weights), summaries, strict=True))
    return Identity(
        images[0],
        tuple(summaries),
        tuple(level.block(summary) for level, summary in pairs),
        tuple(level.embedder(summary) for level, summary in pairs),
    )


def look_up(
    generator: FewShotGenerator, exemplars: Exemplars, labels: Tensor, tell_use: bool = False
) -> Attended | None:
    """What attention finds for this frame; None where exemplars are mixed once for all frames.

    labels `[b c h w]`, without the faces that the network doesn't see.
    """
    if exemplars.memory is None or generator.attention is None:
        return None
    queries = generator.attention.query(_as_input(generator, labels))
    memory = AttentionMemory(*(part.expand(len(queries), -1, -1) for part in exemplars.memory))
    return attend(queries, memory, exemplars.count, tell_use)


def identity_of(generator: FewShotGenerator, exemplars: Exemplars, found: Attended | None) -> Identity:
    """What the decoder is told about the subject, for the frame that has looked that up."""
    if exemplars.identity is not None:
        return exemplars.identity
    assert found is not None, "exemplars have an identity or a memory"
    encoder = generator.exemplar_encoder
    if encoder.label is None:
        return _identity(generator, found.features, None, None)
    seen, read = found.features.chunk(2, 1)
    return _identity(generator, seen, read, encoder.label)


def _nearest(exemplars: Exemplars, labels: Tensor) -> Tensor:
    """The exemplar whose label map differs least: `[b]`."""
    if exemplars.count == 1:
        return torch.zeros(len(labels), dtype=torch.int64, device=labels.device)
    small = F.avg_pool2d(labels, 4)
    others = F.avg_pool2d(exemplars.labels.flatten(0, 1), 4)
    differences = others.view(-1, exemplars.count, *small.shape[1:]) - small[:, None]
    return differences.abs().mean((2, 3, 4)).argmin(1)


def _warp_both(
    generator: FewShotGenerator, exemplars: Exemplars, labels: Tensor, past: Past | None, chosen: Tensor
) -> tuple[Warped | None, Warped | None]:
    """The chosen exemplar and the frame before, moved to this frame."""
    others: list[tuple[Tensor, Tensor]] = []
    if generator.config.warp_exemplar:
        rows = torch.arange(len(chosen), device=chosen.device)
        rows = rows if len(exemplars.images) > 1 else torch.zeros_like(rows)
        others.append((exemplars.labels[rows, chosen], exemplars.images[rows, chosen]))
    if past is not None:
        others.append((past.labels, past.image))
    if generator.exemplar_flow is not None and others:
        first = _warp_with(generator, generator.exemplar_flow, labels, others[:1])
        moved = first + _warp_with(generator, generator.flow, labels, others[1:])
    else:
        moved = _warp_with(generator, generator.flow, labels, others)
    in_order = iter(moved)
    exemplar = next(in_order) if generator.config.warp_exemplar else None
    return exemplar, None if past is None else next(in_order)


def _warp_with(
    generator: FewShotGenerator, network: FlowNetwork, labels: Tensor, others: list[tuple[Tensor, Tensor]]
) -> list[Warped]:
    """Pictures, each with its label map, moved to the driving frame, all in one go."""
    if not others:
        return []
    maps, pictures = (torch.cat(part) for part in zip(*others, strict=True))
    inputs = (_as_input(generator, x) for x in (labels.repeat(len(others), 1, 1, 1), maps, pictures))
    moved = warped(pictures, *network(*inputs))
    return [Warped(*parts) for parts in zip(*(x.chunk(len(others)) for x in moved), strict=True)]


def _maps(
    generator: FewShotGenerator,
    identity: Identity,
    labels: Tensor,
    exemplar: Warped | None,
    past: Warped | None,
) -> list[Maps]:
    """What modulates the decoder, largest size first."""

    def embedded(network: WarpEmbedder | None, moved: Warped | None) -> list[Tensor | None]:
        if network is None or moved is None:
            return [None] * (generator.config.levels + 1)
        found = network(_as_input(generator, moved.picture), _as_input(generator, moved.mask))
        return [*found, *[None] * (generator.config.levels + 1 - len(found))]

    shown = generator.label_embedder(_as_input(generator, labels), identity.embedding)
    of_exemplar = embedded(generator.exemplar_embedder, exemplar)
    of_past = embedded(generator.past_embedder, past)
    return [Maps(*maps) for maps in zip(shown, of_exemplar, of_past, strict=True)]


def _decode(generator: FewShotGenerator, identity: Identity, maps: list[Maps], size: torch.Size) -> Tensor:
    """From the bottleneck to a picture: `[b 3 h w]` float32 in -1..1."""
    x = identity.bottleneck.expand(len(maps[0].label), -1, -1, -1)
    for level in range(generator.config.levels, -1, -1):
        made = identity.blocks[level] if level < len(identity.blocks) else None
        x = generator.blocks[level](x, maps[level], (size[0] >> level, size[1] >> level), made)
    return torch.tanh(full_precision(generator.to_image(leaky(x))))
