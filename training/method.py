"""A way of training: what the loop asks of it, and nothing else that differs from one network to another."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from .clips import Batch, Clips
from .schedule import Schedule

FACTOR = "rate_factor"
"""An optimiser's group may have this: what the learning rate is multiplied by for it."""


class Trainees(Protocol):
    """What is trained, and what it is trained with: all that a checkpoint holds."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """Everything with weights that change, by name; the file of weights is made of one of them."""
        ...

    @property
    def optimizers(self) -> Mapping[str, Optimizer]:
        """By the names of the modules that they change."""
        ...

    @property
    def perception(self) -> str:
        """What the perceptual term sees with, in words; "" where there is no such term."""
        ...


class Method(Protocol):
    """One run's networks, and how they learn. Of chance it knows only the recipe's seed and the number of a clip."""

    @property
    def recipe(self) -> Schedule[Any]: ...
    @property
    def networks(self) -> Trainees: ...
    def start(self) -> None:
        """Before the first clip of a run: take over the weights that the recipe goes on from."""
        ...

    def resume(self, stage: int) -> None:
        """Make ready for going on with this stage, whose number is that of the clip before."""
        ...

    def enter(self, earlier: int | None, stage: int) -> None:
        """Make ready for the first clip of a stage; earlier: the number of the stage before."""
        ...

    def update(self, clips: list[Batch], done: int) -> dict[str, Tensor]:
        """Learn from this process's share of an update, whose first clip has number `done`; returns the loss terms."""
        ...

    def preview(self, data: Clips, number: int) -> list[NDArray[np.uint8]]:
        """Every frame of a clip that nobody trains on, `[h w 3]`: what is given, the truth, what the average paints."""
        ...
