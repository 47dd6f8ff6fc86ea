"""What is trained: generator, discriminator, their optimisers, and the moving average that becomes the result."""

from dataclasses import dataclass

import torch
from torch import nn

from ..models.vid2vid.discriminator import DiscriminatorConfig, MultiscaleDiscriminator
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.scale import FlowBranch
from .perceptual import RandomFeatures
from .recipe import Recipe


@dataclass(frozen=True, eq=False)
class Networks:
    """Everything that is trained, and what it is trained with; the modules change as they learn."""

    generator: Vid2VidGenerator
    discriminator: MultiscaleDiscriminator
    average: Vid2VidGenerator
    """Moving average of the generator's weights: what is saved as the result."""
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    features: RandomFeatures


def build_networks(recipe: Recipe, device: torch.device) -> Networks:
    """Fresh networks, N(0, 0.02) as the reference; `recipe.seed` decides every weight, whatever was drawn before."""
    config = recipe.generator
    judge = DiscriminatorConfig(
        config.label_channels + len(config.style_names) + 3,
        recipe.discriminator_filters,
        recipe.discriminator_scales,
    )
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(recipe.seed)
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
