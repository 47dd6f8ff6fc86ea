"""Generators of faces: loaded, tuned to a clip's face, and found again in its work folder."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.outputs import writing
from ..media.pixels import to_model
from ..media.reader import open_frames
from ..models.faces.stylegan2.generator import StyleGAN2
from ..models.features.lpips import LPIPS
from ..progress import Progress, silent
from ..training.checkpoint import FILE_NAME
from ..training.pivotal_run import TuningReport, run_tuning
from ..training.pivotal_tuning import (
    Likeness,
    PivotalPlan,
    PivotalTuning,
    RandomLikeness,
    check_codes,
    check_plan,
)
from ..weights.architectures import ARCHITECTURES, identify
from ..weights.config_json import to_json
from ..weights.delta import Delta, DeltaFacts, apply_delta, fingerprint, read_delta, save_delta
from ..weights.file import inspect, read, save
from ..weights.loading import load_as, locate
from .face_codes import CODES, read_codes
from .face_frames import NumberedPictures
from .face_stages import CROPS, CROPS_FILE
from .face_workfolder import FaceWorkFolder

TUNE = "tune"
TUNED_FILE = "tuned.safetensors"
"""The whole generator, or, tuned by a rank, what is added to the one that it was made of (`weights.delta`)."""


@dataclass(frozen=True, eq=False)
class FaceGenerator:
    """A generator as it was loaded, float32."""

    network: StyleGAN2
    fingerprint: str
    """`weights.delta.fingerprint`."""
    source: str
    licence: str


def load_face_generator(weights: str | Path, device: torch.device) -> FaceGenerator:
    """InputError for weights that aren't StyleGAN2's."""
    what = "not a generator of faces; give StyleGAN2's weights (maliang weights convert makes ours of published ones)"
    network = load_as(StyleGAN2, what, weights, device, torch.float32)
    info = inspect(locate(weights))
    return FaceGenerator(network, fingerprint(network), info.source, info.licence)


def load_likeness(weights: str | Path | None, device: torch.device) -> Likeness:
    """LPIPS of a file; None: random features, which need none, and see less."""
    if weights is None:
        return RandomLikeness(device)
    what = "not LPIPS; give its weights (maliang weights convert makes ours of published ones), or none"
    return load_as(LPIPS, what, weights, device, torch.float32).requires_grad_(False)


def tune_generator(
    folder: FaceWorkFolder,
    generator: FaceGenerator,
    likeness: Likeness,
    plan: PivotalPlan,
    *,
    progress: Progress = silent,
) -> TuningReport:
    """Stage 3: the generator learns to paint this face from its codes; `generator` itself stays as it is.

    A run that was stopped goes on from its checkpoint in the folder, which is gone when it is done. InputError for
    codes of another generator, and for a loss that is not finite. Memory: the generator four times with rank 0, once
    with a rank; the frames of a batch; a gigabyte of features at most.
    """
    check_plan(plan)
    given = {"generator": generator.fingerprint, "likeness": likeness.description}
    planned = folder.plan(TUNE, (CROPS, CODES), asdict(plan), given)
    network = generator.network
    codes = read_codes(folder).to(network.constant.device)
    check_codes(network, codes)
    if folder.holds(planned):
        updates = plan.epochs * -(-len(codes) // plan.batch)
        return TuningReport(updates, 0, False, None)
    belongs = {**planned.inputs, **planned.given}
    with open_frames(folder.file(CROPS_FILE)) as crops:
        tuning, report = tune_to(network, codes, crops, likeness, plan, folder.file(TUNE), belongs, progress)
    _keep(folder.file(TUNED_FILE), generator, tuning)
    folder.finish(planned, [TUNED_FILE])
    folder.file(TUNE).joinpath(FILE_NAME).unlink(missing_ok=True)
    return report


def tune_to(
    network: StyleGAN2,
    codes: Tensor,
    crops: FrameReader,
    likeness: Likeness,
    plan: PivotalPlan,
    folder: Path,
    belongs: Mapping[str, str],
    progress: Progress = silent,
) -> tuple[PivotalTuning, TuningReport]:
    """Tune to crops of any size, one for each of the codes; `network` stays as it is.

    folder: of the run's checkpoint; otherwise see `tune_generator`.
    """
    learner = network if plan.rank else copied(network)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with NumberedPictures(crops, folder, len(codes), network.config.resolution) as pictures:

        def frame(number: int) -> Tensor:
            return to_model(pictures[number])

        tuning = PivotalTuning(learner, codes.to(network.constant.device), frame, likeness, plan)
        return tuning, run_tuning(tuning, folder, belongs, progress=progress)


def tuned_generator(
    folder: FaceWorkFolder, generator: FaceGenerator, *, tuned: bool | None = None
) -> StyleGAN2:
    """The generator that paints this clip's face: tuned to it where that was done, without gradients.

    tuned: False for the one as it was loaded; True where an untuned one must not be. InputError for a folder whose
    tuning was done with other weights.
    """
    if not uses_tuned(folder, tuned):
        return generator.network.requires_grad_(False)
    record = folder.require(TUNE)
    if record.given.get("generator") != generator.fingerprint:
        raise InputError(
            f"{folder.path}: its generator was tuned from other weights than these ({generator.source[:200]}); give "
            "those, or run maliang faces tune again"
        )
    path = folder.file(TUNED_FILE)
    if record.options["rank"]:
        network = apply_delta(generator.network, read_delta(path), str(path))
    else:
        whole = read(path, generator.network.constant.device, torch.float32)
        assert isinstance(whole, StyleGAN2), "written by tune_generator"
        network = whole
    return network.requires_grad_(False)


def uses_tuned(folder: FaceWorkFolder, tuned: bool | None) -> bool:
    """Whether the folder's tuned generator is meant."""
    return folder.record(TUNE) is not None if tuned is None else tuned


def copied(network: StyleGAN2) -> StyleGAN2:
    """The same generator on the same device, with weights of its own."""
    copy = StyleGAN2(network.config).to(network.constant.device)
    copy.load_state_dict(network.state_dict())
    return copy


def _keep(path: Path, generator: FaceGenerator, tuning: PivotalTuning) -> None:
    """Write what has been learnt: a few megabytes of float16 with a rank, else all weights."""
    update, told = tuning.learning.update, to_json(tuning.plan)
    if update is None:
        source = f"{generator.source}; tuned to one face"
        save(path, tuning.learning.generator, licence=generator.licence, source=source, notes=told)
        return
    facts = DeltaFacts(
        architecture=identify(generator.network, ARCHITECTURES),
        base=generator.fingerprint,
        base_source=generator.source,
        licence=generator.licence,
        tuning=told,
        figures=to_json(_Figures(tuning.done)),
    )
    save_delta(path, Delta(facts, {name: value.detach() for name, value in update.state_dict().items()}))


@dataclass(frozen=True)
class _Figures:
    updates: int
