"""Procedural people: talking faces and dancers, as parts, as drawings, and as a world that knows the truth."""

from comfy_api.latest import io

from ..pipelines.drawings import FaceStyle, PoseStyle
from ..pipelines.world_drawings import world_drawing
from ..training.worlds import open_world
from ..training.worlds.stage_looks import STAGE_LOOKS
from . import compat
from .types import Drawings, Labels, World
from .world import MOST_SEED, length_input, look_input, motion_rate_input, seed_input, side_input, world_spec


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
                seed_input("What they do. The same number always gives the same motion."),
                io.Int.Input(
                    "subject",
                    default=-1,
                    min=-1,
                    max=MOST_SEED,
                    tooltip="Who it is: any number is a person of its own. -1: the seed says so too.",
                ),
                length_input(),
                side_input("width", 128, "Width in pixels."),
                side_input(
                    "height", 128, "Height in pixels; it shows the whole of a head or dancer at any size."
                ),
                look_input(
                    STAGE_LOOKS,
                    "Light of the world's own pictures; parts and drawings are the same in all of them.",
                ),
                motion_rate_input("they"),
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
        who = "" if subject < 0 else f"&subject={subject}"
        spec = world_spec(people, seed, frames, (height, width), look, frame_rate, who)
        world = open_world(spec)
        return io.NodeOutput(world_drawing(spec, None, FaceStyle(), PoseStyle()), world, world)
