"""The file of weights of a few-shot run."""

import json
from pathlib import Path

import torch

from ..errors import InputError
from ..media.outputs import prepare_file, writing
from ..models.fewshot.config import FewShotConfig
from ..models.fewshot.generator import FewShotGenerator
from ..weights.config_json import from_json
from ..weights.file import WeightsInfo, inspect, save
from .checkpoint import FILE_NAME, check_weights_name, fill_state, read_state


def export_fewshot(folder: Path, out: Path, licence: str, dtype: torch.dtype) -> WeightsInfo:
    """The averaged generator of a run's checkpoint as a file of weights, in `dtype`; returns what was written."""
    check_weights_name(out)
    path = folder / FILE_NAME
    if not path.is_file():
        raise InputError(
            f"{folder}: holds no {FILE_NAME}; name the folder that maliang train fewshot wrote to"
        )
    metadata, tensors = read_state(path, "average/")
    try:
        recipe = json.loads(metadata["recipe"])
        name, config = str(recipe["name"]), json.dumps(recipe["generator"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: its recipe is not one of this program's ({error!r})") from error
    average = FewShotGenerator(from_json(FewShotConfig, config, f"{path}: recipe.generator"))
    fill_state(path, tensors, {"average": average}, {})
    prepare_file(out)
    source = f"trained by maliang train fewshot --recipe {name}, {metadata['step']} clips"
    with writing(out):
        save(out, average, licence=licence, source=source, notes=metadata["recipe"], dtype=dtype)
    return inspect(out)
