"""Where ComfyUI keeps files: models, the user's input, what nodes make on the way."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import folder_paths

from ..errors import InputError

MODELS = "maliang"
"""Name of our model folder, in ComfyUI's models folder and as a key in extra_model_paths.yaml."""


def register_models() -> None:
    """Add `models/maliang` to ComfyUI's model folders, beside those that extra_model_paths.yaml named before."""
    folder_paths.add_model_folder_path(MODELS, os.path.join(folder_paths.models_dir, MODELS))
    folder_paths.folder_names_and_paths[MODELS][1].add(".safetensors")


def model_folders() -> list[Path]:
    """Every folder that may hold our weights, the user's default first."""
    return [Path(folder) for folder in folder_paths.get_folder_paths(MODELS)]


def user_path(name: str) -> Path:
    """A file or folder that a user names by its path in ComfyUI's input folder, or in another: "edits.json [output]".

    InputError for one that lies outside of that folder or isn't there.
    """
    wanted, _, place = name.strip().partition(" [")
    folders = {"input]": folder_paths.get_input_directory, "output]": folder_paths.get_output_directory}
    root = os.path.abspath(folders.get(place, folder_paths.get_input_directory)())
    path = os.path.abspath(os.path.join(root, wanted if place in folders else name.strip()))
    if os.path.commonpath([root, path]) != root:
        raise InputError(
            f"{name!r} lies outside of ComfyUI's folder {root}; copy or link it into that folder"
        )
    if not os.path.exists(path):
        raise InputError(f"{name!r} is not in ComfyUI's folder {root}; copy or link it there")
    return Path(path)


def path_stamp(name: str) -> tuple[str, int, int] | str:
    """Changes when the file or folder that a user names does: for `fingerprint_inputs`."""
    path = user_path(name)
    facts = path.stat()
    return str(path), facts.st_mtime_ns, facts.st_size


@contextmanager
def temp_file(name: str) -> Iterator[Path]:
    """Where to write a file of this name, in a folder of its own; what is unfinished goes when the work fails.

    ComfyUI empties its temp folder when it starts and ends, so the file lives as long as any cache that knows it.
    """
    root = folder_paths.get_temp_directory()
    os.makedirs(root, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="maliang_", dir=root))
    try:
        yield folder / name
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def kept_folder(name: str, node: str) -> Path:
    """Where the node of that id keeps work from one run to the next, until ComfyUI ends."""
    plain = "".join(letter if letter.isalnum() else "-" for letter in str(node))
    return Path(folder_paths.get_temp_directory()) / f"maliang_{name}_{plain}"
