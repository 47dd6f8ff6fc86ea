"""Generators: load one from a preset or a file, put one on the device for the time of the work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import folder_paths
import torch
from comfy import model_management
from comfy_api.latest import io

from ..errors import InputError
from ..models.labels.frames import AnyStream
from ..models.vid2vid.generator import Vid2VidGenerator, without_flow, without_foreground
from ..models.vid2vid.memory import frame_bytes
from ..pipelines.vid2vid import load_generator
from ..weights import hub, inspect, locate
from ..weights.devices import DTYPES
from ..weights.folders import demo_folder, find_file, search_folders
from ..weights.presets import HubPreset, builtin_presets
from . import compat
from .failures import memory_advice
from .folders import MODELS, model_folders
from .progress import NodeProgress, stoppable
from .types import Generator

AUTO = "auto"


class LoadGenerator(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLoadGenerator",
            display_name="Load Generator",
            category="Maliang/vid2vid",
            description="A vid2vid network: the demo weights of this package, a preset, or a file in models/maliang.",
            search_aliases=["vid2vid model", "load weights", "maliang checkpoint"],
            inputs=[
                io.Combo.Input(
                    "weights",
                    options=weight_names(),
                    tooltip="Weights in the package, in models/maliang (and what extra_model_paths.yaml adds to it), "
                    "and presets that can be downloaded.",
                ),
                io.Boolean.Input(
                    "download",
                    default=False,
                    tooltip="Get a preset from the Hugging Face Hub if it isn't on this machine. Off: nothing is ever "
                    "downloaded.",
                ),
                compat.advanced(
                    io.Combo,
                    "precision",
                    options=[AUTO, *DTYPES],
                    default=AUTO,
                    tooltip="Numbers that the network works with. auto: fp16 where the device is good at it, else "
                    "fp32. Lower needs less memory.",
                ),
                compat.advanced(
                    io.Boolean,
                    "flow",
                    default=True,
                    optional=True,
                    tooltip="Carry pictures along the motion. Off: every frame is painted anew, and flickers.",
                ),
                compat.advanced(
                    io.Boolean,
                    "foreground",
                    default=True,
                    optional=True,
                    tooltip="Paint the classes whose motion is too large to follow, such as cars, by a branch of their "
                    "own, where the network has one. Off: they are carried along like all else.",
                ),
                licence_input(),
            ],
            outputs=[
                Generator.Output(
                    "generator", tooltip="ComfyUI moves it to the device and back as memory allows."
                )
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, weights: str, **others: Any) -> Any:
        return weights_stamp(weights)

    @classmethod
    def execute(
        cls,
        weights: str,
        download: bool,
        precision: str,
        flow: bool = True,
        foreground: bool = True,
        accept_licence: bool = False,
    ) -> io.NodeOutput:
        path = weight_file(weights, download, accept_licence)
        network = load_generator(path, torch.device("cpu"), choose_precision(precision))
        if not flow:
            network = without_flow(network)
        if not foreground:
            network = without_foreground(network)
        return io.NodeOutput(compat.patcher(network))


def weight_names() -> list[str]:
    """What can be loaded: the package's own, the user's files, presets to download."""
    return [
        *own_names("vid2vid.generator/1"),
        *folder_paths.get_filename_list(MODELS),
        *(preset.name for preset in builtin_presets().hub),
    ]


def own_names(architecture: str) -> list[str]:
    """The weights in the package that are of an architecture, in the order of the table of presets."""
    files = [(preset.name, demo_folder() / preset.file) for preset in builtin_presets().embedded]
    return [name for name, path in files if path.is_file() and inspect(path).architecture == architecture]


def weights_stamp(name: str) -> tuple[str, int, int] | str:
    """Changes when the file of that name does: for `fingerprint_inputs`."""
    path = find_file(name, search_folders(model_folders()))
    facts = path.stat() if path else None
    return (str(path), facts.st_mtime_ns, facts.st_size) if facts else name


def licence_input() -> Any:
    """What nodes take that may download; `weight_file` wants its value."""
    return compat.advanced(
        io.Boolean,
        "accept_licence",
        default=False,
        optional=True,
        tooltip="You have read the licence of the preset and accept it. Presets whose licence forbids commercial use "
        "are downloaded only while this is on.",
    )


def weight_file(name: str, download: bool, accept_licence: bool = False) -> Path:
    """The file of that name; fetches a preset if it isn't here, `download` allows it and its licence is accepted."""
    preset = builtin_presets().find(name)
    if not isinstance(preset, HubPreset) or hub.cached(preset):
        return locate(name, model_folders())
    if not download:
        raise InputError(
            f"{name}: {preset.size / 1e6:.0f} MB from {preset.repository} (licence: {preset.licence}) are not on this "
            f"machine; switch on 'download', or put {preset.file} into {model_folders()[0]}"
        )
    return hub.download(preset, accept_licence=accept_licence, progress=NodeProgress())


def choose_precision(name: str) -> torch.dtype:
    """The widget's choice as a dtype."""
    if name != AUTO:
        return DTYPES[name]
    device = model_management.get_torch_device()
    return torch.float16 if model_management.should_use_fp16(device) else torch.float32


@contextmanager
def on_device(patcher: Any, labels: AnyStream) -> Iterator[Vid2VidGenerator]:
    """The network where it can work at the size of `labels`: ComfyUI makes room first, the stop button works inside."""
    network: Vid2VidGenerator = patcher.model.network
    values = next(network.parameters()).element_size()
    with memory_advice(labels.width, labels.height):
        needed = frame_bytes(network.config, labels.height, labels.width, values)
        model_management.load_models_gpu([patcher], memory_required=needed, force_full_load=True)
        with stoppable(network):
            yield network
