"""Checkpoints of a training run: networks, optimisers, position; safetensors, no pickle.

Layout of a file: `<part>/<entry>` for every tensor; the metadata holds the recipe, the step, what the perceptual term
sees with, and the scale of half precision's losses. Nothing else decides how a run goes on: chance is a function of the
recipe's seed and the number of a clip. Written to a temporary name, then renamed, so that a killed run or a full disk
leaves the checkpoint before it whole.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import InputError
from ..media.outputs import settle, writing
from ..weights.config_json import to_json
from ..weights.strict import check_entries
from .method import Trainees
from .schedule import Schedule

FILE_NAME = "checkpoint.safetensors"
"""In the folder of a run."""


class Position(NamedTuple):
    """Where a run stands."""

    step: int
    """Clips that it was trained on."""
    scaler: dict[str, float]
    """`Team.scaler_state`."""


def save_checkpoint(path: Path, networks: Trainees, recipe: Schedule[Any], position: Position) -> None:
    """Everything that `load_checkpoint` needs to go on as if nothing had happened; see `save_state`."""
    metadata = _metadata(networks, recipe, position)
    save_state(path, networks.modules, _optimizers(networks), metadata)


def save_state(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    metadata: dict[str, str],
) -> None:
    """Weights and moments under the names of their parts; the metadata has at least `recipe` and `step`,
    and `unit` where steps are no clips.

    InputError where the disk refuses it, or where weights are not finite: the earlier file stays. Memory: copies of the
    weights that lie channels-last.
    """
    tensors: dict[str, Tensor] = {}
    for part, module in modules.items():
        tensors |= {f"{part}/{key}": value.contiguous() for key, value in module.state_dict().items()}
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        unit = metadata.get("unit", "clips")
        raise InputError(
            f"{path}: after {metadata['step']} {unit} weights are not finite (NaN or infinity) and are not saved; take "
            "a lower learning rate or another precision"
        )
    for part, optimizer in optimizers.items():
        for number, state in optimizer.state_dict()["state"].items():
            tensors |= {f"{part}/{number}/{key}": value.contiguous() for key, value in state.items()}
    temporary = path.with_suffix(".tmp")
    try:
        with writing(path):
            _save_file(tensors, temporary, metadata)
            settle(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _save_file(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """`save_file`, whose errors become those of the system that they are about."""
    try:
        save_file(tensors, path, metadata)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        raise OSError(int(number[1]) if number else 0, str(error)) from error


def _metadata(networks: Trainees, recipe: Schedule[Any], position: Position) -> dict[str, str]:
    return {
        "kind": recipe.kind,
        "recipe": to_json(recipe),
        "step": str(position.step),
        "features": networks.perception,
        "scaler": json.dumps(position.scaler),
    }


def load_checkpoint(path: Path, networks: Trainees, recipe: Schedule[Any]) -> Position:
    """Fill `networks` from a file; returns where they stand.

    InputError: not a whole checkpoint, or one of another recipe (only the schedule may be another, so that a run can
    be made longer or shorter). Memory: the file's tensors beside the networks.
    """
    metadata, tensors = read_state(path)
    check_recipe_of(path, metadata["recipe"], recipe)
    _check_features(path, metadata.get("features", "random features"), networks.perception)
    fill_state(path, tensors, networks.modules, _optimizers(networks))
    return Position(int(metadata["step"]), json.loads(metadata.get("scaler", "{}")))


def fill_state(
    path: Path,
    tensors: dict[str, Tensor],
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
) -> None:
    """Give the modules and optimisers what `save_state` saved of them; InputError for what doesn't fit."""
    for part, module in modules.items():
        _fill_module(module, _part(tensors, part), f"{path}: {part}")
    for part, optimizer in optimizers.items():
        _fill_optimizer(optimizer, _part(tensors, part))


def _optimizers(networks: Trainees) -> dict[str, Optimizer]:
    return {f"{name}_optimizer": optimizer for name, optimizer in networks.optimizers.items()}


def checkpoint_in(folder: Path) -> Path:
    """The checkpoint of a run; InputError where there is none."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise InputError(f"{folder}: holds no {FILE_NAME}; name the folder of a run of maliang train")
    return path


def read_state(path: Path, prefix: str = "") -> tuple[dict[str, str], dict[str, Tensor]]:
    """The metadata, and the tensors whose names begin with `prefix`."""
    try:
        with safe_open(path, "pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 - not a mapping
            tensors = {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise InputError(f"{path}: not a whole checkpoint ({error}); delete it to start anew") from error
    if not {"recipe", "step"} <= metadata.keys():
        raise InputError(f"{path}: not a checkpoint of a training run; choose another folder")
    return metadata, tensors


def _part(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    prefix = f"{part}/"
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _fill_module(module: nn.Module, tensors: dict[str, Tensor], where: str) -> None:
    check_entries(module.state_dict(), {name: value.shape for name, value in tensors.items()}, where)
    module.load_state_dict(tensors)


def _fill_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Take over the state `<parameter number>/<name>`, every tensor in the memory layout of its parameter.

    The fused Adam walks through parameter and moments in the order of their bytes: in another layout, moments would
    meet weights that are not theirs.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition("/")
        like = parameters[int(number)]
        fitted = torch.empty_like(like).copy_(value) if value.shape == like.shape else value
        state.setdefault(int(number), {})[name] = fitted
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


_MAY_CHANGE = ("stages",)
"""Fields of a recipe that are its schedule."""


def _check_features(path: Path, theirs: str, ours: str) -> None:
    if theirs != ours:
        raise InputError(
            f"{path}: belongs to a run whose perceptual term sees with {theirs}, here it would see "
            f"with {ours}; bring these weights, or choose another folder"
        )


def check_recipe_of(path: Path, stored: str, recipe: Any) -> None:
    """InputError where a checkpoint's recipe is another one in more than its schedule."""
    theirs, ours = json.loads(stored), json.loads(to_json(recipe))
    changed = [
        change
        for key in ours
        if key not in _MAY_CHANGE
        for change in _changes(theirs.get(key), ours[key], key)
    ]
    if changed:
        more = f" and {len(changed) - 4} more" if len(changed) > 4 else ""
        raise InputError(
            f"{path}: belongs to a run with other settings ({', '.join(changed[:4])}{more}); choose another folder"
        )


def _changes(theirs: Any, ours: Any, name: str) -> Iterator[str]:
    """`losses.gan was 1.0, is 2.0` for every difference between two values as JSON reads them."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in theirs | ours:
            yield from _changes(theirs.get(key), ours.get(key), f"{name}.{key}")
    elif theirs != ours:
        yield f"{name} was {json.dumps(theirs)}, is {json.dumps(ours)}"
