"""Is future prediction worth its weights? Unseen streets, continued by it and by simpler means, in two tables.

Label maps are compared by the mean over the classes of intersection over union, counted over all clips; pictures by
PSNR and perceptual distance. Whatever is compared sees the same frames.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_file
from ..models.flow.estimators import estimate_flow
from ..models.flow.warp import warp
from ..models.labels.frames import LabelFrame
from ..models.vid2vid.config import GeneratorConfig
from ..models.vid2vid.future import LabelFuture, nearest_sources
from ..models.vid2vid.future_rollout import predict
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.rollout import synthesize
from ..progress import Progress, silent
from .clips import Batch
from .exams import EVALUATION_SEED, STREET, exam_of
from .future_clips import StreetFutures
from .future_pictures import PictureFuture
from .future_recipe import STREET_FUTURE
from .metrics import psnr
from .perceptual import RandomFeatures, perceptual_distance
from .schedule import ClipShape

HORIZONS = (1, 3, 5, 10)
"""Frames ahead that are scored."""


class LabelRow(NamedTuple):
    """One line of the table of label maps."""

    method: str
    iou: tuple[float, ...]
    """Mean intersection over union, 0..1, at every horizon; higher is better."""


class PictureRow(NamedTuple):
    """One line of the table of pictures."""

    method: str
    psnr: tuple[float, ...]
    """dB at every horizon; higher is better."""
    perceptual_distance: tuple[float, ...]
    """LPIPS formula over random features; lower is better."""


class Tables(NamedTuple):
    """What `evaluate_future` found."""

    labels: list[LabelRow]
    pictures: list[PictureRow]


@dataclass(frozen=True, eq=False)
class Contest:
    """The networks that are compared."""

    labels: LabelFuture
    painter: Vid2VidGenerator | None = None
    """Paints the predicted label maps, from the last pictures seen. None: label maps only."""
    direct: PictureFuture | None = None
    """Predicts pictures from pictures."""


def evaluate_future(
    contest: Contest,
    clips: int,
    size: tuple[int, int],
    horizons: Sequence[int] = HORIZONS,
    progress: Progress = silent,
) -> Tables:
    """Continue `clips` unseen streets of (height, width) `size` by every means.

    InputError for networks that don't know the street or can't take the size. Memory: one clip.
    """
    _check(contest, size)
    config = contest.labels.config
    shape = ClipShape(size[1], size[0], config.seen_frames + max(horizons), (1.0,))
    data = StreetFutures(EVALUATION_SEED, lambda number: shape, pictures=True)
    maps = _LabelScores(horizons, config.label_classes)
    pictures = _PictureScores(horizons)
    for number in range(clips):
        clip = data[number]
        seen = config.seen_frames
        for name, guessed in label_guesses(contest.labels, clip, max(horizons)).items():
            maps.add(name, guessed, clip["ids"][seen:])
        if contest.painter is not None:
            for name, painted in picture_guesses(contest, contest.painter, clip, max(horizons)).items():
                pictures.add(name, painted, clip["pictures"][seen:])
        progress(number + 1, clips)
    return Tables(maps.rows(), pictures.rows(clips))


def _check(contest: Contest, size: tuple[int, int]) -> None:
    config = contest.labels.config
    if config.palette != STREET_FUTURE.network.palette:
        raise InputError(
            f"these weights predict labels of {config.palette!r}; the street has those of "
            f"{STREET_FUTURE.network.palette!r}: choose other weights"
        )
    config.check_size(*size)
    if contest.painter is not None:
        _check_painter(contest.painter.config, size)
    if contest.direct is not None:
        contest.direct.config.check_size(*size)


def _check_painter(config: GeneratorConfig, size: tuple[int, int]) -> None:
    if exam_of(config) is not STREET:
        raise InputError("the weights that paint know no street: choose others, such as street")
    config.check_size(*size)


def label_guesses(network: LabelFuture, clip: Batch, frames: int) -> dict[str, Iterator[Tensor]]:
    """The next `frames` label maps of a clip by every means, ids `[h w]` each."""
    seen = network.config.seen_frames
    last = clip["ids"][seen - 1]
    exact, found = clip["flow"][seen - 1 : seen], _found_flow(clip, seen)
    return {
        "repeat the last map": (last for _ in range(frames)),
        "extrapolated flow (dense inverse search on the frames)": _moved_ids(last, found, frames),
        "extrapolated flow (the true one)": _moved_ids(last, exact, frames),
        "ours": (step.frame.ids[0].cpu() for step in predict(network, _frames(clip, 0, seen), frames)),
    }


@torch.inference_mode()
def picture_guesses(
    contest: Contest, painter: Vid2VidGenerator, clip: Batch, frames: int
) -> dict[str, Iterator[Tensor]]:
    """The next `frames` pictures of a clip by every means, `[1 3 h w]` in -1..1 each."""
    seen = contest.labels.config.seen_frames
    pictures = clip["pictures"]
    last = pictures[seen - 1 : seen]
    predicted = (step.frame for step in predict(contest.labels, _frames(clip, 0, seen), frames))
    guessed = (LabelFrame(f.ids[0], None if f.instances is None else f.instances[0]) for f in predicted)
    guesses: dict[str, Iterator[Tensor]] = {
        "repeat the last frame": (last for _ in range(frames)),
        "extrapolated flow (dense inverse search)": (
            warp(last, total) for total in extrapolated(_found_flow(clip, seen), frames)
        ),
    }
    if contest.direct is not None:
        guesses["frames directly"] = _directly(contest.direct, pictures[:seen][None], frames)
    guesses["ours: labels, then frames"] = _painted(painter, clip, seen, guessed)
    truth = iter(_frames(clip, seen, seen + frames))
    guesses["frames from the true labels (what the painting allows)"] = _painted(painter, clip, seen, truth)
    return guesses


def extrapolated(flow: Tensor, frames: int) -> Iterator[Tensor]:
    """The flow back to the last frame seen, 1, 2 ... frames ahead, if every place goes on moving so: `[1 2 h w]`.

    flow: that of the last frame seen. To let what moves take its motion along is as good one frame ahead and worse
    later: in a street seen from a car, how fast a thing moves is a matter of where it is.
    """
    total = torch.zeros_like(flow)
    for _ in range(frames):
        total = flow + warp(total, flow)
        yield total


def _moved_ids(ids: Tensor, flow: Tensor, frames: int) -> Iterator[Tensor]:
    for total in extrapolated(flow, frames):
        yield ids.flatten()[nearest_sources(total)[0]].view_as(ids)


def _found_flow(clip: Batch, seen: int) -> Tensor:
    current, before = (to_file(clip["pictures"][t]) for t in (seen - 1, seen - 2))
    return estimate_flow(current, before).displacement


def _frames(clip: Batch, start: int, stop: int) -> list[LabelFrame]:
    return [LabelFrame(clip["ids"][t], clip["instances"][t]) for t in range(start, stop)]


def _directly(network: PictureFuture, seen: Tensor, frames: int) -> Iterator[Tensor]:
    past = network.begin(seen)
    for _ in range(frames):
        step = network.step(past)
        past = step.past
        yield step.picture


def _painted(
    painter: Vid2VidGenerator, clip: Batch, seen: int, labels: Iterator[LabelFrame]
) -> Iterator[Tensor]:
    """Pictures of `labels`, which follow the frames seen; the last of these are what the painter goes on from."""
    given = painter.config.past_frames
    first = clip["pictures"][None, seen - given : seen]

    def maps() -> Iterator[LabelFrame]:
        yield from _frames(clip, seen - given, seen)
        yield from labels

    style = clip["style"][None] if painter.config.style_names else None
    for number, made in enumerate(synthesize(painter, maps(), first=first, style=style)):
        if number >= given:
            yield made.frame.cpu()


class _LabelScores:
    """Counts pixels by (true class, guessed class), for every method and horizon."""

    def __init__(self, horizons: Sequence[int], classes: int) -> None:
        self.horizons, self.classes = horizons, classes
        self.counts: dict[str, Tensor] = {}

    def add(self, method: str, guesses: Iterator[Tensor], truth: Tensor) -> None:
        blank = torch.zeros(len(self.horizons), self.classes**2, dtype=torch.int64)
        counts = self.counts.setdefault(method, blank)
        for ahead, (guess, true) in enumerate(zip(guesses, truth, strict=True), 1):
            if ahead in self.horizons:
                pairs = true.flatten().long() * self.classes + guess.flatten().long()
                counts[self.horizons.index(ahead)] += pairs.bincount(minlength=self.classes**2)

    def rows(self) -> list[LabelRow]:
        size = len(self.horizons), self.classes, self.classes
        return [
            LabelRow(method, tuple(mean_iou(counts.view(size)).tolist()))
            for method, counts in self.counts.items()
        ]


def mean_iou(counts: Tensor) -> Tensor:
    """Intersection over union, mean over the classes that occur: `[... c c]` pixels by (true, guessed) -> `[...]`."""
    both = counts.diagonal(dim1=-2, dim2=-1).double()
    true, guessed = counts.sum(-1), counts.sum(-2)
    occurs = true > 0
    ratio = both / (true + guessed - both).clamp(min=1)
    return (ratio * occurs).sum(-1) / occurs.sum(-1).clamp(min=1)


class _PictureScores:
    """Sums of the measures, for every method and horizon."""

    def __init__(self, horizons: Sequence[int]) -> None:
        self.horizons, self.features = horizons, RandomFeatures()
        self.sums: dict[str, Tensor] = {}

    def add(self, method: str, guesses: Iterator[Tensor], truth: Tensor) -> None:
        sums = self.sums.setdefault(method, torch.zeros(2, len(self.horizons)))
        for ahead, (guess, true) in enumerate(zip(guesses, truth[:, None], strict=True), 1):
            if ahead in self.horizons:
                column = sums[:, self.horizons.index(ahead)]
                column += torch.cat([psnr(guess, true), perceptual_distance(self.features, guess, true)])

    def rows(self, clips: int) -> list[PictureRow]:
        return [
            PictureRow(method, tuple((sums[0] / clips).tolist()), tuple((sums[1] / clips).tolist()))
            for method, sums in self.sums.items()
        ]
