"""Checkpoints of a training run: networks, optimisers, position; safetensors, no pickle.

Layout of a file: `<part>/<entry>` for every tensor; the metadata holds the recipe and the step. Written to a temporary
name, then renamed, so that a killed run leaves the checkpoint before it whole.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import InputError
from ..models.vid2vid.generator import Vid2VidGenerator
from ..weights.config_json import from_json
from ..weights.file import WeightsInfo, inspect, save
from .recipe import Recipe
from .vid2vid import Networks


def _modules(networks: Networks) -> dict[str, nn.Module]:
    return {
        "generator": networks.generator,
        "discriminator": networks.discriminator,
        "average": networks.average,
    }


def _optimizers(networks: Networks) -> dict[str, Optimizer]:
    return {
        "generator_optimizer": networks.generator_optimizer,
        "discriminator_optimizer": networks.discriminator_optimizer,
    }


def save_checkpoint(path: Path, networks: Networks, recipe: Recipe, step: int) -> None:
    """Everything that `load_checkpoint` needs to go on after `step` clips as if nothing had happened."""
    tensors: dict[str, Tensor] = {}
    for part, module in _modules(networks).items():
        tensors |= {f"{part}/{key}": value.contiguous() for key, value in module.state_dict().items()}
    for part, optimizer in _optimizers(networks).items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"{part}/{index}/{key}": value.contiguous() for key, value in state.items()}
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, {"recipe": json.dumps(asdict(recipe)), "step": str(step)})
    os.replace(temporary, path)


def load_checkpoint(path: Path, networks: Networks, recipe: Recipe) -> int:
    """Fill `networks` from a file; returns the number of clips that it was trained on. Another recipe: InputError."""
    metadata, tensors = _read(path)
    _check_recipe(path, json.loads(metadata["recipe"]), recipe)
    for part, module in _modules(networks).items():
        module.load_state_dict(_part(tensors, part))
    for part, optimizer in _optimizers(networks).items():
        _fill_optimizer(optimizer, _part(tensors, part))
    return int(metadata["step"])


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


def export_run(folder: Path, out: Path, licence: str, dtype: torch.dtype) -> WeightsInfo:
    """The averaged generator of a run's checkpoint as a file of weights; returns what was written."""
    path = folder / "checkpoint.safetensors"
    if not path.exists():
        raise InputError(f"{folder}: holds no checkpoint.safetensors; give the --out folder of maliang train")
    metadata, tensors = _read(path)
    recipe = from_json(Recipe, metadata["recipe"], f"{path}: recipe")
    generator = Vid2VidGenerator(recipe.generator)
    generator.load_state_dict(_part(tensors, "average"))
    trained = f"trained by maliang train vid2vid --recipe {recipe.name}, {metadata['step']} clips"
    save(out, generator, licence=licence, source=trained, notes=metadata["recipe"], dtype=dtype)
    return inspect(out)


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            return file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise InputError(f"{path}: not a whole checkpoint ({error}); delete it to start anew") from error


def _part(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(f"{part}/"): value for key, value in tensors.items() if key.startswith(f"{part}/")
    }


_MAY_CHANGE = ("stages", "decay_clips")


def _check_recipe(path: Path, theirs: dict[str, Any], recipe: Recipe) -> None:
    """The schedule may change, so that a run can be made longer or shorter; everything else must be as it was."""
    ours = json.loads(json.dumps(asdict(recipe)))
    changed = [key for key in ours if key not in _MAY_CHANGE and ours[key] != theirs.get(key)]
    if changed:
        raise InputError(
            f"{path}: belongs to a run with another {', '.join(changed)}; choose another --out folder"
        )
