"""Keypoints of people found in footage."""

import torch
from comfy import model_management
from comfy_api.latest import Input, io

from ..models.labels.people_json import pose_keypoint
from ..pipelines.pose_finder import POSE_NETWORKS, find_poses, load_pose_finder
from . import compat
from .failures import memory_advice, plain_words
from .progress import NodeProgress, stoppable
from .types import PoseKeypoint
from .video import frames_input, open_clip, rate_input


class PosesFromFootage(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangPosesFromFootage",
            display_name="Poses from Footage",
            category="Maliang/sources",
            description="Finds people and their bodies' keypoints in footage with ViTPose from the Hugging Face Hub. "
            "For hands and faces use the DWPose or SDPose nodes, whose keypoints fit too.",
            search_aliases=["vitpose", "pose estimation", "find people", "keypoints"],
            inputs=[
                frames_input("frames", "The footage: a VIDEO of any length, or an IMAGE batch."),
                io.Combo.Input(
                    "network",
                    options=[network.name for network in POSE_NETWORKS],
                    default="vitpose-plus-small",
                    tooltip="vitpose-plus-small (133 MB) is the lightest, vitpose-plus-huge (3.6 GB) the most exact; "
                    "all are Apache-2.0. A person detector (RT-DETR) comes with it.",
                ),
                io.Int.Input(
                    "people",
                    default=1,
                    min=1,
                    max=200,
                    tooltip="How many people to keep in a frame, the surest ones.",
                ),
                io.Boolean.Input(
                    "download",
                    default=False,
                    tooltip="Get the networks from the Hugging Face Hub if they aren't on this machine. Off: nothing "
                    "is ever downloaded.",
                ),
                rate_input(),
            ],
            outputs=[
                PoseKeypoint.Output(
                    "keypoints",
                    tooltip="One entry a frame, for Pose from Keypoints and the pose nodes of other packs.",
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        frames: Input.Video | torch.Tensor,
        network: str,
        people: int,
        download: bool,
        frame_rate: float,
    ) -> io.NodeOutput:
        with plain_words(), open_clip(frames, frame_rate) as clip:
            finder = load_pose_finder(network, most=people, download=download)
            patchers = [compat.patcher(finder.network), compat.patcher(finder.detector.network)]
            with memory_advice(clip.info.width, clip.info.height), stoppable(finder.network):
                model_management.load_models_gpu(patchers, force_full_load=True)
                found = [pose_keypoint(frame) for frame in find_poses(clip, finder, NodeProgress())]
        return io.NodeOutput(found)
