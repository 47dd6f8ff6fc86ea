"""Files of weights out of runs of any kind: a checkpoint's recipe says of which."""

import json
from pathlib import Path

import torch

from ..weights.file import WeightsInfo
from .checkpoint import FILE_NAME, export_run, read_state
from .fewshot_export import export_fewshot
from .future_loop import export_future
from .segmenter_loop import export_segmenter


def export_any(folder: Path, out: Path, licence: str, dtype: torch.dtype) -> WeightsInfo:
    """The (averaged) network of a run's checkpoint as a file of weights, in `dtype`; returns what was written."""
    path = folder / FILE_NAME
    recipe = json.loads(read_state(path, "none/")[0]["recipe"]) if path.is_file() else {}
    if "target" in recipe:
        return export_future(folder, out, licence, dtype)
    if "updates" in recipe:
        return export_segmenter(folder, out, licence, dtype)
    if "subjects" in recipe:
        return export_fewshot(folder, out, licence, dtype)
    return export_run(folder, out, licence, dtype)
