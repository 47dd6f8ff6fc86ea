"""What nodes that save to the output folder, and those that load from there, have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import folder_paths
from comfy_api.latest import io, ui


def new_file(filename_prefix: str, ending: str) -> tuple[Path, str]:
    """A file in the output folder that isn't there yet, and its name as a loading node takes it."""
    folder, name, number, subfolder, _ = folder_paths.get_save_image_path(
        filename_prefix, folder_paths.get_output_directory()
    )
    file = f"{name}_{number:05}_{ending}"
    return Path(folder) / file, f"{Path(subfolder, file).as_posix()} [output]"


def save_json(filename_prefix: str, save: Callable[[Path], None]) -> io.NodeOutput:
    """Let `save` write a JSON file into the output folder; the node shows the name that a loading node takes."""
    path, shown = new_file(filename_prefix, ".json")
    save(path)
    return io.NodeOutput(ui=ui.PreviewText(shown))


def prefix_input(default: str) -> Any:
    """Where `new_file` lies."""
    return io.String.Input(
        "filename_prefix", default=default, tooltip="Folder and beginning of the name; a number is added."
    )


def saved_file_input(default: str, endings: str, example: str) -> Any:
    """A file that the user names for `folders.user_path`."""
    return io.String.Input(
        "file",
        default=default,
        tooltip=f"The {endings} file by its path in the input folder; '{example} [output]' for one in the output "
        "folder.",
    )
