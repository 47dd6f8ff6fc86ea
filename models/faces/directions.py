"""A direction of a latent space: what is added to the codes of a face so that it smiles, ages, turns.

Published directions differ fivefold in length, and programs scale them differently (one halves the strength that was
asked for). Here a strength of 1 adds `vector` as it is, `unit` says in words what that means, and
`reference_strength` leads from the numbers of the original program to ours.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ...errors import InputError

Space = Literal["w", "style"]


@dataclass(frozen=True, eq=False)
class Direction:
    """One edit. InputError for a vector that is none."""

    name: str
    space: Space
    """"w": of codes `[... r w]`; "style": of the styles of all convolutions, in the order in which the generator
    computes them, those of its toRGB layers left out (they don't change)."""
    vector: Tensor
    """float32 or float64, finite, not all zero. In "w" `[r w]`, a row for each of the generator's, or `[1 w]`, which
    every row gets; in "style" `[s]`."""
    unit: str
    """What a strength of 1 means, for a reader: "one standard deviation of the component"."""
    source: str
    """File, project or command that it comes from."""
    licence: str
    rows: tuple[int, int] | None = None
    """In "w": the first of the rows that it moves, and the one after the last (None: all of them)."""
    reference_scale: float = 1.0
    """What the original program multiplies its strength by before it adds `vector`."""
    generator: str | None = None
    """`latent_space` of the generator that it was found for; None where nobody wrote that down."""

    def __post_init__(self) -> None:
        vector, dimensions = self.vector, {"w": 2, "style": 1}[self.space]
        if vector.dim() != dimensions or vector.dtype not in (torch.float32, torch.float64):
            wanted = "[rows width]" if self.space == "w" else "[styles]"
            raise InputError(
                f"direction {self.name!r}: expected {wanted} of float32 or float64, got {list(vector.shape)} of "
                f"{vector.dtype}"
            )
        if not vector.numel() or not bool(vector.isfinite().all()) or not bool(vector.any()):
            raise InputError(
                f"direction {self.name!r}: is empty, all zero, or has numbers that are not finite"
            )
        if self.rows is not None and not (self.space == "w" and 0 <= self.rows[0] < self.rows[1]):
            raise InputError(f"direction {self.name!r}: there are no rows {self.rows[0]}:{self.rows[1]}")

    def strength_of(self, reference_strength: float) -> float:
        """What the original program calls `reference_strength`, as a strength of ours."""
        return reference_strength * self.reference_scale

    def belongs_to(self, generator: str) -> bool:
        """Whether it may be used with the generator of that `latent_space`: True, too, where nobody knows."""
        return self.generator is None or self.generator == generator


def latent_space(w_avg: Tensor) -> str:
    """Which latent space it is: 64 hexadecimal digits that the average code `[w]` of its generator gives.

    A generator keeps it through pivotal tuning, which changes neither mapping network nor average, and as fp32 or fp16,
    to which the average is rounded here. Generators trained apart have another.
    """
    rounded = w_avg.detach().flatten().to("cpu", torch.float16)
    return hashlib.sha256(rounded.numpy().astype("<f2").tobytes()).hexdigest()
