"""How the loop trains StyleGAN2.

Source: Karras et al. 2020; NVlabs/stylegan2-ada-pytorch at d72cc7d, `training/loss.py` and `training_loop.py`: the main
terms at every update, the regularisation of each network in an update of its own now and then. Ours is the supervised
term of `StyleGAN2Stage.likeness`.
"""

import random
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_file
from ..models.faces.stylegan2.config import SMALLEST
from ..models.faces.stylegan2.generator import Noise, StyleGAN2
from ..models.faces.stylegan2.mapping import truncated
from ..models.layers.storage import full_precision
from ..weights.config_json import from_json
from .averages import average_decay
from .checkpoint import fill_state, read_state
from .clips import Batch, Clips, read_clip
from .face_pictures import pictures_of
from .networks import AVERAGE, GENERATOR
from .perceptual import perceptual_loss
from .stylegan2_losses import fooling_loss, judge_loss, path_lengths, path_penalty, r1_penalty
from .stylegan2_networks import JUDGE, build_stylegan2, follow, set_mapping_rate
from .stylegan2_recipe import StyleGAN2Recipe, StyleGAN2Stage
from .team import Team

PATH_RATE = 0.01
"""How far the usual path length moves towards that of a batch."""
PREVIEW_TRUNCATION = 0.7
DRAWN = 4
"""Pictures of random draws in a row of a preview."""


class Told(NamedTuple):
    """What is known of true pictures."""

    z: Tensor
    """[b z]: the draws that they belong to."""
    pictures: Tensor
    """[b 3 h w]"""


class StyleGAN2Method:
    """See `method.Method`."""

    def __init__(self, recipe: StyleGAN2Recipe, team: Team) -> None:
        self.recipe, self._team = recipe, team
        self.networks = build_stylegan2(recipe, team.device)
        self._side = recipe.stages[0].side

    def start(self) -> None:
        """From the weights that chance gave; a regression begins with grey, which is nearer than random colours."""
        if not self.recipe.stages[0].adversarial:
            self._silence(0, self._side)

    def resume(self, stage: int) -> None:
        self._side = self.recipe.stages[stage].side
        set_mapping_rate(self.networks, self.recipe, stage)

    def enter(self, earlier: int | None, stage: int) -> None:
        """New blocks begin with no say; where the discriminator begins to speak, moments are forgotten."""
        stages = self.recipe.stages
        self.resume(stage)
        if earlier is None:
            return
        self._silence(stages[earlier].side, stages[stage].side)
        if not stages[earlier].adversarial and stages[stage].adversarial:
            self.networks.optimizers[GENERATOR].state.clear()

    def update(self, clips: list[Batch], done: int) -> dict[str, Tensor]:
        stage, number = self.recipe.stage(done), done // self.recipe.batch
        pictures, chance = pictures_of(clips, stage.side), self._chance(done)
        told = self._told(stage, clips, pictures, chance)
        terms: dict[str, Tensor] = {}
        if stage.adversarial:
            terms |= self._teach_judge(pictures, told, chance)
            if number % self.recipe.r1.every == 0:
                terms |= self._smooth_judge(pictures)
        z = self._draws(len(pictures), told, chance)
        terms |= self._teach_generator(stage, z, told, chance)
        if stage.adversarial and number % self.recipe.path.every == 0:
            terms |= self._smooth_generator(len(pictures), chance)
        follow(self.networks, average_decay(self.recipe, done), z, self.recipe.average_rate)
        return terms

    def preview(self, data: Clips, number: int) -> list[NDArray[np.uint8]]:
        """One picture: true ones, those that the average makes of what is known of them, and of random draws."""
        return [preview_row(self.networks.average, self.recipe, self._side, data, number)]

    def _silence(self, above: int, upto: int) -> None:
        for network in (self.networks.generator, self.networks.average):
            silence(network, above, upto)

    def _teach_judge(self, pictures: Tensor, told: Told, chance: torch.Generator) -> dict[str, Tensor]:
        judge, team = self.networks.judge, self._team
        z = self._draws(len(pictures), told, chance)
        with team.precision():
            with torch.no_grad():
                made = self._made(z, chance, len(told.z))
            loss = judge_loss(judge(pictures), judge(made))
        team.backward(loss, list(judge.parameters()))
        team.update([self.networks.optimizers[JUDGE]])
        return {"judge": loss.detach()}

    def _smooth_judge(self, pictures: Tensor) -> dict[str, Tensor]:
        """In full precision: squares of gradients are small numbers."""
        judge, r1 = self.networks.judge, self.recipe.r1
        pictures = pictures.detach().requires_grad_(True)
        penalty = r1_penalty(judge(pictures), pictures)
        self._team.backward(penalty * (r1.weight / 2 * r1.every), list(judge.parameters()))
        self._team.update([self.networks.optimizers[JUDGE]])
        return {"r1": penalty.detach()}

    def _teach_generator(
        self, stage: StyleGAN2Stage, z: Tensor, told: Told, chance: torch.Generator
    ) -> dict[str, Tensor]:
        """Likeness is asked of the first pictures, those that are told; of all, that they look real."""
        networks, team = self.networks, self._team
        terms: dict[str, Tensor] = {}
        with team.precision():
            if stage.adversarial:
                made = self._made(z, chance, len(told.z))
                terms["gan"] = fooling_loss(networks.judge(made))
            else:
                made = painted(networks.generator, networks.generator.mapping(z), stage.side)
        if stage.likeness:
            made = full_precision(made[: len(told.z)])
            terms["likeness"] = perceptual_loss(networks.features, made, told.pictures)
        factors = {"gan": stage.adversarial, "likeness": stage.likeness}
        total = torch.stack([factors[name] * term for name, term in terms.items()]).sum()
        team.backward(total, list(networks.generator.parameters()))
        team.update([networks.optimizers[GENERATOR]])
        return {name: term.detach() for name, term in terms.items()}

    def _smooth_generator(self, batch: int, chance: torch.Generator) -> dict[str, Tensor]:
        generator, path = self.networks.generator, self.recipe.path
        z = self._random(max(1, batch // self.recipe.path_share), chance)
        codes = self._codes(z, chance)
        made = generator.synthesis(codes, chance)
        lengths = path_lengths(made, codes, torch.randn(made.shape, generator=chance).to(made))
        usual = self.networks.paths.length
        mean = torch.stack([each.to(usual) for each in self._team.gather(lengths.detach().mean())]).mean()
        usual.lerp_(mean, PATH_RATE if usual else 1.0)
        penalty = path_penalty(lengths, usual)
        self._team.backward(penalty * (path.weight * path.every), list(generator.parameters()))
        self._team.update([self.networks.optimizers[GENERATOR]])
        return {"path": penalty.detach(), "path_length": mean}

    def _draws(self, count: int, told: Told, chance: torch.Generator) -> Tensor:
        """Draws `[count z]`: the told ones, then random ones."""
        return torch.cat([told.z, self._random(count - len(told.z), chance)])

    def _made(self, z: Tensor, chance: torch.Generator, told: int = 0) -> Tensor:
        """Pictures of draws, with noise; the codes of the first `told` are not mixed."""
        return self.networks.generator.synthesis(self._codes(z, chance, told), chance)

    def _codes(self, z: Tensor, chance: torch.Generator, told: int = 0) -> Tensor:
        """`[b z]` -> `[b rows w]`; some get their later rows from other draws (style mixing)."""
        mapping = self.networks.generator.mapping
        codes: Tensor = mapping(z)
        if not self.recipe.mixing:
            return codes
        others = mapping(self._random(len(z), chance))
        first = torch.randint(1, mapping.rows, (len(z), 1), generator=chance)
        mixed = torch.rand(len(z), 1, generator=chance) < self.recipe.mixing
        mixed[:told] = False
        other = mixed & (torch.arange(mapping.rows) >= first)  # [b rows]
        return torch.where(other[..., None].to(codes.device), others, codes)

    def _told(
        self, stage: StyleGAN2Stage, clips: list[Batch], pictures: Tensor, chance: torch.Generator
    ) -> Told:
        """All of an update's pictures, or every other one beside as many random ones for the discriminator."""
        if not stage.likeness:
            return Told(pictures.new_zeros(0, self.recipe.network.z_width), pictures[:0])
        if any("known" not in clip for clip in clips):
            raise InputError(
                f"recipe {self.recipe.name}: learns from what the world knows about its pictures, and of these "
                "nothing is known; choose stylegan2-256"
            )
        z = whole_draws(torch.cat([clip["known"][0] for clip in clips]), self.recipe, chance)
        step = 2 if stage.adversarial else 1
        return Told(z[::step], pictures[::step])

    def _random(self, count: int, chance: torch.Generator) -> Tensor:
        draws = torch.randn(count, self.recipe.network.z_width, generator=chance)
        return draws.to(self._team.device)

    def _chance(self, done: int) -> torch.Generator:
        """Of this process's share of the update that begins with clip `done`; on the CPU, so the same on any device."""
        draw = random.Random(f"{self.recipe.seed}:{done}:{self._team.rank}")
        return torch.Generator().manual_seed(draw.getrandbits(63))


def whole_draws(known: Tensor, recipe: StyleGAN2Recipe, chance: torch.Generator) -> Tensor:
    """What is known of pictures `[b p]`, and chance: `[b z]`."""
    return torch.cat([known, torch.randn(len(known), recipe.free, generator=chance).to(known)], 1)


def painted(generator: StyleGAN2, codes: Tensor, side: int, noise: Noise = "none") -> Tensor:
    """The picture as far as the block of `side` pixels: `[b rows w]` -> `[b 3 side side]`."""
    for stage in generator.stages(generator.styles(codes), noise):
        if stage.picture.shape[-1] == side:
            return stage.picture
    raise ValueError(f"side: no block of the generator makes {side} pixels")


@torch.no_grad()
def silence(generator: StyleGAN2, above: int, upto: int) -> None:
    """Blocks of more than `above` and up to `upto` pixels a side add nothing to the picture, until they learn to."""
    for index, block in enumerate(generator.blocks):
        if above < SMALLEST << index <= upto:
            block.to_rgb.weight.zero_()  # type: ignore[union-attr, operator]


@torch.inference_mode()
def preview_row(
    generator: StyleGAN2, recipe: StyleGAN2Recipe, side: int, data: Clips, number: int
) -> NDArray[np.uint8]:
    """Pictures side by side, as the block of `side` pixels shows them: uint8 `[h n*w 3]`; black: can't be read."""
    average, size = generator.mapping.average, recipe.network.resolution
    chance = torch.Generator().manual_seed(-number)
    try:
        clip = read_clip(data, number).clip
    except InputError:
        clip = {"pictures": torch.full((1, 3, size, size), -1.0)}
    codes = truncated(
        generator.mapping(torch.randn(DRAWN, recipe.network.z_width, generator=chance).to(average)),
        average,
        PREVIEW_TRUNCATION,
    )
    if "known" in clip:
        z = whole_draws(clip["known"], recipe, chance).to(average)
        codes = torch.cat([generator.mapping(z), codes])
    made = F.interpolate(painted(generator, codes, side, "const").cpu(), (size, size), mode="nearest")
    return np.concatenate([to_file(each) for each in (*clip["pictures"], *made)], axis=1)


def read_stylegan2(path: Path) -> StyleGAN2:
    """The generator of a checkpoint: the average of the weights."""
    metadata, tensors = read_state(path, f"{AVERAGE}/")
    recipe = from_json(StyleGAN2Recipe, metadata["recipe"], f"{path}: recipe")
    generator = StyleGAN2(recipe.network)
    fill_state(path, tensors, {AVERAGE: generator}, {})
    return generator.eval().requires_grad_(False)
