"""Other sizes for label maps: nearest neighbour exactly as Pillow picks it, and vid2vid's rules for sizes.

Source: NVIDIA/vid2vid at 2e6d137, `data/base_dataset.py` (get_img_params, make_power_2); its loader resizes label
and instance maps with Pillow's NEAREST, so the picked pixels decide parity.
"""

from itertools import accumulate, repeat

import torch
from torch import Tensor

from ...errors import InputError
from .derived import DerivedLabels
from .frames import LabelFrame, LabelStream

SIZE_RULES = ("scale_width", "scale_height", "resize", "none")


def nearest_positions(source: int, target: int) -> Tensor:
    """Which of `source` pixels each of `target` pixels shows, int64 `[target]`.

    The centre of every target pixel, found by adding up the step in float64 as Pillow does: the rounding errors of
    that sum are part of the result.
    """
    step = source / target
    centres = accumulate(repeat(step, target - 1), initial=step * 0.5)
    return torch.tensor([min(int(c), source - 1) for c in centres])


def resize_nearest(values: Tensor, height: int, width: int) -> Tensor:
    """`[... h w]` of any type -> `[... height width]`, values unchanged."""
    return pick(
        values, nearest_positions(values.shape[-2], height), nearest_positions(values.shape[-1], width)
    )


def pick(values: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels where `rows` `[height]` and `columns` `[width]` cross: `[... h w]` -> `[... height width]`."""
    return values.index_select(-2, rows.to(values.device)).index_select(-1, columns.to(values.device))


def to_multiple(length: int, base: int) -> int:
    """The multiple of `base` next to `length`; halfway goes to the even multiple, at least one `base`."""
    return max(1, round(length / base)) * base


def network_size(height: int, width: int, rule: str, load_size: int) -> tuple[int, int]:
    """(height, width) that vid2vid's loader gives a picture of `height` x `width` pixels.

    rule: "scale_width" (width becomes `load_size`, height follows), "scale_height", "resize" (a square of
    `load_size`), "none". Sides then go to multiples of 4 and after that of 32.
    """
    if height < 1 or width < 1 or load_size < 1:
        raise InputError(f"sizes must be at least 1 pixel, got {width}x{height} to load at {load_size}")
    if rule == "scale_width":
        height, width = load_size * height // width, load_size
    elif rule == "scale_height":
        height, width = load_size, load_size * width // height
    elif rule == "resize":
        height = width = load_size
    elif rule != "none":
        raise InputError(f"no rule {rule!r} for sizes; there are: {', '.join(SIZE_RULES)}")
    return to_multiple(to_multiple(height, 4), 32), to_multiple(to_multiple(width, 4), 32)


class ResizedLabels(DerivedLabels):
    """A `LabelStream` at another size: ids and instances by nearest neighbour, so that no new value appears."""

    def __init__(self, stream: LabelStream, height: int, width: int) -> None:
        if height < 1 or width < 1:
            raise InputError(f"label maps can't be resized to {width}x{height} pixels")
        super().__init__(stream, height=height, width=width)
        self._rows = nearest_positions(stream.height, height)
        self._columns = nearest_positions(stream.width, width)

    def change(self, frame: LabelFrame, number: int) -> LabelFrame:
        ids = pick(frame.ids, self._rows, self._columns)
        instances = frame.instances
        return LabelFrame(ids, None if instances is None else pick(instances, self._rows, self._columns))

    def recipe(self) -> str:
        return f"{self.width}x{self.height}"


def middle(height: int, width: int, aspect: float) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the largest part of a picture with that width / height, in its middle."""
    new_height, new_width = min(height, round(width / aspect)), min(width, round(height * aspect))
    left, top = (width - new_width) // 2, (height - new_height) // 2
    return left, top, left + new_width, top + new_height


class FittedLabels(ResizedLabels):
    """The middle of a `LabelStream` at a size of another aspect: what doesn't fit is cut off, nothing is stretched."""

    def __init__(self, stream: LabelStream, height: int, width: int) -> None:
        super().__init__(stream, height, width)
        left, top, right, bottom = middle(stream.height, stream.width, width / height)
        self._rows = nearest_positions(bottom - top, height) + top
        self._columns = nearest_positions(right - left, width) + left
