"""Procedural people: talking faces and dancers, as parts, as drawings, and as a world that knows the truth."""

from comfy_api.latest import io

from ..pipelines.drawings import FaceStyle, PoseStyle
from ..pipelines.world_drawings import world_drawing
from ..training.worlds import open_world
from ..training.worlds.stage_looks import STAGE_LOOKS
from . import compat
from .types import Drawings, Labels, World
from .video import FRAME_RATES

ANY_LOOK = "any"
MOST = 999_999_999_999


class PeopleWorld(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangPeopleWorld",
            display_name="People World",
            category="Maliang/sources",
            description="Talking faces or dancers without end, made by rules: drawn landmarks or poses, maps of the "
            "parts of face or body, no files needed. They are drawn when another node asks for frames.",
            search_aliases=[
                "procedural face",
                "talking head",
                "dancer",
                "puppet",
                "synthetic people",
                "landmarks",
            ],
            inputs=[
                io.Combo.Input(
                    "people",
                    options=["faces", "puppets"],
                    default="faces",
                    tooltip="faces: a head that speaks, blinks and turns. puppets: a dancer with clothes on a stage.",
                ),
                io.Int.Input(
                    "seed",
                    default=7,
                    min=0,
                    max=MOST,
                    control_after_generate=True,
                    tooltip="What they do. The same number always gives the same motion.",
                ),
                io.Int.Input(
                    "subject",
                    default=-1,
                    min=-1,
                    max=MOST,
                    tooltip="Who it is: any number is a person of its own. -1: the seed says so too.",
                ),
                io.Int.Input(
                    "frames", default=48, min=1, max=1_000_000, tooltip="Length of the clip, in frames."
                ),
                io.Int.Input("width", default=128, min=32, max=8192, step=32, tooltip="Width in pixels."),
                io.Int.Input(
                    "height",
                    default=128,
                    min=32,
                    max=8192,
                    step=32,
                    tooltip="Height in pixels; it shows the whole of a head or dancer at any size.",
                ),
                io.Combo.Input(
                    "look",
                    options=[ANY_LOOK, *STAGE_LOOKS],
                    default=ANY_LOOK,
                    tooltip="Light of the world's own pictures; parts and drawings are the same in all of them. 'any': "
                    "the seed decides.",
                ),
                io.Float.Input(
                    "frame_rate",
                    **FRAME_RATES,
                    tooltip="Frames per second: how far they move from one frame to the next.",
                ),
            ],
            outputs=[
                Drawings.Output("drawings", tooltip="Landmarks or poses, drawn as networks take them."),
                Labels.Output(
                    "labels", tooltip="Parts of the face (CelebAMask-HQ) or of the body (DensePose)."
                ),
                World.Output("world", tooltip="The world itself, for its true pictures and true flow."),
            ],
        )

    @classmethod
    def execute(
        cls,
        people: str,
        seed: int,
        subject: int,
        frames: int,
        width: int,
        height: int,
        look: str,
        frame_rate: float,
    ) -> io.NodeOutput:
        chosen = "" if look == ANY_LOOK else f"&look={look}"
        chosen += "" if subject < 0 else f"&subject={subject}"
        spec = (
            f"world:{people}?seed={seed}&frames={frames}&size={width}x{height}&fps={frame_rate:.6f}{chosen}"
        )
        world = open_world(spec)
        return io.NodeOutput(world_drawing(spec, None, FaceStyle(), PoseStyle()), world, world)
