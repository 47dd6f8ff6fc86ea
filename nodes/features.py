"""What instances and faces look like: read off pictures, kept, chosen, for generators that are told."""

from functools import partial
from typing import Any

import torch
from comfy_api.latest import Input, io

from ..models.labels.frames import DrawnStream, LabelStream
from ..pipelines.face_looks import collect_faces
from ..pipelines.feature_tables import clip_moments, collect_features
from ..pipelines.looks import Looks as AnyLooks
from ..pipelines.looks import choose, read_looks, save_looks
from . import compat
from .failures import plain_words
from .folders import path_stamp, user_path
from .generator import on_device
from .progress import NodeProgress
from .saved_files import prefix_input, save_json, saved_file_input
from .types import Drawings, Features, Generator, Labels, Looks
from .video import frames_input, open_clip


def features_input() -> Any:
    """What generating nodes take."""
    return Features.Input(
        "features",
        optional=True,
        tooltip="From Choose Features: how instances, or the parts of a face, look, for weights that take it. Without: "
        "the network decides.",
    )


def looks_input() -> Any:
    return Looks.Input("looks", tooltip="From Encode Features, Encode Face Looks or Load Looks.")


class EncodeFeatures(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangEncodeFeatures",
            display_name="Encode Features",
            category="Maliang/vid2vid",
            description="Reads off pictures with label maps what cars, roads, buildings ... look like to a generator "
            "that takes instance features: one example picture, or footage of any length.",
            search_aliases=["instance features", "style from picture", "example", "looks"],
            inputs=[
                Generator.Input(
                    "generator", tooltip="From Load Generator: weights that take instance features."
                ),
                Labels.Input(
                    "labels", tooltip="One label map for every picture, at a size that it can take."
                ),
                frames_input("frames", "The pictures: a VIDEO of any length, or an IMAGE batch; any size."),
                io.Int.Input(
                    "clusters",
                    default=10,
                    min=1,
                    max=1000,
                    tooltip="Looks of a class at most. Where more instances are seen, like ones are put together.",
                ),
            ],
            outputs=[Looks.Output("looks", tooltip="For Choose Features, with these weights only.")],
        )

    @classmethod
    def execute(
        cls, generator: Any, labels: LabelStream, frames: Input.Video | torch.Tensor, clusters: int
    ) -> io.NodeOutput:
        with (
            plain_words(),
            open_clip(frames, float(labels.frame_rate)) as clip,
            on_device(generator, labels) as network,
        ):
            looks = collect_features(
                network,
                labels.palette,
                clip_moments(labels, clip, "frames"),
                clusters=clusters,
                total=labels.frame_count,
                progress=NodeProgress(),
            )
        return io.NodeOutput(looks)


class EncodeFaceLooks(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangEncodeFaceLooks",
            display_name="Encode Face Looks",
            category="Maliang/vid2vid",
            description="Reads off pictures of faces what skin, brows, eyes, mouth ... look like to a generator that "
            "begins with a face: one example picture, or footage of many people.",
            search_aliases=["face style", "style from picture", "example face", "identity"],
            inputs=[
                Generator.Input(
                    "generator", tooltip="From Load Generator: weights that begin with a face in a style."
                ),
                Drawings.Input("drawings", tooltip="Drawn faces with the footage that they were drawn from."),
                io.Int.Input(
                    "clusters",
                    default=10,
                    min=1,
                    max=1000,
                    tooltip="Faces at most. Where more are seen, like ones are put together.",
                ),
            ],
            outputs=[Looks.Output("looks", tooltip="For Choose Features, with these weights only.")],
        )

    @classmethod
    def execute(cls, generator: Any, drawings: DrawnStream, clusters: int) -> io.NodeOutput:
        with plain_words(), on_device(generator, drawings) as network:
            looks = collect_faces(
                network,
                drawings.frames(),
                clusters=clusters,
                total=drawings.frame_count,
                progress=NodeProgress(),
            )
        return io.NodeOutput(looks)


class ChooseFeatures(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangChooseFeatures",
            display_name="Choose Features",
            category="Maliang/vid2vid",
            description="Which instance looks how, and when: car=3, road=0@0 road=2@48. What isn't named is drawn, "
            "for each instance once. Or whose parts a face has: all=12 mouth=3.",
            search_aliases=["car color", "multi-modal synthesis", "instance style", "face style"],
            inputs=[
                looks_input(),
                io.String.Input(
                    "choice",
                    default="",
                    placeholder="car=3 road=0@0 road=2@48 car#12=1 all=draw",
                    tooltip="Class = number of its look (0 is the most frequent) or draw; class#number for one "
                    "instance; all for the rest; @frame for changes over time. Of faces: part = number of the face, "
                    "nearest or own. A wrong name lists those there are.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=999_999_999_999,
                    control_after_generate=True,
                    tooltip="Of the draws that don't name their own (draw:7).",
                ),
            ],
            outputs=[Features.Output("features", tooltip="For Vid2Vid and Predict Flow.")],
        )

    @classmethod
    def execute(cls, looks: AnyLooks, choice: str, seed: int) -> io.NodeOutput:
        return io.NodeOutput(choose(looks, choice, seed))


class SaveLooks(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangSaveLooks",
            display_name="Save Looks",
            category="Maliang/vid2vid",
            description="Keeps looks as a JSON file in the output folder.",
            search_aliases=["export features"],
            is_output_node=True,
            inputs=[
                looks_input(),
                prefix_input("looks/looks"),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, looks: AnyLooks, filename_prefix: str) -> io.NodeOutput:
        return save_json(filename_prefix, partial(save_looks, looks))


class LoadLooks(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLoadLooks",
            display_name="Load Looks",
            category="Maliang/vid2vid",
            description="Reads looks that Save Looks, or maliang features collect, wrote, or the features.npy that was "
            "published with NVIDIA's face network.",
            search_aliases=["import features", "feature table"],
            inputs=[saved_file_input("looks.json", "JSON or .npy", "looks/looks_00001_.json")],
            outputs=[
                Looks.Output("looks", tooltip="For Choose Features, with the weights that they are of.")
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, file: str) -> Any:
        return path_stamp(file)

    @classmethod
    def execute(cls, file: str) -> io.NodeOutput:
        return io.NodeOutput(read_looks(user_path(file)))
