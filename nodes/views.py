"""Label maps to look at: one frame with a legend, the whole clip in colours."""

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from comfy_api.latest import io, ui
from numpy.typing import NDArray

from ..errors import InputError
from ..media.pixels import to_image, to_model
from ..models.labels.frames import LabelStream
from ..models.labels.preview import with_legend
from ..pipelines.clips import label_colors, write_clip
from . import compat
from .folders import temp_file
from .progress import NodeProgress
from .types import Labels
from .video import CODECS, as_video

Frame = TypeVar("Frame")


def frame_input() -> Any:
    """Which frame to look at."""
    return io.Int.Input(
        "frame", default=0, min=0, max=1_000_000, tooltip="Which frame to show, counted from 0."
    )


def frame_of(frames: Iterator[Frame], number: int, maps: str) -> Frame:
    """The first of the frames from that number on; InputError if there is none."""
    shown = next(frames, None)
    if shown is None:
        raise InputError(f"there is no frame {number}: the {maps} end before it")
    return shown


def preview(pixels: NDArray[np.uint8], node: Any) -> io.NodeOutput:
    """A picture uint8 `[h w 3]` as a node's output that it shows, too."""
    picture = to_image(to_model(pixels)[None])
    return io.NodeOutput(picture, ui=ui.PreviewImage(picture, cls=node))


class PreviewLabels(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangPreviewLabels",
            display_name="Preview Labels",
            category="Maliang/labels",
            description="One label map in its colours, above a legend of what is in it.",
            search_aliases=["show labels", "legend", "segmentation map"],
            is_output_node=True,
            inputs=[
                Labels.Input("labels", tooltip="Label maps from any source."),
                frame_input(),
            ],
            outputs=[io.Image.Output("image", tooltip="The picture that is shown, legend included.")],
        )

    @classmethod
    def execute(cls, labels: LabelStream, frame: int) -> io.NodeOutput:
        shown = frame_of(labels.frames(frame), frame, "label maps")
        return preview(with_legend(shown.ids, labels.palette), cls)


class LabelsToVideo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLabelsToVideo",
            display_name="Labels to Video",
            category="Maliang/labels",
            description="The whole clip of label maps in its palette's colours.",
            search_aliases=["colorize labels", "render segmentation"],
            inputs=[
                Labels.Input("labels", tooltip="Label maps from any source."),
                io.Combo.Input(
                    "codec",
                    options=list(CODECS),
                    default="h264",
                    tooltip="h264: to look at. ffv1: lossless, so that the colours can be read as label maps again.",
                ),
            ],
            outputs=[io.Video.Output("video", tooltip="One picture for every label map.")],
        )

    @classmethod
    def execute(cls, labels: LabelStream, codec: str) -> io.NodeOutput:
        with temp_file(f"labels.{CODECS[codec]}") as out:
            write_clip(
                label_colors(labels),
                out,
                size=(labels.height, labels.width),
                frame_rate=labels.frame_rate,
                total=labels.frame_count,
                codec=codec,
                progress=NodeProgress(),
            )
        return io.NodeOutput(as_video(out))
