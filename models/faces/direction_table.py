"""Directions as a file of weights holds them: a table of what they are, and their vectors.

So they are stored, listed, checked and loaded as networks are, although nothing is computed with them here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...errors import InputError
from .directions import Direction, Space


@dataclass(frozen=True)
class DirectionFacts:
    """What `directions.Direction` says, but for its vector, and for source and licence, which a file has once."""

    name: str
    space: Space
    shape: tuple[int, ...]
    """Of the vector."""
    unit: str
    rows: tuple[int, int] | None
    reference_scale: float
    generator: str | None


@dataclass(frozen=True)
class DirectionTableConfig:
    """In the order in which they are shown. Names differ."""

    directions: tuple[DirectionFacts, ...]

    def __post_init__(self) -> None:
        names = [facts.name for facts in self.directions]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"two directions are called {twice!r}; give them different names")
        if not names:
            raise InputError("there is no direction to store")


class DirectionTable(nn.Module):
    """Several directions; their vectors are float64."""

    def __init__(self, config: DirectionTableConfig) -> None:
        super().__init__()
        self.config = config
        for index, facts in enumerate(config.directions):
            self.register_buffer(f"vector{index}", torch.zeros(facts.shape, dtype=torch.float64))

    def direction(self, index: int, source: str, licence: str) -> Direction:
        """The one at this place. source, licence: of the file."""
        facts, vector = self.config.directions[index], getattr(self, f"vector{index}")
        return Direction(
            facts.name,
            facts.space,
            vector.double(),
            facts.unit,
            source,
            licence,
            facts.rows,
            facts.reference_scale,
            facts.generator,
        )


def tabulate(directions: Sequence[Direction]) -> tuple[DirectionTableConfig, dict[str, Tensor]]:
    """Directions as a config and a state. InputError for none, and for two with one name."""
    facts = tuple(
        DirectionFacts(
            each.name,
            each.space,
            tuple(each.vector.shape),
            each.unit,
            each.rows,
            each.reference_scale,
            each.generator,
        )
        for each in directions
    )
    state = {f"vector{index}": each.vector.double() for index, each in enumerate(directions)}
    return DirectionTableConfig(facts), state
