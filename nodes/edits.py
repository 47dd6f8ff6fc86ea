"""Label maps changed: classes replaced, another palette, another size."""

import torch
from comfy_api.latest import io

from ..models.labels.convert import ConvertedLabels
from ..models.labels.edits import LabelEdits
from ..models.labels.frames import LabelStream
from ..models.labels.palette import builtin_palette, builtin_palette_names
from ..models.labels.resize import ResizedLabels
from ..pipelines.label_edits import edit_of, with_edits, within_masks
from . import compat
from .types import Edits, Labels

ANY_LABELS = "Label maps from any source."


class EditLabels(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangEditLabels",
            display_name="Edit Labels",
            category="Maliang/labels",
            description="Replaces classes by another one: trees become buildings. In the whole picture or a mask, in "
            "the whole clip or some frames. Several edits: one node after the other.",
            search_aliases=["replace class", "change labels", "semantic edit"],
            inputs=[
                Labels.Input("labels", tooltip=ANY_LABELS),
                io.String.Input(
                    "replace",
                    default="vegetation",
                    tooltip="Names of the classes to replace, separated by commas. A wrong name lists those there are.",
                ),
                io.String.Input("by", default="building", tooltip="Name of the class that they become."),
                io.Int.Input(
                    "start", default=0, min=0, max=1_000_000, tooltip="First frame to change, counted from 0."
                ),
                io.Int.Input(
                    "stop",
                    default=0,
                    min=0,
                    max=1_000_000,
                    tooltip="The frame after the last one to change. 0: to the end.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Only what is selected changes. One mask for all frames, or one for every frame from "
                    "'start' on; brought to the label maps' size.",
                ),
            ],
            outputs=[
                Labels.Output("labels", tooltip="The edited label maps."),
                Edits.Output(
                    "edits", tooltip="This edit and all before it, to apply to other label maps or to save."
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        labels: LabelStream,
        replace: str,
        by: str,
        start: int,
        stop: int,
        mask: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        edit = edit_of(replace, by, start, stop or None)
        edits = LabelEdits((edit,)) if mask is None else within_masks(edit, mask, labels.height, labels.width)
        edited = with_edits(labels, edits)
        return io.NodeOutput(edited, edited.edits)


class ApplyEdits(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangApplyEdits",
            display_name="Apply Label Edits",
            category="Maliang/labels",
            description="Makes the edits of another clip, or of a file, again.",
            search_aliases=["replay edits"],
            inputs=[
                Labels.Input("labels", tooltip=ANY_LABELS),
                Edits.Input("edits", tooltip="From Edit Labels or Load Label Edits."),
            ],
            outputs=[Labels.Output("labels", tooltip="The edited label maps.")],
        )

    @classmethod
    def execute(cls, labels: LabelStream, edits: LabelEdits) -> io.NodeOutput:
        return io.NodeOutput(with_edits(labels, edits))


class ConvertLabels(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangConvertLabels",
            display_name="Convert Labels",
            category="Maliang/labels",
            description="Says the same in the classes of another data set, by their names: what a generator needs that "
            "was trained on that data set.",
            search_aliases=["palette", "ade20k to cityscapes", "class mapping"],
            inputs=[
                Labels.Input("labels", tooltip=ANY_LABELS),
                io.Combo.Input(
                    "palette",
                    options=builtin_palette_names(),
                    default="cityscapes",
                    tooltip="The data set whose classes the label maps get.",
                ),
                io.String.Input(
                    "otherwise",
                    default="",
                    placeholder="unlabeled",
                    tooltip="The class for what that data set doesn't know; empty: its 'unlabeled' or the like.",
                ),
            ],
            outputs=[Labels.Output("labels", tooltip="The same label maps in the other palette.")],
        )

    @classmethod
    def execute(cls, labels: LabelStream, palette: str, otherwise: str) -> io.NodeOutput:
        return io.NodeOutput(ConvertedLabels(labels, builtin_palette(palette), otherwise.strip() or None))


class ResizeLabels(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangResizeLabels",
            display_name="Resize Labels",
            category="Maliang/labels",
            description="Another size by nearest pixel, so that no class is invented between two others.",
            search_aliases=["scale labels", "label map size"],
            inputs=[
                Labels.Input("labels", tooltip=ANY_LABELS),
                io.Int.Input("width", default=512, min=32, max=8192, step=32, tooltip="New width in pixels."),
                io.Int.Input(
                    "height", default=256, min=32, max=8192, step=32, tooltip="New height in pixels."
                ),
            ],
            outputs=[Labels.Output("labels", tooltip="The label maps at that size.")],
        )

    @classmethod
    def execute(cls, labels: LabelStream, width: int, height: int) -> io.NodeOutput:
        return io.NodeOutput(ResizedLabels(labels, height, width))
