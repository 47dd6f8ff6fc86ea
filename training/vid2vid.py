"""One training step of vid2vid: a clip is generated frame by frame, and the weights are updated after each frame.

Source: Wang et al. 2018, 3.2 and 3.3; NVIDIA/vid2vid at 2e6d137, `train.py`. The past frames are the generator's own,
detached, as when it is used.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..models.flow.warp import warp
from ..models.labels.frames import LabelFrame
from ..models.labels.planes import LabelPlanes, dense_planes, join_planes, style_planes
from ..models.vid2vid.discriminator import DiscriminatorConfig, MultiscaleDiscriminator
from ..models.vid2vid.generator import Past, Step, Vid2VidGenerator
from ..models.vid2vid.scale import FlowBranch
from .clips import Batch
from .losses import feature_matching_loss, flow_loss, gan_loss, masked_l1, warping_loss
from .perceptual import RandomFeatures, perceptual_loss
from .recipe import Recipe

Terms = dict[str, Tensor]
"""Loss terms by name, each already multiplied by its weight."""


@dataclass(eq=False)
class Networks:
    """Everything that is trained, and what it is trained with."""

    generator: Vid2VidGenerator
    discriminator: MultiscaleDiscriminator
    average: Vid2VidGenerator
    """Moving average of the generator's weights: what is saved as the result."""
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    features: RandomFeatures


def build_networks(recipe: Recipe, device: torch.device) -> Networks:
    """Fresh networks, N(0, 0.02) as the reference; `recipe.seed` decides every weight."""
    torch.manual_seed(recipe.seed)
    config = recipe.generator
    judge = DiscriminatorConfig(
        config.label_channels + len(config.style_names) + 3,
        recipe.discriminator_filters,
        recipe.discriminator_scales,
    )
    generator, discriminator = Vid2VidGenerator(config), MultiscaleDiscriminator(judge)
    for network in (generator, discriminator):
        network.apply(_initialise)
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = Vid2VidGenerator(config).to(device).requires_grad_(False)
    average.load_state_dict(generator.state_dict())
    return Networks(
        generator,
        discriminator,
        average,
        torch.optim.Adam(generator.parameters(), recipe.learning_rate, recipe.betas, fused=True),
        torch.optim.Adam(discriminator.parameters(), recipe.learning_rate, recipe.betas, fused=True),
        RandomFeatures().to(device),
    )


def _initialise(module: nn.Module) -> None:
    """N(0, 0.02) for convolutions; the flow starts near 0, where the first frames' gradients are useful."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    if isinstance(module, FlowBranch):
        nn.init.normal_(module.to_flow.weight, 0.0, 0.001)


def train_on_clip(
    networks: Networks, recipe: Recipe, clip: Batch, from_real: bool, decay: float
) -> dict[str, float]:
    """Generate one clip and learn from every frame of it; returns the mean of each loss term.

    from_real: the clip starts from its own first pictures; else from nothing;
    decay: of the moving average of the weights.
    """
    generator = networks.generator
    encoded = [_encode(generator, clip, t) for t in range(clip["ids"].shape[1])]
    start = generator.config.past_frames if from_real else 0
    past = generator.past_from(clip["pictures"][:, :start]) if from_real else _blank(generator, clip)
    sums: dict[str, float] = {}
    for t in range(start, len(encoded)):
        window = [encoded[max(0, t - k)] for k in range(generator.config.label_frames - 1, -1, -1)]
        step = generator.step(window, past, clip["style"])
        terms = _update(networks, recipe, clip, t, encoded[t][0], step, past, decay)
        past = Past(tuple(f.detach() for f in step.past.frames), step.past.painted)
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value) / (len(encoded) - start)
    return sums


def _encode(generator: Vid2VidGenerator, clip: Batch, t: int) -> list[LabelPlanes]:
    return generator.encode(LabelFrame(clip["ids"][:, t], clip["instances"][:, t]))


def _blank(generator: Vid2VidGenerator, clip: Batch) -> Past:
    batch, _, height, width = clip["ids"].shape
    return generator.blank_past((height, width), batch)


def _update(
    networks: Networks,
    recipe: Recipe,
    clip: Batch,
    t: int,
    labels: LabelPlanes,
    step: Step,
    past: Past,
    decay: float,
) -> Terms:
    """One update of the generator, then one of the discriminator."""
    real = clip["pictures"][:, t]
    condition = join_planes([labels, style_planes(clip["style"], labels.size)])
    judged_real = networks.discriminator(join_planes([condition, dense_planes(real)]))
    terms = _appearance_terms(networks, recipe, step, condition, real, judged_real)
    if t:
        terms |= _motion_terms(recipe, clip, t, step, past)
    _descend(networks.generator_optimizer, torch.stack(list(terms.values())).sum())
    _average(networks.average, networks.generator, decay)

    generated = networks.discriminator(join_planes([condition, dense_planes(step.frame.detach())]))
    loss = 0.5 * (gan_loss(judged_real, True) + gan_loss(generated, False))
    _descend(networks.discriminator_optimizer, loss)
    return {name: value.detach() for name, value in terms.items()} | {"discriminator": loss.detach()}


def _appearance_terms(
    networks: Networks,
    recipe: Recipe,
    step: Step,
    condition: LabelPlanes,
    real: Tensor,
    judged_real: list[list[Tensor]],
) -> Terms:
    """How the picture, and what was painted before warping, compare with the real one."""
    weights, raw = recipe.losses, step.scales[-1].raw
    judged = networks.discriminator(join_planes([condition, dense_planes(step.frame)]))
    perceptual = perceptual_loss(networks.features, step.frame, real) + perceptual_loss(
        networks.features, raw, real
    )
    return {
        "gan": weights.gan * gan_loss(judged, True),
        "feature_matching": weights.feature_matching * feature_matching_loss(judged, judged_real),
        "perceptual": weights.perceptual * perceptual,
    }


def _motion_terms(recipe: Recipe, clip: Batch, t: int, step: Step, past: Past) -> Terms:
    """How the flow compares with the known one, and whether the picture moves with it."""
    weights, out = recipe.losses, step.scales[-1]
    flow, visible = clip["flow"][:, t], clip["visible"][:, t]
    terms = {}
    if out.flow is not None:
        moved = warp(clip["pictures"][:, t - 1], out.flow)
        terms["flow"] = weights.flow * flow_loss(out.flow, flow, visible)
        terms["flow_warp"] = weights.flow_warp * masked_l1(moved, clip["pictures"][:, t], visible)
    if past.painted:
        terms["warp"] = weights.warp * warping_loss(step.frame, past.frames[-1][:, -1], flow, visible)
    return terms


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
