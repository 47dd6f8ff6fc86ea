"""Edits of a label-map video: classes replaced by classes, in a mask, over some frames; a list to save and replay.

Trees become buildings, and back. vid2vid's paper shows such edits (Wang et al. 2018, section 4) but publishes no
code for them; the rules for instances are ours.

What becomes of instances: only differences between neighbours matter (they are drawn as edges), so an edited pixel
needs an instance that makes its edges right.
- Replaced by stuff (buildings, road), it takes the instance that this stuff has elsewhere in the frame, so that it
  melts into it. Where the frame has none, it takes the value that all stuff shares (data sets with one value for
  "no instance"), and if stuff has several values (Cityscapes: the class id), the id of the new class.
- A thing replaced by a thing keeps its instance: every car becomes one truck.
- Stuff replaced by a thing becomes one new instance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import torch
from torch import Tensor

from ...errors import InputError
from .derived import DerivedLabels
from .edits_json import EditRow, edits_text, parse_edits
from .frames import LabelFrame, LabelStream, id_dtype
from .palette import LabelClass, Palette


@dataclass(frozen=True, eq=False)
class LabelEdit:
    """Every pixel of some classes becomes one class: in frames `start` to `stop` (left out), inside a mask."""

    source: tuple[str, ...]
    """Names (or ids) of the classes that are replaced."""
    target: str
    """Name (or id) of the class that they become."""
    start: int = 0
    """First frame, counted from 0."""
    stop: int | None = None
    """The frame after the last; None: to the end."""
    mask: Tensor | None = None
    """bool `[h w]`, True where pixels may change; None: everywhere."""
    mask_file: str | None = None
    """Name of the mask's file, relative to the folder of the saved edits."""

    def __post_init__(self) -> None:
        if not self.source:
            raise InputError("label edit: name at least one class to replace")
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise InputError(
                f"label edit: frames {self.start}:{self.stop} are none; start at 0 or later, stop after start"
            )
        if self.mask is not None and (self.mask.ndim != 2 or self.mask.dtype != torch.bool):
            raise InputError(
                f"label edit: a mask is bool [h w], got {self.mask.dtype} {list(self.mask.shape)}"
            )

    def covers(self, number: int) -> bool:
        """Whether frame `number` is in its range."""
        return self.start <= number and (self.stop is None or number < self.stop)

    def apply(self, frame: LabelFrame, palette: Palette) -> LabelFrame:
        """The edited frame, whatever its number; the frame given stays as it is."""
        widest = torch.promote_types(frame.ids.dtype, id_dtype(palette))  # uint8 would wrap around at 256
        frame = LabelFrame(frame.ids.to(widest), frame.instances)
        target = palette.find(self.target)
        sources = [palette.find(name) for name in self.source]
        region = self._region(frame.ids, sources)
        ids = frame.ids.masked_fill(region, target.id)
        if frame.instances is None:
            return LabelFrame(ids)
        changed = region & ~is_thing(frame.ids, palette) if target.thing else region
        value = instance_for(target, frame, region, palette)
        return LabelFrame(ids, frame.instances.masked_fill(changed, value))

    def _region(self, ids: Tensor, sources: Sequence[LabelClass]) -> Tensor:
        """bool `[h w]`: the pixels that change."""
        region = torch.zeros_like(ids, dtype=torch.bool)
        for c in sources:
            region |= ids == c.id
        if self.mask is not None:
            if self.mask.shape != ids.shape:
                raise InputError(
                    f"label edit: mask {self.mask_file or ''} is {self.mask.shape[1]}x{self.mask.shape[0]} pixels, "
                    f"the label maps are {ids.shape[1]}x{ids.shape[0]}; give it their size"
                )
            region &= self.mask.to(ids.device)
        elif self.mask_file is not None:
            raise InputError(
                f"label edit: mask {self.mask_file} has not been read; read the edits from their file"
            )
        return region


def is_thing(ids: Tensor, palette: Palette) -> Tensor:
    """bool, as `ids`: pixels of countable classes."""
    things = torch.zeros_like(ids, dtype=torch.bool)
    for c in palette.classes:
        if c.thing:
            things |= ids == c.id
    return things


def instance_for(target: LabelClass, frame: LabelFrame, region: Tensor, palette: Palette) -> int:
    """The instance that `region` of `frame` gets when it becomes `target`; see the rules at the top of this file."""
    assert frame.instances is not None, "only frames with instances are asked for one"
    if target.thing:
        return int(frame.instances.max()) + 1
    same, counts = torch.unique(frame.instances[(frame.ids == target.id) & ~region], return_counts=True)
    if same.numel():
        return int(same[counts.argmax()])
    shared = torch.unique(frame.instances[~is_thing(frame.ids, palette)])
    return int(shared[0]) if shared.numel() == 1 else target.id


@dataclass(frozen=True, eq=False)
class LabelEdits:
    """Edits in order: each sees what those before it left."""

    edits: tuple[LabelEdit, ...] = ()

    def apply(self, frame: LabelFrame, number: int, palette: Palette) -> LabelFrame:
        """Frame `number` (0-based) with all edits that cover it."""
        for edit in self.edits:
            if edit.covers(number):
                frame = edit.apply(frame, palette)
        return frame

    def check(self, palette: Palette) -> None:
        """InputError if an edit names a class that `palette` doesn't have."""
        for edit in self.edits:
            for name in (*edit.source, edit.target):
                palette.find(name)

    def to_json(self) -> str:
        """The list as text; masks by the names of their files. InputError for a mask without one."""
        for number, edit in enumerate(self.edits, 1):
            if edit.mask is not None and edit.mask_file is None:
                raise InputError(f"label edit {number}: its mask has no file; save the mask and name it")
        return edits_text([EditRow(e.source, e.target, e.start, e.stop, e.mask_file) for e in self.edits])

    @classmethod
    def from_json(cls, text: str) -> "LabelEdits":
        """Read what `to_json` wrote or a person did; masks stay unread. Every mistake is an InputError."""
        rows = parse_edits(text)
        return cls(tuple(LabelEdit(r.source, r.target, r.start, r.stop, None, r.mask) for r in rows))


class EditedLabels(DerivedLabels):
    """A `LabelStream` with edits; unknown classes are refused before the first frame."""

    def __init__(self, stream: LabelStream, edits: LabelEdits) -> None:
        super().__init__(stream)
        edits.check(stream.palette)
        self.edits = edits

    def change(self, frame: LabelFrame, number: int) -> LabelFrame:
        return self.edits.apply(frame, number, self.palette)

    def recipe(self) -> str:
        parts = [repr((e.source, e.target, e.start, e.stop, _mask_digest(e.mask))) for e in self.edits.edits]
        return "\n".join(parts)


def _mask_digest(mask: Tensor | None) -> str:
    if mask is None:
        return ""
    return (
        f"{list(mask.shape)} {blake2b(mask.cpu().contiguous().numpy().tobytes(), digest_size=16).hexdigest()}"
    )
