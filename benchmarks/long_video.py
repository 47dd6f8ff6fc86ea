"""Does a long video stay what it was, and how much memory does it take? A procedural street, painted frame by frame.

    python benchmarks/long_video.py [--frames 900] [--size 2048x1024] [--weights street] [--style noon]

A network that is fed its own pictures can drift: colours wander, detail fades or grows. Statistics of every hundred
frames are printed beside those of the true street, which changes too as the camera moves on; the drift is how much the
difference between the two changes from the first hundred frames to the last. Resident memory is printed beside them:
it must not grow with the length. Values are of pictures in 0..1.
"""

import argparse
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from maliang_video.models.vid2vid.rollout import synthesize
from maliang_video.pipelines.styles import parse_style
from maliang_video.pipelines.vid2vid import load_generator
from maliang_video.training.worlds import open_world

WINDOW = 100
STATISTICS = ("red", "green", "blue", "contrast", "detail")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=900)
    parser.add_argument("--size", default="2048x1024")
    parser.add_argument("--weights", default="street")
    parser.add_argument("--style", default="noon")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    began, rows = perf_counter(), []
    print(f"{'frames':>9}  " + "  ".join(f"{name:>15}" for name in STATISTICS) + "  resident memory")
    frames = measured(options)
    for first in range(0, options.frames, WINDOW):
        window = list(islice(frames, WINDOW))
        rows.append(np.mean(window, axis=0))
        cells = "  ".join(f"{ours:7.3f} {true:7.3f}" for ours, true in rows[-1])
        print(f"{first:4}-{first + len(window) - 1:4}  {cells}  {resident():.0f} MiB", flush=True)
    drift = (rows[-1][:, 0] - rows[-1][:, 1]) - (rows[0][:, 0] - rows[0][:, 1])
    print("    drift  " + "  ".join(f"{change:+15.3f}" for change in drift))
    print(f"{options.frames / (perf_counter() - began):.3f} frames/s, each painted and its truth drawn")


def measured(options: argparse.Namespace) -> Iterator[NDArray[np.float64]]:
    """Statistics of every frame, `[5 2]`: ours, true."""
    look = options.style
    world = open_world(f"world:street?seed=7&frames={options.frames}&size={options.size}&look={look}")
    generator = load_generator(options.weights, options.device)
    curve = parse_style(generator.config.style_names, look if generator.config.style_names else None)
    styles = None if curve is None else curve.after(0)
    truth = world.truth()
    for painted in synthesize(generator, world.frames(), style=styles):
        ours = (painted.frame[0].cpu().clamp(-1, 1) + 1) / 2
        true = torch.from_numpy(next(truth).rgb).movedim(-1, 0) / 255
        yield np.stack([statistics(ours), statistics(true)], axis=1)


def statistics(picture: Tensor) -> NDArray[np.float64]:
    """Mean of each channel, standard deviation and mean gradient of the luminance, of `[3 h w]` in 0..1."""
    luminance = picture.mean(0)
    detail = luminance.diff(dim=0).abs().mean() + luminance.diff(dim=1).abs().mean()
    return np.array([*picture.mean((1, 2)).tolist(), luminance.std().item(), detail.item()])


def resident() -> float:
    """The process's peak resident memory so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
