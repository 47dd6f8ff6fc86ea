"""Sources of label maps: pictures, a video, a folder, footage that a network segments."""

from typing import Any

import torch
from comfy import model_management
from comfy_api.latest import Input, io

from ..media.folders import file_state
from ..media.labels import open_labels, read_palette
from ..models.labels.palette import Palette, builtin_palette_names
from ..pipelines.labels import segment_frames
from ..pipelines.segmenter import SEGMENTERS, load_segmenter
from . import compat
from .failures import memory_advice, plain_words
from .folders import temp_file, user_path
from .image_maps import image_labels
from .progress import NodeProgress, stoppable
from .types import Labels
from .video import FRAME_RATES, exact_rate, frames_input, open_clip, rate_input, source

AUTO = "auto"


def palette_inputs() -> list[Any]:
    """What the ids or colours mean."""
    return [
        io.Combo.Input(
            "palette",
            options=[AUTO, *builtin_palette_names()],
            default=AUTO,
            tooltip="The data set whose ids or colours the maps have. auto: read off the first map.",
        ),
        compat.advanced(
            io.String,
            "palette_file",
            default="",
            tooltip="A palette of your own instead: a JSON file, by its path in the input folder.",
        ),
    ]


def chosen_palette(palette: str, palette_file: str) -> Palette | None:
    """The palette of `palette_inputs`; None: to be read off the maps."""
    if palette_file.strip():
        return read_palette(user_path(palette_file))
    return None if palette == AUTO else read_palette(palette)


class LabelsFromImages(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLabelsFromImages",
            display_name="Labels from Images",
            category="Maliang/sources",
            description="Painted or loaded pictures in a palette's colours become label maps. What is "
            "between two colours goes to the nearer one.",
            search_aliases=["paint labels", "segmentation image", "image to labels"],
            inputs=[
                io.Image.Input(
                    "images",
                    tooltip="Label maps in colours, one a frame. Scale them with 'nearest exact' only.",
                ),
                *palette_inputs(),
                io.Float.Input("frame_rate", **FRAME_RATES, tooltip="Frames per second of the clip."),
                io.Image.Input(
                    "instances",
                    optional=True,
                    tooltip="A colour for each car and person, one picture for every label map.",
                ),
            ],
            outputs=[Labels.Output("labels", tooltip="Label maps, one for every picture.")],
        )

    @classmethod
    def execute(
        cls,
        images: torch.Tensor,
        palette: str,
        palette_file: str,
        frame_rate: float,
        instances: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        meaning = chosen_palette(palette, palette_file)
        return io.NodeOutput(image_labels(images, meaning, instances, exact_rate(frame_rate)))


class LabelsFromVideo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLabelsFromVideo",
            display_name="Labels from Video",
            category="Maliang/sources",
            description="A video of label maps, read frame by frame when it is needed. Lossless video (FFV1, "
            "PNG) gives exact maps; a lossy one gets the nearest colours.",
            search_aliases=["segmentation video", "video to labels"],
            inputs=[
                io.Video.Input(
                    "video", tooltip="Label maps in a palette's colours. A trimmed video is read as trimmed."
                ),
                *palette_inputs(),
            ],
            outputs=[Labels.Output("labels", tooltip="Label maps, one for every frame.")],
        )

    @classmethod
    def execute(cls, video: Input.Video, palette: str, palette_file: str) -> io.NodeOutput:
        start, duration = compat.trim_window(video)
        labels = open_labels(
            source(video),
            palette=chosen_palette(palette, palette_file),
            start_time=start,
            duration=duration or None,
        )
        return io.NodeOutput(labels)


class LabelsFromFolder(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLabelsFromFolder",
            display_name="Labels from Folder",
            category="Maliang/sources",
            description="A folder of label maps as data sets have them: palette PNG, numbers in 8 or 16 "
            "bits, or colours. Any number of files; one is in memory.",
            search_aliases=["cityscapes folder", "load label maps", "png sequence"],
            inputs=[
                io.String.Input(
                    "folder",
                    default="labels",
                    tooltip="The folder by its path in ComfyUI's input folder (a link there is fine). Files "
                    "are taken in the order of their numbers.",
                ),
                *palette_inputs(),
                io.Float.Input("frame_rate", **FRAME_RATES, tooltip="Frames per second of the clip."),
                compat.advanced(
                    io.String,
                    "instances",
                    default="",
                    tooltip="A folder of instance maps, one for every label map, by its path in the input "
                    "folder. Empty: those that lie with the label maps, if any.",
                ),
            ],
            outputs=[Labels.Output("labels", tooltip="Label maps, one for every file.")],
        )

    @classmethod
    def fingerprint_inputs(cls, folder: str, instances: str, palette_file: str, **others: Any) -> Any:
        return [file_state(user_path(name)) for name in (folder, instances, palette_file) if name.strip()]

    @classmethod
    def execute(
        cls, folder: str, palette: str, palette_file: str, frame_rate: float, instances: str
    ) -> io.NodeOutput:
        labels = open_labels(
            user_path(folder),
            palette=chosen_palette(palette, palette_file),
            instances=user_path(instances) if instances.strip() else None,
            frame_rate=exact_rate(frame_rate),
        )
        return io.NodeOutput(labels)


class LabelsFromFootage(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLabelsFromFootage",
            display_name="Labels from Footage",
            category="Maliang/sources",
            description="Finds road, cars, trees, people ... in real footage with a segmentation network "
            "from the Hugging Face Hub: Cityscapes label maps, one a frame.",
            search_aliases=["segment video", "semantic segmentation", "segformer", "eomt"],
            inputs=[
                frames_input("frames", "The footage: a VIDEO of any length, or an IMAGE batch."),
                io.Combo.Input(
                    "network",
                    options=[preset.name for preset in SEGMENTERS],
                    default="segformer-b0",
                    tooltip="eomt is the most exact (1.3 GB, MIT). The segformers go from b0 (15 MB) to b5; "
                    "their licence is non-commercial.",
                ),
                io.Boolean.Input(
                    "download",
                    default=False,
                    tooltip="Get the network from the Hugging Face Hub if it isn't on this machine. Off: "
                    "nothing is ever downloaded.",
                ),
                rate_input(),
            ],
            outputs=[
                Labels.Output(
                    "labels", tooltip="Cityscapes label maps without instances, one for every frame."
                )
            ],
        )

    @classmethod
    def execute(
        cls, frames: Input.Video | torch.Tensor, network: str, download: bool, frame_rate: float
    ) -> io.NodeOutput:
        with plain_words(), temp_file("labels") as out, open_clip(frames, frame_rate) as clip:
            segmenter = load_segmenter(network, download=download)
            with memory_advice(clip.info.width, clip.info.height), stoppable(segmenter.network):
                model_management.load_models_gpu([compat.patcher(segmenter.network)], force_full_load=True)
                segment_frames(clip, segmenter, out, "footage", NodeProgress())
            labels = open_labels(out, palette=segmenter.palette, frame_rate=clip.info.frame_rate)
        return io.NodeOutput(labels)
