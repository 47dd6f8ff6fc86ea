"""A recording stand-in for the parts of ComfyUI that our nodes touch, in our own words.

It keeps what it was asked for (`Recorded`), refuses keywords that the real classes don't know, and describes a node
as `GET /object_info` would; `test_schema_parity.py` checks that description against a real checkout. `old=True` is
ComfyUI 0.8.0: fewer keywords, no trim window, no `is_oom`, an interrupt that is an ordinary `Exception`.
"""

import inspect
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch

COMMON = ("display_name", "optional", "tooltip", "lazy", "extra_dict", "raw_link")
WIDGET = (*COMMON, "default", "socketless", "force_input")
NUMBER = (*WIDGET, "min", "max", "step", "control_after_generate", "display_mode")
KEYWORDS = {
    "BOOLEAN": (*WIDGET, "label_on", "label_off"),
    "INT": NUMBER,
    "FLOAT": (*NUMBER, "round"),
    "STRING": (*WIDGET, "multiline", "placeholder", "dynamic_prompts"),
    "COMBO": (*WIDGET, "options", "upload"),
}
SPOKEN = {"force_input": "forceInput", "raw_link": "rawLink", "dynamic_prompts": "dynamicPrompts"}
"""Keywords that the description spells differently."""
UNSPOKEN = ("optional", "extra_dict")
STANDING = {"STRING": {"multiline": False}, "COMBO": {"multiselect": False}}
"""What the description says of a type even if nobody set it."""
SCHEMA = (
    "node_id",
    "display_name",
    "category",
    "inputs",
    "outputs",
    "hidden",
    "description",
    "is_output_node",
)


@dataclass
class Recorded:
    """What the nodes did with ComfyUI."""

    progress: list[tuple[int, int]] = field(default_factory=list)
    previews: list[Any] = field(default_factory=list)
    loaded: list[tuple[Any, float]] = field(default_factory=list)
    emptied: int = 0
    shown: list[Any] = field(default_factory=list)
    stop_at: int | None = None
    """The interruption check that finds the stop button pressed; None: never."""
    checks: int = 0


def _accept(kind: str, allowed: tuple[str, ...], given: dict[str, Any]) -> None:
    unknown = set(given) - set(allowed)
    if unknown:
        raise TypeError(f"{kind} got an unexpected keyword argument {sorted(unknown)[0]!r}")


def _signed(cls: type, names: tuple[str, ...]) -> type:
    """Let `inspect.signature` see the keywords, as it does for the real classes."""
    cls.__signature__ = inspect.Signature(
        [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None) for n in names]
    )
    return cls


class FakeInput:
    io_type, keywords = "*", COMMON

    def __init__(self, id: str, **given: Any) -> None:
        _accept(self.io_type, self.keywords, given)
        self.id, self.given, self.optional = id, given, given.get("optional", False)

    def describe(self) -> tuple[str, dict[str, Any]]:
        said = STANDING.get(self.io_type, {}) | {k: v for k, v in self.given.items() if v is not None}
        return self.io_type, {SPOKEN.get(k, k): v for k, v in said.items() if k not in UNSPOKEN}


class FakeOutput:
    io_type = "*"

    def __init__(
        self,
        id: str | None = None,
        display_name: str | None = None,
        tooltip: str | None = None,
        is_output_list: bool = False,
    ) -> None:
        self.id, self.display_name, self.tooltip = id, display_name or id, tooltip
        self.is_output_list = is_output_list


def comfy_type(io_type: str, old: bool) -> type:
    keywords = KEYWORDS.get(io_type, COMMON) + (() if old else ("advanced",))
    parts = {"io_type": io_type, "keywords": keywords}
    return type(
        io_type,
        (),
        {
            "io_type": io_type,
            "Input": _signed(type("Input", (FakeInput,), parts), ("id", *keywords)),
            "Output": type("Output", (FakeOutput,), {"io_type": io_type}),
        },
    )


def multi_type(old: bool) -> type:
    class Input(FakeInput):
        keywords = COMMON + (() if old else ("advanced",))

        def __init__(self, id: str, types: list[type], **given: Any) -> None:
            self.io_type = ",".join(t.io_type for t in types)
            super().__init__(id, **given)

    return type("MultiType", (), {"Input": _signed(Input, ("id", "types", *Input.keywords))})


class FakeNode:
    """`io.ComfyNode`, as far as a node can see it."""

    hidden = SimpleNamespace(prompt=None, extra_pnginfo=None, unique_id="7")

    @classmethod
    def info(cls) -> dict[str, Any]:
        """The node as `/object_info` describes it, without what our nodes never set."""
        schema = cls.define_schema()
        inputs: dict[str, dict[str, Any]] = {"required": {}}
        for i in schema.inputs:
            inputs.setdefault("optional" if i.optional else "required", {})[i.id] = i.describe()
        return {
            "input": inputs,
            "output": [o.io_type for o in schema.outputs],
            "output_name": [o.display_name or o.io_type for o in schema.outputs],
            "output_tooltips": [o.tooltip for o in schema.outputs],
            "name": schema.node_id,
            "display_name": schema.display_name,
            "category": schema.category,
            "description": schema.description,
            "output_node": schema.is_output_node,
            "search_aliases": schema.search_aliases,
        }


class NodeOutput:
    def __init__(
        self, *args: Any, ui: Any = None, expand: Any = None, block_execution: str | None = None
    ) -> None:
        self.args, self.ui, self.expand, self.block_execution = args, ui, expand, block_execution

    def __getitem__(self, index: int) -> Any:
        return self.args[index]


def _schema_class(old: bool) -> type:
    allowed = SCHEMA + (() if old else ("search_aliases",))

    class Schema:
        def __init__(self, **given: Any) -> None:
            _accept("Schema", allowed, given)
            standing = {name: None for name in (*SCHEMA, "search_aliases")}
            self.__dict__ |= standing | {"inputs": [], "outputs": [], "is_output_node": False} | given

    return _signed(Schema, allowed)


def _video_class(old: bool) -> type:
    class VideoFromFile:
        """A handle on a file; decoding the whole of it is what our nodes must never do."""

        def __init__(self, file: Any, *, start_time: float = 0, duration: float = 0) -> None:
            self._file, self._window = file, (start_time, duration)

        def get_stream_source(self) -> Any:
            return self._file

        def get_components(self) -> None:
            raise AssertionError("a node decoded a whole video")

    if not old:
        VideoFromFile.get_active_trim_window = lambda self: self._window
    return VideoFromFile


def _api(old: bool, seen: Recorded) -> ModuleType:
    api = ModuleType("comfy_api.latest")
    builtin = {"Boolean": "BOOLEAN", "Int": "INT", "Float": "FLOAT", "String": "STRING", "Combo": "COMBO"}
    builtin |= {"Image": "IMAGE", "Mask": "MASK", "Video": "VIDEO"}
    api.io = SimpleNamespace(
        **{name: comfy_type(io_type, old) for name, io_type in builtin.items()},
        Custom=lambda name: comfy_type(name, old),
        MultiType=multi_type(old),
        Schema=_schema_class(old),
        Hidden=SimpleNamespace(unique_id="UNIQUE_ID"),
        ComfyNode=FakeNode,
        NodeOutput=NodeOutput,
        UploadType=SimpleNamespace(image="image_upload", video="video_upload"),
        FolderType=SimpleNamespace(temp="temp", output="output", input="input"),
    )

    def shows(name: str) -> Any:
        def show(value: Any, **_: Any) -> tuple[str, Any]:
            seen.shown.append((name, value))
            return name, value

        return show

    api.ui = SimpleNamespace(
        PreviewImage=shows("image"),
        PreviewText=shows("text"),
        PreviewVideo=shows("video"),
        SavedResult=lambda filename, subfolder, type: {
            "filename": filename,
            "subfolder": subfolder,
            "type": type,
        },
    )
    video = _video_class(old)
    api.Input, api.InputImpl = SimpleNamespace(Video=video), SimpleNamespace(VideoFromFile=video)
    api.ComfyExtension = type("ComfyExtension", (), {})
    return api


def _folder_paths(base: Path) -> ModuleType:
    paths = ModuleType("folder_paths")
    paths.models_dir = str(base / "models")
    paths.folder_names_and_paths = {}
    for name in ("input", "output", "temp"):
        (base / name).mkdir(parents=True, exist_ok=True)
        setattr(paths, f"get_{name}_directory", lambda name=name: str(base / name))

    def add_model_folder_path(name: str, path: str, is_default: bool = False) -> None:
        folders, _ = paths.folder_names_and_paths.setdefault(name, ([], set()))
        if path not in folders:
            folders.insert(0 if is_default else len(folders), path)

    def get_filename_list(name: str) -> list[str]:
        folders, endings = paths.folder_names_and_paths[name]
        found = {
            os.path.relpath(file, folder)
            for folder in folders
            for file in Path(folder).rglob("*")
            if file.is_file() and (not endings or file.suffix.lower() in endings)
        }
        return sorted(found)

    def get_full_path(name: str, file: str) -> str | None:
        folders, _ = paths.folder_names_and_paths[name]
        return next((str(Path(f) / file) for f in folders if (Path(f) / file).is_file()), None)

    def get_save_image_path(prefix: str, output: str, width: int = 0, height: int = 0) -> tuple[Any, ...]:
        folder, name = os.path.split(os.path.normpath(prefix))
        where = Path(output) / folder
        where.mkdir(parents=True, exist_ok=True)
        taken = [int(p.name[len(name) + 1 :].split("_")[0]) for p in where.glob(f"{name}_[0-9]*_*")]
        return str(where), name, max(taken, default=0) + 1, folder, prefix

    paths.add_model_folder_path = add_model_folder_path
    paths.get_folder_paths = lambda name: list(paths.folder_names_and_paths[name][0])
    paths.get_filename_list = get_filename_list
    paths.get_full_path = get_full_path
    paths.get_save_image_path = get_save_image_path
    return paths


def _model_management(old: bool, seen: Recorded) -> ModuleType:
    mm = ModuleType("comfy.model_management")
    mm.InterruptProcessingException = type(
        "InterruptProcessingException", (Exception if old else BaseException,), {}
    )
    mm.OOM_EXCEPTION = torch.OutOfMemoryError
    if not old:
        mm.is_oom = lambda error: isinstance(error, torch.OutOfMemoryError)

    def check() -> None:
        seen.checks += 1
        if seen.stop_at is not None and seen.checks >= seen.stop_at:
            raise mm.InterruptProcessingException

    def load(models: list[Any], memory_required: float = 0, force_full_load: bool = False) -> None:
        assert force_full_load, "plain torch modules can't be loaded in parts"
        seen.loaded += [(model, memory_required) for model in models]

    def soft_empty_cache() -> None:
        seen.emptied += 1

    mm.throw_exception_if_processing_interrupted = check
    mm.load_models_gpu, mm.soft_empty_cache = load, soft_empty_cache
    mm.get_torch_device = mm.unet_offload_device = mm.intermediate_device = lambda: torch.device("cpu")
    mm.get_free_memory = lambda device=None: 8e9
    mm.should_use_fp16 = mm.should_use_bf16 = lambda device=None, **_: False
    return mm


def install(base: Path, seen: Recorded, old: bool = False) -> dict[str, ModuleType]:
    """The modules by their import names, rooted at folder `base`; the caller puts them into `sys.modules`."""

    class ProgressBar:
        def __init__(self, total: int, node_id: str | None = None) -> None:
            self.total = total

        def update_absolute(self, value: int, total: int | None = None, preview: Any = None) -> None:
            self.total = total or self.total
            seen.progress.append((value, self.total))
            if preview is not None:
                seen.previews.append(preview)

    class ModelPatcher:
        def __init__(self, model: Any, load_device: Any, offload_device: Any) -> None:
            self.model, self.load_device, self.offload_device = model, load_device, offload_device
            model.device = offload_device  # the real one writes this and more on the module

    utils, patcher, comfy = ModuleType("comfy.utils"), ModuleType("comfy.model_patcher"), ModuleType("comfy")
    utils.ProgressBar = ProgressBar
    setattr(patcher, "ModelPatcher" if old else "CoreModelPatcher", ModelPatcher)
    patcher.ModelPatcher = ModelPatcher
    comfy.utils, comfy.model_patcher = utils, patcher
    comfy.model_management = _model_management(old, seen)
    api = ModuleType("comfy_api")
    api.latest = _api(old, seen)
    return {
        "comfy": comfy,
        "comfy.utils": utils,
        "comfy.model_patcher": patcher,
        "comfy.model_management": comfy.model_management,
        "comfy_api": api,
        "comfy_api.latest": api.latest,
        "folder_paths": _folder_paths(base),
    }


def forget_nodes(package: str = "maliang_video") -> None:
    """Drop the node modules, so that the next import meets the modules that are installed then."""
    for name in [n for n in sys.modules if n == f"{package}.nodes" or n.startswith(f"{package}.nodes.")]:
        del sys.modules[name]
