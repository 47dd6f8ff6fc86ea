"""What videos are measured by: every frame against the truth, and all together through a network that knows the world.

The network, where a world has one, is its segmenter (`training.segmenter`): what it reads off the pictures is compared
with the labels they were painted from, and the statistics of its features with those of the true frames. Its features
are the penultimate ones and the innermost ones, each a mean over the picture; a piece of video has the mean of its
frames' features and how much they change from frame to frame, pixel by pixel.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..models.labels.reader import LabelReader, Reading
from .clips import Batch
from .metrics import flicker, psnr, temporal_difference_error, warping_error
from .metrics_frechet import Moments, frechet_distance, moments_of
from .metrics_labels import Confusion, confusion, mean_iou
from .perceptual import RandomFeatures, perceptual_distance

PIECE = 4
"""Frames of a piece of video whose features make one vector; shorter clips are one piece."""


@dataclass(frozen=True)
class ReadScores:
    """What the segmenter of the world says of all clips together."""

    fid: float
    """Frechet distance of single frames over the segmenter's features; lower is better."""
    video_fid: float
    """The same of pieces of video."""
    label_consistency: float
    """Mean intersection over union, 0..1, of what the segmenter reads and the labels; higher is better."""


@dataclass(frozen=True)
class Scores:
    """Of all clips together: means over all frames, and what a segmenter says where there is one."""

    psnr: float
    """dB, higher is better."""
    perceptual_distance: float
    """LPIPS formula over random features; lower is better."""
    warping_error: float
    """1e-3; lower is better."""
    temporal_difference_error: float
    """1e-3; lower is better."""
    flicker: float
    """1e-3; lower is better."""
    read: ReadScores | None


@dataclass(frozen=True, eq=False)
class ReadTally:
    """What a segmenter saw, to be added up over clips."""

    frames: Moments
    pieces: Moments
    read: Confusion

    def __add__(self, other: "ReadTally") -> "ReadTally":
        return ReadTally(self.frames + other.frames, self.pieces + other.pieces, self.read + other.read)


@dataclass(frozen=True, eq=False)
class Tally:
    """What was counted, to be added up over clips that the same judge looked at."""

    clips: int
    means: Tensor
    """Sums over the clips of the measures that are means, in the order of `Scores`' fields, `[5]`."""
    read: ReadTally | None

    def __add__(self, other: "Tally") -> "Tally":
        read = None if self.read is None or other.read is None else self.read + other.read
        return Tally(self.clips + other.clips, self.means + other.means, read)


def scores_of(tally: Tally, truth: Tally) -> Scores:
    """truth: of the true frames of the same clips."""
    likeness, distance, warping, change, swing = (tally.means / tally.clips).tolist()
    read = None if tally.read is None or truth.read is None else _read_scores(tally.read, truth.read)
    return Scores(likeness, distance, warping, change, swing, read)


def _read_scores(tally: ReadTally, truth: ReadTally) -> ReadScores:
    return ReadScores(
        fid=frechet_distance(tally.frames, truth.frames),
        video_fid=frechet_distance(tally.pieces, truth.pieces),
        label_consistency=mean_iou(tally.read),
    )


class Judge:
    """Looks at one clip after the other."""

    def __init__(self, reader: LabelReader | None) -> None:
        """reader: of the world that the clips are from, float32, on the CPU; None: nothing is read off the pictures."""
        self._reader = reader
        self._features = RandomFeatures()

    @torch.inference_mode()
    def look(self, clip: Batch, pictures: Tensor, skipped: int = 0) -> Tally:
        """One clip without batch dimension, three frames or more, and its pictures `[t 3 h w]` in -1..1.

        The first `skipped` frames, fewer than there are, were given and are not scored; what changes from them to later
        ones is. Memory: the features of all frames, some 10 MB a frame of 256x128.
        """
        truth = clip["pictures"]
        likeness = psnr(pictures, truth), perceptual_distance(self._features, pictures, truth)
        errors = (*(each[skipped:] for each in likeness), *_motion_errors(clip, pictures, skipped))
        read = (
            None if self._reader is None else _read(self._reader, clip["ids"][skipped:], pictures[skipped:])
        )
        return Tally(1, torch.stack([each.mean() for each in errors]), read)


def _read(reader: LabelReader, ids: Tensor, pictures: Tensor) -> ReadTally:
    """Label ids `[t h w]` and pictures `[t 3 h w]`."""
    reading = reader(pictures)
    return ReadTally(
        moments_of(frame_features(reading)),
        moments_of(piece_features(reading)),
        confusion(ids, reader.ids(reading.scores)),
    )


def _motion_errors(clip: Batch, pictures: Tensor, skipped: int) -> tuple[Tensor, Tensor, Tensor]:
    """Warping error, temporal difference error, flicker, 1e-3, one number for each frame that has them."""
    flow, visible, truth = clip["flow"], clip["visible"], clip["pictures"]
    second = max(skipped, 1)
    steps = pictures[second:], pictures[second - 1 : -1]
    true_steps = truth[second:], truth[second - 1 : -1]
    moved = warping_error(*steps, flow[second:], visible[second:])
    change = temporal_difference_error(*steps, *true_steps, flow[second:], visible[second:])
    third = max(skipped, 2)
    swings = flicker(
        _runs(pictures, 3, third), _runs(flow[1:], 2, third - 1), _runs(visible[1:], 2, third - 1)
    )
    return moved * 1e3, change * 1e3, swings * 1e3


def _runs(x: Tensor, length: int, last: int) -> Tensor:
    """All runs of so many successive entries whose last one is entry `last` or later: `[t ...]` -> `[n length ...]`."""
    return x.unfold(0, length, 1).movedim(-1, 1)[last - length + 1 :]


def frame_features(reading: Reading) -> Tensor:
    """What each picture is like, `[t d]`."""
    return torch.cat([reading.fine.mean((2, 3)), reading.coarse.mean((2, 3))], 1)


def piece_features(reading: Reading) -> Tensor:
    """What each piece of video is like: `[n 2*d]`, of `t` successive pictures."""
    frames = frame_features(reading)
    length = min(PIECE, len(frames))
    changes = torch.cat([level.diff(dim=0).abs().mean((2, 3)) for level in (reading.fine, reading.coarse)], 1)
    means = frames.unfold(0, length, 1).mean(-1)
    steps = changes.unfold(0, length - 1, 1).mean(-1) if length > 1 else torch.zeros_like(means)
    return torch.cat([means, steps], 1)
