"""A plan as a picture for people: waves as colours, the order as numbers, what one patch sees as frames."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...errors import InputError
from .plans import OrderPlan, describe
from .plans_orders import NAMES
from .plans_waves import PoolSizes, levels

LARGEST = 1 << 18
"""Patches of a plan that is drawn."""
WIDEST = 1600
"""Pixels that the picture is wide, about; narrow plans get cells of `LARGEST_CELL` pixels."""
LARGEST_CELL, NUMBERED_CELL = 56, 22
"""Pixels of a cell at most, and from which on it has room for a number."""
GAP, MARGIN, LINE = 16, 12, 22
BACKGROUND, INK, FADED = (22, 24, 29), (226, 229, 235), (120, 126, 138)
GIVEN = (84, 88, 98)
SEEN, CHOSEN, HIDDEN = (255, 94, 58), (255, 255, 255), (255, 196, 0)
RAMP = ((38, 48, 110), (32, 106, 150), (30, 156, 137), (122, 196, 86), (240, 222, 84))
"""From the first wave to the last."""


def plan_picture(plan: OrderPlan, sizes: PoolSizes, chosen: int | None = None) -> NDArray[np.uint8]:
    """Draw a plan, its frames side by side. Returns uint8 `[h w 3]` RGB.

    Grey patches are given; the others have the colour of their wave, from dark blue to yellow, and their number in the
    order where there is room. chosen: a patch whose frame is white; what it sees is framed red, what is hidden
    from it although it is near and earlier is framed yellow. sizes: of the plan, for the line below it.
    InputError: a plan that is too large to draw, a patch that it doesn't have.
    """
    if len(plan) > LARGEST:
        raise InputError(f"a plan of {len(plan)} patches is too large to draw ({LARGEST} at most)")
    if chosen is not None and not 0 <= chosen < len(plan):
        raise InputError(f"the plan has no patch {chosen}: they go from 0 to {len(plan) - 1}")
    frames, rows, columns = plan.grid
    cell = max(1, min(LARGEST_CELL, (WIDEST - frames * GAP) // (frames * columns)))
    lines = _words(plan, sizes, chosen)
    font = ImageFont.load_default(14)
    words = max(int(font.getlength(line)) for line in lines)
    width = max(frames * columns * cell + (frames - 1) * GAP, words) + 2 * MARGIN
    sheet = Image.new("RGB", (width, rows * cell + 3 * MARGIN + LINE * len(lines)), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    colors = _colors(plan)
    corners = plan.at(np.arange(len(plan))) * cell
    corners[:, 2] += corners[:, 0] // cell * (columns * cell + GAP)
    boxes = np.concatenate([corners[:, [2, 1]], corners[:, [2, 1]] + cell - 1], axis=1) + MARGIN
    for step, (box, color) in enumerate(zip(boxes.tolist(), colors, strict=True)):
        _draw_patch(pen, box, color, step, cell)
    if chosen is not None:
        _draw_context(pen, plan, boxes, chosen, cell)
    for number, line in enumerate(lines):
        top = rows * cell + 2 * MARGIN + LINE * number
        pen.text((MARGIN, top), line, INK if number == 0 else FADED, font)
    return np.array(sheet)


def _colors(plan: OrderPlan) -> list[tuple[int, int, int]]:
    """Of every patch, by its wave."""
    level = levels(plan).astype(float)
    place = level / max(level.max(), 1) * (len(RAMP) - 1)
    ramp = [np.interp(place, range(len(RAMP)), channel) for channel in zip(*RAMP, strict=True)]
    colors = np.stack(ramp, axis=1).round().astype(int)
    colors[: plan.given] = GIVEN
    return [(r, g, b) for r, g, b in colors.tolist()]


def _draw_patch(
    pen: ImageDraw.ImageDraw, box: list[int], color: tuple[int, int, int], step: int, cell: int
) -> None:
    left, top, right, bottom = box
    inset = 1 if cell >= 6 else 0
    pen.rectangle((left, top, right - inset, bottom - inset), color)
    if cell >= NUMBERED_CELL:
        dark = sum(color) < 330
        font = ImageFont.load_default(min(16, cell * 0.38))
        middle = ((left + right) / 2, (top + bottom) / 2)
        pen.text(middle, str(step), INK if dark else BACKGROUND, font, anchor="mm")


def _draw_context(
    pen: ImageDraw.ImageDraw, plan: OrderPlan, boxes: NDArray[np.int64], chosen: int, cell: int
) -> None:
    seen = set(plan.context(chosen).steps.tolist())
    near = np.abs(plan.at(np.arange(chosen)) - plan.at(np.array([chosen])))
    frames, rows, columns = plan.extent
    later = plan.at(np.arange(chosen))[:, 0] > plan.at(np.array([chosen]))[0, 0]
    close = (near[:, 0] <= frames) & (near[:, 1] <= rows) & (near[:, 2] <= columns) & ~later
    marks = [(step, SEEN if step in seen else HIDDEN) for step in np.flatnonzero(close).tolist()]
    for step, color in (*marks, (chosen, CHOSEN)):
        pen.rectangle(boxes[step].tolist(), outline=color, width=max(1, cell // 14))


def _words(plan: OrderPlan, sizes: PoolSizes, chosen: int | None) -> list[str]:
    """What the picture says in words."""
    orders = ", ".join(NAMES[i] for i in np.unique(plan.local[plan.given :])) or "nothing to make"
    words = [
        f"{describe(plan.grid)} patches, {plan.given} given; tokens in {orders}",
        f"a patch sees {plan.extent.rows} up and down, {plan.extent.columns} left and right, {plan.extent.frames} back",
        f"{sizes.levels} waves, the widest of {sizes.widest}; context of {sizes.most_context} at most",
        f"pool of {sizes.in_waves} in waves, {sizes.one_by_one} one by one",
    ]
    if chosen is not None:
        words.append(f"patch {chosen} sees {len(plan.context(chosen).steps)} (framed red)")
    return words
