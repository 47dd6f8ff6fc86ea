"""Procedural worlds: label maps without an input file, and the truth about them."""

from typing import Any

from comfy_api.latest import io

from ..pipelines.clips import world_pictures, write_clip
from ..pipelines.flow import world_flow
from ..training.worlds import WorldStream, open_world
from ..training.worlds.looks import LOOKS
from . import compat
from .folders import temp_file
from .progress import NodeProgress
from .types import Flow, Labels, World
from .video import FRAME_RATES, as_video

ANY_LOOK = "any"
MOST_SEED = 999_999_999_999


def seed_input(tooltip: str) -> Any:
    return io.Int.Input("seed", default=7, min=0, max=MOST_SEED, control_after_generate=True, tooltip=tooltip)


def length_input() -> Any:
    return io.Int.Input("frames", default=48, min=1, max=1_000_000, tooltip="Length of the clip, in frames.")


def side_input(name: str, default: int, tooltip: str) -> Any:
    """Width or height."""
    return io.Int.Input(name, default=default, min=32, max=8192, step=32, tooltip=tooltip)


def look_input(looks: tuple[str, ...], tooltip: str) -> Any:
    return io.Combo.Input(
        "look", options=[ANY_LOOK, *looks], default=ANY_LOOK, tooltip=f"{tooltip} 'any': the seed decides."
    )


def motion_rate_input(what: str) -> Any:
    return io.Float.Input(
        "frame_rate",
        **FRAME_RATES,
        tooltip=f"Frames per second: how far {what} move from one frame to the next.",
    )


def world_spec(
    kind: str, seed: int, frames: int, size: tuple[int, int], look: str, frame_rate: float, more: str = ""
) -> str:
    """What `open_world` takes; size: (height, width); more: other settings, each beginning with "&"."""
    height, width = size
    chosen = "" if look == ANY_LOOK else f"&look={look}"
    return (
        f"world:{kind}?seed={seed}&frames={frames}&size={width}x{height}&fps={frame_rate:.6f}{chosen}{more}"
    )


class StreetWorld(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangStreetWorld",
            display_name="Street World",
            category="Maliang/sources",
            description="An endless street made by rules: label maps to try things with, no files needed. Nothing is "
            "computed until another node asks for frames.",
            search_aliases=["procedural street", "cityscapes labels", "synthetic world", "label map source"],
            inputs=[
                seed_input("Which street. The same number always gives the same street."),
                length_input(),
                side_input("width", 256, "Width in pixels. The demo weights were trained at 256."),
                side_input("height", 128, "Height in pixels. The demo weights were trained at 128."),
                look_input(
                    LOOKS,
                    "Light and weather of the world's own pictures; the labels are the same in all of them.",
                ),
                motion_rate_input("things"),
            ],
            outputs=[
                Labels.Output("labels", tooltip="Cityscapes label maps with instances, one a frame."),
                World.Output("world", tooltip="The world itself, for its true pictures and true flow."),
            ],
        )

    @classmethod
    def execute(
        cls, seed: int, frames: int, width: int, height: int, look: str, frame_rate: float
    ) -> io.NodeOutput:
        world = open_world(world_spec("street", seed, frames, (height, width), look, frame_rate))
        return io.NodeOutput(world, world)


class WorldFootage(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangWorldFootage",
            display_name="World Footage",
            category="Maliang/sources",
            description="The pictures of a world, as a camera would see them: the truth that a painted video can be "
            "compared with.",
            search_aliases=["ground truth video", "procedural street video"],
            inputs=[World.Input("world", tooltip="From Street World or People World.")],
            outputs=[io.Video.Output("video", tooltip="One picture for every label map (H.264).")],
        )

    @classmethod
    def execute(cls, world: WorldStream) -> io.NodeOutput:
        with temp_file("footage.mp4") as out:
            write_clip(
                world_pictures(world),
                out,
                size=(world.height, world.width),
                frame_rate=world.frame_rate,
                total=world.frame_count,
                progress=NodeProgress(),
            )
        return io.NodeOutput(as_video(out))


class WorldFlow(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangWorldFlow",
            display_name="World Flow",
            category="Maliang/flow",
            description="The exact motion of every pixel of a world, and which pixels were hidden a frame earlier.",
            search_aliases=["ground truth optical flow", "true flow"],
            inputs=[World.Input("world", tooltip="From Street World or People World.")],
            outputs=[
                Flow.Output(
                    "flow",
                    tooltip="Backward flow in pixels with occlusion, one field a frame. The first is empty.",
                )
            ],
        )

    @classmethod
    def execute(cls, world: WorldStream) -> io.NodeOutput:
        with temp_file("flow.npy") as out:
            flow = world_flow(world, out, NodeProgress())
        return io.NodeOutput(flow)
