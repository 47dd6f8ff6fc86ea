"""Codes, edits and stitched crops of a face without a work folder, for those who hand things on themselves.

Each knows the crops that it belongs to, so that it is never used with others. What learns here may be called in torch's
inference mode, in which ComfyUI runs its nodes: networks and codes are copied out of it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.pixels import to_file
from ..media.reader import open_frames
from ..media.writer import open_writer
from ..models.faces.e4e import E4E
from ..models.faces.edits import Edit
from ..models.faces.stylegan2.generator import StyleGAN2
from ..progress import Progress, silent
from ..training.face_weights import Latent
from ..training.pivotal_run import TuningReport
from ..training.pivotal_tuning import Likeness, PivotalPlan, check_codes, check_plan
from ..training.stitching_tuning import StitchPlan
from ..training.stitching_tuning import check_plan as check_stitch_plan
from ..weights.delta import fingerprint
from .clips import write_clip
from .face_codes import encode_crops
from .face_edits import edited_latents, painted
from .face_files import AlignedFace, MaskClip
from .face_generators import copied, tune_to
from .face_stitching import AskedFrames, StitchReport, stitched_crops, summed
from .face_workfolder import fingerprint as fingerprint_of


@dataclass(frozen=True, eq=False)
class FaceCodes:
    """A code for each crop of a face."""

    codes: Tensor
    """`[n rows w]` float32 on the CPU."""
    aligned: AlignedFace

    @property
    def fingerprint(self) -> str:
        return fingerprint_of([self.aligned.fingerprint, self.codes.double().flatten(1).sum(1).tolist()])


@dataclass(frozen=True, eq=False)
class EditedFace:
    """What was painted of edited codes."""

    path: Path
    """A lossless clip, as large as the generator's pictures."""
    latents: Latent
    """Of all crops, on the CPU."""
    generator: str
    """Fingerprint of the generator that painted it."""
    aligned: AlignedFace


def invert_crops(
    crops: FrameReader, aligned: AlignedFace, encoder: E4E, progress: Progress = silent
) -> FaceCodes:
    """InputError for crops that aren't one for each frame that shows the face."""
    return FaceCodes(encode_crops(crops, encoder, len(aligned.alignment.frames), progress=progress), aligned)


def tune_on_crops(
    network: StyleGAN2,
    codes: FaceCodes,
    crops: FrameReader,
    likeness: Likeness,
    plan: PivotalPlan,
    folder: Path,
    progress: Progress = silent,
) -> tuple[StyleGAN2, TuningReport]:
    """A copy of the generator that paints this face; `network` stays as it is.

    folder: of checkpoints, from which the same call goes on; one for each run is made in it. InputError for codes of
    another generator, and for a loss that is not finite.
    """
    check_plan(plan)
    check_codes(network, codes.codes)
    belongs = {
        "generator": fingerprint(network),
        "codes": codes.fingerprint,
        "likeness": likeness.description,
    }
    run = folder / fingerprint_of([belongs, asdict(plan)])
    with torch.inference_mode(False), torch.enable_grad():
        tuning, report = tune_to(
            copied(network), codes.codes.clone(), crops, likeness, plan, run, belongs, progress
        )
        tuned = copied(network)
        weights = dict(tuned.state_dict()) | tuning.learning.weights()
        tuned.load_state_dict(weights)
    return tuned.requires_grad_(False), report


def write_edited(
    network: StyleGAN2,
    codes: FaceCodes,
    edits: Sequence[Edit],
    crops: FrameReader,
    out: Path,
    freeze_from: int | None = None,
    progress: Progress = silent,
) -> tuple[EditedFace, tuple[str, ...]]:
    """The face with the edits as a clip, at the crops' frame rate; and a sentence if they go far."""
    frames = codes.aligned.alignment.frames.tolist()
    device, side = network.constant.device, network.config.resolution
    latents, notes = edited_latents(network, codes.codes.to(device), edits, frames, freeze_from)
    pictures = painted(network, latents, len(frames))
    rate = crops.info.frame_rate
    write_clip(
        pictures, out, size=(side, side), frame_rate=rate, total=len(frames), codec="ffv1", progress=progress
    )
    kept = latents.cpu() if isinstance(latents, Tensor) else [style.cpu() for style in latents]
    return EditedFace(out, kept, fingerprint(network), codes.aligned), notes


def write_stitched(
    network: StyleGAN2,
    edited: EditedFace,
    crops: FrameReader,
    masks: MaskClip,
    out: Path,
    plan: StitchPlan,
    progress: Progress = silent,
) -> StitchReport:
    """The edited face as a clip, painted so that it meets its source.

    InputError for another generator than the edit's, and for masks of other crops.
    """
    check_stitch_plan(plan)
    if fingerprint(network) != edited.generator:
        raise InputError("the edit was painted by another generator; give the one that Edit Face was given")
    if masks.aligned != edited.aligned.fingerprint:
        raise InputError(
            "the masks are those of other crops than the edit; make them of the crops that were inverted"
        )
    alignment, side = edited.aligned.alignment, network.config.resolution
    count = len(alignment.frames)
    figures = []
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        open_frames(edited.path) as pictures,
        open_frames(masks.path) as shapes,
    ):
        own = copied(network)
        device = own.constant.device
        latents = _placed(edited.latents, device)
        clips = (crops, pictures, shapes)
        rate = crops.info.frame_rate
        with (
            AskedFrames(own, latents, clips, out.parent, count) as asked,
            open_writer(out, width=side, height=side, frame_rate=rate, codec="ffv1") as writer,
        ):
            results = stitched_crops(own, asked, alignment.runs.tolist(), plan)
            for number, result in enumerate(results, 1):
                picture = to_file(result.picture.clamp(-1, 1)[0].cpu())
                writer.write(picture)
                figures.append((result.border[-1], result.content[-1], result.updates))
                progress(number, count, partial(np.asarray, picture))
    return summed(count, figures)


def _placed(latents: Latent, device: torch.device) -> Latent:
    if isinstance(latents, Tensor):
        return latents.clone().to(device)
    return [style.clone().to(device) for style in latents]
