"""How the loop trains e4e: a picture to the code from which a frozen generator paints it again.

Source: Tov et al. 2021; omertov/encoder4editing at 99ea505, `training/coach.py`. Ours: codes are also compared
directly, for pictures that the generator drew itself.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import InputError
from ..media.pixels import to_file
from ..models.faces.e4e import E4E, check_belongs
from ..models.faces.stylegan2.generator import StyleGAN2
from ..models.layers.storage import full_precision
from ..weights import load_as
from ..weights.config_json import from_json
from ..weights.folders import typed
from .checkpoint import fill_state, read_state
from .clips import Batch, Clips, read_clip
from .encoder_losses import code_loss, delta_loss
from .encoder_recipe import EncoderRecipe
from .face_pictures import pictures_of
from .features import find_features
from .perceptual import TEACHER, PerceptualFeatures, RandomFeatures, perceptual_loss
from .team import Team

ENCODER = "encoder"
"""Name in checkpoints."""


@dataclass(frozen=True, eq=False)
class EncoderNetworks:
    """See `method.Trainees`; the modules change as they learn."""

    encoder: E4E
    optimizers: dict[str, Optimizer]
    generator: StyleGAN2
    """Frozen."""
    features: PerceptualFeatures

    @property
    def modules(self) -> dict[str, nn.Module]:
        return {ENCODER: self.encoder}

    @property
    def perception(self) -> str:
        return self.features.description


class EncoderMethod:
    """See `method.Method`."""

    def __init__(self, recipe: EncoderRecipe, team: Team) -> None:
        self.recipe, self._team = recipe, team
        device = team.device
        generator = find_generator(recipe, device)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(recipe.seed)
            encoder = E4E(recipe.network)
        encoder.average.copy_(generator.mapping.average.expand_as(encoder.average))
        encoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        adam = torch.optim.Adam(encoder.parameters(), recipe.learning_rate(0), fused=True)
        features = find_features(device) if recipe.features == "best" else RandomFeatures(TEACHER).to(device)
        self.networks = EncoderNetworks(encoder, {ENCODER: adam}, generator, features)

    def start(self) -> None:
        """From the weights that chance gave; codes begin near the generator's average."""

    def resume(self, stage: int) -> None:
        """All stages train the same network."""

    def enter(self, earlier: int | None, stage: int) -> None:
        """Likewise."""

    def update(self, clips: list[Batch], done: int) -> dict[str, Tensor]:
        stage, networks, team = self.recipe.stage(done), self.networks, self._team
        true = pictures_of(clips, self.recipe.network.resolution)
        codes, made = self._sampled(len(true), done)
        with team.precision():
            found = full_precision(encoded(networks.encoder, torch.cat([true, made]), stage.rows))
            painted = networks.generator.synthesis(found[: len(true)])
        painted = full_precision(painted)
        terms = {
            "code": code_loss(found[len(true) :], codes),
            "pixels": F.mse_loss(painted, true),
            "perceptual": perceptual_loss(networks.features, painted, true),
            "delta": delta_loss(found[: len(true)]),
        }
        total = torch.stack([getattr(stage.losses, name) * term for name, term in terms.items()]).sum()
        team.backward(total, list(networks.encoder.parameters()))
        team.update(list(networks.optimizers.values()))
        return {name: term.detach() for name, term in terms.items()}

    def preview(self, data: Clips, number: int) -> list[NDArray[np.uint8]]:
        """True pictures, then what the generator makes of their codes."""
        self.networks.encoder.eval()
        row = preview_inversion(self.networks.encoder, self.networks.generator, data, number)
        self.networks.encoder.train()
        return [row]

    @torch.no_grad()
    def _sampled(self, count: int, done: int) -> tuple[Tensor, Tensor]:
        """Codes and pictures of the generator's own."""
        generator, recipe = self.networks.generator, self.recipe
        draw = random.Random(f"{recipe.seed}:{done}:{self._team.rank}")
        chance = torch.Generator().manual_seed(draw.getrandbits(63))
        z = torch.randn(count, generator.config.z_width, generator=chance).to(self._team.device)
        codes = generator.mapping(z, draw.uniform(*recipe.truncations))
        return codes, generator.synthesis(codes).clamp(-1, 1)


def find_generator(recipe: EncoderRecipe, device: torch.device) -> StyleGAN2:
    """The frozen generator of a recipe; InputError where it isn't there, or makes other pictures than the encoder's."""
    otherwise = "not a StyleGAN2 generator; name the generator that the codes are for (--generator)"
    generator = load_as(StyleGAN2, otherwise, typed(recipe.generator), device, torch.float32)
    check_belongs(recipe.network, generator.config.rows, generator.config.w_width, recipe.generator)
    if generator.config.resolution != recipe.network.resolution:
        raise InputError(
            f"{recipe.generator}: makes pictures of {generator.config.resolution} pixels, the recipe's encoder looks "
            f"at {recipe.network.resolution}; choose another recipe or generator"
        )
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return generator.requires_grad_(False).eval()


def encoded(encoder: E4E, pictures: Tensor, rows: int) -> Tensor:
    """Codes of pictures by the first `rows` heads: `[b 3 r r]` -> `[b rows w]`."""
    return encoder.offsets(encoder.pyramid(encoder.taps(pictures)), rows) + encoder.average


@torch.inference_mode()
def preview_inversion(encoder: E4E, generator: StyleGAN2, data: Clips, number: int) -> NDArray[np.uint8]:
    """Pictures side by side: uint8 `[h n*w 3]`; black in place of what can't be read."""
    side = encoder.config.resolution
    try:
        pictures = read_clip(data, number).clip["pictures"]
    except InputError:
        pictures = torch.full((1, 3, side, side), -1.0)
    painted = generator.synthesis(encoder(pictures.to(encoder.average))).cpu()
    return np.concatenate([to_file(each) for each in (*pictures, *painted)], axis=1)


def read_encoder(path: Path) -> E4E:
    """The network of a checkpoint."""
    metadata, tensors = read_state(path, f"{ENCODER}/")
    recipe = from_json(EncoderRecipe, metadata["recipe"], f"{path}: recipe")
    encoder = E4E(recipe.network)
    fill_state(path, tensors, {ENCODER: encoder}, {})
    return encoder.eval().requires_grad_(False)
