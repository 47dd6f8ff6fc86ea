"""Where drawn maps come from: keypoint files, DensePose pictures, footage, named the same way at every door."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from ..errors import InputError
from ..media.folders import file_state
from ..media.keypoints import holds_keypoints, is_face, open_landmarks, open_poses
from ..media.reader import open_frames
from .drawings import Drawing, EdgeDrawing, FaceDrawing, FaceStyle, Footage, PoseDrawing, PoseStyle, Size
from .sources import WORLD
from .world_drawings import world_drawing

EDGES = "edges:"
"""Before a clip: its edges are the drawn maps."""


@dataclass(frozen=True)
class DrawingOptions:
    """Everything that decides how a source is drawn."""

    footage: Path | None = None
    """The pictures that the keypoints were found in."""
    densepose: Path | None = None
    """DensePose pictures, one for every frame."""
    canvas: Size | None = None
    """(height, width) of the pictures that the keypoints were found in."""
    size: Size | None = None
    """(height, width) of the drawn maps."""
    frame_rate: Fraction | None = None
    faces: bool | None = None
    """Draw faces (True) or poses (False) from keypoints that have both; None: what the files are."""
    face: FaceStyle = field(default_factory=FaceStyle)
    pose: PoseStyle = field(default_factory=PoseStyle)


def is_drawn_source(source: str) -> bool:
    """Whether a source is keypoints, or asks for edges; else it is label maps, a video or a world."""
    return source.startswith(EDGES) or (Path(source).exists() and holds_keypoints(Path(source)))


def open_drawing(source: str, options: DrawingOptions, channels: int | None = None) -> Drawing:
    """Drawn maps of a source.

    source: a folder of landmarks (.txt), of OpenPose's files (.json), a JSON file of a whole clip, `edges:` and a clip,
    pictures of DensePose alone, or a world that knows its faces or people; channels: what the network takes, which
    decides where the source leaves a choice: 15 or 1: faces, 6 or 3: poses.
    """
    if source.startswith(WORLD):
        face = options.face if channels is None else replace(options.face, distance_maps=channels > 1)
        return world_drawing(source, options.size, face, options.pose, channels)
    if source.startswith(EDGES):
        return EdgeDrawing(open_footage(Path(source.removeprefix(EDGES))), size=options.size)
    path = Path(source)
    footage = None if options.footage is None else open_footage(options.footage)
    if not path.exists():
        raise InputError(f"{source}: there is no such file or folder of keypoints")
    if not holds_keypoints(path):
        if channels not in (None, 3):
            raise InputError(
                f"{source}: holds no keypoints (.txt landmarks, .json poses), which these weights need"
            )
        return PoseDrawing(
            None, densepose=open_footage(path), footage=footage, size=options.size, style=options.pose
        )
    faces = _wants_faces(path, options.faces, channels)
    if faces:
        style = options.face if channels is None else replace(options.face, distance_maps=channels > 1)
        return FaceDrawing(
            open_landmarks(path),
            canvas=options.canvas,
            footage=footage,
            size=options.size,
            style=style,
            frame_rate=options.frame_rate,
        )
    if channels == 6 and options.densepose is None:
        raise InputError(
            "these weights take DensePose pictures beside the keypoints (6 channels); give them too"
        )
    return PoseDrawing(
        open_poses(path),
        densepose=None if options.densepose is None else open_footage(options.densepose),
        canvas=options.canvas,
        footage=footage,
        size=options.size,
        style=options.pose,
        frame_rate=options.frame_rate,
    )


def _wants_faces(path: Path, asked: bool | None, channels: int | None) -> bool:
    if asked is not None:
        return asked
    return is_face(path) if channels is None else channels in (1, 15)


def open_footage(path: Path) -> Footage:
    """A clip with what tells whether it has changed."""
    clip = open_frames(path)
    return Footage(clip, file_state(path))
