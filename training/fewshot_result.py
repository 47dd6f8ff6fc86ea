"""The generator that came out of a run of few-shot vid2vid, read off its checkpoint."""

import json
from pathlib import Path

from ..errors import InputError
from ..models.fewshot.config import FewShotConfig
from ..models.fewshot.generator import FewShotGenerator
from ..weights.config_json import from_json
from .checkpoint import fill_state, read_state
from .networks import AVERAGE


def read_fewshot(path: Path) -> FewShotGenerator:
    """The averaged generator; of the recipe only what says how it looks is read."""
    metadata, tensors = read_state(path, f"{AVERAGE}/")
    try:
        config = json.dumps(json.loads(metadata["recipe"])["generator"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: its recipe is not one of this program's ({error!r})") from error
    average = FewShotGenerator(from_json(FewShotConfig, config, f"{path}: recipe.generator"))
    fill_state(path, tensors, {AVERAGE: average}, {})
    return average
