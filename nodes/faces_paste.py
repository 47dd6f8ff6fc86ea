"""Crops of a face back into their clip: what is face in them, and how they are blended."""

from typing import Literal

import torch
from comfy_api.latest import Input, io

from ..models.faces.masks import MaskOptions
from ..pipelines.face_crops import PasteOptions, check_crops
from ..pipelines.face_files import AlignedFace as Aligned
from ..pipelines.face_files import MaskClip, write_masks, write_overlays, write_pasted
from ..pipelines.face_masks import STEADY
from ..training.worlds import WorldStream
from . import compat
from .faces_inputs import face_footage, foregrounds, parts_names
from .failures import plain_words
from .folders import temp_file
from .progress import NodeProgress
from .types import AlignedFace, FaceMask, World
from .video import CODECS, as_video, frames_input, open_clip, rate_input

BLENDS = ("alpha", "change", "poisson")


class MaskFace(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangFaceMask",
            display_name="Face Mask",
            category="Maliang/Faces",
            description="Says what is face in the crops, and the band around it that must match the source. From the "
            "crops as they were cut, not from edited ones.",
            search_aliases=["face parsing", "face segmentation", "mask face", "dilate mask"],
            inputs=[
                AlignedFace.Input("aligned", tooltip="From Align Face."),
                frames_input("crops", "The crops of Align Face."),
                io.Combo.Input(
                    "parts",
                    options=parts_names(),
                    default="outline",
                    tooltip="outline: out of 68 landmarks, without hair and ears. face-parsing: a SegFormer from the "
                    "Hugging Face Hub (340 MB, trained on CelebAMask-HQ, non-commercial). A file: BiSeNet's weights in "
                    "models/maliang. Masks or a world that are connected come first.",
                ),
                io.Boolean.Input(
                    "download",
                    default=False,
                    tooltip="Get the network of face-parsing from the Hugging Face Hub if it isn't on this machine.",
                ),
                io.Mask.Input(
                    "masks",
                    optional=True,
                    tooltip="Your own: one for all crops, one for each crop, or one for each frame of the clip.",
                ),
                World.Input(
                    "world", optional=True, tooltip="People World, which knows the parts of its faces."
                ),
                io.Int.Input(
                    "inner",
                    default=0,
                    min=0,
                    max=512,
                    tooltip="Grow the face first, by pixels of a crop of 1024.",
                ),
                io.Int.Input(
                    "outer",
                    default=50,
                    min=0,
                    max=512,
                    tooltip="Width of the band around it, in pixels of a crop of 1024; all of it is pasted.",
                ),
                io.Boolean.Input(
                    "whole_border",
                    default=False,
                    tooltip="Everything that is not face must match the source, not the band alone.",
                ),
                io.Float.Input(
                    "steady",
                    default=STEADY,
                    min=0.0,
                    max=50.0,
                    step=0.5,
                    tooltip="No flicker: what most frames around a frame say, by a Gaussian of so many frames. 0: off, "
                    "which your own soft masks need.",
                ),
            ],
            outputs=[
                FaceMask.Output("mask", tooltip="For Paste Face Back."),
                io.Video.Output(
                    "preview", tooltip="Over the crops: what is kept green, what must match red."
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        aligned: Aligned,
        crops: Input.Video | torch.Tensor,
        parts: str,
        download: bool,
        inner: int,
        outer: int,
        whole_border: bool,
        steady: float,
        masks: torch.Tensor | None = None,
        world: WorldStream | None = None,
    ) -> io.NodeOutput:
        options = MaskOptions(inner, outer, whole_border)
        with plain_words(), temp_file("masks.mkv") as out, open_clip(crops, 24.0) as clip:
            source = foregrounds(aligned, parts, download, masks, world)
            check_crops(clip, aligned.alignment, aligned.alignment.size)
            mask = write_masks(clip, aligned, source, out, options, steady=steady, progress=NodeProgress())
            preview = out.with_name("preview.mp4")
            write_overlays(clip, mask, preview)
        return io.NodeOutput(mask, as_video(preview))


class PasteFaceBack(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangPasteFaceBack",
            display_name="Paste Face Back",
            category="Maliang/Faces",
            description="Puts crops, edited or not, back into the clip they were cut from. Frames that don't show the "
            "face stay as they are; frame rate, size and sound are the clip's.",
            search_aliases=["uncrop face", "stitch face", "blend face", "composite face"],
            inputs=[
                frames_input("frames", "The clip that the crops were cut from."),
                AlignedFace.Input("aligned", tooltip="From Align Face."),
                frames_input(
                    "crops", "One for each crop of Align Face, in their order; square, of any size."
                ),
                FaceMask.Input(
                    "mask",
                    optional=True,
                    tooltip="From Face Mask. Not connected: the whole square is pasted.",
                ),
                io.Combo.Input(
                    "blend",
                    options=list(BLENDS),
                    default="alpha",
                    tooltip="alpha: the crop over the frame. change: what differs from the crop as it was cut is added "
                    "to the frame, whose fine detail stays. poisson: colours meet the frame's on the mask's outline "
                    "(needs OpenCV).",
                ),
                io.Int.Input(
                    "feather",
                    default=0,
                    min=0,
                    max=256,
                    tooltip="Pixels of the crop over which the mask fades out inside of itself.",
                ),
                io.Combo.Input(
                    "codec",
                    options=list(CODECS),
                    default="h264",
                    tooltip="h264 plays anywhere; ffv1 is lossless and large.",
                ),
                rate_input(),
            ],
            outputs=[io.Video.Output("video", tooltip="The clip with the face put back.")],
        )

    @classmethod
    def execute(
        cls,
        frames: Input.Video | torch.Tensor,
        aligned: Aligned,
        crops: Input.Video | torch.Tensor,
        blend: Literal["alpha", "change", "poisson"],
        feather: int,
        codec: str,
        frame_rate: float,
        mask: MaskClip | None = None,
    ) -> io.NodeOutput:
        options = PasteOptions(blend, feather)
        with (
            plain_words(),
            temp_file(f"pasted.{CODECS[codec]}") as out,
            face_footage(frames, frame_rate) as footage,
            open_clip(crops, frame_rate) as edited,
        ):
            check_crops(edited, aligned.alignment)
            write_pasted(footage, aligned, edited, mask, out, options, codec=codec, progress=NodeProgress())
        return io.NodeOutput(as_video(out))
