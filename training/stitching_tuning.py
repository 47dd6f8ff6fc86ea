"""Stitching tuning: a generator learns to paint the source around a face, and the edited face inside.

Source: Tzaban et al. 2022, section 3.4; rotemtzaban/STIT at fac087f, `edit_video_stitching_tuning.py`. There every
frame has a copy of the generator to itself, which starts from the same weights (`PUBLISHED`): frames that hardly differ
are learnt a hundred times over, and each ends up a little elsewhere, which flickers. `USUAL` shares the work: a window
of frames learns one change of the weights, in turns and with a learning rate that falls; the next window goes on from
it; and between the middles of two windows the change goes over from one to the other in a straight line.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, isfinite
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from ..models.faces.losses import masked_l1, masked_l2
from ..models.faces.stylegan2.generator import StyleGAN2
from ..models.layers.low_rank import replaced
from .face_weights import Latent, LearningWeights, learning_weights, paint


@dataclass(frozen=True)
class StitchPlan:
    """Everything that decides how a clip is stitched, beside its frames."""

    updates: int
    """Of a frame: at most where it is alone, on average in a window."""
    learning_rate: float
    """Of Adam; in a window the one that it begins with."""
    content_weight: float
    """Of the face's inside, against the border's 1."""
    enough: float
    """Border error below which no further update is made; 0: never. Published: 0.005, or 0.002 for demanding
    backgrounds."""
    distance: Literal["l2", "l1"]
    window: int
    """Frames that share a change; 0: every frame is alone."""
    rank: int
    """Of the thin changes of the weights; 0: every number of every weight changes by itself."""
    seed: int
    """Of the order of the frames in a window."""


PUBLISHED = StitchPlan(
    updates=100, learning_rate=3e-4, content_weight=0.01, enough=0, distance="l2", window=0, rank=0, seed=0
)
USUAL = StitchPlan(
    updates=20,
    learning_rate=1e-3,
    content_weight=0.01,
    enough=0,
    distance="l2",
    window=5,
    rank=0,
    seed=0,
)


@dataclass(frozen=True, eq=False)
class StitchFrame:
    """What is asked for of one frame."""

    latent: Latent
    """Of the edited face, b = 1."""
    source: Tensor
    """`[1 3 h w]`: what the border must show."""
    edited: Tensor
    """`[1 3 h w]`: what the inside must show, what the generator paints without stitching."""
    border: Tensor
    """`[1 1 h w]`, 0..1."""
    content: Tensor
    """`[1 1 h w]`, 0..1."""


@dataclass(frozen=True, eq=False)
class Stitched:
    """What came out."""

    picture: Tensor
    """`[1 3 h w]`, no longer tied to any weights."""
    border: tuple[float, ...]
    """Error before every update of a frame that was alone, that of the picture last; of one in a window that alone."""
    content: tuple[float, ...]
    """The same of the inside."""
    updates: int
    """Of a frame that was alone; of one in a window, how often it was learnt from."""
    state: Mapping[str, Tensor] | None
    """At the last picture before other weights are learnt: all that `stitch` needs to go on with the next one."""


Frames = Callable[[int], StitchFrame]
"""Number of a frame -> what is asked for; it is asked for often, so that none has to be kept."""


def check_plan(plan: StitchPlan) -> None:
    """InputError for numbers that nothing can be stitched with."""
    if plan.updates < 1 or plan.window < 0 or plan.rank < 0:
        raise InputError(
            "updates: give 1 or more; window: frames, or 0 for each alone; rank: 1 or more, or 0 to change whole "
            "weights"
        )
    if not 0 < plan.learning_rate <= 1:
        raise InputError(
            f"learning rate: {plan.learning_rate:g} is none; give one between 0 and 1, such as 0.0003"
        )
    if plan.content_weight < 0 or plan.enough < 0:
        raise InputError("the content's weight and the border error that is enough can't be negative")


def stitch(
    generator: StyleGAN2,
    frames: Frames,
    count: int,
    plan: StitchPlan,
    start: int = 0,
    state: Mapping[str, Tensor] | None = None,
) -> Iterator[Stitched]:
    """The pictures of the frames `start` to `count - 1`, which follow each other without a cut, in order.

    generator: float32; it stays as it is. start: 0, or after a picture that came with a `state`, with that. Nothing is
    computed before it is asked for. InputError for an empty border, and for a loss that is not finite, with the frame.
    Memory: one frame, and, with `rank` 0, four times the generator in a window, three times without.
    """
    check_plan(plan)
    if plan.window:
        yield from _stitch_windows(generator, frames, count, plan, start, state)
        return
    for number in range(start, count):
        yield stitch_alone(generator, frames(number), plan, number)


def stitch_alone(generator: StyleGAN2, frame: StitchFrame, plan: StitchPlan, number: int = 0) -> Stitched:
    """One frame, by weights of its own that start from the generator's; number: for messages."""
    learning, optimizer = _started(generator, plan)
    errors: list[tuple[float, float]] = []
    while True:
        learns = len(errors) < plan.updates
        with torch.set_grad_enabled(learns), learning.in_use() as network:
            picture = paint(network, frame.latent)
            border, content = errors_of(picture, frame, plan.distance)
        errors.append(_finite(border, content, number))
        if not learns or errors[-1][0] < plan.enough:
            borders, contents = zip(*errors, strict=True)
            return Stitched(picture.detach(), borders, contents, len(errors) - 1, {})
        optimizer.zero_grad()
        torch.autograd.backward(border + plan.content_weight * content)
        optimizer.step()


def errors_of(
    picture: Tensor, frame: StitchFrame, distance: Literal["l2", "l1"] = "l2"
) -> tuple[Tensor, Tensor]:
    """Border error and content error of a picture `[1 3 h w]`."""
    error = masked_l2 if distance == "l2" else masked_l1
    return error(picture, frame.source, frame.border), error(picture, frame.edited, frame.content)


class _Window(NamedTuple):
    """Frames that share a change."""

    first: int
    stop: int

    @property
    def middle(self) -> float:
        return (self.first + self.stop - 1) / 2


class _Weights(NamedTuple):
    """What a window has learnt, as of its middle."""

    middle: float
    weights: Mapping[str, Tensor]
    """Of the generator, by name."""


def _windows(count: int, frames: int) -> list[_Window]:
    """Windows of at most so many frames, all of nearly the same length."""
    edges = [round(k * count / ceil(count / frames)) for k in range(ceil(count / frames) + 1)]
    return [_Window(*edge) for edge in pairwise(edges)]


def _stitch_windows(
    generator: StyleGAN2,
    frames: Frames,
    count: int,
    plan: StitchPlan,
    start: int,
    state: Mapping[str, Tensor] | None,
) -> Iterator[Stitched]:
    learning, _ = _started(generator, plan)
    windows = _windows(count, plan.window)
    done = sum(window.middle < start for window in windows)
    before = None
    if done:
        if state is None:
            raise ValueError(f"frame {start}: give the state that came with the picture before it")
        learning.module.load_state_dict(state)
        before = _Weights(windows[done - 1].middle, learning.weights())
    for window in windows[done:]:
        rounds = _learn_window(learning, frames, window, plan)
        after = _Weights(window.middle, learning.weights())
        last = count - 1 if window is windows[-1] else int(window.middle)
        for number in range(start, last + 1):
            left = {name: value.clone() for name, value in learning.module.state_dict().items()}
            mixed = _mixed(before, after, number)
            yield _painted(generator, mixed, frames(number), rounds, left if number == last else None, plan)
        before, start = after, last + 1


def _learn_window(learning: LearningWeights, frames: Frames, window: _Window, plan: StitchPlan) -> int:
    """Learn from a window's frames in turns; returns how often each was learnt from."""
    optimizer = torch.optim.Adam(learning.parameters, lr=plan.learning_rate)
    length = window.stop - window.first
    for turn in range(plan.updates):
        chance = torch.Generator().manual_seed(plan.seed * 1_000_003 + window.first * 1009 + turn)
        total = 0.0
        for part, k in enumerate(torch.randperm(length, generator=chance).tolist()):
            for group in optimizer.param_groups:
                group["lr"] = plan.learning_rate * (1 - (turn + part / length) / plan.updates)
            frame = frames(window.first + k)
            with learning.in_use() as network:
                border, content = errors_of(paint(network, frame.latent), frame, plan.distance)
            total += _finite(border, content, window.first + k)[0]
            optimizer.zero_grad()
            torch.autograd.backward(border + plan.content_weight * content)
            optimizer.step()
        if total / length < plan.enough:
            return turn + 1
    return plan.updates


def _mixed(before: _Weights | None, after: _Weights, number: int) -> Mapping[str, Tensor]:
    """The weights of a frame that lies between the middles of two windows, or beyond them."""
    if before is None or number >= after.middle:
        return after.weights
    share = max(0.0, (number - before.middle) / (after.middle - before.middle))
    return {name: torch.lerp(value, after.weights[name], share) for name, value in before.weights.items()}


@torch.no_grad()
def _painted(
    generator: StyleGAN2,
    weights: Mapping[str, Tensor],
    frame: StitchFrame,
    rounds: int,
    state: Mapping[str, Tensor] | None,
    plan: StitchPlan,
) -> Stitched:
    with replaced(generator, weights):
        picture = paint(generator, frame.latent)
    border, content = errors_of(picture, frame, plan.distance)
    return Stitched(picture, (float(border),), (float(content),), rounds, state)


def _started(generator: StyleGAN2, plan: StitchPlan) -> tuple[LearningWeights, torch.optim.Adam]:
    """Weights that begin as the generator's, which stays as it is."""
    learning = learning_weights(deepcopy(generator), plan.rank, plan.seed)
    return learning, torch.optim.Adam(learning.parameters, lr=plan.learning_rate)


def _finite(border: Tensor, content: Tensor, number: int) -> tuple[float, float]:
    errors = border.item(), content.item()
    if not all(map(isfinite, errors)):
        raise InputError(
            f"stitching: at frame {number} of the crops the error is not finite (NaN or infinity); take a lower "
            "learning rate, or look at this frame and its mask"
        )
    return errors
