"""Label edits on disk."""

from functools import partial
from typing import Any

from comfy_api.latest import io

from ..models.labels.edits import LabelEdits
from ..pipelines.saved_edits import read_edits, save_edits
from . import compat
from .folders import path_stamp, user_path
from .saved_files import prefix_input, save_json, saved_file_input
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
                prefix_input("edits/labels"),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, edits: LabelEdits, filename_prefix: str) -> io.NodeOutput:
        return save_json(filename_prefix, partial(save_edits, edits))


class LoadEdits(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLoadEdits",
            display_name="Load Label Edits",
            category="Maliang/labels",
            description="Reads edits that Save Label Edits, or the command line, wrote.",
            search_aliases=["import edits", "replay edits"],
            inputs=[saved_file_input("edits.json", "JSON", "edits/labels_00001_.json")],
            outputs=[Edits.Output("edits", tooltip="For Apply Label Edits.")],
        )

    @classmethod
    def fingerprint_inputs(cls, file: str) -> Any:
        return path_stamp(file)

    @classmethod
    def execute(cls, file: str) -> io.NodeOutput:
        return io.NodeOutput(read_edits(user_path(file)))
