"""How fast the vid2vid generator paints, and how much memory it takes; on request beside another implementation.

    python benchmarks/vid2vid_generator.py --layout label2city_1024_g1 --size 512x256 1024x512 --frames 5
    python benchmarks/vid2vid_generator.py --size 512x256 --against my_module:start

The weights are random, in the published layout (its manifests are in tests/golden); the labels are those of the
procedural street, or of --labels. Every size runs in a process of its own, so that peaks of memory are its own too.
One frame's time is all that is done for it: encoding the label map, the network, the state; no files.

--against MODULE:FUNCTION names another implementation, timed in the same process in turns with ours, frame by frame.
FUNCTION(states, manifests, first) is given
    states     {"G0": state dict, "G1": ...}: the published entries, float32, coarsest scale first;
    manifests  {"G0": dict, "G1": ...}: what tests/golden says about each file (`args` are its options);
    first      [2 3 h w], -1..1: the pictures of the first two label frames;
and returns step(window) -> [1 3 h w]: the next picture, for a window of three (ids [h w] uint8, instances [h w] int32),
oldest first. It keeps its own history. What is compared is the median of the process's CPU time per frame (with one
thread: robust on a busy machine) and how far the two pictures are from each other, of values in -1..1.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from torch import Tensor

from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.labels.resize import ResizedLabels
from maliang_video.models.vid2vid.convert import convert
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.models.vid2vid.rollout import synthesize
from maliang_video.pipelines.sources import open_label_source
from maliang_video.weights.devices import fastest_layout

MANIFESTS = Path(__file__).parents[1] / "tests" / "golden" / "vid2vid"
LAYOUTS = ("label2city_1024_g1", "label2city_2048", "label2city_1024_g1_small", "label2city_2048_small")
SIZES = ("512x256", "1024x512", "2048x1024")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

State = dict[str, Tensor]
Step = Callable[[list[tuple[Tensor, Tensor]]], Tensor]


@dataclass(frozen=True)
class Timing:
    """One frame."""

    clock: float
    """Seconds by the clock."""
    busy: float
    """Seconds of CPU time, of all threads together."""


def read_manifests(layout: str) -> dict[str, dict[str, Any]]:
    paths = sorted(MANIFESTS.glob(f"{layout}.G*.json"))
    return {path.name.split(".")[-2]: json.loads(path.read_text("utf-8")) for path in paths}


def random_state(manifest: dict[str, Any], generator: torch.Generator) -> State:
    """Weights of a spread that keeps activations, and so the time of any arithmetic, ordinary."""
    state = {}
    for entry in manifest["tensors"]:
        name, shape = entry["name"], entry["shape"]
        if name.endswith("num_batches_tracked"):
            state[name] = torch.zeros(shape, dtype=torch.int64)
        elif name.endswith("running_var"):
            state[name] = torch.ones(shape)
        elif len(shape) > 1:
            fan_in = shape[1] * shape[2] * shape[3]
            state[name] = torch.randn(shape, generator=generator) * (entry.get("scale", 1) / fan_in**0.5)
        else:
            spread = 0.1 * torch.randn(shape, generator=generator)
            state[name] = (spread + name.endswith("weight")) * entry.get("scale", 1)
    return state


def ours(states: dict[str, State], options: argparse.Namespace) -> Vid2VidGenerator:
    config, state = convert(states)
    with torch.device("meta"):
        generator = Vid2VidGenerator(config)
    generator.load_state_dict(state, assign=True)
    generator = generator.to(options.device, DTYPES[options.dtype]).eval()
    layout = fastest_layout(generator.device, generator.dtype)
    if options.channels_last is not None:
        layout = torch.channels_last if options.channels_last else torch.contiguous_format
    generator.to(memory_format=layout)  # type: ignore[call-overload]
    if options.compile:
        for scale in generator.scales:
            scale.compile()
    prepared: Vid2VidGenerator = generator
    return prepared


def label_frames(source: str, height: int, width: int) -> Iterator[LabelFrame]:
    """Label frames with instances, over and over if there are too few."""
    stream = ResizedLabels(open_label_source(source), height, width)
    while True:
        for frame in stream.frames():
            instances = frame.ids.int() if frame.instances is None else frame.instances
            yield LabelFrame(frame.ids, instances)


def timed(work: Callable[[], Tensor], device: str) -> tuple[Tensor, Timing]:
    clock, busy = perf_counter(), process_time()
    result = work()
    if device != "cpu":
        result = result.cpu()  # waits for the device
    return result, Timing(perf_counter() - clock, process_time() - busy)


def peak_memory(device: str) -> str:
    if device.startswith("cuda"):
        return f"{torch.cuda.max_memory_allocated() / 2**30:.2f} GiB on the device"
    if sys.platform == "win32":
        return "not measured"
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return f"{peak / 2**30:.2f} GiB resident"


def measure(options: argparse.Namespace, size: str) -> None:
    """Time one size and print a line (two beside another implementation)."""
    torch.set_num_threads(options.threads)
    width, height = map(int, size.split("x"))
    manifests = read_manifests(options.layout)
    seeded = torch.Generator().manual_seed(0)
    states = {net: random_state(manifest, seeded) for net, manifest in manifests.items()}
    first = torch.rand(2, 3, height, width, generator=seeded) * 2 - 1
    frames = label_frames(options.labels, height, width)
    clip = [next(frames) for _ in range(options.frames + 3)]
    other = None if options.against is None else load_other(options.against)(states, manifests, first)
    rollout = synthesize(ours(states, options), clip, first=first[None])
    states.clear()
    next(rollout), next(rollout)
    mine, theirs, worst, mean = [], [], 0.0, 0.0
    for t in range(2, len(clip)):
        frame, timing = timed(lambda: next(rollout).frame, options.device)
        mine.append(timing)
        if other is not None:
            window = [(f.ids, f.instances) for f in clip[t - 2 : t + 1] if f.instances is not None]
            expected, timing = timed(lambda window=window: other(window), options.device)  # type: ignore[misc]
            theirs.append(timing)
            difference = (frame - expected).abs()
            worst, mean = max(worst, float(difference.max())), max(mean, float(difference.mean()))
    what = f"{options.layout} {size} {options.dtype} on {options.device}, {options.threads} threads"
    print(f"{what}: {summary(mine[1:])}; peak {peak_memory(options.device)}")  # the first frame warms up
    if theirs:
        ratio = median(mine[1:], "busy") / median(theirs[1:], "busy")
        print(
            f"  beside {options.against}: {summary(theirs[1:])}; ours takes {ratio:.3f} of its CPU time, "
            f"largest difference {worst:.1e}, mean of the worst frame {mean:.1e}"
        )


def load_other(name: str) -> Callable[[dict[str, State], dict[str, dict[str, Any]], Tensor], Step]:
    module, _, function = name.partition(":")
    sys.path.insert(0, os.getcwd())
    loaded: Callable[..., Step] = getattr(importlib.import_module(module), function)
    return loaded


def median(timings: list[Timing], field: str) -> float:
    return float(statistics.median(getattr(timing, field) for timing in timings))


def summary(timings: list[Timing]) -> str:
    clock, busy = median(timings, "clock"), median(timings, "busy")
    return f"{1 / clock:.3f} frames/s, {clock:.3f} s by the clock and {busy:.3f} s of CPU time a frame"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layout", choices=LAYOUTS, default=LAYOUTS[0])
    parser.add_argument("--size", nargs="+", default=SIZES, metavar="WxH")
    parser.add_argument("--frames", type=int, default=5, help="timed frames (one more warms up)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--channels-last", action=argparse.BooleanOptionalAction, help="layout (default: as weights.load)"
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile every scale")
    parser.add_argument(
        "--labels", default="world:street?seed=7&frames=16", help="label maps: a folder or a world"
    )
    parser.add_argument(
        "--against", metavar="MODULE:FUNCTION", help="another implementation of the same work"
    )
    options = parser.parse_args()
    for size in options.size:
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(options, size))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(process.exitcode)


if __name__ == "__main__":
    main()
