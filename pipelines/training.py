"""Training as a whole job: footage and what was said about it in, a run and its file of weights out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Literal

import torch

from ..errors import InputError
from ..media.folders import file_state
from ..media.labels import read_palette
from ..media.outputs import prepare_folder, write_whole, writing
from ..media.reader import open_frames
from ..models.flow.estimators import SMALLEST_SIDE
from ..models.labels.palette import builtin_palette
from ..progress import Progress, silent
from ..training.cache import ArrayCache
from ..training.clips import Clips
from ..training.flow_teachers import FlowTeacher, dense_inverse_search, flownet2
from ..training.folders import check_length, check_lengths, check_maps, open_clip, open_folder
from ..training.recipe import Recipe, with_drawn, with_own_data, with_palette, with_size
from ..training.schedule import with_longest
from ..training.sequences import FootageClips, FootageSequence, LabelledSequence
from ..training.team import Team
from .drawn_footage import (
    EDGE_CHANNELS,
    FACE_CHANNELS,
    POSE_CHANNELS,
    DrawnEdges,
    DrawnFaces,
    DrawnPoses,
    drawn_sequence,
    open_drawn_folder,
)
from .labels import segment_clip
from .segmenter import load_segmenter

LABELS, CACHE = "labels", "cache"
"""In the folder of a run: label maps that were made for it, flow that was estimated."""

Size = tuple[int, int]
"""(height, width)."""


@dataclass(frozen=True)
class OwnData:
    """Footage to train on."""

    source: Path
    """A video or a folder of pictures; with `labels` None a folder in the reference's layout."""
    labels: str | None
    """`segment`, `edges`, `face:DIR` or `pose:DIR` with keypoint files, or the path of label maps."""
    palette: str | None = None
    """What label maps mean (None: read off them; in the reference's layout what the recipe's network knows)."""
    network: str = "eomt"
    """That segments."""
    size: Size | None = None
    """Of the last stage (None: about as many pixels as the recipe says, in the proportions of the footage)."""
    flow: Literal["dis", "flownet2"] = "dis"
    cache_bytes: int = 10**10
    """Of flow on disk, at most."""


def own_clips(
    recipe: Recipe, data: OwnData, folder: Path, team: Team, progress: Progress = silent
) -> tuple[Recipe, Clips]:
    """The recipe as the footage needs it, and the clips; label maps that are made for it lie in `folder`.

    InputError before a run begins: what does not pair up, is too short, or lacks a class.
    """
    teacher = flow_teacher(data.flow, team.device)
    recipe = with_own_data(recipe)
    if data.labels is None:
        recipe, sequences, proportions = _reference_layout(recipe, data)
    else:
        recipe, sequence, proportions = _one_clip(recipe, data, folder, team, progress)
        sequences = [sequence]
    check_lengths(sequences, recipe.generator.label_frames)
    recipe = with_longest(recipe, max(sequence.frames for sequence in sequences))
    recipe = with_size(recipe, data.size or fitting_size(recipe, proportions))
    _check_flow(recipe)
    cache = ArrayCache(folder / CACHE, data.cache_bytes)
    styles = len(recipe.generator.style_names)
    return recipe, FootageClips(sequences, recipe.shape, styles, recipe.seed, teacher, cache)


def _check_flow(recipe: Recipe) -> None:
    """InputError for a stage whose pictures are too small to estimate flow between them."""
    for number, stage in enumerate(recipe.stages, 1):
        width, height = stage.shape.width, stage.shape.height
        if min(width, height) < SMALLEST_SIDE:
            last = recipe.stages[-1].shape
            raise InputError(
                f"--size {last.width}x{last.height}: stage {number} of recipe {recipe.name} would have "
                f"{width}x{height} pixels, too few to see motion in; give a size of which it has at least "
                f"{SMALLEST_SIDE} each way"
            )


def flow_teacher(name: str, device: torch.device) -> FlowTeacher:
    return dense_inverse_search() if name == "dis" else flownet2(device)


def _reference_layout(recipe: Recipe, data: OwnData) -> tuple[Recipe, Sequence[FootageSequence], Size]:
    """A folder of sequences: the recipe for their labels, the sequences, the proportions to train in."""
    drawn = open_drawn_folder(data.source)
    if drawn is not None:
        sequences, channels = drawn
        shape = recipe.stages[-1].shape
        return with_drawn(recipe, channels), sequences, (shape.height, shape.width)
    named = data.palette or recipe.generator.palette
    palette = read_palette(named) if named else builtin_palette("cityscapes")
    labelled = open_folder(data.source, palette)
    check_maps(labelled)
    return with_palette(recipe, palette), labelled, _picture_size(labelled[0].pictures)


def _one_clip(
    recipe: Recipe, data: OwnData, folder: Path, team: Team, progress: Progress
) -> tuple[Recipe, FootageSequence, Size]:
    """One clip with the labels that were asked for: the recipe for them, the sequence, the proportions to train in."""
    labels = str(data.labels)
    kind, colon, keypoints = labels.partition(":")
    footage = _checked_footage(data.source, recipe.generator.label_frames)
    if labels == "edges":
        return (
            with_drawn(recipe, EDGE_CHANNELS),
            drawn_sequence(data.source, DrawnEdges(data.source)),
            footage,
        )
    if colon and kind == "face":
        faces = DrawnFaces(data.source, Path(keypoints))
        return with_drawn(recipe, FACE_CHANNELS), drawn_sequence(data.source, faces), (1, 1)
    if colon and kind == "pose":
        poses = DrawnPoses(data.source, Path(keypoints))
        return with_drawn(recipe, POSE_CHANNELS), drawn_sequence(data.source, poses), footage
    if labels == "segment":
        sequence = _segmented(data, folder / LABELS, team, progress)
    else:
        palette = None if data.palette is None else read_palette(data.palette)
        sequence = open_clip(data.source, Path(labels), palette)
        check_maps([sequence])
    return with_palette(recipe, sequence.labels.palette), sequence, footage


def _segmented(data: OwnData, out: Path, team: Team, progress: Progress) -> LabelledSequence:
    """Label maps by a network, once: a run that goes on finds them in its folder."""
    palette = read_palette(data.palette or "cityscapes")
    job = f"{file_state(data.source)} {data.network} {palette.to_json()}"
    note = out.with_name(f"{out.name}.txt")
    if out.is_dir() and note.is_file() and note.read_text("utf-8") != job:
        raise InputError(f"{out}: label maps of another clip, or by another network; choose another folder")

    def label() -> None:
        with writing(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            write_whole(note, job.encode())
        prepare_folder(out)
        segmenter = load_segmenter(data.network, palette=palette, device=team.device)
        segment_clip(data.source, segmenter, out, progress)

    (missing,) = team.any([not out.is_dir()])
    if missing:
        team.first(label)
    return open_clip(data.source, out, palette)


def _checked_footage(source: Path, least: int) -> Size:
    """Its size; InputError for what can't be read or is too short, before anything is made for it."""
    with open_frames(source) as reader:
        if reader.info.frame_count is not None:
            check_length(str(source), reader.info.frame_count, least)
        return reader.info.height, reader.info.width


def _picture_size(source: Path) -> Size:
    with open_frames(source) as reader:
        return reader.info.height, reader.info.width


def fitting_size(recipe: Recipe, proportions: Size) -> Size:
    """As many pixels as the recipe's last stage has, about, in the proportions of the footage, as (height, width)."""
    shape, multiple = recipe.stages[-1].shape, recipe.generator.size_multiple
    side = sqrt(shape.width * shape.height / (proportions[0] * proportions[1]))
    height, width = (max(2, round(length * side / multiple)) * multiple for length in proportions)
    return height, width
