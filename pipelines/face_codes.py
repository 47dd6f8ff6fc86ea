"""Invert: from the crops of a face to the codes from which its generator paints it."""

from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.pixels import to_model
from ..media.reader import open_frames
from ..models.faces.e4e import E4E, encoder_input
from ..progress import Progress, silent
from ..weights.delta import fingerprint
from ..weights.loading import load_as
from .face_stages import CROPS, CROPS_FILE, StageReport, load_tensors, read_alignment, save_tensors
from .face_workfolder import FaceWorkFolder

CODES = "codes"
CODES_FILE = "codes.safetensors"
BATCH = 8
"""Crops that the encoder is given at once."""


def invert_face(
    folder: FaceWorkFolder,
    encoder: E4E,
    *,
    exact: bool = False,
    batch: int = BATCH,
    progress: Progress = silent,
) -> StageReport:
    """Stage 2: a code for every crop. Nothing is kept of a run that was stopped: an encoder is quick.

    encoder: on the device that it shall run on; exact: crops are made smaller as STIT does, without averaging.
    """
    planned = folder.plan(CODES, (CROPS,), {"exact": exact}, {"encoder": fingerprint(encoder)})
    path, count = folder.file(CODES_FILE), len(read_alignment(folder).frames)
    if folder.holds(planned):
        return StageReport(path, count, 0)
    with open_frames(folder.file(CROPS_FILE)) as crops:
        codes = encode_crops(crops, encoder, count, exact=exact, batch=batch, progress=progress)
    save_tensors(path, {"codes": codes})
    folder.finish(planned, [CODES_FILE])
    return StageReport(path, count, count)


@torch.inference_mode()
def encode_crops(
    crops: FrameReader,
    encoder: E4E,
    count: int,
    *,
    exact: bool = False,
    batch: int = BATCH,
    progress: Progress = silent,
) -> Tensor:
    """Codes `[n rows w]` of crops of any size, on the CPU; count: of the crops.

    InputError for another number of them.
    """
    codes: list[Tensor] = []
    frames = crops.frames()
    while some := [to_model(frame.pixels) for frame in islice(frames, batch)]:
        seen = encoder_input(torch.stack(some), encoder.config.resolution, antialias=not exact)
        codes += encoder(seen.to(encoder.average.device)).float().cpu()
        progress(len(codes), count)
    if len(codes) != count:
        raise InputError(f"there are {len(codes)} crops, but {count} frames show the face; give one for each")
    return torch.stack(codes)


def read_codes(folder: FaceWorkFolder) -> Tensor:
    """`[n rows w]` float32, of the crops in their order. InputError where they are missing or stale."""
    folder.require(CODES)
    return load_tensors(folder.file(CODES_FILE))["codes"]


def load_encoder(weights: str | Path, device: torch.device) -> E4E:
    """InputError for weights that are no encoder of faces."""
    what = (
        "not an encoder of faces; give e4e's weights (maliang weights convert makes ours of published ones)"
    )
    return load_as(E4E, what, weights, device, torch.float32)
