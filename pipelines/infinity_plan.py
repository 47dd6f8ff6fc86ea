"""Order plans for people: read, described, drawn."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..media.gigapixel import open_canvas
from ..media.outputs import prepare_file, write_whole
from ..models.infinity.plans import OrderPlan
from ..models.infinity.plans_json import plan_from_json, plan_to_json
from ..models.infinity.plans_picture import plan_picture
from ..models.infinity.plans_waves import PoolSizes, pool_sizes

LARGEST_FILE = 64 << 20
"""Bytes of a plan that is read."""


class ShownPlan(NamedTuple):
    """What there is to see of a plan."""

    picture: NDArray[np.uint8]
    """`[h w 3]` RGB."""
    sizes: PoolSizes
    words: str


def read_plan(path: Path) -> OrderPlan:
    """A plan from a JSON file of either form, see `models.infinity.plans_json`. InputError names the file."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path}: has more than {LARGEST_FILE >> 20} MB; write the plan as a recipe")
    try:
        return plan_from_json(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text, so no plan") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def save_plan(plan: OrderPlan, path: Path) -> None:
    """Write every patch of a plan with what it sees, as JSON."""
    text = plan_to_json(plan)
    prepare_file(path)
    write_whole(path, text.encode())


def plan_words(plan: OrderPlan, sizes: PoolSizes) -> str:
    """What decoding it takes, in one line."""
    return (
        f"{len(plan) - plan.given} patches to make in {sizes.levels} waves, the widest of {sizes.widest}; "
        f"a patch sees {sizes.most_context} at most; pool of {sizes.in_waves} in waves, {sizes.one_by_one} one by one"
    )


def show_plan(plan: OrderPlan, chosen: tuple[int, int, int] | None = None) -> ShownPlan:
    """The plan as a picture. chosen: (frame, row, column) of a patch whose context is marked; InputError if none is."""
    sizes = pool_sizes(plan)
    step = None if chosen is None else _step_at(plan, chosen)
    return ShownPlan(plan_picture(plan, sizes, step), sizes, plan_words(plan, sizes))


def write_picture(picture: NDArray[np.uint8], path: Path) -> None:
    """Write a picture as .png or .tif."""
    with open_canvas(path, *picture.shape[:2]) as canvas:
        canvas.write(0, 0, picture)


def _step_at(plan: OrderPlan, place: tuple[int, int, int]) -> int:
    if all(0 <= where < size for where, size in zip(place, plan.grid, strict=True)):
        cell = (place[0] * plan.grid.rows + place[1]) * plan.grid.columns + place[2]
        found = np.flatnonzero(plan.cells == cell)
        if found.size:
            return int(found[0])
    frame, row, column = place
    raise InputError(f"the plan has no patch at frame {frame}, row {row}, column {column}")
