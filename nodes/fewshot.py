"""Few-shot synthesis: a subject's exemplars and a driver become video, frame by frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from comfy import model_management
from comfy_api.latest import Input, io

from ..models.fewshot.generator import FewShotGenerator
from ..models.fewshot.memory import exemplar_bytes, frame_bytes
from ..pipelines.fewshot import Given, check_given, render_few_shot
from ..pipelines.fewshot_found import found_driver
from . import compat
from .failures import memory_advice
from .fewshot_exemplars import few_shot_input, found_input, found_of
from .folders import kept_folder, temp_file
from .progress import NodeProgress, stoppable
from .types import Exemplars
from .video import CODECS, as_video, check_batch, read_batch, sound_of
from .video_inputs import codec_input, live_input, sound_input

ADVICE = (
    "give fewer exemplars or a smaller size in Encode Exemplars, choose a lower precision in Load Few-Shot"
)


def exemplars_input() -> Any:
    return Exemplars.Input("exemplars", tooltip="From Encode Exemplars, made for this network.")


def driver_input() -> Any:
    return found_input(
        "driver",
        "What the subject does, one a frame: faces or poses (Face from Folder, Pose from Keypoints ...), keypoints of "
        "pose nodes, label maps for streets, or a world. Framed and shaped as Encode Exemplars says.",
    )


@contextmanager
def few_shot_on_device(patcher: Any, given: Given) -> Iterator[FewShotGenerator]:
    """The network where it can work on these exemplars: ComfyUI makes room first, the stop button works inside."""
    network: FewShotGenerator = patcher.model.network
    check_given(given, network.config)
    count, height, width = len(given.prepared.images), *given.options.size
    with memory_advice(width, height, ADVICE):
        values = network.dtype.itemsize
        needed = frame_bytes(network.config, height, width, values)
        needed += count * exemplar_bytes(network.config, height, width, values)
        model_management.load_models_gpu([patcher], memory_required=needed, force_full_load=True)
        with stoppable(network):
            yield network


def free_memory() -> int:
    """What exemplars may take once the network is loaded."""
    return int(model_management.get_free_memory(model_management.get_torch_device()))


class FewShotVideo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangFewShot",
            display_name="Few-Shot Vid2Vid",
            category="Maliang/Few-shot",
            description="Paints a video of the exemplars' subject that does what the driver does: anyone, from one "
            "picture. Any length runs in the memory of a few frames; stop works at any moment.",
            search_aliases=["few-shot vid2vid", "face reenactment", "motion transfer", "style of a street"],
            inputs=[
                few_shot_input(),
                exemplars_input(),
                driver_input(),
                sound_input("the driver was found in"),
                codec_input(),
                live_input("driver", "some disk"),
            ],
            hidden=[io.Hidden.unique_id],
            outputs=[
                io.Video.Output("video", tooltip="One picture for every frame of the driver, at its rate.")
            ],
        )

    @classmethod
    def execute(
        cls,
        network: Any,
        exemplars: Given,
        driver: Any,
        codec: str,
        sound: Input.Video | None = None,
        live: bool = True,
    ) -> io.NodeOutput:
        driving = found_driver(found_of(driver), exemplars)
        keep = kept_folder("fewshot", cls.hidden.unique_id) if live else None
        with (
            temp_file(f"fewshot.{CODECS[codec]}") as out,
            few_shot_on_device(network, exemplars) as generator,
        ):
            render_few_shot(
                driving,
                generator,
                exemplars.prepared,
                out,
                codec=codec,
                audio_from=sound_of(sound),
                keep=keep,
                free=free_memory(),
                progress=NodeProgress(),
            )
        return io.NodeOutput(as_video(out))


class FewShotImages(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangFewShotImages",
            display_name="Few-Shot Vid2Vid (Images)",
            category="Maliang/Few-shot",
            description="Few-Shot Vid2Vid for short clips: the frames as one IMAGE batch, which is held in memory "
            "whole. For long clips take Few-Shot Vid2Vid, which makes a VIDEO.",
            search_aliases=["few-shot images", "face reenactment frames"],
            inputs=[few_shot_input(), exemplars_input(), driver_input()],
            outputs=[io.Image.Output("images", tooltip="One picture for every frame of the driver.")],
        )

    @classmethod
    def execute(cls, network: Any, exemplars: Given, driver: Any) -> io.NodeOutput:
        driving = found_driver(found_of(driver), exemplars)
        check_batch(driving.frame_count, driving.height, driving.width)
        with temp_file("fewshot.mkv") as out, few_shot_on_device(network, exemplars) as generator:
            report = render_few_shot(
                driving,
                generator,
                exemplars.prepared,
                out,
                codec="ffv1",
                free=free_memory(),
                progress=NodeProgress(),
            )
            images: torch.Tensor = read_batch(out, report.frames)
        return io.NodeOutput(images)
