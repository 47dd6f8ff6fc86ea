"""The loop that tunes a few-shot generator: steps in order, a checkpoint that resumes bit-exactly, nothing by chance.

What it learns is an update of the weights; the generator that it is given stays as it is.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_file
from ..models.fewshot.generator import FewShotGenerator
from ..models.layers.low_rank import LowRankUpdate, applied
from ..progress import Progress, silent
from ..weights.config_json import to_json
from ..weights.delta import fingerprint
from .checkpoint import fill_state, read_state, save_state
from .fewshot_tuning import Tuning, mirrors_alike, tuned_parameters
from .fewshot_tuning_examples import Exemplary, TuningExample, draw_example
from .fewshot_tuning_figures import paint_example
from .interrupts import stop_requests
from .perceptual import PerceptualFeatures, perceptual_distance, perceptual_loss

BETAS = (0.9, 0.999)
"""Of Adam."""
PERCEPTUAL, DIRECTION, RAW = 20.0, 4.0, 0.5
"""Factors of the terms: as our demo networks learn (`fewshot_demos.LOSSES`)."""
CHECKPOINT_EVERY = 20
"""Steps."""


@dataclass(frozen=True)
class TuningJob:
    """What a checkpoint belongs to: everything that an update follows from, but for the number of steps."""

    tuning: Tuning
    base: str
    """`fingerprint` of the generator."""
    exemplars: str
    """sha256 of pictures and label maps."""
    features: str


@dataclass(frozen=True, eq=False)
class Tuned:
    """What came out."""

    entries: dict[str, Tensor]
    """Of the update, as in `weights.delta.Delta`."""
    base: str
    """`fingerprint` of the generator that it belongs to."""
    resumed_at: int
    """Steps that an earlier, interrupted run had done."""


def learn_update(
    generator: FewShotGenerator,
    exemplars: Exemplary,
    tuning: Tuning,
    features: PerceptualFeatures,
    *,
    checkpoint: Path | None = None,
    progress: Progress = silent,
) -> Tuned:
    """Tune a float32 generator for `tuning.steps` steps, on its device, where the exemplars are, too.

    checkpoint: a file to go on from, if it is of the same job (else it begins anew), and to be gone on from; who has
    used the result removes it. progress: called after every step; what it raises, or Ctrl-C, stops the run, whose state
    is saved first. On a CPU the same call gives the same update bit for bit, interrupted or not.

    InputError where the loss is not finite: the checkpoint is of a step whose loss was. Memory: the generator once
    more, the activations of one frame and its exemplars, for each learnt number its gradient and two moments.
    """
    with torch.inference_mode(False), torch.enable_grad():
        given = Exemplary(*(part.clone() for part in exemplars))
        run = _Run(generator, given, tuning, features, checkpoint)
        resumed_at = run.done
        with stop_requests() as stopping:
            while run.done < tuning.steps:
                run.learn()
                try:
                    progress(run.done, tuning.steps, run.preview)
                    if stopping():
                        raise KeyboardInterrupt
                except BaseException:
                    run.save()
                    raise
        return Tuned(run.update.state_dict(), run.job.base, resumed_at)


def tuning_loss(
    generator: FewShotGenerator, features: PerceptualFeatures, example: TuningExample
) -> tuple[Tensor, Tensor]:
    """How far an exemplar is from what is painted for it, a scalar; and the painted picture `[1 3 h w]`."""
    image, raw = paint_example(generator, example)
    rows, columns = example.real
    real = example.wanted.images[..., rows, columns]
    with torch.no_grad():
        seen = features(real)

    def distance(painted: Tensor) -> Tensor:
        shown = painted[..., rows, columns]
        direction = perceptual_distance(features, shown, real, seen).mean()
        return PERCEPTUAL * perceptual_loss(features, shown, real, seen) + DIRECTION * direction

    return distance(image) if raw is None else distance(image) + RAW * distance(raw), image.detach()


class _Run:
    """A run under way."""

    def __init__(
        self,
        generator: FewShotGenerator,
        exemplars: Exemplary,
        tuning: Tuning,
        features: PerceptualFeatures,
        checkpoint: Path | None,
    ) -> None:
        self.exemplars, self.tuning, self.features = exemplars, tuning, features
        self.mirrors, self.checkpoint = mirrors_alike(generator.config), checkpoint
        digest = sha256(b"".join(part.cpu().contiguous().numpy().tobytes() for part in exemplars))
        self.job = TuningJob(
            replace(tuning, steps=0), fingerprint(generator), digest.hexdigest(), features.description
        )
        self.generator = deepcopy(generator).requires_grad_(False)
        self.update = LowRankUpdate(tuned_parameters(self.generator, tuning.layers), tuning.rank, tuning.seed)
        self.optimizer = torch.optim.Adam(self.update.parameters(), tuning.learning_rate, BETAS, fused=True)
        self.saved: int | None = None
        self.done = self._resume()
        self.shown: tuple[Tensor, Tensor] | None = None

    def learn(self) -> None:
        """One step. A checkpoint that is due is written before the weights change: their loss is known to be finite."""
        example = draw_example(self.exemplars, self.tuning, self.done, self.mirrors)
        with applied(self.generator, self.update.changes()):
            loss, painted = tuning_loss(self.generator, self.features, example)
        if not loss.isfinite():
            raise InputError(self._complaint())
        if self.done and self.done % CHECKPOINT_EVERY == 0:
            self.save()
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.shown = example.wanted.images[0], painted[0]
        self.done += 1

    def preview(self) -> NDArray[np.uint8]:
        """The exemplar of this step, and how it was painted: uint8 `[h 2*w 3]`."""
        assert self.shown is not None, "asked for after a step"
        return np.concatenate([to_file(picture.cpu()) for picture in self.shown], 1)

    def save(self) -> None:
        if self.checkpoint is None or self.saved == self.done:
            return
        metadata = {"recipe": to_json(self.job), "step": str(self.done), "unit": "steps"}
        save_state(self.checkpoint, {"update": self.update}, {"optimizer": self.optimizer}, metadata)
        self.saved = self.done

    def _resume(self) -> int:
        if self.checkpoint is None or not self.checkpoint.exists():
            return 0
        metadata, tensors = read_state(self.checkpoint)
        step = int(metadata["step"])
        if metadata["recipe"] != to_json(self.job) or step > self.tuning.steps:
            return 0
        fill_state(self.checkpoint, tensors, {"update": self.update}, {"optimizer": self.optimizer})
        self.saved = step
        return step

    def _complaint(self) -> str:
        kept = "nothing was kept; take a lower learning rate"
        if self.saved:
            kept = (
                f"the state after step {self.saved} is kept: ask for {self.saved} steps to have it as a delta, or take "
                "a lower learning rate"
            )
        return f"tuning: at step {self.done + 1} the loss is not finite (NaN or infinity); {kept}"
