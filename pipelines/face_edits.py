"""Edit: the codes of a face along directions, each with a strength over time, and what the generator paints of them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_file
from ..media.reader import open_frames
from ..models.faces.directions import Direction, latent_space
from ..models.faces.edits import (
    FAR,
    Edit,
    check_generator,
    edit_codes,
    edit_styles,
    freeze_rows,
    mean_code,
    reach,
    reference_edit,
)
from ..models.faces.strengths import StrengthCurve
from ..models.faces.stylegan2.generator import StyleGAN2
from ..progress import Progress, silent
from ..training.face_weights import Latent, paint
from ..training.pivotal_tuning import check_codes
from ..weights.direction_file import choose_direction, read_directions
from .face_codes import CODES, read_codes
from .face_generators import TUNE, FaceGenerator, tuned_generator, uses_tuned
from .face_stages import (
    CROPS_FILE,
    StageReport,
    load_tensors,
    read_alignment,
    save_tensors,
    write_lossless,
)
from .face_workfolder import FaceWorkFolder

EDIT = "edit"
LATENTS_FILE, EDITED_FILE = "edited.safetensors", "edited.mkv"
SAMPLES = 2000
"""Of the mapping network, by which it is told how far an edit goes."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class EditOptions:
    """Beside the edits themselves."""

    freeze_from: int | None = None
    """Rows from this one on are the clip's mean: fine detail stays; None: all rows are each frame's."""


def named_edits(
    files: Sequence[Path],
    curves: Mapping[str, StrengthCurve],
    reference_scale: bool,
    own: Sequence[Direction] = (),
) -> list[Edit]:
    """The edits by the names of directions, `own` ones and those in these files, in the order of the names.

    InputError for a name that none of the files has, and for one that two of them have.
    """
    directions = list(own)
    for file in files:
        for direction in read_directions(file):
            if any(direction.name == other.name for other in directions) and direction.name in curves:
                raise InputError(
                    f"{file}: has a direction {direction.name!r}, as has another file; give one of them"
                )
            directions.append(direction)
    where = ", ".join(map(str, files)) or "no file of directions was given"
    make = reference_edit if reference_scale else Edit
    return [make(choose_direction(directions, name, where), curve) for name, curve in curves.items()]


def edit_face(
    folder: FaceWorkFolder,
    generator: FaceGenerator,
    edits: Sequence[Edit],
    options: EditOptions | None = None,
    *,
    tuned: bool | None = None,
    progress: Progress = silent,
) -> StageReport:
    """Stage 4: every frame's code with the edits, at their strength at that frame of the clip, and its picture.

    No edit gives the inversion. InputError for a direction of another generator, and codes of one. The report notes
    where strengths leave what the generator has seen.
    """
    options = options or EditOptions()
    with_tuning = uses_tuned(folder, tuned)
    told = {
        "edits": [_told(edit) for edit in edits],
        "freeze_from": options.freeze_from,
        "tuned": with_tuning,
    }
    needs = (CODES, TUNE) if with_tuning else (CODES,)
    planned = folder.plan(EDIT, needs, told, {"generator": generator.fingerprint})
    network = tuned_generator(folder, generator, tuned=with_tuning)
    before = read_codes(folder).to(network.constant.device)
    frames = read_alignment(folder).frames.tolist()
    latents, notes = edited_latents(network, before, edits, frames, options.freeze_from)
    path = folder.file(EDITED_FILE)
    if folder.holds(planned):
        return StageReport(path, len(frames), 0, notes)
    with open_frames(folder.file(CROPS_FILE)) as crops:
        rate = crops.info.frame_rate
    side = network.config.resolution
    pictures = partial(painted, network, latents, len(frames))
    made = write_lossless(path, planned.job, side, rate, pictures, len(frames), progress)
    kept = {"codes": latents} if isinstance(latents, Tensor) else {"styles": torch.cat(list(latents), 1)}
    save_tensors(folder.file(LATENTS_FILE), {name: value.cpu().contiguous() for name, value in kept.items()})
    folder.finish(planned, [LATENTS_FILE, EDITED_FILE])
    return StageReport(path, len(frames), made, notes)


def read_latents(folder: FaceWorkFolder, network: StyleGAN2) -> Latent:
    """What the pictures of an edited face are painted of, for all crops, where `network` is."""
    folder.require(EDIT)
    kept = load_tensors(folder.file(LATENTS_FILE))
    device = network.constant.device
    if "codes" in kept:
        return kept["codes"].to(device)
    return torch.split(
        kept["styles"].to(device), [vector.width for vector in network.config.style_vectors], 1
    )


@torch.no_grad()
def edited_latents(
    network: StyleGAN2,
    codes: Tensor,
    edits: Sequence[Edit],
    frames: Sequence[int],
    freeze_from: int | None = None,
) -> tuple[Latent, tuple[str, ...]]:
    """Codes `[n rows w]` of the frames of these numbers with the edits, and a sentence if these go far.

    They become styles where one of the edits is of styles. InputError for codes and directions of another generator.
    """
    check_generator((edit.direction for edit in edits), latent_space(network.mapping.average))
    check_codes(network, codes)
    if freeze_from is not None:
        codes = freeze_rows(codes, mean_code(codes), freeze_from)
    latents = _edited(network, codes, edits, frames)
    return latents, _notes(network, codes, latents, frames)


def painted(network: StyleGAN2, latents: Latent, count: int, start: int = 0) -> Iterator[Pixels]:
    """The pictures from number `start` on."""
    for number in range(start, count):
        with torch.inference_mode():
            picture = paint(network, latent_of(latents, number))
        yield to_file(picture.clamp(-1, 1)[0].cpu())


def latent_of(latents: Latent, number: int) -> Latent:
    """Those of one picture, b = 1."""
    part = slice(number, number + 1)
    return latents[part] if isinstance(latents, Tensor) else [style[part] for style in latents]


def _edited(network: StyleGAN2, codes: Tensor, edits: Sequence[Edit], frames: Sequence[int]) -> Latent:
    """Codes where none of the edits is one of styles, else styles."""
    edited = edit_codes(codes, [edit for edit in edits if edit.direction.space == "w"], frames).to(
        codes.dtype
    )
    of_styles = [edit for edit in edits if edit.direction.space == "style"]
    if not of_styles:
        return edited
    convolution = [vector.part != "to_rgb" for vector in network.config.style_vectors]
    return edit_styles(network.styles(edited), convolution, of_styles, frames)


def _notes(network: StyleGAN2, before: Tensor, after: Latent, frames: Sequence[int]) -> tuple[str, ...]:
    """One sentence if an edit goes where the generator has hardly painted before."""
    chance = torch.Generator().manual_seed(0)
    draws = torch.randn(SAMPLES, network.config.z_width, generator=chance).to(before)
    rows = network.mapping.row(draws)
    if isinstance(after, Tensor):
        far = reach(before.mean(1), after.mean(1), rows)
    else:
        seen = network.styles(rows[:, None].expand(-1, network.rows, -1))
        far = reach(*(torch.cat(list(styles), 1) for styles in (network.styles(before), after, seen)))
    beyond = (far > FAR).nonzero().flatten().tolist()
    if not beyond:
        return ()
    return (
        f"in {len(beyond)} of {len(frames)} frames, the first of them {frames[beyond[0]]}, the edit goes "
        f"{float(far.max()):.1f} standard deviations from the generator's mean face, where it has hardly ever painted "
        f"(beyond {FAR:g}): expect artefacts, or lower the strength",
    )


def _told(edit: Edit) -> dict[str, object]:
    """What a record keeps of an edit."""
    direction = edit.direction
    vector = direction.vector.double().contiguous().numpy().tobytes()
    return {
        "name": direction.name,
        "digest": hashlib.sha256(vector + repr((direction.space, direction.rows)).encode()).hexdigest()[:32],
        "keys": [list(key) for key in edit.strength.keys],
        "ease": edit.strength.ease,
    }
