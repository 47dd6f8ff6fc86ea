"""Pivotal tuning: one generator learns to paint every frame of a clip from its code, the pivot, which stays.

Source: Roich et al. 2021, "Pivotal Tuning for Latent-based Editing of Real Images", 3.2 and 3.3; Tzaban et al. 2022,
section 3.2; rotemtzaban/STIT at fac087f, `training/coaches/coach.py`. `PUBLISHED` is its schedule: frames in order, one
an update, the learning rate constant, every weight. `USUAL` differs: several frames an update in another order every
time, a learning rate that falls to nothing, thin changes of the weights, and an end when pictures are alike enough.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ..errors import InputError
from ..models.faces.losses import locality_point
from ..models.faces.stylegan2.generator import StyleGAN2
from .face_weights import LearningWeights, learning_weights
from .perceptual import TEACHER, RandomFeatures, perceptual_distance

LOCALITY_DISTANCE = 30.0
"""Of the points at which the original generator's pictures are kept, from a pivot."""
LOCALITY_TRUNCATION = 0.5
"""Of the draws towards which they lie."""


@dataclass(frozen=True)
class PivotalPlan:
    """Everything that decides how a generator is tuned, beside the frames and their codes."""

    epochs: int
    """How often every frame is learnt from; published: 80 for faces, 240 for drawn ones."""
    batch: int
    """Frames of an update."""
    learning_rate: float
    """Of Adam."""
    falling: bool
    """The learning rate falls to 0 in a straight line, instead of staying what it is."""
    shuffled: bool
    """Frames come in another order in every epoch, instead of that of the clip."""
    l2_weight: float
    perceptual_weight: float
    locality: float
    """Weight of both terms that keep the pictures around the pivots those of the original generator; 0: none."""
    rank: int
    """Of the thin changes of the weights; 0: every number of every weight changes by itself."""
    enough: float
    """Mean perceptual distance of an epoch at which it is the last; 0: never."""
    precision: str
    """fp32, or bf16, of convolutions alone."""
    seed: int


PUBLISHED = PivotalPlan(
    epochs=80, batch=1, learning_rate=3e-5, falling=False, shuffled=False, l2_weight=10, perceptual_weight=1,
    locality=0, rank=0, enough=0, precision="fp32", seed=0,
)  # fmt: skip
USUAL = PivotalPlan(
    epochs=40, batch=4, learning_rate=1e-3, falling=True, shuffled=True, l2_weight=10, perceptual_weight=1,
    locality=0, rank=8, enough=0.03, precision="fp32", seed=0,
)  # fmt: skip


class Terms(NamedTuple):
    """Of an update, measured before it."""

    total: float
    """Weighted sum of all terms, locality's too."""
    l2: float
    """Mean squared difference."""
    perceptual: float


class Likeness(Protocol):
    """How different pictures look: `models.features.lpips.LPIPS`, or `RandomLikeness`."""

    @property
    def description(self) -> str:
        """What figures and logs call it."""
        ...

    def features(self, pictures: Tensor) -> list[Tensor]:
        """`[b 3 h w]` in -1..1 -> `[b c h w]` of every layer: what to keep of a target."""
        ...

    def distance(self, target: Sequence[Tensor], pictures: Tensor) -> Tensor:
        """From a target, by its features, to pictures `[b 3 h w]`: `[b]`."""
        ...


class RandomLikeness:
    """Of random features, where there are no weights of LPIPS; a distance of one is not comparable with the other's."""

    def __init__(self, device: torch.device) -> None:
        self._network = RandomFeatures(TEACHER).to(device)
        self.description = self._network.description

    def features(self, pictures: Tensor) -> list[Tensor]:
        features: list[Tensor] = self._network(pictures)
        return features

    def distance(self, target: Sequence[Tensor], pictures: Tensor) -> Tensor:
        return perceptual_distance(self._network, pictures, pictures, list(target))


Frames = Callable[[int], Tensor]
"""Number of a frame -> `[3 h w]` in -1..1, at the generator's resolution."""
Draws = Callable[[int], Tensor]
"""Number of an update -> `[1 z]`, what the mapping network is given for the locality term."""


def check_plan(plan: PivotalPlan) -> None:
    """InputError for numbers that nothing can be tuned with."""
    if plan.epochs < 1 or plan.batch < 1 or plan.rank < 0:
        raise InputError("epochs and batch: give 1 or more; rank: 1 or more, or 0 to change whole weights")
    if not 0 < plan.learning_rate <= 1:
        raise InputError(
            f"learning rate: {plan.learning_rate:g} is none; give one between 0 and 1, such as 0.001"
        )
    if min(plan.l2_weight, plan.perceptual_weight, plan.locality, plan.enough) < 0:
        raise InputError("weights of losses and the distance that is enough can't be negative")
    if plan.precision not in ("fp32", "bf16"):
        raise InputError(f"precision: {plan.precision!r} is none; choose fp32 or bf16")


class PivotalTuning:
    """Tuning under way: `update` after `update`, of which `state` is all there is to know."""

    def __init__(
        self,
        generator: StyleGAN2,
        codes: Tensor,
        frames: Frames,
        likeness: Likeness,
        plan: PivotalPlan,
        draws: Draws | None = None,
        kept_bytes: int = 1 << 30,
    ) -> None:
        """generator: float32; with rank 0 it is tuned itself, else it stays as it is.

        codes: `[n rows w]`, of the frames 0 to n - 1; draws: chance of the locality term (None: by the plan's seed);
        kept_bytes: of features of frames that may be kept in memory, see `KeptFeatures`. InputError for codes of
        another generator.
        """
        check_plan(plan)
        check_codes(generator, codes)
        self.plan, self.codes, self.frames = plan, codes, frames
        self.draws = draws or seeded_draws(plan.seed, generator.config.z_width)
        whole = bool(plan.locality) and not plan.rank
        self.original = deepcopy(generator).requires_grad_(False) if whole else generator
        self.learning: LearningWeights = learning_weights(generator, plan.rank, plan.seed)
        self.optimizer = torch.optim.Adam(self.learning.parameters, lr=plan.learning_rate)
        self.likeness = likeness
        self.targets = KeptFeatures(likeness, kept_bytes)
        self.done = 0
        """Updates."""
        self.distances: list[float] = []
        """Perceptual terms of the updates of the current epoch."""

    @property
    def updates_of_epoch(self) -> int:
        return -(-len(self.codes) // self.plan.batch)

    @property
    def updates(self) -> int:
        """Of the whole plan."""
        return self.plan.epochs * self.updates_of_epoch

    def update(self) -> Terms:
        """Learn from the next frames. InputError, before weights change, where a loss is not finite."""
        numbers = self._numbers()
        real = torch.stack([self.frames(number) for number in numbers]).to(self.codes.device)
        codes = self.codes[numbers]
        for group in self.optimizer.param_groups:
            share = 1 - self.done / self.updates if self.plan.falling else 1.0
            group["lr"] = self.plan.learning_rate * share
        painted = self._paint(codes)
        l2 = (painted - real).square().mean()
        perceptual = self.likeness.distance(self.targets(numbers, real), painted).mean()
        total = self.plan.l2_weight * l2 + self.plan.perceptual_weight * perceptual
        if self.plan.locality:
            total = total + self.plan.locality * self._locality(codes[:1])
        terms = Terms(*torch.stack([total, l2, perceptual]).tolist())
        if not all(map(isfinite, terms)):
            raise InputError(
                f"tuning: at update {self.done + 1} the loss is not finite (NaN or infinity); take a lower learning "
                "rate, or fp32"
            )
        self.optimizer.zero_grad()
        torch.autograd.backward(total)
        self.optimizer.step()
        if self.done % self.updates_of_epoch == 0:
            self.distances.clear()
        self.distances.append(terms.perceptual)
        self.done += 1
        return terms

    @property
    def finished(self) -> bool:
        """The plan is done, or the frames of a whole epoch were alike enough."""
        whole = len(self.distances) == self.updates_of_epoch
        alike = whole and sum(self.distances) / len(self.distances) < self.plan.enough
        return alike or self.done >= self.updates

    @torch.no_grad()
    def picture(self, number: int) -> Tensor:
        """What is painted of a frame now, `[3 h w]`."""
        return self._paint(self.codes[number : number + 1])[0]

    def _numbers(self) -> list[int]:
        """Of the frames of the next update."""
        epoch, part = divmod(self.done, self.updates_of_epoch)
        order = torch.arange(len(self.codes))
        if self.plan.shuffled:
            chance = torch.Generator().manual_seed(self.plan.seed * 1_000_003 + epoch)
            order = torch.randperm(len(self.codes), generator=chance)
        start = part * self.plan.batch
        numbers: list[int] = order[start : start + self.plan.batch].tolist()
        return numbers

    def _paint(self, codes: Tensor) -> Tensor:
        half = self.plan.precision == "bf16"
        with (
            self.learning.in_use() as generator,
            torch.autocast(codes.device.type, torch.bfloat16, enabled=half),
        ):
            return generator.synthesis(codes)

    def _locality(self, pivot: Tensor) -> Tensor:
        """How far pictures near a pivot are from the original generator's, without noise; `[]`."""
        with torch.no_grad():
            z = self.draws(self.done).to(pivot)
            sample = self.original.mapping(z, LOCALITY_TRUNCATION)
            point = locality_point(pivot, sample, LOCALITY_DISTANCE)
            before = self.original.synthesis(point, "none")
            features = self.likeness.features(before)
        with self.learning.in_use() as generator:
            after = generator.synthesis(point, "none")
        return (after - before).square().mean() + self.likeness.distance(features, after).mean()


class KeptFeatures:
    """Features of frames, computed once for those that fit into so many bytes, and anew for the others.

    The first that come are kept: frames come round and round, so that keeping the newest ones would find none.
    """

    def __init__(self, likeness: Likeness, limit: int) -> None:
        self._likeness, self._left = likeness, limit
        self._kept: dict[int, list[Tensor]] = {}

    def __call__(self, numbers: list[int], frames: Tensor) -> list[Tensor]:
        """Of the frames with these numbers, `[b 3 h w]`: as `Likeness.features`."""
        each = [self._of(number, frames[k : k + 1]) for k, number in enumerate(numbers)]
        return each[0] if len(each) == 1 else [torch.cat(level) for level in zip(*each, strict=True)]

    @torch.no_grad()
    def _of(self, number: int, frame: Tensor) -> list[Tensor]:
        if number in self._kept:
            return self._kept[number]
        features = self._likeness.features(frame)
        size = sum(level.nbytes for level in features)
        if size <= self._left:
            self._kept[number], self._left = features, self._left - size
        return features


def seeded_draws(seed: int, width: int) -> Draws:
    """Chance that the seed and the number of the update decide: a run that goes on draws what it would have drawn."""

    def draw(update: int) -> Tensor:
        return torch.randn(1, width, generator=torch.Generator().manual_seed(seed * 1_000_003 + update))

    return draw


def check_codes(generator: StyleGAN2, codes: Tensor) -> None:
    """InputError for codes that this generator can't paint."""
    rows, width = generator.rows, generator.config.w_width
    if codes.ndim != 3 or codes.shape[1:] != (rows, width) or not len(codes):
        raise InputError(
            f"codes of {' x '.join(map(str, codes.shape[1:]))} numbers don't belong to a generator of "
            f"{generator.config.resolution} pixels, whose codes have {rows} rows of {width}: invert the face with the "
            "encoder of this generator"
        )
