"""Inputs that several nodes of drawn maps share, and what they mean."""

from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from comfy_api.latest import Input, io
from torch import Tensor

from ..errors import InputError
from ..media.folders import file_state
from ..media.keypoints import LandmarkClip, Landmarks
from ..models.labels.face_mesh import landmarks_of_mesh
from ..pipelines.drawings import Footage, Size
from . import compat
from .types import PoseKeypoint
from .video import FRAME_RATES, open_clip, source

LARGEST = 8192


def footage_input(tooltip: str) -> Any:
    return io.MultiType.Input("footage", types=[io.Video, io.Image], optional=True, tooltip=tooltip)


def densepose_input() -> Any:
    return io.MultiType.Input(
        "densepose",
        types=[io.Video, io.Image],
        optional=True,
        tooltip="DensePose pictures, one a frame: two surface coordinates and, in the third channel, the part 0 to 24. "
        "Without loss (PNG, FFV1); coloured previews won't do. They become the first three channels.",
    )


def keypoints_input(optional: bool = False) -> Any:
    return PoseKeypoint.Input(
        "keypoints",
        optional=optional,
        tooltip="From DWPose, OpenPose or SDPose nodes, one entry a frame: 18 or 25 body points, face, hands.",
    )


def size_inputs(width: int, height: int, of: str) -> list[Any]:
    """Width and height of the drawn maps; 0 where `of` says what it then is."""
    smallest = 0 if of else 32
    return [
        io.Int.Input(
            "width",
            default=width,
            min=smallest,
            max=LARGEST,
            step=32,
            tooltip=f"Width of the drawn maps in pixels.{of}",
        ),
        io.Int.Input(
            "height",
            default=height,
            min=smallest,
            max=LARGEST,
            step=32,
            tooltip=f"Height of the drawn maps in pixels.{of}",
        ),
    ]


def canvas_inputs() -> list[Any]:
    """The size that the keypoints are measured in."""
    return [
        compat.advanced(
            io.Int,
            name,
            default=0,
            min=0,
            max=100_000,
            tooltip=f"{side} in pixels of the pictures that the keypoints were found in, if neither the files nor "
            "footage say it. 0: they do.",
        )
        for name, side in (("canvas_width", "Width"), ("canvas_height", "Height"))
    ]


def frame_rate_input() -> Any:
    return io.Float.Input(
        "frame_rate",
        **FRAME_RATES,
        tooltip="Frames per second of the clip. Footage that is a VIDEO has its own, which counts.",
    )


def size_of(width: int, height: int) -> Size | None:
    """(height, width) of two widgets; None where both are 0; InputError where one is."""
    if bool(width) != bool(height):
        raise InputError(f"{width}x{height} is half a size; give both width and height, or 0 for both")
    return (height, width) if width else None


def as_footage(frames: "Input.Video | Tensor | None", frame_rate: float) -> Footage | None:
    """A VIDEO or an IMAGE batch as the pictures that keypoints belong to."""
    if frames is None:
        return None
    clip = open_clip(frames, frame_rate)
    if isinstance(frames, Tensor):
        return Footage(clip, blake2b(frames.cpu().contiguous().numpy().tobytes(), digest_size=16).hexdigest())
    file = source(frames)
    window = compat.trim_window(frames)
    if isinstance(file, Path):
        return Footage(clip, f"{file_state(file)} {window}")
    return Footage(clip, f"{blake2b(file.getbuffer(), digest_size=16).hexdigest()} {window}")  # type: ignore[attr-defined]


def mesh_landmarks(value: Any) -> Landmarks:
    """The largest face of every frame of a FACE_LANDMARKS of ComfyUI's MediaPipe nodes."""
    try:
        height, width = (int(side) for side in value["image_size"])
        frames = value["frames"]
        found = [
            _largest([landmarks_of_mesh(torch.as_tensor(f["landmarks_xy"])) for f in faces])
            for faces in frames
        ]
    except (KeyError, TypeError, IndexError) as error:
        raise InputError("face_landmarks: not what ComfyUI's MediaPipe nodes give") from error
    return LandmarkClip(found, (height, width), "face_landmarks")


def _largest(faces: list[Tensor]) -> Tensor | None:
    return max(faces, key=lambda points: float(points[:, 0].max() - points[:, 0].min()), default=None)
