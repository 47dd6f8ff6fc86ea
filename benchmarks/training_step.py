"""How long one step of vid2vid training takes, and how much memory; on request beside another implementation.

    python benchmarks/training_step.py --size 256x128 512x256
    python benchmarks/training_step.py --size 256x128 --against my_module:start           # in turns with ours
    python benchmarks/training_step.py --size 256x128 --against my_module:start --alone   # its own peak of memory

A step is an update of all weights after some frames (--chunk, as the recipe's) of a clip: generator, discriminator of
pictures, both temporal discriminators, every loss of the paper, Adam. The networks are the recipe's, in the published
widths, with random weights; so is VGG19, whose weights change no time. The clip is the procedural street; its flow is
known, and estimating it is no part of the step. What is reported is the last step of a clip, the first that all
discriminators have a say in, as the median over --clips clips. Of several sizes, each runs in a process of its own.

--against MODULE:FUNCTION names another implementation. FUNCTION(clip, stage, recipe, vgg) is given
    clip       the batch of one clip, as `training.clips.Batch` says;
    stage      what is trained, and how many frames a step has (`training.recipe.Stage`);
    recipe     the networks' sizes (`training.recipe.Recipe`);
    vgg        the state dict of VGG19 in torchvision's names, `features.0.weight` and so on;
and returns train(updated), which trains on the clip once, from its two real first frames, and calls updated() after
every update. What is compared is CPU time: with one thread, robust on a busy machine.
"""

import argparse
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter, process_time
from typing import Any

import torch
from torch.optim import Optimizer

from maliang_video.benchmarks.vid2vid_generator import Timing, load_other, median, peak_memory
from maliang_video.models.features.vgg19 import VGG19, VGG19Config
from maliang_video.training.clips import Batch, StreetClips
from maliang_video.training.networks import at_stage, build_networks
from maliang_video.training.recipe import Recipe, Stage
from maliang_video.training.recipes import find_recipe
from maliang_video.training.schedule import ClipShape
from maliang_video.training.team import Team
from maliang_video.training.vid2vid import Rule, train_on_clips

FRAMES = 8
"""Generated frames of a clip: the coarser temporal discriminator needs seven."""

VGG_FILTERS = 64
"""Channels of the published VGG19's first convolution."""

Train = Callable[[Callable[[], None]], None]


class Stopwatch:
    """Times what lies between calls."""

    def __init__(self) -> None:
        self.timings: list[Timing] = []
        self._clock, self._busy = perf_counter(), process_time()

    def __call__(self) -> None:
        clock, busy = perf_counter(), process_time()
        self.timings.append(Timing(clock - self._clock, busy - self._busy))
        self._clock, self._busy = clock, busy


class TimedTeam(Team):
    """One process, which says when the weights have been updated."""

    updated: Callable[[], None] = staticmethod(lambda: None)

    def update(self, optimizers: Sequence[Optimizer]) -> None:
        super().update(optimizers)
        self.updated()


def reduced_recipe(options: argparse.Namespace, size: str) -> Recipe:
    """The recipe's first stage alone, at another size."""
    width, height = map(int, size.split("x"))
    recipe = find_recipe(options.recipe)
    shape = ClipShape(width, height, FRAMES + recipe.generator.past_frames, (1.0,))
    stage = replace(recipe.stages[0], shape=shape, chunk=options.chunk or recipe.stages[0].chunk)
    generator = replace(recipe.generator, scales=stage.scales)
    if options.filters:
        foreground = generator.foreground_filters * options.filters // generator.filters
        judges = recipe.discriminator_filters * options.filters // generator.filters
        generator = replace(generator, filters=options.filters, foreground_filters=foreground)
        recipe = replace(recipe, discriminator_filters=judges)
    return replace(recipe, generator=generator, stages=(stage,), features="random")


def reduced_vgg(options: argparse.Namespace) -> VGG19Config:
    """As many filters fewer as the generator has."""
    if not options.filters:
        return VGG19Config(VGG_FILTERS)
    return VGG19Config(VGG_FILTERS * options.filters // find_recipe(options.recipe).generator.filters)


def ours(recipe: Recipe, stage: Stage, features: VGG19, clip: Batch, device: torch.device) -> Train:
    networks = at_stage(replace(build_networks(recipe, device), features=features), stage)
    rule, team = Rule(from_real=True, decay=recipe.ema), TimedTeam(device)

    def train(updated: Callable[[], None]) -> None:
        team.updated = updated
        train_on_clips(networks, stage, [clip], rule, team)

    return train


def torchvision_names(features: VGG19) -> dict[str, torch.Tensor]:
    """The state dict with the numbers that the layers have among torchvision's, of which every ReLU and pool is one."""
    places = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
    state = {}
    for name, values in features.state_dict().items():
        _, number, kind = name.split(".")
        state[f"features.{places[int(number)]}.{kind}"] = values
    return state


def last_step(train: Train) -> Timing:
    """Train on the clip once."""
    stopwatch = Stopwatch()
    train(stopwatch)
    return stopwatch.timings[-1]


def measure(options: argparse.Namespace, size: str) -> None:
    """Time one size and print a line for each implementation."""
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    recipe = reduced_recipe(options, size)
    stage = recipe.stages[0]
    torch.manual_seed(0)
    features = VGG19(reduced_vgg(options)).to(device).requires_grad_(False)
    clips = StreetClips(recipe.seed, lambda _: stage.shape, len(recipe.generator.style_names))
    clip = {name: values[None].to(device) for name, values in clips[0].items()}
    works: dict[str, Train] = {}
    if not options.alone:
        works["ours"] = ours(recipe, stage, features, clip, device)
    if options.against is not None:
        start: Any = load_other(options.against)
        works[options.against] = start(clip, stage, recipe, torchvision_names(features))
    timings: dict[str, list[Timing]] = {name: [] for name in works}
    for _ in range(options.clips):
        for name, train in works.items():
            timings[name].append(last_step(train))
    print(f"{recipe.name} {size} on {device}, {stage.chunk} frames a step, {options.threads} threads:")
    for name, steps in timings.items():
        clock, busy = median(steps, "clock"), median(steps, "busy")
        print(f"  {name}: {clock:.2f} s by the clock and {busy:.2f} s of CPU time a step")
    print(f"  peak {peak_memory(options.device)}" + (" of both" if len(works) > 1 else ""))
    if len(works) > 1:
        mine, theirs = (median(steps, "busy") for steps in timings.values())
        print(f"  ours takes {mine / theirs:.3f} of its CPU time")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--recipe", default="label2city", help="whose networks and losses (default: %(default)s)"
    )
    parser.add_argument("--size", nargs="+", default=["256x128"], metavar="WxH")
    parser.add_argument("--chunk", type=int, help="frames of a step (default: the recipe's)")
    parser.add_argument(
        "--filters",
        type=int,
        help="of the generator's first layer (default: the recipe's); with fewer, discriminators and VGG19 have fewer, "
        "too: quick, for a look at whether it works",
    )
    parser.add_argument("--clips", type=int, default=3, help="times that the clip is trained on")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--against", metavar="MODULE:FUNCTION", help="another implementation of the same work"
    )
    parser.add_argument("--alone", action="store_true", help="only the other one: its own peak of memory")
    options = parser.parse_args()
    if options.alone and options.against is None:
        parser.error("--alone: name the other implementation by --against")
    if len(options.size) == 1:
        measure(options, options.size[0])
        return
    for size in options.size:
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(options, size))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(process.exitcode)


if __name__ == "__main__":
    main()
