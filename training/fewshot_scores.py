"""What few-shot videos are measured by, one clip at a time, and a file of it, so that a stopped comparison goes on."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ..media.outputs import prepare_file, writing
from .clips import Batch
from .identity import Crowd, appearance, identity_similarity
from .scores import Judge


class FewShotScores(NamedTuple):
    """Means over frames, and over clips."""

    psnr: float
    """dB, higher is better."""
    perceptual_distance: float
    """LPIPS formula over random features; lower is better."""
    identity: float
    """See `identity`; -1..1, higher is better."""
    warping_error: float
    """1e-3; lower is better."""
    temporal_difference_error: float
    """1e-3; lower is better."""


def mean_scores(scores: list[FewShotScores]) -> FewShotScores:
    """Of one clip or more."""
    return FewShotScores(*torch.tensor(scores, dtype=torch.float64).mean(0).tolist())


class FewShotJudge:
    """Looks at one clip of `fewshot_exams` after the other."""

    def __init__(self, parts: int, crowd: Crowd) -> None:
        """parts: how many a subject can have; crowd: what they look like in other subjects."""
        self.parts, self.crowd = parts, crowd
        self._judge = Judge(None)

    def look(self, clip: Batch, pictures: Tensor) -> FewShotScores:
        """A clip of three frames or more without batch dimension, and its pictures `[t 3 h w]` in -1..1."""
        likeness, distance, warping, change, _ = self._judge.look(clip, pictures).means.tolist()
        return FewShotScores(likeness, distance, self._identity(clip, pictures), warping, change)

    def _identity(self, clip: Batch, pictures: Tensor) -> float:
        """Each picture beside the true one of the same moment, whose parts are the same."""
        found = [
            identity_similarity(
                appearance(picture, parts, self.parts), appearance(true, parts, self.parts), self.crowd
            )
            for picture, true, parts in zip(pictures, clip["pictures"], clip["parts"], strict=True)
        ]
        return sum(found) / len(found)


class ScoreBook:
    """What was measured, by job and clip; in a file one line each, or in memory alone."""

    def __init__(self, path: Path | None) -> None:
        """path: JSON lines, which may be there already; a line that a crash cut off is measured again."""
        self._path = path
        self._known: dict[tuple[str, int], FewShotScores] = {}
        if path is None:
            return
        prepare_file(path)
        if path.exists():
            text = path.read_text("utf-8")
            for line in text.splitlines():
                self._read(line)
            if text and not text.endswith("\n"):
                self._append("")

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
            key = str(entry["job"]), int(entry["clip"])
            self._known[key] = FewShotScores(**{name: float(entry[name]) for name in FewShotScores._fields})
        except (ValueError, KeyError, TypeError):
            return

    def find(self, job: str, clip: int) -> FewShotScores | None:
        """What was measured of a clip; None: nothing yet."""
        return self._known.get((job, clip))

    def enter(self, job: str, clip: int, scores: FewShotScores) -> None:
        """Keep it; job: a digest of everything that it depends on."""
        self._known[job, clip] = scores
        self._append(json.dumps({"job": job, "clip": clip, **scores._asdict()}))

    def _append(self, line: str) -> None:
        if self._path is not None:
            with writing(self._path), self._path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
