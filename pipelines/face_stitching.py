"""Stitch: the edited face is painted anew so that what lies around it is the source's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.pixels import to_file, to_model
from ..media.reader import open_frames
from ..media.segments import SegmentedWriter
from ..models.faces.stylegan2.generator import StyleGAN2
from ..progress import Progress, silent
from ..training.face_weights import Latent
from ..training.stitching_tuning import Stitched, StitchFrame, StitchPlan, check_plan, stitch
from .face_edits import EDIT, EDITED_FILE, latent_of, read_latents
from .face_frames import NumberedPictures
from .face_generators import FaceGenerator, tuned_generator
from .face_masks import masks_of
from .face_stages import CROPS, CROPS_FILE, MASKS, MASKS_FILE, read_alignment
from .face_workfolder import FaceWorkFolder

STITCH = "stitch"
STITCHED_FILE = "stitched.mkv"
SEGMENT_FRAMES = 4
"""Frames that are stitched before the next moment to go on from; a window's end, where they share weights."""


@dataclass(frozen=True)
class StitchReport:
    """What a run of the stage did."""

    frames: int
    """That there are now."""
    made: int
    """Of these in this run."""
    border: float | None
    """Mean border error of those made in this run; None where there are none."""
    content: float | None
    """The same of the face's inside, against the edit."""
    updates: int
    """Of all frames made in this run."""


class _Run(NamedTuple):
    """Crops that follow each other without a cut."""

    first: int
    length: int


def stitch_face(
    folder: FaceWorkFolder, generator: FaceGenerator, plan: StitchPlan, *, progress: Progress = silent
) -> StitchReport:
    """Stage 5, by the generator that the edit was painted with. Runs of frames are stitched apart.

    A run that was stopped goes on after the last frame, or the last window, that was finished. InputError for a frame
    whose mask is empty, and for a loss that is not finite. Memory: see `training.stitching_tuning.stitch`.
    """
    check_plan(plan)
    planned = folder.plan(STITCH, (CROPS, MASKS, EDIT), asdict(plan), {"generator": generator.fingerprint})
    path, alignment = folder.file(STITCHED_FILE), read_alignment(folder)
    count = len(alignment.frames)
    if folder.holds(planned):
        return StitchReport(count, 0, None, None, 0)
    record = folder.require(EDIT)
    if record.given.get("generator") != generator.fingerprint:
        raise InputError(
            f"{folder.path}: its edit was painted by other weights than these ({generator.source[:200]}); give those"
        )
    network = tuned_generator(folder, generator, tuned=bool(record.options["tuned"]))
    side = network.config.resolution
    with open_frames(folder.file(CROPS_FILE)) as crops:
        rate = crops.info.frame_rate
    writer = SegmentedWriter(
        path,
        job=planned.job,
        width=side,
        height=side,
        frame_rate=rate,
        codec="ffv1",
        segment_frames=SEGMENT_FRAMES,
    )
    figures: list[tuple[float, float, int]] = []
    with asked_frames(folder, network, count) as asked, writer:
        point = writer.resume_point
        number = point.frames
        for result in stitched_crops(network, asked, alignment.runs.tolist(), plan, number, point.state):
            picture = to_file(result.picture.clamp(-1, 1)[0].cpu())
            writer.write(picture)
            number += 1
            figures.append((result.border[-1], result.content[-1], result.updates))
            if result.state is not None and writer.checkpoint_due and number < count:
                writer.checkpoint(result.state)
            progress(number, count, partial(np.asarray, picture))
    folder.finish(planned, [STITCHED_FILE])
    return summed(count, figures)


def summed(count: int, figures: Sequence[tuple[float, float, int]]) -> StitchReport:
    """Of `count` crops those that were made: border error, content error and updates of each."""
    if not figures:
        return StitchReport(count, 0, None, None, 0)
    border, content, updates = zip(*figures, strict=True)
    made = len(figures)
    return StitchReport(count, made, sum(border) / made, sum(content) / made, sum(updates))


def stitched_crops(
    network: StyleGAN2,
    asked: "AskedFrames",
    runs: Sequence[int],
    plan: StitchPlan,
    start: int = 0,
    state: Mapping[str, torch.Tensor] | None = None,
) -> Iterator[Stitched]:
    """Crops from number `start` on; runs: the number of its run for every crop; state: what came before `start`."""
    for run in _runs(runs):
        if start >= run.first + run.length:
            continue
        first = max(0, start - run.first)
        device = network.constant.device
        at_hand = {name: value.to(device) for name, value in (state or {}).items()} if first else None
        yield from stitch(network, partial(_of_run, asked, run), run.length, plan, first, at_hand)


def _of_run(asked: "AskedFrames", run: _Run, number: int) -> StitchFrame:
    return asked(run.first + number)


def _runs(numbers: Sequence[int]) -> list[_Run]:
    """Run of every crop -> runs."""
    runs, first = [], 0
    for _, members in groupby(numbers):
        count = len(list(members))
        runs.append(_Run(first, count))
        first += count
    return runs


class AskedFrames:
    """What stitching is asked for, by the number of the crop; a context manager."""

    def __init__(
        self, network: StyleGAN2, latents: Latent, clips: tuple[FrameReader, ...], folder: Path, count: int
    ) -> None:
        """clips: crops of the source, edited ones and masks, `count` of each, of any size.

        folder: for what is decoded.
        """
        self._device, self._latents = network.constant.device, latents
        with ExitStack() as opened:
            side = network.config.resolution
            self._pictures = [
                opened.enter_context(NumberedPictures(clip, folder, count, side)) for clip in clips
            ]
            self._opened = opened.pop_all()

    def __call__(self, number: int) -> StitchFrame:
        source, edited, masks = (pictures[number] for pictures in self._pictures)
        shapes = masks_of(masks)
        return StitchFrame(
            latent=latent_of(self._latents, number),
            source=self._there(source),
            edited=self._there(edited),
            border=shapes.border.to(self._device),
            content=shapes.content.to(self._device),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _there(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        return to_model(pixels)[None].to(self._device)


@contextmanager
def asked_frames(folder: FaceWorkFolder, network: StyleGAN2, count: int) -> Iterator[AskedFrames]:
    """Those of a work folder whose crops are edited and masked."""
    latents = read_latents(folder, network)
    with ExitStack() as opened:
        clips = tuple(
            opened.enter_context(open_frames(folder.file(name)))
            for name in (CROPS_FILE, EDITED_FILE, MASKS_FILE)
        )
        yield opened.enter_context(AskedFrames(network, latents, clips, folder.path, count))
