"""How fast the few-shot generator paints, and how much memory it takes, by the number of exemplars; on request beside
another implementation.

    python benchmarks/fewshot_generator.py --layout fsv2v_face --size 256x256 --exemplars 1 3 8
    python benchmarks/fewshot_generator.py --layout fsv2v_pose --size 256x512 --exemplars 3 --against my_module:start

The weights are made up, in a published layout (the manifests are in tests/golden), or random, of a small network of our
own; so are labels and pictures. Every number of exemplars runs in a process of its own, so that peaks of memory are its
own too. Exemplars are encoded once, which is timed apart; attention is part of a frame's time, and also timed alone.

--against MODULE:FUNCTION names another implementation, timed in the same process in turns with ours, frame by frame.
FUNCTION(state, manifest, labels, images) is given
    state      the published entries, float32;
    manifest   what tests/golden says about the file (`options` are the code base's);
    labels     [K c h w], images [K 3 h w] in -1..1: the exemplars;
and returns step(labels [1 c h w]) -> [1 3 h w]: the next picture. It keeps its own history. What is compared is the
median of the process's CPU time per frame (with one thread: robust on a busy machine) and how far the two pictures are
from each other, of values in -1..1.
"""

import argparse
import importlib
import json
import multiprocessing
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from maliang_video.benchmarks.vid2vid_generator import (
    DTYPES,
    Timing,
    load_other,
    median,
    peak_memory,
    summary,
)
from maliang_video.models.fewshot.config import small_config
from maliang_video.models.fewshot.convert import convert
from maliang_video.models.fewshot.frame import Past
from maliang_video.models.fewshot.generator import FewShotGenerator, encode_exemplars, look_up, step
from maliang_video.weights.devices import fastest_layout

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
SEVERAL = {
    "fsv2v_face": "fsv2v_face_k3",
    "fsv2v_pose": "fsv2v_pose_k3",
    "fsv2v_street": "fsv2v_street_k3",
    "fsv2v_face_small": "fsv2v_face_k3_small",
    "imaginaire_face_forensics_ema": "imaginaire_face_k3_ema",
}
"""Layouts for one exemplar, and those with attention for several."""
SMALL = "small"
"""The layout of our own: faces."""

State = dict[str, Tensor]
T = TypeVar("T")


def made_up(layout: str, pixels: int) -> tuple[State, dict[str, Any]]:
    """A published layout filled, so that pictures of that many bottleneck pixels don't magnify rounding."""
    sys.path.append(str(GOLDEN))
    manifest = json.loads((GOLDEN / "fewshot" / f"{layout}.json").read_text("utf-8"))
    state: State = importlib.import_module("synthetic_checkpoint").checkpoint(manifest)
    for name in state:  # summaries are sums over pixels: the first layer that sees them makes up for it
        if "fc_spade_" in name and name.endswith((".0.weight_u", ".0.layers.conv.weight_u")):
            state[name] = state[name] * pixels
        elif "fc_spade_" in name and name.endswith(".0.layers.conv.weight"):
            state[name] = state[name] / pixels
    return state, manifest


def prepared(state: State | None, options: argparse.Namespace) -> FewShotGenerator:
    """Ours, of a published state or, without one, our own small network."""
    if state is None:
        torch.manual_seed(0)
        generator = FewShotGenerator(small_config("face", 1))
    else:
        config, ours = convert({options.layout: state})
        with torch.device("meta"):
            generator = FewShotGenerator(replace(config, summary_pixels=None))
        generator.load_state_dict(ours, assign=True)
    generator = generator.to(options.device, DTYPES[options.dtype]).eval()
    layout = fastest_layout(generator.device, generator.dtype)
    placed: FewShotGenerator = generator.to(memory_format=layout)  # type: ignore[call-overload]
    return placed


def drawn(count: int, channels: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Label maps of blocks: one class each, or values in 0..1."""
    size = (-(-height // 8), -(-width // 8))
    if channels == 20:
        ids = torch.randint(channels, (count, *size), generator=generator)
        blocks = torch.nn.functional.one_hot(ids, channels).movedim(-1, 1).float()
    else:
        blocks = torch.rand(count, channels, *size, generator=generator)
    return blocks.repeat_interleave(8, 2).repeat_interleave(8, 3)[:, :, :height, :width]


def clocked(device: str, work: Callable[..., T], *arguments: Any) -> tuple[T, Timing]:
    """What the work gives, and how long it took until it was there."""
    clock, busy = perf_counter(), process_time()
    result = work(*arguments)
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    return result, Timing(perf_counter() - clock, process_time() - busy)


@torch.inference_mode()
def measure(options: argparse.Namespace, exemplars: int) -> None:
    """Time one number of exemplars and print a line (two beside another implementation)."""
    torch.set_num_threads(options.threads)
    width, height = map(int, options.size.split("x"))
    layout = options.layout if exemplars == 1 else SEVERAL.get(options.layout, options.layout)
    state, manifest = (None, {}) if layout == SMALL else made_up(layout, height * width // 4**5)
    generator = prepared(state, options)
    channels, seeded = generator.config.label_channels, torch.Generator().manual_seed(0)
    labels = drawn(exemplars, channels, height, width, seeded)
    images = torch.rand(exemplars, 3, height, width, generator=seeded) * 2 - 1
    clip = drawn(options.frames + 1, channels, height, width, seeded)
    other = None
    if options.against is not None and state is not None:
        other = cast(Any, load_other(options.against))(state, manifest, labels, images)
    state = None
    placed = (labels.to(options.device), images.to(options.device))
    encoded, encoding = clocked(options.device, encode_exemplars, generator, *placed)
    past: Past | None = None
    mine, attending, theirs, worst, mean = [], [], [], 0.0, 0.0
    for driving in clip.split(1):  # type: ignore[no-untyped-call]
        here = driving.to(options.device)
        made, timing = clocked(options.device, step, generator, encoded, here, past)
        past = made.past
        mine.append(timing)
        attending.append(clocked(options.device, look_up, generator, encoded, here)[1])
        if other is not None:
            expected, timing = clocked(options.device, other, driving)
            theirs.append(timing)
            difference = (made.frame.image.cpu() - expected.cpu()).abs()
            worst, mean = max(worst, float(difference.max())), max(mean, float(difference.mean()))
    report(options, layout, exemplars, encoding, mine[1:], attending[1:])  # the first frame has no past
    if theirs:
        ratio = median(mine[1:], "busy") / median(theirs[1:], "busy")
        print(
            f"  beside {options.against}: {summary(theirs[1:])}; ours takes {ratio:.3f} of its CPU time, "
            f"largest difference {worst:.1e}, mean of the worst frame {mean:.1e}"
        )


def report(
    options: argparse.Namespace,
    layout: str,
    exemplars: int,
    encoding: Timing,
    frames: list[Timing],
    attention: list[Timing],
) -> None:
    what = f"{layout} {options.size} {options.dtype} on {options.device}, {options.threads} threads"
    print(
        f"{what}, {exemplars} exemplars: {summary(frames)}, of which attention {median(attention, 'busy'):.3f} s; "
        f"encoding them {encoding.busy:.3f} s once; peak {peak_memory(options.device)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layout", choices=(*SEVERAL, SMALL), default="fsv2v_face")
    parser.add_argument("--size", default="256x256", metavar="WxH")
    parser.add_argument("--exemplars", nargs="+", type=int, default=[1, 3, 8], metavar="K")
    parser.add_argument("--frames", type=int, default=5, help="timed frames (one more comes first)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--against", metavar="MODULE:FUNCTION", help="another implementation of the same work"
    )
    options = parser.parse_args()
    for exemplars in options.exemplars:
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(options, exemplars))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(process.exitcode)


if __name__ == "__main__":
    main()
