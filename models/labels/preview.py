"""Label maps as pictures for people: in their palette's colours, with a legend of what is in them."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .palette import LabelClass, Palette

OFF_PALETTE = (255, 0, 255)
"""Colour of pixels whose id the palette doesn't have: magenta, which no one takes for a class."""

MIN_WIDTH = 480
"""Smaller maps are enlarged by a whole factor, so that the legend beside them stays readable."""
DESIGN_WIDTH = 960
"""Wider pictures get a legend that grows with them; the lengths below are pixels at this width or less."""
TEXT, ROW, COLUMN, MARGIN, BAR, GAP, SWATCH = 13, 22, 190, 12, 8, 3, 20
BACKGROUND = (22, 24, 29)
INK = (226, 229, 235)
FADED = (120, 126, 138)


def colorize(ids: Tensor, palette: Palette) -> NDArray[np.uint8]:
    """Label ids `[h w]` in their colours: uint8 `[h w 3]` RGB; ids that the palette doesn't have are magenta."""
    table = np.full((palette.channels + 1, 3), OFF_PALETTE, np.uint8)
    for c in palette.classes:
        table[c.id] = c.color
    index = ids.cpu().numpy().astype(np.int64)
    index[(index < 0) | (index >= palette.channels)] = palette.channels
    return table[index]


def class_shares(ids: Tensor) -> dict[int, float]:
    """Every id that occurs and the share of pixels that have it, 0..1, in the order of ids."""
    found, counts = torch.unique(ids, return_counts=True)
    return {int(i): int(n) / ids.numel() for i, n in zip(found, counts, strict=True)}


def legend_order(shares: dict[int, float]) -> list[int]:
    """Ids from the most common to the rarest."""
    return sorted(shares, key=lambda i: (-shares[i], i))


def with_legend(ids: Tensor, palette: Palette, listed: Sequence[int] | None = None) -> NDArray[np.uint8]:
    """A picture of the map above a legend: colour, name and share of pixels of every class.

    ids `[h w]`; `listed`: ids to list, in this order (None: those in the map, the most common first). Classes of
    `listed` that this map lacks are greyed. The picture's size depends on the map's size and the number of ids
    listed alone, so every frame of a video gets the same if all get one list. Returns uint8 `[H W 3]` RGB.
    """
    shares = class_shares(ids)
    order = legend_order(shares) if listed is None else list(listed)
    picture = Image.fromarray(colorize(ids, palette))
    scale = max(1, -(-MIN_WIDTH // picture.width))
    picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
    legend = _draw_legend(picture.width, [(_class_of(i, palette), shares.get(i, 0.0)) for i in order])
    return np.concatenate([np.asarray(picture), np.asarray(legend)])


Entry = tuple[LabelClass, float]
"""A class and its share of pixels."""


def _class_of(number: int, palette: Palette) -> LabelClass:
    return palette.by_id.get(number) or LabelClass(number, f"id {number}: unknown", OFF_PALETTE)


def _draw_legend(width: int, entries: Sequence[Entry]) -> Image.Image:
    """A strip of the shares, then the entries in columns, read downwards."""
    unit = max(1.0, width / DESIGN_WIDTH)
    columns = max(1, min(int((width / unit - MARGIN) // COLUMN), len(entries)))
    rows = -(-len(entries) // columns)
    sheet = Image.new("RGB", (width, round((GAP + BAR + 2 * MARGIN + rows * ROW) * unit)), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    _draw_bar(pen, width, entries, unit)
    pitch = (width / unit - MARGIN) / columns
    for place, entry in enumerate(entries):
        left = MARGIN + place // rows * pitch
        middle = GAP + BAR + MARGIN + (place % rows + 0.5) * ROW
        _draw_entry(pen, (left, middle), pitch - MARGIN, entry, unit)
    return sheet


def _draw_bar(pen: ImageDraw.ImageDraw, width: int, entries: Sequence[Entry], unit: float) -> None:
    """The shares as one strip in the classes' colours."""
    top, left = round(GAP * unit), 0.0
    for entry, share in entries:
        right = left + share * width
        if round(right) > round(left):
            box = (round(left), top, round(right) - 1, top + round(BAR * unit) - 1)
            pen.rectangle(box, entry.color)
        left = right


def _draw_entry(
    pen: ImageDraw.ImageDraw, start: tuple[float, float], width: float, entry: Entry, unit: float
) -> None:
    """A swatch, the name (shortened if it must be), and the share at the right; lengths before `unit`."""
    left, middle = start
    label, share = entry
    font = ImageFont.load_default(TEXT * unit)
    ink = INK if share else FADED
    box = (left * unit, (middle - 7) * unit, (left + SWATCH) * unit, (middle + 6) * unit)
    pen.rounded_rectangle(box, 3 * unit, label.color, outline=FADED, width=round(unit))
    number = share_text(share)
    pen.text(((left + width) * unit, middle * unit), number, ink, font, anchor="rm")
    room = (width - SWATCH - 16) * unit - pen.textlength(number, font)
    name = _fitting(label.name, lambda text: pen.textlength(text, font) <= room)
    pen.text(((left + SWATCH + 8) * unit, middle * unit), name, ink, font, anchor="lm")


def _fitting(name: str, fits: Callable[[str], bool]) -> str:
    """The name, or as much of its beginning as fits."""
    if fits(name):
        return name
    return next((short for n in range(len(name) - 1, 0, -1) if fits(short := name[:n].rstrip() + "...")), "")


def share_text(share: float) -> str:
    """A share of pixels in percent, as short as it is honest: 12 %, 3.4 %, < 0.1 %, 0 %."""
    percent = share * 100
    if percent == 0:
        return "0 %"
    if percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent < 9.95 else f"{percent:.0f} %"
