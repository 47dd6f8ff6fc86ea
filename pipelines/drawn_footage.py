"""Footage whose maps are drawn while it is trained on, at the size of each stage: edges, faces, poses."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..errors import InputError
from ..media.folders import file_state
from ..media.keypoints import open_landmarks, open_poses
from ..media.reader import open_frames
from ..models.labels.faces import MIRRORED
from ..models.labels.frames import DrawnStream
from ..training.sequences import DrawnSequence
from .drawings import EdgeDrawing, FaceDrawing, Footage, PoseDrawing, PoseStyle

FACE_CHANNELS, POSE_CHANNELS, EDGE_CHANNELS = 15, 3, 1
"""Of drawn maps; poses have as many again with DensePose."""


@dataclass(frozen=True)
class DrawnEdges:
    """The edges of footage, found at the size that they are trained at: scaled lines would break."""

    source: Path
    order: ClassVar[tuple[int, ...] | None] = ()
    """See `training.clips.Clips.turned`."""

    def __call__(self, height: int, width: int) -> DrawnStream:
        return EdgeDrawing(_footage(self.source), size=(height, width))


@dataclass(frozen=True)
class DrawnFaces:
    """Faces out of landmark files, cut to the square around them."""

    source: Path
    keypoints: Path
    order: ClassVar[tuple[int, ...] | None] = MIRRORED

    def __call__(self, height: int, width: int) -> DrawnStream:
        return FaceDrawing(
            open_landmarks(self.keypoints), footage=_footage(self.source), size=(height, width)
        )


@dataclass(frozen=True)
class DrawnPoses:
    """Poses out of keypoint files, with DensePose pictures where there are some."""

    source: Path
    keypoints: Path | None
    densepose: Path | None = None
    order: ClassVar[tuple[int, ...] | None] = None

    def __call__(self, height: int, width: int) -> DrawnStream:
        """Upright frames are cut out of the middle of lying footage, as the published networks are trained."""
        footage = _footage(self.source)
        half = width < height and footage.size[1] > footage.size[0]
        return PoseDrawing(
            None if self.keypoints is None else open_poses(self.keypoints),
            densepose=None if self.densepose is None else _footage(self.densepose),
            footage=footage,
            size=(height, 2 * width if half else width),
            style=PoseStyle(central_half=half),
        )


Drawer = DrawnEdges | DrawnFaces | DrawnPoses


def _footage(source: Path) -> Footage:
    return Footage(open_frames(source), file_state(source))


def drawn_sequence(source: Path, draw: Drawer) -> DrawnSequence:
    """What is trained on; InputError for keypoints that don't pair up with their footage."""
    stream = draw(256, 256)
    if not stream.frame_count:
        raise InputError(f"{source}: nobody knows how many frames it has; save it as pictures")
    return DrawnSequence(str(source), draw, stream.frame_count, file_state(source), draw.order)


def open_drawn_folder(root: Path) -> tuple[tuple[DrawnSequence, ...], int] | None:
    """The sequences of a folder in the reference's layouts for faces and poses, and the channels of their maps.

        train_keypoints/<sequence>/*.txt                                   landmarks of a face
        train_openpose/<sequence>/*.json, train_densepose/<sequence>/*     a pose, by one of them or both
        train_img/<sequence>/*                                             pictures, paired with them by their order

    None for a folder in neither; InputError for one whose parts lack each other.
    """
    parts = {name: root / f"train_{name}" for name in ("keypoints", "openpose", "densepose")}
    there = {name: folder for name, folder in parts.items() if folder.is_dir()}
    if not there:
        return None
    names = sorted(entry.name for entry in next(iter(there.values())).iterdir() if entry.is_dir())
    pictures = root / "train_img"
    for name in names:
        for folder in (pictures, *there.values()):
            if not (folder / name).is_dir():
                raise InputError(f"{folder / name}: there is no such folder, but others have files for it")
    if not names:
        raise InputError(
            f"{next(iter(there.values()))}: holds no sequence; expected folders with files in it"
        )
    if "keypoints" in there:
        faces = (DrawnFaces(pictures / name, there["keypoints"] / name) for name in names)
        return tuple(drawn_sequence(draw.source, draw) for draw in faces), FACE_CHANNELS
    folders = [there.get("openpose"), there.get("densepose")]
    poses = (DrawnPoses(pictures / n, *(f and f / n for f in folders)) for n in names)
    return tuple(drawn_sequence(draw.source, draw) for draw in poses), POSE_CHANNELS * len(there)
