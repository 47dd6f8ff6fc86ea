"""Street clips to predict: labels and true motion, which are cheap to draw, and pictures only where they are needed."""

import random

import numpy as np
import torch
from torch.utils.data import Dataset

from .clips import Batch, truth_window, window_of
from .future_recipe import FutureRecipe
from .worlds.looks import LOOKS
from .worlds.street import StreetWorld


class StreetFutures(Dataset[Batch]):
    """Clips of the procedural street, endless, no two alike; any number is a clip, the same one every time.

    Each has the frames that are seen, then those to predict.
    """

    def __init__(self, recipe: FutureRecipe, seed: int, frames: int | None = None) -> None:
        """seed: of all chance; frames: to predict in every clip (None: as the recipe's stages say)."""
        self.recipe, self.seed, self.frames = recipe, seed, frames

    def __getitem__(self, index: int) -> Batch:
        recipe, draw = self.recipe, random.Random(f"{self.seed}:{index}")
        look = draw.randrange(len(LOOKS))
        world = StreetWorld(draw.randrange(2**31), LOOKS[look], recipe.width, recipe.height)
        start = draw.randrange(2000)
        length = recipe.network.seen_frames + (self.frames or recipe.stage(index).frames)
        moments = [self._moment(world, start + t) for t in range(length)]
        clip = {key: torch.stack([moment[key] for moment in moments]) for key in moments[0]}
        clip["style"] = torch.eye(len(LOOKS))[look]
        return clip

    def _moment(self, world: StreetWorld, t: int) -> Batch:
        whole = np.s_[..., :, :]
        if self.recipe.target == "pictures":
            return window_of(world.render(t), whole)
        return truth_window(world.truth(t), whole)
