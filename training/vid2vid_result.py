"""The generator that came out of a run of vid2vid, read off its checkpoint."""

import json
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError
from ..models.vid2vid.config import GeneratorConfig
from ..models.vid2vid.generator import Vid2VidGenerator
from ..weights.config_json import from_json
from .checkpoint import fill_state, read_state
from .networks import AVERAGE, coarsest_scales
from .stand_ins import StandIns, fill_stand_ins


def read_generator(path: Path) -> Vid2VidGenerator:
    """The averaged generator, of the scales that have been trained so far, its stand-ins filled in."""
    metadata, tensors = read_state(path, f"{AVERAGE}/")
    result = _result_of(path, metadata)
    average = Vid2VidGenerator(result.generator)
    fill_state(path, tensors, {AVERAGE: average}, {})
    average = coarsest_scales(average, result.scales)
    fill_stand_ins(average, result.stand_ins)
    return average


class _Result(NamedTuple):
    """What a checkpoint says of the network that came out."""

    generator: GeneratorConfig
    scales: int
    """Those that have been trained so far."""
    stand_ins: StandIns


def _result_of(path: Path, metadata: dict[str, str]) -> _Result:
    """Only what every version of these files says: their recipes have had other fields."""
    try:
        recipe = json.loads(metadata["recipe"])
        generator = from_json(GeneratorConfig, json.dumps(recipe["generator"]), f"{path}: recipe.generator")
        stand_ins = tuple((int(lacking), int(drawn)) for lacking, drawn in recipe["stand_ins"])
        scales, left = generator.scales, int(metadata["step"])
        for stage in recipe["stages"]:
            scales, left = int(stage.get("scales", generator.scales)), left - int(stage["clips"])
            if left <= 0:
                break
        return _Result(generator, scales, stand_ins)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: its recipe is not one of this program's ({error!r})") from error
