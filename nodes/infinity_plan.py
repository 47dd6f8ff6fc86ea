"""Order plans: in which order the patches of a canvas are made, and a picture of that."""

from comfy_api.latest import io, ui

from ..media.pixels import to_image, to_model
from ..models.infinity.plans import Extent, Grid
from ..models.infinity.plans import OrderPlan as Plan
from ..models.infinity.plans_make import CHOICES, Given, PlanRecipe
from ..pipelines.infinity_plan import show_plan
from . import compat
from .failures import plain_words
from .types import OrderPlan

MOST = 4096
"""Patches along a side that a widget offers."""


class MakePlan(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangOrderPlan",
            display_name="Order Plan",
            category="Maliang/Infinity",
            description="In which order the patches of a canvas are made, and what each of them sees: a picture of any "
            "size, the surroundings of a given picture, a video.",
            search_aliases=["NUWA-Infinity", "patch order", "outpainting plan", "autoregressive order"],
            inputs=[
                io.Combo.Input(
                    "order",
                    options=list(CHOICES),
                    default="auto",
                    tooltip="omega: columns from the left; omega*: columns from the right; zeta: rows from the top; "
                    "zeta*: rows from the bottom; rings: around a given picture. auto: rings if a picture is given, "
                    "else the one with the wider waves for the canvas's shape.",
                ),
                _count("columns", 8, 1, "Width of the canvas in patches."),
                _count("rows", 4, 1, "Height of the canvas in patches."),
                _count("frames", 1, 1, "Frames of a video; 1: a still."),
                _count("see_columns", 2, 0, "How many patches to the left and right a patch sees.", 16),
                _count("see_rows", 2, 0, "How many patches up and down a patch sees.", 16),
                _count("see_frames", 0, 0, "How many frames back a patch sees; for videos 1 or more.", 16),
                _count(
                    "given_frames", 0, 0, "Frames at the beginning that are given, for a still that moves."
                ),
                _count(
                    "given_height",
                    0,
                    0,
                    "Height in patches of a picture that is continued; 0: none is given.",
                ),
                _count("given_width", 0, 0, "Width of that picture in patches."),
                _count("given_top", 0, 0, "How many rows of patches are above that picture."),
                _count("given_left", 0, 0, "How many columns of patches are to the left of that picture."),
            ],
            outputs=[OrderPlan.Output("plan", tooltip="The order, and what each patch sees.")],
        )

    @classmethod
    def execute(
        cls,
        order: str,
        columns: int,
        rows: int,
        frames: int,
        see_columns: int,
        see_rows: int,
        see_frames: int,
        given_frames: int,
        given_height: int,
        given_width: int,
        given_top: int,
        given_left: int,
    ) -> io.NodeOutput:
        given = (
            Given(given_top, given_left, given_height, given_width) if given_height or given_width else None
        )
        extent = Extent(see_frames, see_rows, see_columns)
        recipe = PlanRecipe(order, Grid(frames, rows, columns), extent, given, given_frames)
        with plain_words():
            return io.NodeOutput(recipe.build())


class ShowPlan(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangShowPlan",
            display_name="Show Plan",
            category="Maliang/Infinity",
            description="A plan as a picture: patches of one wave, which are made together, have one colour; numbers "
            "are the order; the context of one patch is framed.",
            search_aliases=["visualize plan", "patch order", "context"],
            is_output_node=True,
            inputs=[
                OrderPlan.Input("plan", tooltip="From Order Plan."),
                io.Boolean.Input(
                    "mark",
                    default=True,
                    label_on="frame a context",
                    label_off="order only",
                    tooltip="On: what one patch sees is framed red, the patch itself white.",
                ),
                _count("row", 0, 0, "Row of that patch, counted from 0 at the top."),
                _count("column", 0, 0, "Column of that patch, counted from 0 at the left."),
                _count("frame", 0, 0, "Frame of that patch, counted from 0."),
            ],
            outputs=[
                io.Image.Output("image", tooltip="The picture that is shown."),
                io.String.Output(
                    "sizes", tooltip="How many waves it takes, and how many patches the pool holds."
                ),
            ],
        )

    @classmethod
    def execute(cls, plan: Plan, mark: bool, row: int, column: int, frame: int) -> io.NodeOutput:
        with plain_words():
            shown = show_plan(plan, (frame, row, column) if mark else None)
        picture = to_image(to_model(shown.picture)[None])
        return io.NodeOutput(picture, shown.words, ui=ui.PreviewImage(picture, cls=cls))


def _count(name: str, default: int, least: int, tooltip: str, most: int = MOST) -> io.Int.Input:
    return io.Int.Input(name, default=default, min=least, max=most, tooltip=tooltip)
