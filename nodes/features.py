"""What instances look like: read off pictures, kept, chosen, for generators that take it."""

from pathlib import Path
from typing import Any

import folder_paths
import torch
from comfy_api.latest import Input, io, ui

from ..models.labels.frames import LabelStream
from ..models.vid2vid.feature_tables import FeatureTable
from ..pipelines.feature_choice import parse_choice
from ..pipelines.feature_tables import clip_moments, collect_features, read_table, save_table
from . import compat
from .failures import plain_words
from .folders import path_stamp, user_path
from .generator import on_device
from .progress import NodeProgress
from .types import Features, Generator, Labels, Looks
from .video import frames_input, open_clip


def features_input() -> Any:
    """What generating nodes take."""
    return Features.Input(
        "features",
        optional=True,
        tooltip="From Choose Features: how instances look, for weights that take it. Without: the network decides.",
    )


def looks_input() -> Any:
    return Looks.Input("looks", tooltip="From Encode Features or Load Looks.")


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


class ChooseFeatures(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangChooseFeatures",
            display_name="Choose Features",
            category="Maliang/vid2vid",
            description="Which instance looks how, and when: car=3, road=0@0 road=2@48. What isn't named is drawn, "
            "for each instance once.",
            search_aliases=["car color", "multi-modal synthesis", "instance style"],
            inputs=[
                looks_input(),
                io.String.Input(
                    "choice",
                    default="",
                    placeholder="car=3 road=0@0 road=2@48 car#12=1 all=draw",
                    tooltip="Class = number of its look (0 is the most frequent) or draw; class#number for one "
                    "instance; all for the rest; @frame for changes over time. A wrong name lists those there are.",
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
    def execute(cls, looks: FeatureTable, choice: str, seed: int) -> io.NodeOutput:
        return io.NodeOutput(parse_choice(looks, choice, seed))


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
                io.String.Input(
                    "filename_prefix",
                    default="looks/looks",
                    tooltip="Folder and beginning of the name; a number is added.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, looks: FeatureTable, filename_prefix: str) -> io.NodeOutput:
        folder, name, number, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory()
        )
        file = f"{name}_{number:05}_.json"
        save_table(looks, Path(folder) / file)
        return io.NodeOutput(ui=ui.PreviewText(f"{Path(subfolder, file).as_posix()} [output]"))


class LoadLooks(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLoadLooks",
            display_name="Load Looks",
            category="Maliang/vid2vid",
            description="Reads looks that Save Looks, or maliang features collect, wrote.",
            search_aliases=["import features", "feature table"],
            inputs=[
                io.String.Input(
                    "file",
                    default="looks.json",
                    tooltip="The JSON file by its path in the input folder; 'looks/looks_00001_.json [output]' for "
                    "one in the output folder.",
                )
            ],
            outputs=[
                Looks.Output("looks", tooltip="For Choose Features, with the weights that they are of.")
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, file: str) -> Any:
        return path_stamp(file)

    @classmethod
    def execute(cls, file: str) -> io.NodeOutput:
        return io.NodeOutput(read_table(user_path(file)))
