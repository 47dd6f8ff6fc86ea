"""Training clips: a few consecutive frames with everything that the losses need.

A data set is a function from a clip's number to the clip, so the order of the data and all chance in it are part of no
state: a run that is resumed at clip n asks for clip n. One clip is in memory at a time (256x128, 8 frames: 8 MB).
"""

import copy
import random
import signal
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..errors import InputError
from .augment import mirrored, spaced
from .schedule import ClipShape
from .worlds.frame import WorldFrame
from .worlds.looks import LOOKS
from .worlds.street import StreetWorld
from .worlds.truth import Truth

Batch = dict[str, Tensor]
"""A batch of clips (or one clip, without the b): ids uint8 `[b t h w]`, instances int32 `[b t h w]`, pictures float
`[b t 3 h w]` in -1..1, flow `[b t 2 h w]` backward in pixels, visible float `[b t 1 h w]` (1 where the flow is to be
trusted, else 0; a clip's first flow leads out of the clip), style float `[b s]`. Sketches and poses have drawn float
`[b t c h w]` in place of ids and instances."""

ATTEMPTS = 16
"""Clips that are tried in place of one that can't be read."""
_ELSEWHERE = 1 << 40
"""Added to a clip's number for each of them: another clip, drawn by chance, which no run would come to."""


class Clips(Dataset[Batch]):
    """A data set: any number is a clip, the same one every time, those below 0 too."""

    longest: int | None = None
    """Frames that a clip can have at most; None: any number."""
    in_process: bool = False
    """They are made where the networks are, not in processes of their own."""

    def __init__(self, seed: int, shape_of: Callable[[int], ClipShape]) -> None:
        """seed: of all chance; shape_of: how clip n looks, such as `Recipe.shape`."""
        self.seed = seed
        self.shape_of = shape_of

    @abstractmethod
    def __getitem__(self, index: int) -> Batch:
        """One clip. InputError or OSError where its files can't be read."""

    def shaped(self, shape: ClipShape) -> Self:
        """The same data in clips that all look like `shape`."""
        other = copy.copy(self)
        other.shape_of = _Always(shape)
        return other

    def chance(self, index: int, about: str = "") -> random.Random:
        """What decides about clip `index`; about: one matter of several, each with chance of its own."""
        return random.Random(f"{self.seed}:{index}{about and ':'}{about}")

    def step(self, index: int, room: int | None = None) -> int:
        """Frames from one frame of clip `index` to the next; room: the most that there may be (None: any number)."""
        longest = self.shape_of(index).longest_step
        return self.chance(index, "step").randint(1, longest if room is None else max(1, min(longest, room)))

    def turned(self, index: int, clip: Batch, order: tuple[int, ...] | None = ()) -> Batch:
        """Clip `index`, left to right where its shape wants that and chance, too.

        order: see `augment.mirrored`; None: left and right don't mean the same in it, so it stays as it is.
        """
        wanted = self.shape_of(index).mirrored and self.chance(index, "mirror").random() < 0.5
        return mirrored(clip, order) if wanted and order is not None else clip


class _Always:
    """A function that gives one shape for every clip; unlike a lambda, other processes can be sent it."""

    def __init__(self, shape: ClipShape) -> None:
        self.shape = shape

    def __call__(self, index: int) -> ClipShape:
        return self.shape


class StreetClips(Clips):
    """Clips of the procedural street: endless, no two alike. A style is a look of the street."""

    def __init__(self, seed: int, shape_of: Callable[[int], ClipShape], styles: int = len(LOOKS)) -> None:
        """styles: how many looks there are, the first ones; 0: one, without a style."""
        super().__init__(seed, shape_of)
        self.styles = styles

    def __getitem__(self, index: int) -> Batch:
        shape = self.shape_of(index)
        draw = self.chance(index)
        zoom = draw.choice(shape.zooms)
        look = draw.randrange(max(1, self.styles))
        width, height = round(shape.width * zoom / 2) * 2, round(shape.height * zoom / 2) * 2
        world = StreetWorld(draw.randrange(2**31), LOOKS[look], width, height)
        start = draw.randrange(2000)
        left, top = draw.randint(0, width - shape.width), draw.randint(0, height - shape.height)
        window = np.s_[..., top : top + shape.height, left : left + shape.width]
        step = self.step(index)
        frames = list(spaced(_seen(world, start, shape.frames, step, window), step))
        clip = {key: torch.stack([frame[key] for frame in frames]) for key in frames[0]}
        clip["style"] = torch.eye(self.styles)[look : look + 1].flatten()
        return self.turned(index, clip)


def _seen(world: StreetWorld, start: int, frames: int, step: int, window: tuple[Any, ...]) -> Iterator[Batch]:
    """So many frames `step` apart; of those between them there is only what is true, which is quickly known."""
    for t in range((frames - 1) * step + 1):
        shown = t % step == 0
        yield (
            window_of(world.render(start + t), window)
            if shown
            else truth_window(world.truth(start + t), window)
        )


def window_of(frame: WorldFrame, window: tuple[Any, ...]) -> Batch:
    """The window of a world frame, as tensors; flow that leads out of the window is not to be trusted."""
    pictures = np.moveaxis(frame.rgb, -1, 0)[window].astype(np.float32) / 127.5 - 1
    return truth_window(frame, window) | {"pictures": torch.from_numpy(pictures)}


def truth_window(frame: WorldFrame | Truth, window: tuple[Any, ...]) -> Batch:
    """All of `window_of` but the picture."""
    flow = frame.flow[window]
    height, width = flow.shape[1:]
    x, y = np.arange(width) + flow[0], np.arange(height)[:, None] + flow[1]
    visible = ~frame.occlusion[window] & (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return {
        "ids": torch.from_numpy(frame.ids[window].copy()),
        "instances": torch.from_numpy(frame.instances[window].copy()),
        "flow": torch.from_numpy(flow.copy()),
        "visible": torch.from_numpy(visible[None]).float(),
    }


class Read(NamedTuple):
    """A clip, and why others were not taken in its place."""

    clip: Batch
    faults: tuple[str, ...]


def read_clip(clips: Dataset[Batch], index: int) -> Read:
    """Clip `index`, or if its files can't be read another one in its place; InputError where none can be had."""
    faults: list[str] = []
    for attempt in range(ATTEMPTS):
        try:
            return Read(_in_place_of(clips, index, attempt), tuple(faults))
        except (InputError, OSError) as error:
            faults.append(str(error))
    raise InputError(f"{ATTEMPTS} clips in a row could not be read; the last one: {faults[-1]}")


def _in_place_of(clips: Dataset[Batch], index: int, attempt: int) -> Batch:
    """Clip `index` (attempt 0), or one of those that may take its place, which look as it would."""
    if attempt and isinstance(clips, Clips):
        clips = clips.shaped(clips.shape_of(index))
    return clips[index + attempt * _ELSEWHERE]


class _Careful(Dataset[Read | str]):
    """Clips, or the sentence that says why there are none: an exception would lose its words between processes."""

    def __init__(self, clips: Dataset[Batch]) -> None:
        self.clips = clips

    def __getitem__(self, index: int) -> Read | str:
        try:
            return read_clip(self.clips, index)
        except InputError as error:
            return str(error)


def load_clips(clips: Dataset[Batch], numbers: Sequence[int], workers: int) -> Iterator[Read]:
    """These clips in order, in batches of one, made ahead in `workers` processes (0: in this one).

    What can't be read is replaced, as `read_clip` does. Memory: two clips a process.
    """
    loader = DataLoader(
        _Careful(clips),
        batch_size=None,
        sampler=numbers,
        num_workers=workers,
        collate_fn=_unchanged,
        worker_init_fn=_leave_to_parent,
    )
    for read in loader:
        if isinstance(read, str):
            raise InputError(read)
        yield Read({key: value[None] for key, value in read.clip.items()}, read.faults)


def _unchanged(read: Any) -> Any:
    """PyTorch would make lists of what isn't tensors."""
    return read


def _leave_to_parent(worker: int) -> None:
    """Ctrl-C reaches every process of a terminal; the one that trains decides when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
