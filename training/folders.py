"""Footage with label maps as it lies on disk: the reference's layout, or one clip with its label maps.

    train_A/<sequence>/*      label maps in any form that `media.labels` reads
    train_B/<sequence>/*      pictures, paired with the label maps by their order
    train_inst/<sequence>/*   instance ids, optional

Source of the layout: NVIDIA/vid2vid at 2e6d137, `data/temporal_dataset.py`. What is looked at here are names, numbers
and first frames, before a run begins; a file that turns out damaged later costs a clip, not the run.
"""

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..media.folders import file_state
from ..media.labels import open_labels
from ..media.reader import open_frames
from ..models.labels.palette import Palette
from .sequences import FootageSequence, LabelledSequence

CHECKED = 48
"""Label maps that are read before a run begins, at most."""


def open_folder(root: Path, palette: Palette) -> tuple[LabelledSequence, ...]:
    """The sequences of a folder in the reference's layout; palette: what the label maps mean.

    InputError for a folder without sequences, and a sequence whose parts do not pair up.
    """
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder; give one that holds train_A/ and train_B/")
    folder = root / "train_A"
    found = folder.iterdir() if folder.is_dir() else ()
    names = sorted(entry.name for entry in found if entry.is_dir() and not entry.name.startswith("."))
    if not names:
        raise InputError(f"{folder}: holds no sequence; expected train_A/<sequence>/ and train_B/<sequence>/")
    return tuple(_open(root, name, palette) for name in names)


def _open(root: Path, name: str, palette: Palette) -> LabelledSequence:
    labels, pictures = root / "train_A" / name, root / "train_B" / name
    instances = root / "train_inst" / name if (root / "train_inst").is_dir() else None
    for folder in (pictures, instances):
        if folder is not None and not folder.is_dir():
            raise InputError(f"{folder}: there is no such folder, but {labels} has label maps for it")
    return open_clip(pictures, labels, palette, instances)


def open_clip(
    pictures: Path, labels: Path, palette: Palette | None, instances: Path | None = None
) -> LabelledSequence:
    """One clip (a video or a folder of pictures) and its label maps; InputError where they don't pair up."""
    stream = open_labels(labels, palette=palette, instances=instances)
    with open_frames(pictures) as reader:
        count = reader.info.frame_count
    if stream.frame_count is not None and count is not None and stream.frame_count != count:
        raise InputError(
            f"{labels} has {stream.frame_count} label maps but {pictures} has {count} frames; there must be one "
            "label map for each frame"
        )
    frames = stream.frame_count or count
    if not frames:
        raise InputError(f"{labels}: nobody knows how many label maps it has; save them as pictures")
    return LabelledSequence(stream, pictures, frames, file_state(pictures))


def check_lengths(sequences: Sequence[FootageSequence], least: int) -> None:
    """InputError where all sequences are shorter than what the network sees at once and one frame more."""
    longest = max(sequences, key=lambda sequence: sequence.frames)
    check_length(longest.name, longest.frames, least)


def check_length(name: str, frames: int, least: int) -> None:
    """InputError for a clip of fewer frames."""
    if frames < least:
        raise InputError(
            f"{name}: {frames} frames are too few; this network needs clips of {least} frames or more"
        )


def check_maps(sequences: Sequence[LabelledSequence]) -> None:
    """InputError for label maps that a palette doesn't fit: a few are read, spread over all there are."""
    places = [(sequence, t) for sequence in sequences for t in (0, sequence.frames // 2, sequence.frames - 1)]
    for sequence, t in places[:: -(-len(places) // CHECKED)]:
        next(sequence.labels.frames(t), None)
