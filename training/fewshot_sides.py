"""Does attention pick the exemplar that shows the side asked for? Two exemplars of a head, turned left and right.

Source: Wang et al. 2019, figure 7 (c).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError
from ..models.fewshot.config import FewShotConfig
from ..models.fewshot.generator import FewShotGenerator, encode_exemplars, look_up
from ..models.fewshot.rollout import synthesize
from ..models.fewshot.views import attention_pictures, sheet
from .clips import Batch
from .exams import EVALUATION_SEED
from .fewshot_clips import HELD_OUT, Size
from .fewshot_exams import FACES, FIRST, FaceExam
from .worlds.faces import FaceWorld
from .worlds.stage_looks import STAGE_LOOKS

SEARCHED = 600
"""Frames of a world that are looked through."""
TURNED = 0.12
"""Radians from which on a head looks to a side."""
APART = 24
"""Frames between what drives and the exemplars, at least."""
SURFACE = 2
"""See `fewshot_clips.SURFACES`."""
SIDES = 2
"""Exemplars: the head turned to the viewer's left, and to the right."""


@dataclass(frozen=True, eq=False)
class SideTrial:
    """One head."""

    exemplars: Batch
    """pictures `[2 3 h w]` and drawn `[2 1 h w]`, turned left and right."""
    drivers: Batch
    """pictures `[n 3 h w]`, drawn `[n 1 h w]`, parts `[n h w]`."""
    sides: Tensor
    """int64 `[n]`: the exemplar that each driver is turned like."""


class SideScores(NamedTuple):
    """Over all drivers of all trials."""

    share: float
    """Of what the head takes, how much is from the exemplar turned to the same side; 0.5 by chance."""
    picked: float
    """Share of the drivers that take more from it than from the other."""
    drivers: int


def side_trials(config: FewShotConfig, size: Size, count: int) -> Iterator[SideTrial]:
    """So many unseen heads; InputError for a network that paints no faces."""
    if config.kind != "face" or config.palette:
        raise InputError(
            f"these weights paint {config.kind!r}, which has no sides to choose from; choose faces"
        )
    exam = FACES.clips(config, size, 3, 1)
    assert isinstance(exam, FaceExam), "of faces"
    found = 0
    for number in range(10 * count):
        draw = random.Random(f"{EVALUATION_SEED}:{number}:sides")
        seed, light, subject = draw.randrange(2**31), draw.choice(STAGE_LOOKS), HELD_OUT + FIRST + number
        world = FaceWorld(seed, light, size[1], size[0], subject=subject)
        times = _moments(world, draw)
        if times is not None:
            yield _trial(exam, world, times, size)
            found += 1
            if found == count:
                return


class _Moments(NamedTuple):
    exemplars: tuple[int, int]
    drivers: tuple[int, int]


def _moments(world: FaceWorld, draw: random.Random) -> _Moments | None:
    """The moments turned farthest to either side, and one more of each side; None: the head hardly turns."""
    yaw = [world.moment(t).pose.yaw for t in range(SEARCHED)]
    left, right = (pick(range(SEARCHED), key=yaw.__getitem__) for pick in (min, max))
    drivers = []
    for side in (-1, 1):
        fit = [
            t
            for t in range(SEARCHED)
            if side * yaw[t] > TURNED and min(abs(t - left), abs(t - right)) >= APART
        ]
        if not fit:
            return None
        drivers.append(draw.choice(fit))
    return _Moments((left, right), (drivers[0], drivers[1]))


def _trial(exam: FaceExam, world: FaceWorld, times: _Moments, size: Size) -> SideTrial:
    def stacked(chosen: Sequence[int]) -> Batch:
        frames = [exam.moment(world, t, (0, 0), size, SURFACE) for t in chosen]
        return {key: torch.stack([frame[key] for frame in frames]) for key in ("pictures", "drawn", "parts")}

    return SideTrial(stacked(times.exemplars), stacked(times.drivers), torch.arange(SIDES))


@torch.inference_mode()
def side_scores(generator: FewShotGenerator, trials: Iterator[SideTrial]) -> SideScores:
    """InputError for a network without attention."""
    shares = []
    for trial in trials:
        labels, pictures = (trial.exemplars[name].to(generator.device) for name in ("drawn", "pictures"))
        exemplars = encode_exemplars(generator, labels, pictures)
        found = look_up(generator, exemplars, trial.drivers["drawn"].to(generator.device))
        if found is None:
            raise InputError("these weights have no attention: they mix exemplars without choosing")
        heads = (trial.drivers["parts"] <= FACES.parts).float()[:, None]
        weight = F.interpolate(heads, found.share.shape[2:], mode="area")
        taken = (found.share.cpu() * weight).sum((2, 3)) / weight.sum((2, 3))
        shares.append(taken[torch.arange(len(taken)), trial.sides])
    every = torch.cat(shares)
    return SideScores(float(every.mean()), float((every > 0.5).float().mean()), len(every))


@torch.inference_mode()
def side_sheet(generator: FewShotGenerator, trials: Iterator[SideTrial]) -> Tensor:
    """For each driver a row, `[3 H W]` in -1..1: both exemplars, the driver's map, which exemplar each place takes,
    both exemplars under how much their places are used, what is painted, the truth."""
    pictures: list[Tensor] = []
    for trial in trials:
        labels, images = (trial.exemplars[name].to(generator.device) for name in ("drawn", "pictures"))
        exemplars = encode_exemplars(generator, labels, images)
        for plane, true in zip(trial.drivers["drawn"], trial.drivers["pictures"], strict=True):
            (made,) = synthesize(generator, exemplars, [plane], tell_attention=True)
            assert made.frame.attention is not None, "asked for, of a network with attention"
            shown = attention_pictures(trial.exemplars["pictures"], made.frame.attention)
            line = plane.expand(3, -1, -1) * 2 - 1
            pictures += [*trial.exemplars["pictures"], line, *shown, made.frame.image[0].cpu(), true]
    return sheet(pictures, 2 * SIDES + 4)
