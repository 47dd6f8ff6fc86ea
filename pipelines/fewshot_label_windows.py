"""Label maps cut around a subject that they show: a person, a head, a car; fixed or followed like keypoints are.

Memory: the maps that the window looks ahead.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from hashlib import blake2b
from itertools import repeat, tee

import torch
from torch import Tensor

from ..errors import InputError
from ..models.fewshot.boxes import mapped_body_box
from ..models.fewshot.framing import follow
from ..models.fewshot.sightings import sight_mask
from ..models.fewshot.windows import Window, window_of
from ..models.labels.frames import LabelFrame, LabelStream
from ..models.labels.palette import Palette
from .fewshot_options import InputOptions


class SubjectLabels:
    """A `LabelStream` of the window around a subject, at the network's size."""

    def __init__(
        self, stream: LabelStream, subject: Sequence[str], options: InputOptions, head: Sequence[str] = ()
    ) -> None:
        """subject: names of the classes that it consists of; head: of those that must not be lost (none: all).

        InputError for a class that the palette lacks, and for labels without the subject.
        """
        self._stream, self._options = stream, options
        self._subject, self._head = (class_ids(stream.palette, names) for names in (subject, head))
        self.palette: Palette = stream.palette
        self.height, self.width = options.size
        marks = (shows(frame.ids, self._subject) for frame in stream.frames())
        first = next((mask for mask in marks if mask.any()), None)
        if first is None:
            raise InputError(
                f"label maps: no frame shows {' or '.join(subject)}; name classes that are in them"
            )
        self._first = subject_window(first, options)

    @property
    def frame_rate(self) -> Fraction:
        return self._stream.frame_rate

    @property
    def frame_count(self) -> int | None:
        return self._stream.frame_count

    @property
    def fingerprint(self) -> str:
        facts = f"{self._stream.fingerprint} {self._subject} {self._head} {self._options} {self._first}"
        return blake2b(facts.encode(), digest_size=16).hexdigest()

    def windows(self) -> Iterator[Window]:
        """What of each map is shown, for pasting back (`models.fewshot.windows.paste`)."""
        return (window for window, _ in self._seen())

    def frames(self, start: int = 0) -> Iterator[LabelFrame]:
        void = 0 if self.palette.void is None else self.palette.void.id
        for number, (window, frame) in enumerate(self._seen()):
            if number >= start:
                instances = frame.instances
                yield LabelFrame(
                    labels_in(frame.ids, window, self._options.size, void),
                    None if instances is None else labels_in(instances, window, self._options.size, 0),
                )

    def _seen(self) -> Iterator[tuple[Window, LabelFrame]]:
        frames = self._stream.frames()
        if self._options.framing != "follow":
            return zip(repeat(self._first), frames, strict=False)
        ahead, frames = tee(frames)
        sightings = (
            sight_mask(shows(f.ids, self._subject), shows(f.ids, self._head) if self._head else None)
            for f in ahead
        )
        return zip(follow(self._first, sightings), frames, strict=False)


def class_ids(palette: Palette, names: Sequence[str]) -> tuple[int, ...]:
    """Ids of classes; InputError for a name that the palette lacks."""
    return tuple(palette.find(name).id for name in names)


def shows(ids: Tensor, classes: tuple[int, ...]) -> Tensor:
    """Where one of the classes is, bool `[h w]`."""
    return torch.isin(ids.long(), torch.tensor(classes))


def subject_window(mask: Tensor, options: InputOptions) -> Window:
    """Around what a mask bool `[h w]` covers, half as high again, as around a body in DensePose."""
    return window_of(mapped_body_box(mask[None], options.aspect))


def labels_in(values: Tensor, window: Window, size: tuple[int, int], outside: int) -> Tensor:
    """A window of `[h w]` numbers at `size`, nearest; `outside` where it leaves them."""
    height, width = values.shape
    rows = window.top + (torch.arange(size[0], dtype=torch.float64) + 0.5) * (window.height / size[0])
    columns = window.left + (torch.arange(size[1], dtype=torch.float64) + 0.5) * (window.width / size[1])
    rows, columns = rows.floor().long(), columns.floor().long()
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))[None]
    shown = values[rows.clamp(0, height - 1)][:, columns.clamp(0, width - 1)]
    return shown.masked_fill(~inside, outside)
