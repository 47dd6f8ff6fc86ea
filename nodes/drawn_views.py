"""Edges of footage as drawn maps, and drawn maps to look at."""

from typing import Any

import torch
from comfy_api.latest import Input, io

from ..models.labels.drawn import show_drawn
from ..models.labels.frames import DrawnStream
from ..pipelines.drawings import EdgeDrawing, write_drawing
from . import compat
from .drawn_inputs import as_footage, size_inputs, size_of
from .folders import temp_file
from .progress import NodeProgress
from .types import Drawings
from .video import as_video, frames_input, rate_input
from .views import frame_input, frame_of, preview


def drawings_input() -> Any:
    return Drawings.Input("drawings", tooltip="Drawn faces, poses or edges.")


class EdgesFromFootage(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangEdgesFromFootage",
            display_name="Edges from Footage",
            category="Maliang/drawings",
            description="The edges of every frame (Canny), one channel of lines: what an edges-to-video network takes.",
            search_aliases=["canny", "edge2video", "lines", "sketch"],
            inputs=[
                frames_input("frames", "The footage: a VIDEO of any length, or an IMAGE batch."),
                *size_inputs(0, 0, " 0: the footage's, in multiples of 32."),
                rate_input(),
            ],
            outputs=[Drawings.Output("drawings", tooltip="One drawn map of lines for every frame.")],
        )

    @classmethod
    def execute(
        cls, frames: Input.Video | torch.Tensor, width: int, height: int, frame_rate: float
    ) -> io.NodeOutput:
        footage = as_footage(frames, frame_rate)
        assert footage is not None, "the input is not optional"
        return io.NodeOutput(EdgeDrawing(footage, size=size_of(width, height)))


class PreviewDrawings(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangPreviewDrawings",
            display_name="Preview Drawings",
            category="Maliang/drawings",
            description="One drawn map: lines in white, poses in their colours over DensePose.",
            search_aliases=["show pose", "show sketch", "show landmarks"],
            is_output_node=True,
            inputs=[
                drawings_input(),
                frame_input(),
            ],
            outputs=[io.Image.Output("image", tooltip="The picture that is shown.")],
        )

    @classmethod
    def execute(cls, drawings: DrawnStream, frame: int) -> io.NodeOutput:
        return preview(show_drawn(frame_of(drawings.frames(frame), frame, "drawn maps")), cls)


class DrawingsToVideo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangDrawingsToVideo",
            display_name="Drawings to Video",
            category="Maliang/drawings",
            description="The whole clip of drawn maps, to look at.",
            search_aliases=["render pose", "render sketch", "openpose video"],
            inputs=[drawings_input()],
            outputs=[io.Video.Output("video", tooltip="One picture for every drawn map.")],
        )

    @classmethod
    def execute(cls, drawings: DrawnStream) -> io.NodeOutput:
        with temp_file("drawings.mp4") as out:
            write_drawing(drawings, out, NodeProgress())
        return io.NodeOutput(as_video(out))
