"""The main job: label maps become video, frame by frame; and the flow that the generator works with."""

from typing import Any

import torch
from comfy_api.latest import Input, io

from ..models.labels.frames import AnyStream
from ..pipelines.flow import predict_flow
from ..pipelines.looks import Choice
from ..pipelines.vid2vid import render_video
from . import compat
from .features import features_input
from .folders import kept_folder, temp_file
from .generator import on_device
from .progress import NodeProgress
from .types import Drawings, Flow, Generator, Labels
from .video import CODECS, as_video, check_batch, read_batch, save_pictures, sound_of
from .video_inputs import codec_input, live_input, sound_input


def generator_input() -> Any:
    return Generator.Input("generator", tooltip="From Load Generator.")


def labels_input() -> Any:
    return io.MultiType.Input(
        "labels",
        types=[Labels, Drawings],
        tooltip="Label maps in the generator's palette (see Convert Labels) and at a size that it can take (see Resize "
        "Labels); or drawn faces, poses or edges for a generator of those.",
    )


def style_input() -> Any:
    return io.String.Input(
        "style",
        default="",
        placeholder="first look of the network",
        tooltip="One of the network's looks, for example night, or several over time: noon@0 night@48 (frames). Empty: "
        "its first. A wrong name lists those there are.",
    )


def first_frames_input() -> Any:
    return io.Image.Input(
        "first_frames",
        optional=True,
        tooltip="Pictures to begin with: they set the look of the whole clip. Scaled to the label maps' size.",
    )


class Vid2Vid(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangVid2Vid",
            display_name="Vid2Vid",
            category="Maliang/vid2vid",
            description="Paints a video from label maps, one frame at a time, each carried on from those before it. "
            "Any length runs in the memory of a few frames; stop works at any moment.",
            search_aliases=["video to video", "labels to video", "semantic synthesis", "street video"],
            inputs=[
                generator_input(),
                labels_input(),
                style_input(),
                first_frames_input(),
                sound_input("the label maps were made of"),
                codec_input(),
                live_input("labels", "32 bytes of disk a pixel"),
                features_input(),
            ],
            hidden=[io.Hidden.unique_id],
            outputs=[
                io.Video.Output("video", tooltip="One picture for every label map, at their frame rate.")
            ],
        )

    @classmethod
    def execute(
        cls,
        generator: Any,
        labels: AnyStream,
        style: str,
        codec: str,
        first_frames: torch.Tensor | None = None,
        sound: Input.Video | None = None,
        live: bool = True,
        features: Choice | None = None,
    ) -> io.NodeOutput:
        keep = kept_folder("vid2vid", cls.hidden.unique_id) if live else None
        with temp_file(f"vid2vid.{CODECS[codec]}") as out, on_device(generator, labels) as network:
            render_video(
                labels,
                network,
                out,
                style=style or None,
                features=features,
                first=save_pictures(first_frames, out.parent),
                codec=codec,
                audio_from=sound_of(sound),
                keep=keep,
                progress=NodeProgress(),
            )
        return io.NodeOutput(as_video(out))


class Vid2VidImages(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangVid2VidImages",
            display_name="Vid2Vid (Images)",
            category="Maliang/vid2vid",
            description="Vid2Vid for short clips: the frames as one IMAGE batch, which is held in memory whole. For "
            "long clips take Vid2Vid, which makes a VIDEO.",
            search_aliases=["labels to images", "semantic synthesis", "vid2vid frames"],
            inputs=[generator_input(), labels_input(), style_input(), first_frames_input(), features_input()],
            outputs=[io.Image.Output("images", tooltip="One picture for every label map.")],
        )

    @classmethod
    def execute(
        cls,
        generator: Any,
        labels: AnyStream,
        style: str,
        first_frames: torch.Tensor | None = None,
        features: Choice | None = None,
    ) -> io.NodeOutput:
        check_batch(labels.frame_count, labels.height, labels.width)
        with temp_file("vid2vid.mkv") as out, on_device(generator, labels) as network:
            first = save_pictures(first_frames, out.parent)
            report = render_video(
                labels,
                network,
                out,
                style=style or None,
                features=features,
                first=first,
                codec="ffv1",
                progress=NodeProgress(),
            )
            images = read_batch(out, report.frames)
        return io.NodeOutput(images)


class PredictFlow(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangPredictFlow",
            display_name="Predict Flow",
            category="Maliang/flow",
            description="The flow by which a generator moves its own frames while it paints: what it carries along, "
            "and what it paints anew.",
            search_aliases=["generator flow", "vid2vid flow", "occlusion"],
            inputs=[generator_input(), labels_input(), style_input(), features_input()],
            outputs=[
                Flow.Output(
                    "flow",
                    tooltip="Backward flow in pixels; its occlusion is the share that is painted anew. One field a "
                    "frame.",
                )
            ],
        )

    @classmethod
    def execute(
        cls, generator: Any, labels: AnyStream, style: str, features: Choice | None = None
    ) -> io.NodeOutput:
        with temp_file("flow.npy") as out, on_device(generator, labels) as network:
            flow = predict_flow(
                labels, network, out, style=style or None, features=features, progress=NodeProgress()
            )
        return io.NodeOutput(flow)
