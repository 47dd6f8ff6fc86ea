"""Street clips to predict: labels and true motion, which are cheap to draw, and pictures only where they are needed."""

from collections.abc import Callable

import numpy as np
import torch

from .clips import Batch, Clips, truth_window, window_of
from .future_recipe import FutureRecipe
from .schedule import ClipShape
from .worlds.looks import LOOKS
from .worlds.street import StreetWorld

_WHOLE = np.s_[..., :, :]


class StreetFutures(Clips):
    """Clips of the procedural street, endless, no two alike: frames that are seen, then those to predict."""

    def __init__(self, seed: int, shape_of: Callable[[int], ClipShape], pictures: bool) -> None:
        """pictures: draw them, too; otherwise there are label maps and motion only."""
        super().__init__(seed, shape_of)
        self.pictures = pictures

    def __getitem__(self, index: int) -> Batch:
        shape, draw = self.shape_of(index), self.chance(index)
        look = draw.randrange(len(LOOKS))
        world = StreetWorld(draw.randrange(2**31), LOOKS[look], shape.width, shape.height)
        start = draw.randrange(2000)
        moments = [self._moment(world, start + t) for t in range(shape.frames)]
        clip = {key: torch.stack([moment[key] for moment in moments]) for key in moments[0]}
        clip["style"] = torch.eye(len(LOOKS))[look]
        return clip

    def _moment(self, world: StreetWorld, t: int) -> Batch:
        if self.pictures:
            return window_of(world.render(t), _WHOLE)
        return truth_window(world.truth(t), _WHOLE)


def future_clips(recipe: FutureRecipe) -> StreetFutures:
    """The data of a recipe."""
    return StreetFutures(recipe.seed, recipe.shape, recipe.target == "pictures")
