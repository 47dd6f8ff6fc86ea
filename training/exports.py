"""Files of weights out of runs of any kind."""

import json
from pathlib import Path

import torch

from ..errors import InputError
from ..media.outputs import prepare_file, writing
from ..weights.file import WeightsInfo, inspect, save
from ..weights.folders import SUFFIX
from .checkpoint import checkpoint_in, read_state
from .methods import approach_to


def export_run(folder: Path, out: Path, licence: str, dtype: torch.dtype) -> WeightsInfo:
    """The network that came out of a run, as far as it is, as a file of weights in `dtype`; returns what was written.

    Its notes are the recipe. InputError: a folder without a checkpoint, a name that no weights have, a full disk.
    """
    _check_name(out)
    path = checkpoint_in(folder)
    metadata, _ = read_state(path, "none/")
    approach = approach_to(path, metadata)
    network = approach.result(path)
    prepare_file(out)
    command = f"maliang train {approach.kind} --recipe {json.loads(metadata['recipe'])['name']}"
    source = f"trained by {command}, {metadata['step']} clips"
    with writing(out):
        save(out, network, licence=licence, source=source, notes=metadata["recipe"], dtype=dtype)
    return inspect(out)


def prepare_export(out: Path) -> None:
    """InputError, before the work begins, for a name that no weights can be saved under; makes its folder."""
    _check_name(out)
    prepare_file(out)


def _check_name(out: Path) -> None:
    if out.suffix != SUFFIX:
        raise InputError(f"{out}: the name of a file of weights ends in {SUFFIX}; give --out such a name")
