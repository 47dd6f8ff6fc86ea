"""Drawn maps: faces and poses as networks take them."""

from typing import Any

import torch
from comfy_api.latest import Input, io

from ..media.keypoints import FacesOf, Landmarks, Poses, keypoint_state, open_landmarks, open_poses, pose_clip
from ..pipelines.drawings import FaceDrawing, FaceStyle, PoseDrawing, PoseStyle, Size
from . import compat
from .drawn_inputs import (
    as_footage,
    canvas_inputs,
    densepose_input,
    footage_input,
    frame_rate_input,
    keypoints_input,
    mesh_landmarks,
    size_inputs,
    size_of,
)
from .folders import user_path
from .types import Drawings, FaceLandmarks, PoseKeypoint
from .video import exact_rate

FACE_FOOTAGE = (
    "The pictures that the landmarks were found in, one a frame. They say how large the picture was, give the edges "
    "around the face, and the looks that a face network begins with."
)
POSE_FOOTAGE = "The pictures that the keypoints were found in: they say how large the picture was."
OF_CANVAS = " 0: that of the footage, in multiples of 32."


def face_inputs() -> list[Any]:
    """How faces are drawn."""
    return [
        *size_inputs(512, 512, ""),
        io.Boolean.Input(
            "distance_maps",
            default=True,
            tooltip="15 channels, with the distance to each curve, as the published face network takes them. Off: one "
            "channel of lines.",
        ),
        io.Boolean.Input(
            "background_edges",
            default=True,
            tooltip="Edges of the footage around the face, so that hair and background have a shape too.",
        ),
        compat.advanced(
            io.Boolean,
            "other_face",
            default=False,
            tooltip="Change the proportions of the face by fixed amounts: another person makes the same faces.",
        ),
        frame_rate_input(),
        footage_input(FACE_FOOTAGE),
    ]


def pose_inputs() -> list[Any]:
    """How poses are drawn."""
    return [
        *size_inputs(0, 0, OF_CANVAS),
        io.Boolean.Input(
            "basic_points", default=False, tooltip="Trunk, arms and legs only: no head, face and hands."
        ),
        compat.advanced(
            io.Boolean,
            "hide_face",
            default=False,
            tooltip="For networks trained without faces: the head's points move a little, DensePose loses its head.",
        ),
        compat.advanced(
            io.Boolean,
            "central_half",
            default=False,
            tooltip="Keep the middle half of the width, as the published layout does with one dancer.",
        ),
        frame_rate_input(),
        densepose_input(),
        footage_input(POSE_FOOTAGE),
    ]


def drawings_output() -> Any:
    return Drawings.Output(
        "drawings", tooltip="Drawn maps, one a frame, for Vid2Vid with weights of their kind."
    )


class FaceFromFolder(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangFaceFromFolder",
            display_name="Face from Folder",
            category="Maliang/drawings",
            description="Landmarks of a face, from files, become drawings: curves, distances, edges around it, as a "
            "sketch-to-face network takes them.",
            search_aliases=["sketch to face", "dlib landmarks", "68 landmarks", "edge2face"],
            inputs=[
                io.String.Input(
                    "folder",
                    default="landmarks",
                    tooltip="A folder in ComfyUI's input folder: one file a frame, with 68 lines x,y (.txt) or "
                    "OpenPose JSON that has faces.",
                ),
                *face_inputs(),
                *canvas_inputs(),
            ],
            outputs=[drawings_output()],
        )

    @classmethod
    def fingerprint_inputs(cls, folder: str, **others: Any) -> Any:
        return keypoint_state(user_path(folder))

    @classmethod
    def execute(
        cls,
        folder: str,
        width: int,
        height: int,
        distance_maps: bool,
        background_edges: bool,
        other_face: bool,
        frame_rate: float,
        canvas_width: int,
        canvas_height: int,
        footage: Input.Video | torch.Tensor | None = None,
    ) -> io.NodeOutput:
        style = FaceStyle(distance_maps, background_edges, other_face)
        landmarks, canvas = open_landmarks(user_path(folder)), size_of(canvas_width, canvas_height)
        return io.NodeOutput(drawn_face(landmarks, (height, width), canvas, style, frame_rate, footage))


class FaceFromKeypoints(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangFaceFromKeypoints",
            display_name="Face from Keypoints",
            category="Maliang/drawings",
            description="The largest face of every frame, found by pose or face nodes, becomes drawings as a "
            "sketch-to-face network takes them. Where no face was found, the one before stays.",
            search_aliases=["sketch to face", "pose keypoint face", "mediapipe face", "dwpose face"],
            inputs=[
                io.MultiType.Input(
                    "keypoints",
                    types=[PoseKeypoint, FaceLandmarks],
                    tooltip="POSE_KEYPOINT of DWPose, OpenPose or SDPose nodes with faces, or FACE_LANDMARKS of "
                    "ComfyUI's MediaPipe nodes.",
                ),
                *face_inputs(),
            ],
            outputs=[drawings_output()],
        )

    @classmethod
    def execute(
        cls,
        keypoints: Any,
        width: int,
        height: int,
        distance_maps: bool,
        background_edges: bool,
        other_face: bool,
        frame_rate: float,
        footage: Input.Video | torch.Tensor | None = None,
    ) -> io.NodeOutput:
        poses = isinstance(keypoints, list)
        landmarks = FacesOf(pose_clip(keypoints, "keypoints")) if poses else mesh_landmarks(keypoints)
        style = FaceStyle(distance_maps, background_edges, other_face)
        return io.NodeOutput(drawn_face(landmarks, (height, width), None, style, frame_rate, footage))


class PoseFromFolder(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangPoseFromFolder",
            display_name="Pose from Folder",
            category="Maliang/drawings",
            description="OpenPose's JSON files become drawings of everyone in the picture, as a pose-to-body network "
            "takes them; with DensePose pictures in the channels before.",
            search_aliases=["pose to body", "openpose json", "pose2body", "dance"],
            inputs=[
                io.String.Input(
                    "folder",
                    default="openpose",
                    tooltip="A folder in ComfyUI's input folder with one OpenPose file a frame, or one JSON file of a "
                    "whole clip.",
                ),
                *pose_inputs(),
                *canvas_inputs(),
            ],
            outputs=[drawings_output()],
        )

    @classmethod
    def fingerprint_inputs(cls, folder: str, **others: Any) -> Any:
        return keypoint_state(user_path(folder))

    @classmethod
    def execute(
        cls,
        folder: str,
        width: int,
        height: int,
        basic_points: bool,
        hide_face: bool,
        central_half: bool,
        frame_rate: float,
        canvas_width: int,
        canvas_height: int,
        densepose: Input.Video | torch.Tensor | None = None,
        footage: Input.Video | torch.Tensor | None = None,
    ) -> io.NodeOutput:
        style = PoseStyle(basic_points, hide_face, central_half)
        size, canvas = size_of(width, height), size_of(canvas_width, canvas_height)
        return io.NodeOutput(
            drawn_pose(open_poses(user_path(folder)), size, canvas, style, frame_rate, densepose, footage)
        )


class PoseFromKeypoints(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangPoseFromKeypoints",
            display_name="Pose from Keypoints",
            category="Maliang/drawings",
            description="Keypoints of pose nodes, DensePose pictures, or both together become drawings as a "
            "pose-to-body network takes them.",
            search_aliases=["pose to body", "pose keypoint", "dwpose", "densepose", "pose2body"],
            inputs=[*pose_inputs(), keypoints_input(optional=True)],
            outputs=[drawings_output()],
        )

    @classmethod
    def execute(
        cls,
        width: int,
        height: int,
        basic_points: bool,
        hide_face: bool,
        central_half: bool,
        frame_rate: float,
        densepose: Input.Video | torch.Tensor | None = None,
        footage: Input.Video | torch.Tensor | None = None,
        keypoints: Any = None,
    ) -> io.NodeOutput:
        poses = None if keypoints is None else pose_clip(keypoints, "keypoints")
        style, size = PoseStyle(basic_points, hide_face, central_half), size_of(width, height)
        return io.NodeOutput(drawn_pose(poses, size, None, style, frame_rate, densepose, footage))


def drawn_face(
    landmarks: Landmarks,
    size: Size,
    canvas: Size | None,
    style: FaceStyle,
    frame_rate: float,
    footage: Any,
) -> FaceDrawing:
    """What both face nodes make."""
    return FaceDrawing(
        landmarks,
        canvas=canvas,
        footage=as_footage(footage, frame_rate),
        size=size,
        style=style,
        frame_rate=exact_rate(frame_rate) if footage is None else None,
    )


def drawn_pose(
    poses: Poses | None,
    size: Size | None,
    canvas: Size | None,
    style: PoseStyle,
    frame_rate: float,
    densepose: Any,
    footage: Any,
) -> PoseDrawing:
    """What both pose nodes make."""
    still = densepose is None and footage is None
    return PoseDrawing(
        poses,
        densepose=as_footage(densepose, frame_rate),
        canvas=canvas,
        footage=as_footage(footage, frame_rate),
        size=size,
        style=style,
        frame_rate=exact_rate(frame_rate) if still else None,
    )
