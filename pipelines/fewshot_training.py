"""Few-shot training on own footage: folders of sequences in, clips with exemplars out.

Drawn and cut as `fewshot_sources` does for exemplars and drivers. Source of the layout: NVlabs/few-shot-vid2vid at
009e23f, `data/fewshot_{face,pose,street}_dataset.py`.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from ..errors import InputError
from ..media.folders import file_state
from ..media.keypoints import open_landmarks, open_poses
from ..media.labels import read_palette
from ..media.reader import open_frames
from ..models.fewshot.config import FewShotConfig
from ..models.labels.convert import ConvertedLabels
from ..models.labels.frames import DrawnStream
from ..models.labels.palette import builtin_palette
from ..training.cache import ArrayCache
from ..training.clips import Clips
from ..training.fewshot_footage import FewShotFootage
from ..training.fewshot_recipe import DENSEPOSE_CHANNELS, FewShotRecipe, Layout
from ..training.folders import check_lengths, check_maps, open_clip
from ..training.schedule import with_longest
from ..training.sequences import DrawnSequence, FootageSequence
from ..training.team import Team
from .drawings import Footage
from .fewshot_faces import FaceDriver
from .fewshot_options import InputOptions
from .fewshot_poses import PoseDriver
from .training import CACHE, flow_teacher

PICTURES = "train_images"


@dataclass(frozen=True)
class FewShotData:
    """Footage to train on."""

    source: Path
    """A folder in the layout of `open_fewshot_folder`."""
    palette: str | None = None
    """What label maps mean; None: cityscapes."""
    flow: Literal["dis", "flownet2"] = "dis"
    cache_bytes: int = 10**10
    """Of flow on disk, at most."""


@dataclass(frozen=True)
class DrivenFaces:
    """Faces out of landmark files, cut to the box around the first frame's."""

    source: Path
    keypoints: Path
    layout: Layout
    order: ClassVar[tuple[int, ...] | None] = ()
    """See `training.clips.Clips.turned`."""

    def __call__(self, height: int, width: int) -> DrawnStream:
        options = InputOptions((height, width), self.layout, shape="own")
        return FaceDriver(open_landmarks(self.keypoints), options, footage=_footage(self.source))


@dataclass(frozen=True)
class DrivenPoses:
    """Bodies out of keypoint files, cut to the box around the first frame's."""

    source: Path
    keypoints: Path
    densepose: Path | None
    layout: Layout
    order: ClassVar[tuple[int, ...] | None] = None

    def __call__(self, height: int, width: int) -> DrawnStream:
        options = InputOptions((height, width), self.layout, shape="own")
        surface = None if self.densepose is None else _footage(self.densepose)
        poses = open_poses(self.keypoints)
        return PoseDriver(poses, options, densepose=surface, footage=_footage(self.source))


def own_fewshot_clips(
    recipe: FewShotRecipe, data: FewShotData, folder: Path, team: Team
) -> tuple[FewShotRecipe, Clips]:
    """The recipe as the footage needs it, and the clips; folder: of the run.

    InputError before a run begins: what does not pair up, or is too short for a clip and an exemplar.
    """
    teacher = flow_teacher(data.flow, team.device)
    sequences = open_fewshot_folder(data.source, recipe.generator, recipe.layout, data.palette)
    check_lengths(sequences, 1)
    longest = max(sequence.frames for sequence in sequences)
    recipe = with_longest(
        replace(recipe, name=f"{recipe.name} on own data"), max(1, longest - recipe.apart[0])
    )
    cache = ArrayCache(folder / CACHE, data.cache_bytes)
    told = recipe.shape, recipe.exemplars, recipe.apart
    return recipe, FewShotFootage(sequences, *told, recipe.seed, teacher, cache)


def open_fewshot_folder(
    root: Path, config: FewShotConfig, layout: Layout, palette: str | None = None
) -> tuple[FootageSequence, ...]:
    """The sequences of a folder, one subject each, for a network:

        train_images/<sequence>/*                                          pictures
        train_keypoints/<sequence>/*.txt                                   landmarks of a face
        train_openpose/<sequence>/*.json, train_densepose/<sequence>/*     a body
        train_labels/<sequence>/*                                          label maps of a street

    The pictures of a sequence are paired with the rest by their order. InputError for a folder without what the network
    takes, and for sequences whose parts do not pair up.
    """
    parts = _parts(config)
    names = _names(root, parts)

    def open_one(name: str) -> FootageSequence:
        pictures, *given = (root / part / name for part in (PICTURES, *parts))
        if config.palette:
            return _street(pictures, given[0], config, palette)
        if config.kind == "face":
            return _drawn(pictures, DrivenFaces(pictures, given[0], layout))
        densepose = given[1] if len(given) > 1 else None
        return _drawn(pictures, DrivenPoses(pictures, given[0], densepose, layout))

    return tuple(open_one(name) for name in names)


def _parts(config: FewShotConfig) -> tuple[str, ...]:
    """Folders beside the pictures'."""
    if config.palette:
        return ("train_labels",)
    if config.kind == "face":
        return ("train_keypoints",)
    return ("train_openpose", "train_densepose")[: 1 + (config.label_channels == DENSEPOSE_CHANNELS)]


def _names(root: Path, parts: tuple[str, ...]) -> list[str]:
    for part in (PICTURES, *parts):
        if not (root / part).is_dir():
            needed = " and ".join(f"{each}/" for each in (PICTURES, *parts))
            raise InputError(
                f"{root}: has no {part}/; this network learns from {needed}, each with a folder for every sequence"
            )
    names = sorted(entry.name for entry in (root / PICTURES).iterdir() if entry.is_dir())
    if not names:
        raise InputError(f"{root / PICTURES}: holds no sequence; expected folders with pictures in it")
    for name in names:
        for part in parts:
            if not (root / part / name).is_dir():
                raise InputError(
                    f"{root / part / name}: there is no such folder, but {PICTURES}/ has pictures for it"
                )
    return names


def _drawn(source: Path, draw: DrivenFaces | DrivenPoses) -> DrawnSequence:
    stream = draw(256, 256)
    if not stream.frame_count:
        raise InputError(f"{source}: nobody knows how many frames it has; save it as pictures")
    return DrawnSequence(str(source), draw, stream.frame_count, file_state(source), draw.order)


def _street(pictures: Path, labels: Path, config: FewShotConfig, palette: str | None) -> FootageSequence:
    theirs = read_palette(palette) if palette else builtin_palette("cityscapes")
    sequence = open_clip(pictures, labels, theirs)
    check_maps([sequence])
    return replace(sequence, labels=ConvertedLabels(sequence.labels, read_palette(config.palette)))


def _footage(source: Path) -> Footage:
    return Footage(open_frames(source), file_state(source))
