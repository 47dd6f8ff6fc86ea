"""Label edits on disk."""

from pathlib import Path
from typing import Any

import folder_paths
from comfy_api.latest import io, ui

from ..models.labels.edits import LabelEdits
from ..pipelines.saved_edits import read_edits, save_edits
from . import compat
from .folders import path_stamp, user_path
from .types import Edits


class SaveEdits(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangSaveEdits",
            display_name="Save Label Edits",
            category="Maliang/labels",
            description="Keeps edits as a JSON file in the output folder, masks beside it as pictures.",
            search_aliases=["export edits"],
            is_output_node=True,
            inputs=[
                Edits.Input("edits", tooltip="From Edit Labels."),
                io.String.Input(
                    "filename_prefix",
                    default="edits/labels",
                    tooltip="Folder and beginning of the name; a number is added.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, edits: LabelEdits, filename_prefix: str) -> io.NodeOutput:
        folder, name, number, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory()
        )
        file = f"{name}_{number:05}_.json"
        save_edits(edits, Path(folder) / file)
        return io.NodeOutput(ui=ui.PreviewText(f"{Path(subfolder, file).as_posix()} [output]"))


class LoadEdits(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLoadEdits",
            display_name="Load Label Edits",
            category="Maliang/labels",
            description="Reads edits that Save Label Edits, or the command line, wrote.",
            search_aliases=["import edits", "replay edits"],
            inputs=[
                io.String.Input(
                    "file",
                    default="edits.json",
                    tooltip="The JSON file by its path in the input folder; 'edits/labels_00001_.json [output]' for "
                    "one in the output folder.",
                )
            ],
            outputs=[Edits.Output("edits", tooltip="For Apply Label Edits.")],
        )

    @classmethod
    def fingerprint_inputs(cls, file: str) -> Any:
        return path_stamp(file)

    @classmethod
    def execute(cls, file: str) -> io.NodeOutput:
        return io.NodeOutput(read_edits(user_path(file)))
