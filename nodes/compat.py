"""Differences between ComfyUI 0.8.0 and today's, all of them here."""

import inspect
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from comfy import model_management, model_patcher
from comfy_api.latest import Input, io
from torch import nn

from ..errors import InputError


def schema(**fields: Any) -> Any:
    """`io.Schema` without the fields that this ComfyUI doesn't know (`search_aliases` came after 0.10.0)."""
    return _known(io.Schema, **fields)


def advanced(kind: Any, name: str, **options: Any) -> Any:
    """The input `kind.Input(name, ...)`, folded away under "advanced" where this ComfyUI can do that (after 0.9.2)."""
    return _known(kind.Input, id=name, advanced=True, **options)


class Held(nn.Module):
    """A network in ComfyUI's hands: its patcher sets attributes of its own (`device` ...) on what it is given."""

    def __init__(self, network: nn.Module, file: Path | None = None) -> None:
        """file: that the network was read from, as it is; None: it was changed since, or nobody will ask."""
        super().__init__()
        self.network, self.file = network, file


def patcher(network: nn.Module, file: Path | None = None) -> Any:
    """ComfyUI's handle on a `Held` network, which moves it to the device and back.

    `CoreModelPatcher` came after 0.11.1.
    """
    kind = getattr(model_patcher, "CoreModelPatcher", model_patcher.ModelPatcher)
    return kind(
        Held(network, file),
        load_device=model_management.get_torch_device(),
        offload_device=model_management.unet_offload_device(),
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device ran out of memory (`is_oom` came after 0.16.4)."""
    if hasattr(model_management, "is_oom"):
        return bool(model_management.is_oom(error))
    exact = model_management.OOM_EXCEPTION is not Exception  # on old versions of torch it is just that
    return exact and isinstance(error, model_management.OOM_EXCEPTION)


def trim_window(video: Input.Video) -> tuple[float, float]:
    """Start and duration in seconds (0: to the end) of what a VIDEO shows of its file.

    Trimming came after 0.13.0, a public way to ask for it after 0.22: before that the values lie in private fields.
    """
    if hasattr(video, "get_active_trim_window"):
        start, duration = video.get_active_trim_window()
        return float(start), float(duration)
    start = getattr(video, "_VideoFromFile__start_time", 0.0)
    if start < 0:  # counted from the end
        raise InputError("this ComfyUI can't say where a clip that is counted from its end begins; update it")
    return float(start), float(getattr(video, "_VideoFromFile__duration", 0.0))


def _known(call: Callable[..., Any], **arguments: Any) -> Any:
    accepted = _parameters(call)
    return call(**{name: value for name, value in arguments.items() if name in accepted})


@lru_cache(maxsize=64)
def _parameters(call: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(call).parameters)
