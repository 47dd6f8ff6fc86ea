"""Optical flow: estimate it, show it, move pictures along it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import torch
from comfy import model_management
from comfy_api.latest import Input, io

from ..media.flow_file import FlowFile
from ..media.pixels import to_image, to_model
from ..models.flow.colorwheel import wheel_picture
from ..models.flow.estimators import Quality
from ..models.flow.flownet2 import FlowNet2
from ..pipelines.flow import Estimator, choose_estimator, estimate_clip_flow, show_flow, warp_clip
from . import compat
from .failures import memory_advice, plain_words
from .folders import model_folders, temp_file
from .progress import NodeProgress, stoppable
from .types import Flow
from .video import as_video, frames_input, open_clip, rate_input

KEY_SIDE = 256
"""Pixels of the picture that explains the colours."""


class EstimateFlow(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangEstimateFlow",
            display_name="Estimate Flow",
            category="Maliang/flow",
            description="How every pixel of a clip moved since the frame before: by dense inverse search (no weights, "
            "no GPU; needs OpenCV, pip install opencv-python-headless), or by FlowNet2, whose weights you bring.",
            search_aliases=["optical flow", "DIS", "motion vectors", "opencv flow", "FlowNet2"],
            inputs=[
                frames_input(
                    "frames", "The clip: a VIDEO of any length, or an IMAGE batch. At least 32x32 pixels."
                ),
                io.Combo.Input(
                    "quality",
                    options=list(get_args(Quality)),
                    default="medium",
                    tooltip="Of dense inverse search. Finer takes longer: 'ultrafast' for a look, 'medium' for work.",
                ),
                rate_input(),
                io.Combo.Input(
                    "estimator",
                    options=list(get_args(Estimator)),
                    default="dis",
                    optional=True,
                    tooltip="'dis': dense inverse search, by OpenCV. 'flownet2': the network that the published "
                    "vid2vid models learnt from; its weights lie in models/maliang as flownet2.safetensors once "
                    "you have made that of the published file, with maliang weights convert. For research only.",
                ),
            ],
            outputs=[
                Flow.Output(
                    "flow",
                    tooltip="Backward flow in pixels, with occlusion where the way back doesn't return; one field a "
                    "frame. The first is empty.",
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        frames: Input.Video | torch.Tensor,
        quality: Quality,
        frame_rate: float,
        estimator: Estimator = "dis",
    ) -> io.NodeOutput:
        with plain_words(), temp_file("flow.npy") as out, open_clip(frames, frame_rate) as clip:
            chosen = choose_estimator(estimator, quality, folders=model_folders())
            with memory_advice(clip.info.width, clip.info.height), _on_device(chosen):
                flow = estimate_clip_flow(clip, out, chosen, NodeProgress())
        return io.NodeOutput(flow)


@contextmanager
def _on_device(estimator: Quality | FlowNet2) -> Iterator[None]:
    """A network lies on the device, and stops when the user says so; dense inverse search needs neither."""
    if not isinstance(estimator, FlowNet2):
        yield
        return
    with stoppable(estimator):
        model_management.load_models_gpu([compat.patcher(estimator)], force_full_load=True)
        yield


class ShowFlow(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangShowFlow",
            display_name="Show Flow",
            category="Maliang/flow",
            description="Flow as a video of colours: the hue is the direction, the stronger the faster, white is rest.",
            search_aliases=["visualize flow", "flow to image", "color wheel"],
            inputs=[
                Flow.Input("flow", tooltip="From any node that makes flow."),
                io.Float.Input(
                    "full_color_at",
                    default=0.0,
                    min=0.0,
                    max=4096.0,
                    step=0.5,
                    tooltip="Motion in pixels a frame that gets the full colour; faster is darkened. 0: chosen from "
                    "the clip, so that 99 of 100 pixels stay below.",
                ),
            ],
            outputs=[
                io.Video.Output("video", tooltip="One picture for every frame."),
                io.Image.Output("key", tooltip="The colours' meaning: a disc of all directions and speeds."),
            ],
        )

    @classmethod
    def execute(cls, flow: FlowFile, full_color_at: float) -> io.NodeOutput:
        with temp_file("flow.mp4") as out:
            show_flow(flow, out, full_color_at or None, NodeProgress())
        key = to_image(to_model(wheel_picture(KEY_SIDE))[None])
        return io.NodeOutput(as_video(out), key)


class Warp(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangWarp",
            display_name="Warp along Flow",
            category="Maliang/flow",
            description="Rebuilds every frame from the one before it, moved along the flow: shows how good the flow "
            "is. Or carries one picture, and what is painted on it, through the whole clip.",
            search_aliases=["warp", "optical flow warp", "propagate", "remap", "motion transfer"],
            inputs=[
                frames_input(
                    "frames",
                    "The clip that the flow belongs to, in the flow's size: a VIDEO or an IMAGE batch. To carry a "
                    "picture, one IMAGE is enough.",
                ),
                Flow.Input("flow", tooltip="Backward flow, one field for every frame."),
                io.Boolean.Input(
                    "carry",
                    default=False,
                    label_on="carry the first frame",
                    label_off="from the frame before",
                    tooltip="On: the first frame is moved on and on through the whole clip. Off: every frame is made "
                    "from the real one before it.",
                ),
            ],
            outputs=[
                io.Video.Output(
                    "video", tooltip="As long as the flow, at its frame rate. The first frame is unmoved."
                )
            ],
        )

    @classmethod
    def execute(cls, frames: Input.Video | torch.Tensor, flow: FlowFile, carry: bool) -> io.NodeOutput:
        with temp_file("warped.mp4") as out, open_clip(frames, float(flow.frame_rate)) as clip:
            warp_clip(clip, flow, out, carry=carry, progress=NodeProgress())
        return io.NodeOutput(as_video(out))
