"""How the loop trains vid2vid."""

import random

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .averages import average_decay
from .clips import Batch, Clips
from .networks import at_stage, build_networks, start_stage
from .recipe import Recipe
from .sheets import preview_clip
from .starting import start_from
from .team import Team
from .vid2vid import Rule, train_on_clips


class Vid2VidMethod:
    """See `method.Method`."""

    def __init__(self, recipe: Recipe, team: Team) -> None:
        self.recipe, self._team = recipe, team
        self.networks = build_networks(recipe, team.device)
        self._active = self.networks

    def start(self) -> None:
        if self.recipe.weights:
            start_from(self.networks, self.recipe.weights)

    def resume(self, stage: int) -> None:
        self._active = at_stage(self.networks, self.recipe.stages[stage])

    def enter(self, earlier: int | None, stage: int) -> None:
        stages = self.recipe.stages
        start_stage(self.networks, None if earlier is None else stages[earlier], stages[stage])
        self.resume(stage)

    def update(self, clips: list[Batch], done: int) -> dict[str, Tensor]:
        rule = Rule(starts_from_real(self.recipe, done), average_decay(self.recipe, done))
        return train_on_clips(self._active, self.recipe.stage(done), clips, rule, self._team)

    def preview(self, data: Clips, number: int) -> list[NDArray[np.uint8]]:
        return preview_clip(self._active.average, data, number)


def starts_from_real(recipe: Recipe, step: int) -> bool:
    """Whether the clips of the update that begins with clip `step` start from real pictures."""
    start = recipe.stage(step).start or recipe.start
    if start == "both":
        return random.Random(f"start:{recipe.seed}:{step}").random() < 0.5
    return start == "real"
