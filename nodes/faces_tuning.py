"""A face as codes, a generator that paints it, edits over time, and no seam around them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import folder_paths
import torch
from comfy import model_management
from comfy_api.latest import Input, io

from ..errors import InputError
from ..models.faces.strengths import parse_strengths
from ..models.faces.stylegan2.generator import StyleGAN2
from ..pipelines.face_codes import load_encoder
from ..pipelines.face_crops import check_crops
from ..pipelines.face_edit_files import (
    EditedFace,
    FaceCodes,
    invert_crops,
    tune_on_crops,
    write_edited,
    write_stitched,
)
from ..pipelines.face_edits import named_edits
from ..pipelines.face_files import AlignedFace as Aligned
from ..pipelines.face_files import MaskClip
from ..pipelines.face_generators import load_face_generator, load_likeness
from ..training.pivotal_tuning import PUBLISHED, USUAL
from ..training.stitching_tuning import PUBLISHED as PUBLISHED_STITCHING
from ..training.stitching_tuning import USUAL as USUAL_STITCHING
from . import compat
from .failures import memory_advice
from .folders import MODELS, kept_folder, temp_file
from .generator import own_names, weight_file, weights_stamp
from .progress import NodeProgress, stoppable
from .types import AlignedFace, FaceGenerator, FaceMask
from .types import EditedFace as EditedFaceSocket
from .types import FaceCodes as FaceCodesSocket
from .video import as_video, frames_input, open_clip

NONE = "none"
SCHEDULES = ("quick", "published")


class LoadFaceGenerator(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLoadFaceGenerator",
            display_name="Load Face Generator",
            category="Maliang/Faces",
            description="StyleGAN2's weights, which paint faces from codes.",
            search_aliases=["stylegan2", "stylegan", "ffhq", "stitch it in time"],
            inputs=[
                io.Combo.Input(
                    "weights",
                    options=files_of("faces.stylegan2/1") or [NONE],
                    tooltip="A file in models/maliang. Published ones become ours by: maliang weights convert.",
                )
            ],
            outputs=[FaceGenerator.Output("generator", tooltip="Moved to the device when it is used.")],
        )

    @classmethod
    def fingerprint_inputs(cls, weights: str) -> Any:
        return weights_stamp(weights)

    @classmethod
    def execute(cls, weights: str) -> io.NodeOutput:
        loaded = load_face_generator(model_file(weights, "weights of StyleGAN2"), torch.device("cpu"))
        return io.NodeOutput(compat.patcher(loaded.network))


class InvertFace(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangInvertFace",
            display_name="Invert Face",
            category="Maliang/Faces",
            description="A code for every crop, from which a generator paints that face.",
            search_aliases=["e4e", "GAN inversion", "encode face", "latent"],
            inputs=[
                AlignedFace.Input("aligned", tooltip="From Align Face."),
                frames_input("crops", "The crops of Align Face."),
                io.Combo.Input(
                    "encoder",
                    options=files_of("faces.e4e/1") or [NONE],
                    tooltip="Weights of e4e in models/maliang that were trained for the generator.",
                ),
            ],
            outputs=[FaceCodesSocket.Output("codes", tooltip="For Tune Generator and Edit Face.")],
        )

    @classmethod
    def fingerprint_inputs(cls, encoder: str, **others: Any) -> Any:
        return weights_stamp(encoder)

    @classmethod
    def execute(cls, aligned: Aligned, crops: Input.Video | torch.Tensor, encoder: str) -> io.NodeOutput:
        network = load_encoder(model_file(encoder, "weights of e4e"), model_management.get_torch_device())
        with open_clip(crops, 24.0) as clip, stoppable(network):
            check_crops(clip, aligned.alignment)
            return io.NodeOutput(invert_crops(clip, aligned, network, NodeProgress()))


class TuneGenerator(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangTuneGenerator",
            display_name="Tune Generator",
            category="Maliang/Faces",
            description="Teaches a generator to paint this face from its codes (pivotal tuning), so that edits keep "
            "the person. Stopped, it goes on where it was when it is run again, until ComfyUI ends.",
            search_aliases=["PTI", "pivotal tuning", "fine-tune", "stitch it in time"],
            inputs=[
                FaceGenerator.Input("generator", tooltip="From Load Face Generator."),
                FaceCodesSocket.Input("codes", tooltip="From Invert Face."),
                frames_input("crops", "The crops of Align Face."),
                io.Combo.Input(
                    "schedule",
                    options=list(SCHEDULES),
                    default=SCHEDULES[0],
                    tooltip="quick: several frames an update, thin changes of the weights, a learning rate that falls. "
                    "published: a frame an update, whole weights, a constant learning rate.",
                ),
                io.Int.Input(
                    "epochs",
                    default=USUAL.epochs,
                    min=1,
                    max=1000,
                    tooltip="How often every frame is learnt from; published: 80.",
                ),
                io.Combo.Input(
                    "likeness",
                    options=[NONE, *files_of("lpips/1")],
                    default=NONE,
                    tooltip="Weights of LPIPS in models/maliang. none: random features, which see less.",
                ),
            ],
            outputs=[
                FaceGenerator.Output("generator", tooltip="Tuned to this face; for Edit and Stitch Face.")
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        generator: Any,
        codes: FaceCodes,
        crops: Input.Video | torch.Tensor,
        schedule: Literal["quick", "published"],
        epochs: int,
        likeness: str,
    ) -> io.NodeOutput:
        plan = replace(USUAL if schedule == "quick" else PUBLISHED, epochs=epochs)
        judged_by = None if likeness == NONE else model_file(likeness, "weights of LPIPS")
        with torch.inference_mode(False):
            judge = load_likeness(judged_by, model_management.get_torch_device())
        folder = kept_folder("tuning", cls.hidden.unique_id)
        with on_device(generator) as network, open_clip(crops, 24.0) as clip:
            check_crops(clip, codes.aligned.alignment)
            tuned, _ = tune_on_crops(network, codes, clip, judge, plan, folder, NodeProgress())
        return io.NodeOutput(compat.patcher(tuned))


class EditFace(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangEditFace",
            display_name="Edit Face",
            category="Maliang/Faces",
            description="Changes a face: smile=2 age=-3, or over time: smile=0@0 2@24 2@48 0@72. Without words the "
            "face is painted as it is.",
            search_aliases=["smile", "age", "interfacegan", "styleclip", "ganspace", "latent edit"],
            inputs=[
                FaceGenerator.Input("generator", tooltip="From Tune Generator, or Load Face Generator."),
                FaceCodesSocket.Input("codes", tooltip="From Invert Face."),
                frames_input("crops", "The crops of Align Face, for their frame rate."),
                io.Combo.Input(
                    "directions",
                    options=[NONE, *files_of("faces.directions/1")],
                    default=NONE,
                    tooltip="A file of directions in models/maliang, found for this generator. Published ones become "
                    "ours by: maliang weights convert.",
                ),
                io.String.Input(
                    "edit",
                    default="",
                    placeholder="smile=0@0 2@24 2@48 0@72 age=-3",
                    tooltip="Direction = strength, in the direction's own unit; strength@frame for changes over time. "
                    "A wrong name lists those there are.",
                ),
                io.Combo.Input(
                    "ease",
                    options=["smooth", "linear"],
                    default="smooth",
                    tooltip="How a strength goes from key to key: eased in and out, or in a straight line.",
                ),
                compat.advanced(
                    io.Boolean,
                    "reference_scale",
                    default=False,
                    tooltip="Strengths as the program that a direction comes from counts them; Stitch it in Time "
                    "halves them.",
                ),
                compat.advanced(
                    io.Int,
                    "freeze_from",
                    default=-1,
                    min=-1,
                    max=64,
                    tooltip="Rows of the codes from here on are the clip's mean: fine detail that stays. -1: none.",
                ),
            ],
            outputs=[
                EditedFaceSocket.Output("edited", tooltip="For Stitch Face."),
                io.Video.Output("crops", tooltip="The edited crops, for Paste Face Back."),
                io.String.Output("notes", tooltip="Where an edit goes further than the generator can paint."),
            ],
        )

    @classmethod
    def execute(
        cls,
        generator: Any,
        codes: FaceCodes,
        crops: Input.Video | torch.Tensor,
        directions: str,
        edit: str,
        ease: Literal["smooth", "linear"],
        reference_scale: bool,
        freeze_from: int,
    ) -> io.NodeOutput:
        files = [] if directions == NONE else [model_file(directions, "a file of directions")]
        if edit.strip() and not files:
            raise InputError("edit: choose a file of directions, which say what can be edited")
        curves = parse_strengths(edit, ease) if edit.strip() else {}
        edits = named_edits(files, curves, reference_scale)
        frozen = None if freeze_from < 0 else freeze_from
        with (
            temp_file("edited.mkv") as out,
            open_clip(crops, 24.0) as clip,
            on_device(generator) as network,
        ):
            edited, notes = write_edited(network, codes, edits, clip, out, frozen, NodeProgress())
        return io.NodeOutput(edited, as_video(out), "\n".join(notes))


class StitchFace(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangStitchFace",
            display_name="Stitch Face",
            category="Maliang/Faces",
            description="Paints an edited face anew so that it meets its source around it, for Paste Face Back.",
            search_aliases=["stitching tuning", "seamless", "stitch it in time", "blend face"],
            inputs=[
                FaceGenerator.Input("generator", tooltip="The one that Edit Face was given."),
                EditedFaceSocket.Input("edited", tooltip="From Edit Face."),
                frames_input("crops", "The crops of Align Face."),
                FaceMask.Input("mask", tooltip="From Face Mask."),
                io.Combo.Input(
                    "schedule",
                    options=list(SCHEDULES),
                    default=SCHEDULES[0],
                    tooltip="quick: neighbouring frames share the work, which also flickers less. published: every "
                    "frame alone, from scratch; five times the work.",
                ),
                io.Int.Input(
                    "updates",
                    default=USUAL_STITCHING.updates,
                    min=1,
                    max=1000,
                    tooltip="Of the weights for each frame; more meet the border better. published: 100.",
                ),
                io.Float.Input(
                    "enough",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.001,
                    round=0.0001,
                    tooltip="Border error at which a frame, or a window of frames, is done; published: 0.005, or 0.002 "
                    "for demanding backgrounds. 0: never.",
                ),
            ],
            outputs=[
                io.Video.Output("crops", tooltip="For Paste Face Back."),
                io.String.Output("figures", tooltip="Border error, content error, updates."),
            ],
        )

    @classmethod
    def execute(
        cls,
        generator: Any,
        edited: EditedFace,
        crops: Input.Video | torch.Tensor,
        mask: MaskClip,
        schedule: Literal["quick", "published"],
        updates: int,
        enough: float,
    ) -> io.NodeOutput:
        base = USUAL_STITCHING if schedule == "quick" else PUBLISHED_STITCHING
        plan = replace(base, updates=updates, enough=enough)
        with (
            temp_file("stitched.mkv") as out,
            open_clip(crops, 24.0) as clip,
            on_device(generator) as network,
        ):
            check_crops(clip, edited.aligned.alignment)
            report = write_stitched(network, edited, clip, mask, out, plan, NodeProgress())
        figures = (
            f"border error {report.border:.5f}, content error {report.content:.5f}, {report.updates} updates of "
            f"{report.frames} crops"
        )
        return io.NodeOutput(as_video(out), figures)


def files_of(architecture: str) -> list[str]:
    """The package's own weights of that architecture, and all files of the user's."""
    return [*own_names(architecture), *folder_paths.get_filename_list(MODELS)]


def model_file(name: str, what: str) -> Path:
    if name == NONE:
        raise InputError(f"put {what} into models/maliang, reload the page and choose them")
    return weight_file(name, False)


@contextmanager
def on_device(patcher: Any) -> Iterator[StyleGAN2]:
    """The generator where it can work; the stop button works inside."""
    network: StyleGAN2 = patcher.model.network
    side = network.config.resolution
    with memory_advice(side, side, "choose the quick schedule"):
        model_management.load_models_gpu([patcher], force_full_load=True)
        with stoppable(network):
            yield network
