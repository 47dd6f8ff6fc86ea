"""A face in a clip: find it and follow it, cut it out upright."""

from typing import Any

import torch
from comfy_api.latest import Input, io, ui

from ..media.pixels import to_image, to_model
from ..models.faces.alignment import Smoothing
from ..pipelines.face_files import FollowedFace, follow_face, write_crops
from . import compat
from .faces_inputs import crop_size_input, detectors, face_footage, keypoints_input, source_of
from .failures import plain_words
from .folders import temp_file
from .progress import NodeProgress
from .types import AlignedFace, FaceTrack
from .video import as_video, frames_input, rate_input


class FindFaceTrack(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangFindFaceTrack",
            display_name="Find Face Track",
            category="Maliang/Faces",
            description="Finds the faces of a clip and follows one of them from frame to frame. Frames that don't show "
            "it stay as they are later on; a cut ends a track.",
            search_aliases=["face detection", "face tracking", "yunet", "landmarks", "stitch it in time"],
            inputs=[
                frames_input("frames", "The clip: a VIDEO of any length, or an IMAGE batch."),
                keypoints_input(),
                io.Combo.Input(
                    "detector",
                    options=detectors(),
                    default=detectors()[0],
                    tooltip="What finds the faces where 'keypoints' isn't connected: a file of YuNet "
                    "(face_detection_yunet_2023mar.onnx or newer, of the OpenCV Zoo, MIT) in models/maliang.",
                ),
                io.Int.Input(
                    "face",
                    default=-1,
                    min=-1,
                    max=999,
                    tooltip="Number of the face, as 'preview' shows it. -1: the only one, or the one at the point.",
                ),
                compat.advanced(
                    io.Int, "point_x", default=-1, min=-1, max=100_000,
                    tooltip="A point in the face, pixels from the left. -1: none.",
                ),
                compat.advanced(
                    io.Int, "point_y", default=-1, min=-1, max=100_000, tooltip="The same, pixels from the top."
                ),
                compat.advanced(
                    io.Int, "point_frame", default=0, min=0, max=1_000_000, tooltip="Its frame, from 0."
                ),
                compat.advanced(
                    io.Int, "max_gap", default=8, min=0, max=1000,
                    tooltip="Absences of so many frames are filled in by straight lines; longer ones end the track.",
                ),
                compat.advanced(
                    io.Boolean, "cuts", default=True,
                    tooltip="Look for cuts, which end tracks. Off: the clip is one shot.",
                ),
                rate_input(),
            ],
            outputs=[
                FaceTrack.Output("track", tooltip="Where the face is, for Align Face."),
                io.Image.Output("preview", tooltip="The frame that shows most faces, with their numbers."),
            ],
        )  # fmt: skip

    @classmethod
    def execute(
        cls,
        frames: Input.Video | torch.Tensor,
        detector: str,
        face: int,
        point_x: int,
        point_y: int,
        point_frame: int,
        max_gap: int,
        cuts: bool,
        frame_rate: float,
        keypoints: Any = None,
    ) -> io.NodeOutput:
        at = (point_frame, float(point_x), float(point_y)) if min(point_x, point_y) >= 0 else None
        with plain_words(), face_footage(frames, frame_rate) as footage:
            track, preview = follow_face(
                footage,
                source_of(keypoints, detector, footage),
                faces=[face] if face >= 0 else [],
                at=at,
                max_gap=max_gap,
                one_shot=not cuts,
                progress=NodeProgress(),
            )
        return io.NodeOutput(track, to_image(to_model(preview)[None]))


class AlignFace(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangAlignFace",
            display_name="Align Face",
            category="Maliang/Faces",
            description="Cuts a face out of every frame that shows it: upright, of one size, steady over time. Edit "
            "the crops as you like, one by one and in their order, then Paste Face Back.",
            search_aliases=["crop face", "FFHQ alignment", "face crop", "stabilize face"],
            inputs=[
                frames_input("frames", "The clip that the face was found in."),
                FaceTrack.Input("track", tooltip="From Find Face Track."),
                crop_size_input(),
                io.Float.Input(
                    "steady_place",
                    default=1.0,
                    min=0.0,
                    max=100.0,
                    step=0.5,
                    tooltip="How steady the place of the square is: width of a Gaussian in frames. 0: off, for drawn "
                    "faces that jump.",
                ),
                io.Float.Input(
                    "steady_size",
                    default=3.0,
                    min=0.0,
                    max=100.0,
                    step=0.5,
                    tooltip="The same for its size and tilt.",
                ),
                io.Float.Input(
                    "scale",
                    default=1.0,
                    min=0.25,
                    max=4.0,
                    step=0.05,
                    tooltip="A wider or tighter square than the one that face networks were trained with.",
                ),
                compat.advanced(
                    io.Boolean,
                    "exact",
                    default=False,
                    tooltip="Sample as the published pipeline does: aliases where faces are large, black outside.",
                ),
                rate_input(),
            ],
            outputs=[
                io.Video.Output("crops", tooltip="Lossless (FFV1), one for each frame that shows the face."),
                AlignedFace.Output("aligned", tooltip="Where they lie, for Face Mask and Paste Face Back."),
            ],
        )  # fmt: skip

    @classmethod
    def execute(
        cls,
        frames: Input.Video | torch.Tensor,
        track: FollowedFace,
        size: int,
        steady_place: float,
        steady_size: float,
        scale: float,
        exact: bool,
        frame_rate: float,
    ) -> io.NodeOutput:
        with temp_file("crops.mkv") as out, face_footage(frames, frame_rate) as footage:
            aligned, note = write_crops(
                footage,
                track,
                out,
                size=size,
                smoothing=Smoothing(steady_place, steady_size),
                scale=scale,
                exact=exact,
                progress=NodeProgress(),
            )
        shown = {} if note is None else {"ui": ui.PreviewText(note)}
        return io.NodeOutput(as_video(out), aligned, **shown)
