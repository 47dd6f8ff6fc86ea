"""Fine-tuning on the exemplars of one subject, at every door: exemplars in, a small delta of the weights out."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ..errors import InputError
from ..media.outputs import prepare_file
from ..models.fewshot.generator import FewShotGenerator
from ..progress import Progress, silent
from ..training.features import find_features
from ..training.fewshot_tuning import DEFAULT, Tuning, check_tuning
from ..training.fewshot_tuning_examples import Exemplary
from ..training.fewshot_tuning_figures import Likeness, TuningFigures, check_likeness, exemplar_likeness
from ..training.fewshot_tuning_loop import learn_update
from ..training.perceptual import PerceptualFeatures
from ..weights import inspect
from ..weights.architectures import ARCHITECTURES, identify
from ..weights.config_json import to_json
from ..weights.delta import Delta, DeltaFacts, apply_delta, rounded
from .fewshot_options import Prepared


@dataclass(frozen=True)
class Origin:
    """Where weights come from, and what may be done with them: tuning changes neither."""

    source: str
    licence: str


def origin_of(path: Path) -> Origin:
    """What a file of weights says about that."""
    info = inspect(path)
    return Origin(info.source, info.licence)


@dataclass(frozen=True, eq=False)
class TuneReport:
    """What a finished run made."""

    delta: Delta
    """As its file holds it."""
    figures: TuningFigures
    """Before, and with this delta."""
    resumed_at: int
    """Steps that an earlier, interrupted run had done; 0 for a run in one go."""


def tune_few_shot(
    generator: FewShotGenerator,
    prepared: Prepared,
    origin: Origin,
    tuning: Tuning = DEFAULT,
    *,
    check: Prepared | None = None,
    features: PerceptualFeatures | None = None,
    checkpoint: Path | None = None,
    dtype: torch.dtype = torch.float16,
    progress: Progress = silent,
) -> TuneReport:
    """Tune a float32 generator on exemplars; it stays as it is, `weights.delta.apply_delta` makes the tuned one.

    check: pictures of the subject that nothing is learnt from, measured before and after; features: what likeness is
    learnt by (None: the best on this machine); checkpoint: the file that an interrupted run goes on from, gone in the
    end; dtype: of the delta; progress: called after each step with a preview, what it raises stops the run.

    InputError: exemplars or check of another kind or size, a network that isn't float32, a loss that is not finite.
    """
    check_tuning(tuning)
    if not len(prepared.images) or (check is not None and not len(check.images)):
        whose = "to check it" if len(prepared.images) else "of the subject"
        raise InputError(f"tuning: there are no pictures {whose}; give at least one with its labels")
    if generator.dtype != torch.float32:
        raise InputError("tuning: needs the network in fp32; load it so")
    if check is not None and check.images.shape[2:] != prepared.images.shape[2:]:
        (height, width), (rows, columns) = check.images.shape[2:], prepared.images.shape[2:]
        raise InputError(
            f"tuning: the pictures to check it are {width}x{height}, the exemplars {columns}x{rows}; make both for one "
            "size"
        )
    if checkpoint is not None:
        prepare_file(checkpoint)
    device = generator.device
    exemplars = Exemplary(*(part.to(device) for part in prepared))
    others = None if check is None else Exemplary(*(part.to(device) for part in check))

    def measure(network: FewShotGenerator) -> tuple[Likeness, Likeness | None]:
        seen = exemplar_likeness(network, exemplars, tuning)
        return seen, None if others is None else check_likeness(network, exemplars, others)

    before = measure(generator)
    features = find_features(device) if features is None else features
    tuned = learn_update(generator, exemplars, tuning, features, checkpoint=checkpoint, progress=progress)
    facts = DeltaFacts(
        architecture=identify(generator, ARCHITECTURES),
        base=tuned.base,
        base_source=origin.source,
        licence=origin.licence,
        tuning=to_json(tuning),
        figures="",
    )
    delta = rounded(Delta(facts, tuned.entries), dtype, "tuning")
    after = measure(apply_delta(generator, delta, "tuning"))
    checked = None if before[1] is None or after[1] is None else (before[1], after[1])
    figures = TuningFigures((before[0], after[0]), checked)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return TuneReport(
        Delta(replace(facts, figures=to_json(figures)), delta.entries), figures, tuned.resumed_at
    )
