"""What is trained: generator, discriminators, their optimisers, and the moving average that becomes the result."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import nn
from torch.nn import Parameter
from torch.optim import Optimizer

from ..models.vid2vid.discriminator import DiscriminatorConfig, MultiscaleDiscriminator
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.scale import FlowBranch
from .features import find_features
from .perceptual import TEACHER, PerceptualFeatures, RandomFeatures
from .recipe import Recipe, Stage, TemporalConfig

GENERATOR, AVERAGE, PICTURES, FACES = "generator", "average", "discriminator", "face"
"""Names of networks in checkpoints and logs; the temporal ones are called by `motion_name`."""

STRIDED_LAYERS = 3
"""Of every discriminator."""


def motion_name(scale: int) -> str:
    """The name of a temporal discriminator."""
    return f"temporal{scale}"


@dataclass(frozen=True, eq=False)
class Networks:
    """See `method.Trainees`; the modules change as they learn."""

    generator: Vid2VidGenerator
    average: Vid2VidGenerator
    """Moving average of the generator's weights: what is saved as the result."""
    judges: dict[str, MultiscaleDiscriminator]
    """The discriminators by name."""
    optimizers: dict[str, Optimizer]
    """Of the generator and of every discriminator."""
    features: PerceptualFeatures
    """What the perceptual term sees with."""
    temporal: TemporalConfig
    """What the temporal discriminators look at."""

    @property
    def modules(self) -> dict[str, nn.Module]:
        return {GENERATOR: self.generator, AVERAGE: self.average, **self.judges}

    @property
    def perception(self) -> str:
        return self.features.description


def build_networks(recipe: Recipe, device: torch.device) -> Networks:
    """Fresh networks, N(0, 0.02) as the reference; `recipe.seed` decides every weight, whatever was drawn before."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(recipe.seed)
        generator = Vid2VidGenerator(recipe.generator)
        judges = {name: MultiscaleDiscriminator(config) for name, config in _judges(recipe)}
        for network in (generator, *judges.values()):
            network.apply(_initialise)
            network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = Vid2VidGenerator(recipe.generator).to(device).requires_grad_(False)
    average.load_state_dict(generator.state_dict())
    trained: dict[str, nn.Module] = {GENERATOR: generator, **judges}
    rate = recipe.stages[0].learning_rate[0]
    optimizers: dict[str, Optimizer] = {
        name: torch.optim.Adam(network.parameters(), rate, recipe.betas, fused=True)
        for name, network in trained.items()
    }
    features = find_features(device) if recipe.features == "best" else RandomFeatures(TEACHER).to(device)
    return Networks(generator, average, judges, optimizers, features, recipe.temporal)


def _judges(recipe: Recipe) -> Iterator[tuple[str, DiscriminatorConfig]]:
    """The discriminators of a recipe; whether they have a say is a matter of its stages."""
    config, filters, copies = recipe.generator, recipe.discriminator_filters, recipe.discriminator_scales
    labelled = config.label_channels + len(config.style_names) + 3
    frames = recipe.temporal.frames
    yield PICTURES, DiscriminatorConfig(labelled, filters, copies, STRIDED_LAYERS)
    for scale in range(recipe.temporal.scales):
        channels = 3 * frames + 2 * (frames - 1)
        yield motion_name(scale), DiscriminatorConfig(channels, filters, copies, STRIDED_LAYERS)
    if any(stage.losses.face for stage in recipe.stages):
        yield FACES, DiscriminatorConfig(labelled, filters, face_copies(copies), STRIDED_LAYERS)


def face_copies(copies: int) -> int:
    """Copies of the face discriminator beside so many of the others."""
    return max(1, copies - 2)


def at_stage(networks: Networks, stage: Stage) -> Networks:
    """The part of the networks that a stage uses, sharing their weights; only what it trains asks for gradients."""
    generator = coarsest_scales(networks.generator, stage.scales)
    networks.generator.requires_grad_(False)
    for scale in generator.scales[-1:] if stage.trained == "finest" else generator.scales:
        scale.requires_grad_(True)
    if generator.feature_encoder is not None and stage.trained == "all":
        generator.feature_encoder.requires_grad_(True)
    copies = stage.discriminator_scales
    return replace(
        networks,
        generator=generator,
        average=coarsest_scales(networks.average, stage.scales),
        judges={
            name: coarsest_copies(judge, face_copies(copies) if name == FACES else copies)
            for name, judge in networks.judges.items()
        },
    )


def start_stage(networks: Networks, before: Stage | None, stage: Stage) -> None:
    """Forget the optimisers' moments where a stage trains other scales than the one before, as the reference does."""
    if before is None or before.scales != stage.scales:
        names = list(networks.optimizers)
    else:
        names = [GENERATOR] if before.trained != stage.trained else []
    for name in names:
        networks.optimizers[name].state.clear()


def learning(module: nn.Module) -> list[Parameter]:
    """The parameters that are trained at this stage."""
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def coarsest_scales(generator: Vid2VidGenerator, scales: int) -> Vid2VidGenerator:
    """A generator of the `scales` coarsest scales of another, sharing their weights."""
    if scales == generator.config.scales:
        return generator
    with torch.device("meta"):
        part = Vid2VidGenerator(replace(generator.config, scales=scales))
    part.scales = nn.ModuleList(cast(list[nn.Module], generator.scales)[:scales])
    part.first_frame = generator.first_frame
    part.feature_encoder = generator.feature_encoder
    return part.train(generator.training)


def coarsest_copies(judge: MultiscaleDiscriminator, copies: int) -> MultiscaleDiscriminator:
    """A discriminator of the `copies` coarsest copies of another, sharing their weights."""
    if copies >= judge.config.scales:
        return judge
    with torch.device("meta"):
        part = MultiscaleDiscriminator(replace(judge.config, scales=copies))
    part.copies = nn.ModuleList(cast(list[nn.Module], judge.copies)[judge.config.scales - copies :])
    return part


def _initialise(module: nn.Module) -> None:
    """N(0, 0.02) for convolutions; the flow starts near 0, where the first frames' gradients are useful."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    if isinstance(module, FlowBranch):
        nn.init.normal_(module.to_flow.weight, 0.0, 0.001)
