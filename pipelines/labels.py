"""Jobs with label maps: write them to a folder, make them from footage, show them, count what is in them.

Memory: one frame, whatever the length of the clip.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from ..media.clip import FrameReader
from ..media.codecs import codec_for
from ..media.folders import file_state
from ..media.label_folder import LabelFolderWriter
from ..media.reader import open_frames
from ..models.labels.frames import LabelFrame, LabelStream
from ..models.labels.palette import Palette
from ..models.labels.preview import colorize, legend_order, with_legend
from ..progress import Progress, silent
from .clips import write_clip
from .segmenter import AnySegmenter


@dataclass(frozen=True)
class LabelReport:
    """What a finished run made."""

    path: Path
    frames: int
    """In the whole folder."""
    resumed_at: int
    """Frames that an earlier, interrupted run had already made; 0 for a run in one go."""


def write_labels(labels: LabelStream, out: Path, progress: Progress = silent) -> LabelReport:
    """Write label maps to the folder `out` without loss, as `media.label_folder` says; a stopped run goes on."""
    with LabelFolderWriter(out, labels.palette, job=labels.fingerprint) as writer:
        return _write_all(writer, labels.frames(writer.done), labels.palette, labels.frame_count, progress)


def segment_clip(clip: Path, segmenter: AnySegmenter, out: Path, progress: Progress = silent) -> LabelReport:
    """Find the classes of every pixel of footage and write them to the folder `out`; a stopped run goes on.

    clip: a video, a folder of pictures or one picture.
    """
    with open_frames(clip) as reader:
        return segment_frames(reader, segmenter, out, f"segment {file_state(clip)}", progress)


def segment_frames(
    reader: FrameReader, segmenter: AnySegmenter, out: Path, job: str, progress: Progress = silent
) -> LabelReport:
    """The same for an open clip; `job` changes when its frames do."""
    with LabelFolderWriter(out, segmenter.palette, job=f"{job} {segmenter.fingerprint}") as writer:
        found = (LabelFrame(segmenter(frame.pixels)) for frame in reader.frames(writer.done))
        return _write_all(writer, found, segmenter.palette, reader.info.frame_count, progress)


def _write_all(
    writer: LabelFolderWriter,
    frames: Iterable[LabelFrame],
    palette: Palette,
    total: int | None,
    progress: Progress,
) -> LabelReport:
    resumed_at = writer.done
    for frame in frames:
        writer.write(frame)
        progress(writer.done, total, partial(colorize, frame.ids, palette))
    return LabelReport(writer.path, writer.done, resumed_at)


@dataclass(frozen=True)
class LabelSurvey:
    """What is in a clip of label maps."""

    frames: int
    shares: dict[int, float]
    """Every id that occurs and its share of all pixels, 0..1, the most common first."""
    off_palette: int
    """Pixels whose id the palette doesn't have, in all frames."""
    most_instances: int | None
    """The largest number of different values in one instance map; None where there are none."""


def survey(labels: LabelStream, progress: Progress = silent) -> LabelSurvey:
    """Read a clip to its end and count."""
    pixels: Counter[int] = Counter()
    frames = 0
    most: int | None = None
    for frame in labels.frames():
        found, counts = torch.unique(frame.ids, return_counts=True)
        pixels.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
        if frame.instances is not None:
            most = max(most or 0, torch.unique(frame.instances).numel())
        frames += 1
        progress(frames, labels.frame_count, partial(colorize, frame.ids, labels.palette))
    total = max(1, sum(pixels.values()))
    shares = {i: pixels[i] / total for i in pixels}
    strays = sum(n for i, n in pixels.items() if i not in labels.palette.by_id)
    return LabelSurvey(frames, {i: shares[i] for i in legend_order(shares)}, strays, most)


def write_preview(
    labels: LabelStream, out: Path, *, listed: Sequence[int] | None = None, progress: Progress = silent
) -> None:
    """The label maps in their palette's colours, for people, as a video or (no ending) a folder of pictures.

    listed: ids for a legend below every frame, such as `survey(labels).shares` (None: no legend).
    """

    palette, size = labels.palette, (labels.height, labels.width)
    paint = partial(colorize, palette=palette)
    if listed is not None:
        paint = partial(with_legend, palette=palette, listed=listed)
        height, width, _ = paint(torch.zeros(size, dtype=torch.uint8)).shape
        size = height, width
    write_clip(
        (paint(frame.ids) for frame in labels.frames()),
        out,
        size=size,
        frame_rate=labels.frame_rate,
        total=labels.frame_count,
        codec=codec_for(out),
        progress=progress,
    )
