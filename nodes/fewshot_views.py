"""A few-shot network at work, to look at: attention, warps, the weights that it makes."""

from contextlib import closing
from typing import Any

from comfy_api.latest import io, ui

from ..media.pixels import to_image, to_model
from ..pipelines.fewshot import Given
from ..pipelines.fewshot_found import found_driver
from ..pipelines.fewshot_views import attention_sheets, write_view
from ..pipelines.fewshot_weights import generated_weights, weight_rows, weights_picture, weights_table
from . import compat
from .fewshot import driver_input, exemplars_input, few_shot_on_device, free_memory
from .fewshot_exemplars import few_shot_input, found_of
from .folders import temp_file
from .progress import NodeProgress
from .types import Exemplars
from .video import as_video
from .views import frame_input, frame_of, preview


class ShowAttention(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangShowAttention",
            display_name="Show Attention",
            category="Maliang/Few-shot",
            description="Where a frame of the driver looks in each exemplar, and which exemplar each of its regions "
            "takes.",
            search_aliases=["attention map", "few-shot attention", "heat map"],
            is_output_node=True,
            inputs=[few_shot_input(), exemplars_input(), driver_input(), frame_input()],
            outputs=[
                io.Image.Output(
                    "image",
                    tooltip="The driver's map, the regions in the exemplars' colours, every exemplar under its heat "
                    "map.",
                )
            ],
        )

    @classmethod
    def execute(cls, network: Any, exemplars: Given, driver: Any, frame: int) -> io.NodeOutput:
        driving = found_driver(found_of(driver), exemplars)
        with few_shot_on_device(network, exemplars) as generator:
            sheets = attention_sheets(driving, generator, exemplars.prepared, start=frame, free=free_memory())
            with closing(sheets):
                return preview(frame_of(sheets, frame, "driver's frames"), cls)


class ShowWarps(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangShowWarps",
            display_name="Show Warps",
            category="Maliang/Few-shot",
            description="What the network moves instead of painting it: the exemplar and the frame before, their flow, "
            "and the masks that say where they are trusted.",
            search_aliases=["few-shot warp", "occlusion mask", "flow view"],
            inputs=[few_shot_input(), exemplars_input(), driver_input()],
            outputs=[
                io.Video.Output(
                    "video",
                    tooltip="Three rows a frame: map, raw picture, frame; exemplar, flow, warped, mask; the same of "
                    "the frame before.",
                )
            ],
        )

    @classmethod
    def execute(cls, network: Any, exemplars: Given, driver: Any) -> io.NodeOutput:
        driving = found_driver(found_of(driver), exemplars)
        with temp_file("warps.mp4") as out, few_shot_on_device(network, exemplars) as generator:
            write_view(
                "warp",
                driving,
                generator,
                exemplars.prepared,
                out,
                free=free_memory(),
                progress=NodeProgress(),
            )
        return io.NodeOutput(as_video(out))


class InspectWeights(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangInspectWeights",
            display_name="Inspect Generated Weights",
            category="Maliang/Few-shot",
            description="The weights that a network makes out of exemplars: how large they are at each size, how they "
            "are distributed, and how far two subjects' are apart.",
            search_aliases=["generated weights", "hypernetwork", "weight histogram"],
            is_output_node=True,
            inputs=[
                few_shot_input(),
                exemplars_input(),
                Exemplars.Input(
                    "other",
                    optional=True,
                    tooltip="Exemplars of a second subject, made for the same network.",
                ),
            ],
            outputs=[
                io.Image.Output(
                    "image", tooltip="A histogram for each convolution; orange: the other subject's."
                ),
                io.String.Output("table", tooltip="Numbers for each convolution, as Markdown."),
            ],
        )

    @classmethod
    def execute(cls, network: Any, exemplars: Given, other: Given | None = None) -> io.NodeOutput:
        with few_shot_on_device(network, exemplars) as generator:
            first = generated_weights(generator, exemplars.prepared, free_memory())
        second = None
        if other is not None:
            with few_shot_on_device(network, other) as generator:
                second = generated_weights(generator, other.prepared, free_memory())
        picture = to_image(to_model(weights_picture(first, second))[None])
        table = weights_table(weight_rows(first, second))
        return io.NodeOutput(picture, table, ui=ui.PreviewImage(picture, cls=cls))
