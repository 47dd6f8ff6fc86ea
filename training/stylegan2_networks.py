"""What StyleGAN2's training changes: generator, discriminator, their optimisers, and the average that is the result."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..models.faces.stylegan2.discriminator import Discriminator
from ..models.faces.stylegan2.generator import StyleGAN2
from .averages import move_average
from .features import find_features
from .method import FACTOR
from .networks import AVERAGE, GENERATOR
from .perceptual import TEACHER, PerceptualFeatures, RandomFeatures
from .stylegan2_recipe import Regularisation, StyleGAN2Recipe

JUDGE, PATHS = "judge", "paths"
"""Names in checkpoints."""


class Paths(nn.Module):
    """The usual length of a path; part of the checkpoint."""

    length: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("length", torch.zeros(()))


@dataclass(frozen=True, eq=False)
class StyleGAN2Networks:
    """See `method.Trainees`; the modules change as they learn."""

    generator: StyleGAN2
    average: StyleGAN2
    judge: Discriminator
    paths: Paths
    optimizers: dict[str, Optimizer]
    features: PerceptualFeatures

    @property
    def modules(self) -> dict[str, nn.Module]:
        return {GENERATOR: self.generator, AVERAGE: self.average, JUDGE: self.judge, PATHS: self.paths}

    @property
    def perception(self) -> str:
        return self.features.description


def build_stylegan2(recipe: StyleGAN2Recipe, device: torch.device) -> StyleGAN2Networks:
    """Fresh networks; `recipe.seed` decides every weight, whatever was drawn before."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(recipe.seed)
        generator, judge = StyleGAN2(recipe.network), Discriminator(recipe.judge)
        average = StyleGAN2(recipe.network).requires_grad_(False)
    average.load_state_dict(generator.state_dict())
    for network in (generator, average, judge):
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    features = find_features(device) if recipe.features == "best" else RandomFeatures(TEACHER).to(device)
    optimizers = {GENERATOR: _of_generator(recipe, generator), JUDGE: _of_judge(recipe, judge)}
    return StyleGAN2Networks(generator, average, judge, Paths().to(device), optimizers, features)


def set_mapping_rate(networks: StyleGAN2Networks, recipe: StyleGAN2Recipe, stage: int) -> None:
    """Let the mapping network learn as fast as a stage says."""
    mapping = networks.optimizers[GENERATOR].param_groups[0]
    mapping[FACTOR] = recipe.stages[stage].mapping_rate * lazily(recipe.path)


def follow(networks: StyleGAN2Networks, decay: float, z: Tensor, rate: float) -> None:
    """Move the average of the weights, and the average code that its mapping network gives for draws `[b z]`."""
    move_average(networks.average, networks.generator, decay)
    mapping = networks.average.mapping
    with torch.no_grad():
        mapping.average.lerp_(mapping.row(z).mean(0), rate)


def lazily(term: Regularisation) -> float:
    """What Adam's settings change by where another update follows for a term now and then."""
    return term.every / (term.every + 1)


def _of_generator(recipe: StyleGAN2Recipe, generator: StyleGAN2) -> Optimizer:
    mapping = list(generator.mapping.parameters())
    others = [p for name, p in generator.named_parameters() if not name.startswith("mapping.")]
    return _adam(recipe, recipe.path, [mapping, others])


def _of_judge(recipe: StyleGAN2Recipe, judge: Discriminator) -> Optimizer:
    return _adam(recipe, recipe.r1, [list(judge.parameters())])


def _adam(recipe: StyleGAN2Recipe, term: Regularisation, parts: list[list[nn.Parameter]]) -> Optimizer:
    """Karras et al. 2020, appendix B: rate and betas for as many updates as there are."""
    share = lazily(term)
    groups = [{"params": part, FACTOR: share} for part in parts]
    betas = recipe.betas[0] ** share, recipe.betas[1] ** share
    return torch.optim.Adam(groups, recipe.learning_rate(0) * share, betas, eps=1e-8, fused=True)
