"""Where a network runs and how precisely, from what a person wrote; and how much memory is left there."""

import re
from pathlib import Path

import torch
import torch.nn.functional as F

from ..errors import InputError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
MEMORY = Path("/proc/meminfo")
"""Where Linux says how much memory there is."""


def choose_device(name: str = "auto") -> torch.device:
    """ "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1", "mps". InputError where it can't be used here."""
    if name == "auto":
        return torch.device(
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    kind, colon, number = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (colon and not number.isdecimal()):
        raise InputError(
            f"device {name!r} is not known; choose auto, cpu, cuda, cuda:1 (the second GPU) or mps"
        )
    if kind == "cuda":
        _check_cuda(int(number or 0))
    if kind == "mps" and not torch.backends.mps.is_available():
        raise InputError(
            "device 'mps' needs a Mac with Apple silicon and a PyTorch built for it; choose auto or cpu"
        )
    return torch.device(name)


def _check_cuda(number: int) -> None:
    if torch.version.cuda is None and torch.version.hip is None:
        raise InputError(
            f"device 'cuda': this PyTorch ({torch.__version__}) is built without CUDA; install one with it from "
            "pytorch.org, or choose auto or cpu"
        )
    count = torch.cuda.device_count()
    if number >= count:
        raise InputError(
            f"device 'cuda:{number}': {count} usable GPUs here, counted from 0; choose auto or cpu"
        )


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """ "fp32", "bf16" or "fp16" on `device`. InputError where the device can't convolve in it."""
    if name not in DTYPES:
        raise InputError(f"precision {name!r} is not known; choose {', '.join(DTYPES)}")
    dtype = DTYPES[name]
    try:
        picture = torch.zeros(1, 1, 4, 4, device=device, dtype=dtype)
        F.conv2d(picture, picture)
    except (RuntimeError, TypeError) as error:
        raise InputError(f"precision {name} does not work on {device} here; choose fp32") from error
    return dtype


def free_bytes(device: torch.device) -> int | None:
    """Memory that a device has left for tensors, as far as it says so; None where it doesn't."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    if device.type != "cpu" or not MEMORY.is_file():
        return None
    found = re.search(r"^MemAvailable: +([0-9]+) kB", MEMORY.read_text("ascii", "replace"), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def fastest_layout(device: torch.device, dtype: torch.dtype) -> torch.memory_format:
    """How convolution weights are best laid out in memory; activations follow them.

    Channels-last on a CPU (a vid2vid frame takes three quarters of the time), and on CUDA in half precision, which its
    matrix units read so.
    """
    half = dtype in (torch.float16, torch.bfloat16)
    last = device.type == "cpu" or (device.type == "cuda" and half)
    return torch.channels_last if last else torch.contiguous_format
