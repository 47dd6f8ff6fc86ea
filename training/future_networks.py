"""What is trained for future prediction: one network, its optimiser, and the average that becomes the result."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Optimizer

from ..models.vid2vid.future import FutureConfig, LabelFuture
from .future_pictures import PictureFuture
from .future_recipe import FutureRecipe, Target
from .networks import AVERAGE
from .perceptual import TEACHER, PerceptualFeatures, RandomFeatures

Predictor = LabelFuture | PictureFuture

PREDICTOR = "network"
"""Its name in checkpoints."""


@dataclass(frozen=True, eq=False)
class FutureNetworks:
    """See `method.Trainees`; the modules change as they learn."""

    predictor: Predictor
    average: Predictor
    optimizers: dict[str, Optimizer]
    features: PerceptualFeatures | None
    """For pictures, which need them."""

    @property
    def modules(self) -> dict[str, nn.Module]:
        return {PREDICTOR: self.predictor, AVERAGE: self.average}

    @property
    def perception(self) -> str:
        return "" if self.features is None else self.features.description


def build_future(recipe: FutureRecipe, device: torch.device) -> FutureNetworks:
    """Fresh networks; `recipe.seed` decides every weight, whatever was drawn before."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(recipe.seed)
        predictor = build_predictor(recipe.target, recipe.trained).to(device)
        average = build_predictor(recipe.target, recipe.trained).to(device).requires_grad_(False)
    average.load_state_dict(predictor.state_dict())
    optimizer = torch.optim.Adam(predictor.parameters(), 1.0, recipe.betas, fused=True)
    features = RandomFeatures(TEACHER).to(device) if recipe.target == "pictures" else None
    return FutureNetworks(predictor, average, {PREDICTOR: optimizer}, features)


def build_predictor(target: Target, config: FutureConfig) -> Predictor:
    """A network with the weights that chance gives it; the flow starts near 0."""
    kind = LabelFuture if target == "labels" else PictureFuture
    network: Predictor = kind(config)
    nn.init.normal_(network.network.to_motion.weight, 0.0, 0.001)
    return network
