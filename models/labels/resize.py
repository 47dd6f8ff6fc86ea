"""Other sizes for label maps: nearest neighbour exactly as Pillow picks it, and vid2vid's rules for sizes.

Source: NVIDIA/vid2vid at 2e6d137, `data/base_dataset.py` (get_img_params, make_power_2); its loader resizes label
and instance maps with Pillow's NEAREST, so the picked pixels decide parity.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, repeat

import torch
from torch import Tensor

from ...errors import InputError
from .derived import DerivedLabels
from .frames import LabelFrame

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
    rows = nearest_positions(values.shape[-2], height).to(values.device)
    columns = nearest_positions(values.shape[-1], width).to(values.device)
    return values.index_select(-2, rows).index_select(-1, columns)


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


@dataclass(frozen=True, eq=False)
class ResizedLabels(DerivedLabels):
    """A `LabelStream` at another size: ids and instances by nearest neighbour, so that no new value appears."""

    new_height: int
    new_width: int

    def __post_init__(self) -> None:
        if self.new_height < 1 or self.new_width < 1:
            raise InputError(f"label maps can't be resized to {self.new_width}x{self.new_height} pixels")

    @property
    def height(self) -> int:
        return self.new_height

    @property
    def width(self) -> int:
        return self.new_width

    @cached_property
    def _places(self) -> tuple[Tensor, Tensor]:
        """Rows and columns to pick, found once for the whole clip."""
        return (
            nearest_positions(self.stream.height, self.new_height),
            nearest_positions(self.stream.width, self.new_width),
        )

    def change(self, frame: LabelFrame, number: int) -> LabelFrame:
        rows, columns = self._places

        def pick(values: Tensor) -> Tensor:
            return values.index_select(0, rows.to(values.device)).index_select(1, columns.to(values.device))

        return LabelFrame(pick(frame.ids), None if frame.instances is None else pick(frame.instances))

    def recipe(self) -> str:
        return f"{self.new_width}x{self.new_height}"
