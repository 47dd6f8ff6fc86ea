"""What sharing the work of stitching is worth: the published schedule beside windows of frames, on the same frames.

    python benchmarks/stitching.py                                  # a generator of random weights
    python benchmarks/stitching.py --work DIR --generator FILE      # a clip that maliang faces has edited

With random weights the generator paints patterns, no faces; its code glides through the latent space, an edit moves it
along a direction, and a band around an ellipse that sways must show what was painted before the edit. What is reported:
border and content error (squared difference summed over channels, per pixel of the mask, as published), the worst
border, flicker (`training.metrics.unasked_flicker`), updates of weights, each of one frame, and CPU time.
"""

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import NamedTuple

import torch
from torch import Tensor

from maliang_video.models.faces.stylegan2.config import StyleGAN2Config
from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.pipelines.face_generators import load_face_generator, tuned_generator
from maliang_video.pipelines.face_stages import read_alignment
from maliang_video.pipelines.face_stitching import asked_frames
from maliang_video.pipelines.face_workfolder import find_workfolder
from maliang_video.training.metrics import unasked_flicker
from maliang_video.training.stitching_tuning import (
    PUBLISHED,
    USUAL,
    Stitched,
    StitchFrame,
    StitchPlan,
    errors_of,
    stitch,
)

Frames = Callable[[int], StitchFrame]


class Figures(NamedTuple):
    """Of one plan."""

    border: float
    worst: float
    content: float
    flicker: float
    """0..1"""
    updates: int
    seconds: float
    """Of CPU time."""


def random_generator(side: int, channels: int, seed: int) -> StyleGAN2:
    """Whose pictures are about as bright and dark as a face's."""
    torch.manual_seed(seed)
    blocks = int(math.log2(side)) - 1
    config = StyleGAN2Config((channels,) * blocks, z_width=64, w_width=64, mapping_layers=2, clamp=None)
    generator = StyleGAN2(config).eval().requires_grad_(False)
    spread = float(generator(generator.mapping(torch.randn(8, 64))).std())
    for block in generator.blocks:
        block.to_rgb.weight /= 2 * spread  # type: ignore[union-attr, operator]
    return generator


def random_frames(generator: StyleGAN2, count: int, strength: float, seed: int) -> Frames:
    """A code that goes round in an ellipse once in 48 frames, edited by a random direction."""
    chance = torch.Generator().manual_seed(seed)
    middle, across, along = generator.mapping(torch.randn(3, 64, generator=chance))
    direction = torch.randn(64, generator=chance) * strength
    side = generator.config.resolution
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, side)] * 2, indexing="ij")

    def frame(number: int) -> StitchFrame:
        angle = 2 * math.pi * number / 48
        way = math.sin(angle) * (across - middle) + math.cos(angle) * (along - middle)
        code = (middle + 0.3 * way)[None]
        radius = (((x - 0.1 * math.sin(angle)) / 0.6) ** 2 + (y / 0.75) ** 2).sqrt()[None, None]
        return StitchFrame(
            latent=code + direction,
            source=generator(code),
            edited=generator(code + direction),
            border=((radius > 0.8) & (radius < 1.15)).float(),
            content=(radius <= 0.8).float(),
        )

    kept = [frame(number) for number in range(count)]
    return kept.__getitem__


def measured(generator: StyleGAN2, frames: Frames, count: int, plan: StitchPlan) -> Figures:
    started = process_time()
    results: list[Stitched] = list(stitch(generator, frames, count, plan))
    seconds = process_time() - started
    return figures_of([r.picture for r in results], frames, sum(r.updates for r in results), seconds)


def figures_of(pictures: list[Tensor], frames: Frames, updates: int, seconds: float) -> Figures:
    errors = [
        [float(error) for error in errors_of(picture, frames(number))]
        for number, picture in enumerate(pictures)
    ]
    borders, contents = zip(*errors, strict=True)
    count = len(pictures)
    flickers = [float(_flicker(pictures, frames, number)) for number in range(1, count - 1)]
    return Figures(
        sum(borders) / count,
        max(borders),
        sum(contents) / count,
        sum(flickers) / max(1, len(flickers)),
        updates,
        seconds,
    )


def _flicker(pictures: list[Tensor], frames: Frames, middle: int) -> Tensor:
    around = [frames(number) for number in range(middle - 1, middle + 2)]
    wanted = [frame.border * frame.source + (1 - frame.border) * frame.edited for frame in around]
    masks = [(frame.border + frame.content).clamp(max=1) for frame in around]
    shown = pictures[middle - 1 : middle + 2]
    return unasked_flicker(*(torch.cat(each)[None] for each in (shown, wanted, masks)))


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[tuple[StyleGAN2, Frames, int, str]]:
    """The generator, the frames, how many there are, and what they are."""
    if options.work is None:
        generator = random_generator(options.size, options.channels, options.seed)
        frames = random_frames(generator, options.frames, options.strength, options.seed)
        yield (
            generator,
            frames,
            options.frames,
            f"random weights, {options.size} px, {options.channels} channels",
        )
        return
    folder = find_workfolder(options.work)
    loaded = load_face_generator(Path(options.generator), torch.device("cpu"))
    network = tuned_generator(folder, loaded)
    count = min(options.frames, len(read_alignment(folder).frames))
    with asked_frames(folder, network, count) as frames:
        yield network, frames, count, f"{options.work}, {network.config.resolution} px"


def plans(options: argparse.Namespace) -> dict[str, StitchPlan]:
    fewer = max(1, options.updates // 5)
    return {
        f"published, {options.updates} updates": replace(PUBLISHED, updates=options.updates),
        f"published, {fewer} updates": replace(PUBLISHED, updates=fewer),
        f"windows of {USUAL.window}, whole weights": replace(USUAL, updates=fewer),
        f"windows of {USUAL.window}, rank 8": replace(USUAL, updates=fewer, rank=8, learning_rate=3e-3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=24, help="at most")
    parser.add_argument("--size", type=int, default=32, help="pixels of the random generator")
    parser.add_argument("--channels", type=int, default=48, help="of all its layers")
    parser.add_argument("--strength", type=float, default=0.3, help="of its edit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--updates", type=int, default=100, help="of a frame, in the published schedule")
    parser.add_argument("--work", type=Path, help="a work folder of maliang faces, with its edit done")
    parser.add_argument("--generator", help="the weights that the edit was painted with")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if options.work is not None and options.generator is None:
        parser.error("--work needs --generator")
    torch.set_num_threads(options.threads)
    with opened(options) as (generator, frames, count, what):
        print(f"{count} frames, {what}, {options.threads} threads\n")
        print(
            "| schedule | border | worst | content | flicker | updates | CPU s |\n|---|---|---|---|---|---|---|"
        )
        unstitched = figures_of([frames(number).edited for number in range(count)], frames, 0, 0.0)
        show("not stitched", unstitched)
        for name, plan in plans(options).items():
            show(name, measured(generator, frames, count, plan))


def show(name: str, figures: Figures) -> None:
    print(
        f"| {name} | {figures.border:.5f} | {figures.worst:.5f} | {figures.content:.4f} | {figures.flicker:.5f} | "
        f"{figures.updates} | {figures.seconds:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
