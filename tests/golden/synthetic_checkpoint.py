"""Deterministic stand-ins for published checkpoints.

A *manifest* lists every entry of a published checkpoint (name, shape, init class). `fill` turns it
into a full-size state dict whose values depend on nothing but the names and shapes, so two
implementations can be given the same weights without shipping hundreds of megabytes.

    manifest = json.load(open("vid2vid/label2city_1024_g1.json"))
    state = fill(manifest["tensors"])          # {name: torch.Tensor}

A golden file beside the manifest (`*.safetensors`) then holds the inputs that were fed to the
reference implementation with these weights, and the outputs that it gave.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import torch

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_BLOCK = 1 << 14
"""Values that are made at once: what stays in a processor core's cache."""


def uniforms(name: str, count: int, start: int = 0) -> np.ndarray:
    """Values `start` to `start + count` of a sequence of float64 in [0, 1) that `name` alone decides.

    splitmix64 over a counter.
    """
    seed = np.frombuffer(hashlib.sha256(name.encode()).digest()[:8], dtype="<u8")[0]
    z = np.arange(start + 1, start + count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z *= _GAMMA
        z += seed
        z ^= z >> np.uint64(30)
        z *= _MIX1
        z ^= z >> np.uint64(27)
        z *= _MIX2
        z ^= z >> np.uint64(31)
    z >>= np.uint64(11)
    return z * 2.0**-53


def normals(name: str, count: int) -> np.ndarray:
    """`count` float64 values of mean 0 and variance 1 (sum of four uniforms), a block after the other."""
    values = np.empty(count)
    for start in range(0, count, _BLOCK):
        block = values[start : start + _BLOCK]
        block[:] = uniforms(name, len(block), start)
        for row in range(1, 4):
            block += uniforms(name, len(block), row * count + start)
        block -= 2.0
        block *= math.sqrt(3.0)
    return values


def tensor(name: str, shape: list[int], init: str = "auto", dtype: str = "float32") -> torch.Tensor:
    """One entry. `init` is one of

    auto    by name and rank: running_var -> var, running_mean -> small, num_batches_tracked -> zero,
            rank >= 2 -> fan_in, rank 1 '*weight' -> scale, anything else -> small
    fan_in  N(0, 1/fan_in), fan_in = prod(shape[1:])        unit   N(0, 1)
    scale   1 + 0.1 N(0, 1)      small  0.1 N(0, 1)      var  uniform in [0.5, 1.5)
    zero    zeros                one    ones             image  uniform in [-1, 1)
    labels:K  integers 0 .. K-1
    """
    count = math.prod(shape)
    if init == "auto":
        if name.endswith("num_batches_tracked"):
            init, dtype = "zero", "int64"
        elif name.endswith("running_var"):
            init = "var"
        elif name.endswith("running_mean"):
            init = "small"
        elif len(shape) >= 2:
            init = "fan_in"
        elif name.endswith("weight"):
            init = "scale"
        else:
            init = "small"
    if init == "fan_in":
        values = normals(name, count) / math.sqrt(math.prod(shape[1:]))
    elif init == "unit":
        values = normals(name, count)
    elif init == "scale":
        values = 1.0 + 0.1 * normals(name, count)
    elif init == "small":
        values = 0.1 * normals(name, count)
    elif init == "var":
        values = 0.5 + uniforms(name, count)
    elif init == "zero":
        values = np.zeros(count)
    elif init == "one":
        values = np.ones(count)
    elif init == "image":
        values = 2.0 * uniforms(name, count) - 1.0
    elif init.startswith("labels:"):
        values = np.floor(uniforms(name, count) * int(init.split(":")[1]))
    else:
        raise ValueError(f"unknown init {init!r} for {name}")
    return torch.from_numpy(values.reshape(shape)).to(getattr(torch, dtype))


def fill(entries: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """State dict of a manifest's `tensors`: each {"name", "shape", "init"?, "dtype"?}."""
    return {
        e["name"]: tensor(e["name"], e["shape"], e.get("init", "auto"), e.get("dtype", "float32"))
        for e in entries
    }


def checkpoint(manifest: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The whole state dict of a manifest: every step that the folders' READMEs describe, in their order.

    `tensors` are filled and multiplied by their `gain` (or `scale`); `constants` are set; the vectors of
    spectral norm come from `power_iterations` rounds in float64; `aliases` repeat entries under a second prefix.
    """
    state = fill(manifest["tensors"])
    for e in manifest["tensors"]:
        factor = e.get("gain", e.get("scale"))
        if factor is not None:
            state[e["name"]] = state[e["name"]] * factor
    for c in manifest.get("constants", []):
        state[c["name"]] = torch.tensor(c["value"]).reshape(c["shape"])
    for name in [k for k in state if k.endswith(".weight_orig")]:
        prefix = name.removesuffix("weight_orig")
        matrix = state[name].double().flatten(1)
        u = state[prefix + "weight_u"].double()
        u = u / u.norm()
        v = matrix.t() @ u
        v = v / v.norm()
        for _ in range(manifest.get("power_iterations", 20)):
            v = matrix.t() @ u
            v = v / v.norm()
            u = matrix @ v
            u = u / u.norm()
        state[prefix + "weight_u"], state[prefix + "weight_v"] = u.float(), v.float()
    for alias, target in manifest.get("aliases", {}).items():
        for name in list(state):
            if name.startswith(target):
                state[alias + name.removeprefix(target)] = state[name]
    return state
