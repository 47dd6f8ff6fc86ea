"""Future prediction as a job: label maps that go on where those seen end, and the video painted from them.

Memory: the label maps that the network sees at once and one step, whatever the length of what was seen.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image

from ..errors import InputError
from ..media.reader import open_frames
from ..models.labels.frames import LabelFrame, LabelStream
from ..models.labels.palette import Palette
from ..models.vid2vid.future import LabelFuture
from ..models.vid2vid.future_rollout import predict
from ..models.vid2vid.generator import Vid2VidGenerator
from ..progress import Progress, silent
from ..weights import load_as
from ..weights.config_json import to_json
from .rendering import RenderReport
from .vid2vid import check_labels, known_labels, render_video

PREDICTOR = "street-future"
"""The weights in the package that predict label maps."""


def load_predictor(
    name: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype | None = torch.float32
) -> LabelFuture:
    """The label predictor of a preset's name or a file; InputError for a network of another kind.

    dtype: what it computes in (None: what the file holds, often fp16, which CPUs are slow at).
    """
    otherwise = f"which predicts no label maps; choose weights such as {PREDICTOR}"
    return load_as(LabelFuture, otherwise, name, device, dtype)


@dataclass(frozen=True, eq=False)
class FutureLabels:
    """A `LabelStream`: some label maps that were seen, then those predicted to follow.

    It is predicted anew whenever it is read: who reads it often writes it to a folder first (`labels.write_labels`).
    """

    stream: LabelStream
    """What was seen; it must end, and is in the network's palette, at a size that it can take."""
    network: LabelFuture
    predicted: int
    """Label maps that are predicted, 1 or more."""
    shown: int | None = None
    """How many of those seen come first, the last ones; None: all."""

    def __post_init__(self) -> None:
        config, stream = self.network.config, self.stream
        if self.predicted < 1:
            raise InputError(f"{self.predicted} label maps to predict; ask for one at least")
        if stream.palette.name != config.palette:
            raise InputError(
                f"the label maps are in palette {stream.palette.name!r}, the network predicts {config.palette!r}: "
                "convert them"
            )
        config.check_size(stream.height, stream.width)
        known = stream.frame_count
        if known is not None and known < max(config.seen_frames, self.shown or 0):
            raise InputError(
                f"{known} label maps are too few to predict from; this network sees {config.seen_frames} at once, give "
                f"{max(config.seen_frames, self.shown or 0)} or more"
            )

    @property
    def palette(self) -> Palette:
        return self.stream.palette

    @property
    def height(self) -> int:
        return self.stream.height

    @property
    def width(self) -> int:
        return self.stream.width

    @property
    def frame_rate(self) -> Fraction:
        return self.stream.frame_rate

    @property
    def frame_count(self) -> int | None:
        seen = self.stream.frame_count if self.shown is None else self.shown
        return None if seen is None else seen + self.predicted

    @cached_property
    def fingerprint(self) -> str:
        digest = blake2b(f"{self.stream.fingerprint} {self.predicted} {self.shown}".encode(), digest_size=16)
        weight = next(self.network.parameters())
        digest.update(f"{to_json(self.network.config)} {weight.device.type} {weight.dtype}".encode())
        for tensor in self.network.state_dict().values():
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    def frames(self, start: int = 0) -> Iterator[LabelFrame]:
        return islice(self._all(), start, None)

    def _all(self) -> Iterator[LabelFrame]:
        """The frames seen pass through as they come; of them all, only those that the network needs are kept."""
        config = self.network.config
        shown: deque[LabelFrame] = deque(maxlen=self.shown)
        newest: deque[LabelFrame] = deque(maxlen=config.seen_frames)
        for frame in known_labels(self.stream, 0, config.label_classes):
            assert isinstance(frame, LabelFrame)
            newest.append(frame)
            if self.shown is None:
                yield frame
            else:
                shown.append(frame)
        yield from shown
        for step in predict(self.network, newest, self.predicted):
            ids, instances = step.frame.ids[0].cpu(), step.frame.instances
            yield LabelFrame(ids, None if instances is None else instances[0].cpu())


def paint_future(
    labels: FutureLabels,
    generator: Vid2VidGenerator,
    out: Path,
    *,
    first: Sequence[Path] = (),
    style: str | None = None,
    codec: str | None = None,
    progress: Progress = silent,
) -> RenderReport:
    """Paint the label maps by vid2vid: the second of the paper's two steps.

    first: pictures of the label maps seen, in their order, or only the last of them (pictures, folders of them, a
    video): the video begins with the last of these, as many as the generator goes on from, and all that follows is
    predicted. Without them it is painted from the first label map that `labels` shows.
    """
    check_labels(labels, generator.config)
    if not first:
        return render_video(labels, generator, out, style=style, codec=codec, progress=progress)
    given = generator.config.past_frames
    ending = FutureLabels(labels.stream, labels.network, labels.predicted, given)
    with last_pictures(first, given) as pictures:
        return render_video(
            ending, generator, out, style=style, first=pictures, codec=codec, progress=progress
        )


@contextmanager
def last_pictures(paths: Sequence[Path], count: int) -> Iterator[list[Path]]:
    """The last `count` pictures out of `paths`, as files that go when the block ends; InputError for fewer."""
    newest: deque[Image.Image] = deque(maxlen=count)
    for path in paths:
        with open_frames(path) as frames:
            newest.extend(Image.fromarray(frame.pixels) for frame in frames)
    if len(newest) < count:
        raise InputError(
            f"first pictures: {', '.join(map(str, paths))} hold {len(newest)}; give those of the last {count} label "
            "maps that were seen"
        )
    with TemporaryDirectory(prefix="maliang_") as folder:
        files = [Path(folder) / f"{number}.png" for number in range(count)]
        for file, picture in zip(files, newest, strict=True):
            picture.save(file)
        yield files
