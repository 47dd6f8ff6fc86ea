"""Inputs that the nodes of faces share, and what they mean."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from hashlib import blake2b
from typing import Any

import folder_paths
import torch
from comfy_api.latest import Input, io

from ..errors import InputError
from ..media.keypoints import pose_clip
from ..models.faces.tracking import FoundFace
from ..models.labels.face_mesh import landmarks_of_mesh
from ..pipelines.drawings import FaceDrawing, Footage, PoseDrawing
from ..pipelines.face_files import AlignedFace
from ..pipelines.face_finder import (
    YUNET,
    FaceSource,
    KnownFaces,
    YuNet,
    known_face,
    known_people,
    yunet_advice,
)
from ..pipelines.face_masks import Foregrounds, Given, Known, Outlined, parsed
from ..pipelines.world_drawings import WorldLandmarks
from ..training.worlds import WorldStream
from ..training.worlds.faces import FaceWorld
from .drawn_inputs import as_footage
from .folders import MODELS, model_folders
from .generator import weight_file
from .types import Drawings, FaceLandmarks, PoseKeypoint, World
from .video import ImageClip

NO_DETECTOR = "none"
OUTLINE, HUB_PARSING = "outline", "face-parsing"


def keypoints_input() -> Any:
    """Where the faces are, from other nodes."""
    return io.MultiType.Input(
        "keypoints",
        types=[PoseKeypoint, FaceLandmarks, Drawings, World],
        optional=True,
        tooltip="Where the faces are, if another node knows: POSE_KEYPOINT with faces, FACE_LANDMARKS of ComfyUI's "
        "MediaPipe nodes, our Face from Folder, or a People World.",
    )


def crop_size_input() -> Any:
    return io.Int.Input(
        "size",
        default=1024,
        min=64,
        max=2048,
        step=16,
        tooltip="Of the crops, pixels: what the network that edits them takes.",
    )


def detectors() -> list[str]:
    """Files of YuNet in the model folders, the newest name first; one entry at least."""
    names = {file.name for folder in model_folders() for file in folder.glob(YUNET)}
    return [*sorted(names, reverse=True), NO_DETECTOR]


def parts_names() -> list[str]:
    """What may tell the parts of a face: the landmarks' outline, the Hub's network, the user's files."""
    return [OUTLINE, HUB_PARSING, *folder_paths.get_filename_list(MODELS)]


@contextmanager
def face_footage(frames: Input.Video | torch.Tensor, frame_rate: float) -> Iterator[Footage]:
    """The clip with its fingerprint; closed at the end."""
    footage = as_footage(frames, frame_rate)
    assert footage is not None, "frames are required"
    with footage.clip:
        yield footage


def source_of(keypoints: Any, detector: str, footage: Footage) -> FaceSource:
    """What says where faces are; InputError for keypoints without faces, or where nothing is given."""
    if isinstance(keypoints, WorldStream):
        if not isinstance(keypoints.world, FaceWorld):
            raise InputError("this world has no faces; give a People World of faces")
        return known_face(WorldLandmarks(keypoints, "world"), footage.size)
    if isinstance(keypoints, FaceDrawing):
        return known_face(keypoints.landmarks, footage.size)
    if isinstance(keypoints, PoseDrawing) and keypoints.poses is not None:
        return known_people(keypoints.poses, footage.size)
    if isinstance(keypoints, list):
        return known_people(pose_clip(keypoints, "keypoints"), footage.size)
    if isinstance(keypoints, dict):
        return mesh_faces(keypoints, footage)
    if keypoints is not None:
        raise InputError("keypoints: these drawings have no faces behind them; give landmarks or poses")
    for folder in model_folders():
        if detector != NO_DETECTOR and (folder / detector).is_file():
            return YuNet(folder / detector)
    raise InputError(f"nothing says where the faces are; connect keypoints, or {yunet_advice()}")


def mesh_faces(value: dict[str, Any], footage: Footage) -> KnownFaces:
    """Every face of a FACE_LANDMARKS of ComfyUI's MediaPipe nodes."""
    try:
        height, width = (int(side) for side in value["image_size"])
        meshes = [[torch.as_tensor(face["landmarks_xy"]) for face in faces] for faces in value["frames"]]
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise InputError("keypoints: not what ComfyUI's MediaPipe nodes give") from error
    if (height, width) != footage.size:
        raise InputError(
            f"keypoints: found in pictures of {width}x{height}, the clip has {footage.size[1]}x{footage.size[0]}; give "
            "those of this clip"
        )
    digest = blake2b(digest_size=16)
    found: list[Sequence[FoundFace]] = []
    for frame in meshes:
        found.append([FoundFace(landmarks_of_mesh(mesh).numpy()) for mesh in frame])
        digest.update(b"".join(face.landmarks.tobytes() for face in found[-1]))
    return KnownFaces(lambda: iter(found), digest.hexdigest(), "keypoints")


def foregrounds(
    aligned: AlignedFace, parts: str, download: bool, masks: torch.Tensor | None, world: WorldStream | None
) -> Foregrounds:
    """What says which part of the crops is face: the user's masks, a world, or what `parts` names."""
    if masks is not None:
        clip = ImageClip(masks[..., None].expand(*masks.shape, 3), Fraction(24))
        return Given(clip, "masks", aligned.size)
    if world is not None:
        return Known(world)
    if parts == OUTLINE:
        return Outlined()
    return parsed(download=download) if parts == HUB_PARSING else parsed(weight_file(parts, False))
