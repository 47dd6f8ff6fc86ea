"""Few-shot networks, and pictures of a subject as they take them."""

from typing import Any

import folder_paths
import torch
from comfy_api.latest import Input, io

from ..errors import InputError
from ..media.keypoints import pose_clip
from ..media.pixels import to_image
from ..models.fewshot.config import FewShotConfig
from ..models.labels.frames import AnyStream
from ..pipelines.fewshot import (
    Given,
    check_given,
    give,
    layout_of,
    load_few_shot,
    network_inputs,
    usual_size,
)
from ..pipelines.fewshot_found import Found, found_exemplars, found_in
from ..pipelines.fewshot_options import InputOptions
from ..training.worlds import WorldStream
from ..weights.devices import DTYPES
from . import compat
from .drawn_inputs import LARGEST, as_footage, mesh_landmarks, size_of
from .folders import MODELS
from .generator import AUTO, choose_precision, own_names, weight_file, weights_stamp
from .types import Drawings, Exemplars, FaceLandmarks, FewShot, Labels, PoseKeypoint, World

AS_TRAINED = "as trained"
PICTURE_RATE = 24.0
"""Frames per second of an IMAGE batch of exemplars, whose times play no part."""


def few_shot_input() -> Any:
    return FewShot.Input("network", tooltip="From Load Few-Shot.")


def found_input(name: str, tooltip: str) -> Any:
    """What was found in a clip, of any kind that our pack knows."""
    return io.MultiType.Input(
        name, types=[Drawings, Labels, World, PoseKeypoint, FaceLandmarks], tooltip=tooltip
    )


def found_of(value: Any) -> Found:
    """What such an input holds."""
    if isinstance(value, list):
        return Found(poses=pose_clip(value, "keypoints"))
    if isinstance(value, dict):
        return Found(landmarks=mesh_landmarks(value))
    stream: AnyStream | WorldStream = value
    return found_in(stream)


class LoadFewShot(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLoadFewShot",
            display_name="Load Few-Shot",
            category="Maliang/Few-shot",
            description="A few-shot network, which paints a subject that it has never seen out of a few pictures of "
            "it: weights of this package, or a file in models/maliang.",
            search_aliases=["few-shot vid2vid", "fs_vid2vid", "load weights", "face reenactment"],
            inputs=[
                io.Combo.Input(
                    "weights",
                    options=few_shot_names(),
                    tooltip="Weights in the package, and in models/maliang (and what extra_model_paths.yaml adds to "
                    "it); published files become ours with maliang weights convert.",
                ),
                compat.advanced(
                    io.Combo,
                    "precision",
                    options=[AUTO, *DTYPES],
                    default=AUTO,
                    tooltip="Numbers that the network works with. auto: fp16 where the device is good at it, else "
                    "fp32. Lower needs less memory.",
                ),
            ],
            outputs=[
                FewShot.Output("network", tooltip="ComfyUI moves it to the device and back as memory allows.")
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, weights: str, **others: Any) -> Any:
        return weights_stamp(weights)

    @classmethod
    def execute(cls, weights: str, precision: str) -> io.NodeOutput:
        file = weight_file(weights, False)
        network = load_few_shot(file, torch.device("cpu"), choose_precision(precision))
        return io.NodeOutput(compat.patcher(network, file))


def few_shot_names() -> list[str]:
    """What may be loaded: the package's own, the user's files."""
    return [*own_names("fewshot.generator/1"), *folder_paths.get_filename_list(MODELS)]


def framing_inputs() -> list[Any]:
    """How exemplars, and the driver after them, are shown to the network."""
    return [
        io.Combo.Input(
            "framing",
            options=[AUTO, "fixed", "follow", "whole"],
            default=AUTO,
            tooltip="What the network sees of each picture. fixed: a box around the subject of the first frame. "
            "follow: a window that goes along with it. whole: everything. auto: whole for a world's pictures, which "
            "its demo weights learnt so, else fixed.",
        ),
        io.Combo.Input(
            "proportions",
            options=[AS_TRAINED, "own", "clip", "causal"],
            default=AS_TRAINED,
            tooltip="own: the driver keeps its proportions. clip: it takes on the subject's, measured over the whole "
            "driver. causal: the same frame by frame, faces only. as trained: what the network knows.",
        ),
        compat.advanced(
            io.Combo,
            "steady",
            options=["off", "centred", "late"],
            default="off",
            tooltip="Calm the driver's landmarks of faces by the median of five frames: around each, or, as "
            "imaginaire has it, two frames late.",
        ),
        compat.advanced(
            io.Boolean,
            "one_box",
            default=False,
            tooltip="Cut all exemplars of a face with the first one's box, for frames of one clip.",
        ),
        compat.advanced(
            io.Boolean,
            "place",
            default=False,
            tooltip="A driving body stands where the subject stands in the first exemplar, as large as there. Needs "
            "proportions: clip.",
        ),
        compat.advanced(
            io.Boolean,
            "face_lines",
            default=False,
            tooltip="Draw the faces of bodies, for networks that were trained with them.",
        ),
        compat.advanced(
            io.Boolean, "basic_points", default=False, tooltip="Draw bodies without hands and feet."
        ),
        compat.advanced(
            io.String,
            "around",
            default="",
            placeholder="the middle of every map",
            tooltip="Of label maps: classes to cut the window around, for example: car, truck. Empty: the middle of "
            "every map.",
        ),
    ]


class EncodeExemplars(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangEncodeExemplars",
            display_name="Encode Exemplars",
            category="Maliang/Few-shot",
            description="Pictures of a subject with what was found in them become exemplars: cut around the subject, "
            "scaled, drawn as the network takes them.",
            search_aliases=["reference images", "few-shot exemplars", "source image", "identity"],
            inputs=[
                few_shot_input(),
                found_input(
                    "found",
                    "What was found in the pictures, one a frame: faces or poses (Face from Keypoints, Pose from "
                    "Folder ...), keypoints of pose nodes, a label map, or a world, which brings its pictures.",
                ),
                io.String.Input(
                    "frames",
                    default="",
                    placeholder="all pictures",
                    tooltip="Which frames are exemplars, counted from 0: 0 12 30. Empty: all of an IMAGE batch, else "
                    "the first. One is enough; more help where they show other sides.",
                ),
                *(
                    io.Int.Input(
                        side,
                        default=0,
                        min=0,
                        max=LARGEST,
                        step=16,
                        tooltip=f"{side.capitalize()} of the video in pixels. 0: what such networks were trained at.",
                    )
                    for side in ("width", "height")
                ),
                *framing_inputs(),
                io.MultiType.Input(
                    "pictures",
                    types=[io.Image, io.Video],
                    optional=True,
                    tooltip="The subject's pictures. Not needed where what was found knows its footage.",
                ),
                Exemplars.Input(
                    "before",
                    optional=True,
                    tooltip="More exemplars of the same subject, for example pictures of another size.",
                ),
            ],
            outputs=[
                Exemplars.Output("exemplars", tooltip="For the few-shot nodes, with this network."),
                io.Image.Output("shown", tooltip="The exemplars as the network sees them, one picture each."),
            ],
        )

    @classmethod
    def execute(
        cls,
        network: Any,
        found: Any,
        frames: str,
        width: int,
        height: int,
        framing: Any,
        proportions: Any,
        steady: Any,
        one_box: bool,
        place: bool,
        face_lines: bool,
        basic_points: bool,
        around: str,
        pictures: Input.Video | torch.Tensor | None = None,
        before: Given | None = None,
    ) -> io.NodeOutput:
        config: FewShotConfig = network.model.network.config
        if before is not None:
            check_given(before, config)
        known = found_of(found).with_pictures(as_footage(pictures, PICTURE_RATE))
        if framing == AUTO:
            framing = "whole" if known.shows_all and not around.strip() else "fixed"
        options = InputOptions(
            size=size_of(width, height) or usual_size(config),
            layout=layout_of(config),
            framing=framing,
            shape=None if proportions == AS_TRAINED else proportions,
            steady=steady,
            one_box=one_box,
            place=place,
            face_lines=face_lines,
            basic_points=basic_points,
            subject=tuple(name.strip() for name in around.split(",") if name.strip()),
        )
        config.check_size(*options.size)
        count = len(pictures) if isinstance(pictures, torch.Tensor) else 1
        added = found_exemplars(known, network_inputs(config), frame_numbers(frames, count))
        given = give([*(before.exemplars if before else ()), *added], network_inputs(config), options)
        return io.NodeOutput(given, to_image(given.prepared.images))


def frame_numbers(text: str, count: int) -> tuple[int, ...]:
    """ "0 12, 30" -> (0, 12, 30); the first `count` for nothing. InputError for what is no number."""
    words = text.replace(",", " ").split()
    for word in words:
        if not (word.isascii() and word.isdecimal() and len(word) < 10):
            raise InputError(f"frames: {word!r} is no number of a frame; write for example 0 12 30")
    return tuple(map(int, words)) or tuple(range(count))
