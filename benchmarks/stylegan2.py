"""How long StyleGAN2 takes to paint a face, and to be tuned for one; on request beside another implementation.

    python benchmarks/stylegan2.py --size 256 512 1024
    python benchmarks/stylegan2.py --work step --perceptual
    python benchmarks/stylegan2.py --against my_module:start

The networks have the published widths and random weights. "forward" is one picture of one code with the stored noise;
"step" is one update of pivotal tuning: a picture, its mean squared difference from a target (with --perceptual, also
LPIPS with AlexNet), gradients of everything, Adam. Two implementations take turns in one process, and what is compared
is CPU time: with one thread, robust on a busy machine. Peaks of resident memory, with all that Python and PyTorch take,
are those of processes of their own.

--against MODULE:FUNCTION names another implementation. FUNCTION(state, resolution, target, perceptual) is given
    state        the generator's state dict in the names of NVlabs/stylegan2-ada-pytorch, without its filters;
    target       the picture to tune for, `[1 3 r r]`;
    perceptual   a function of two such pictures that gives their distance `[1]`, or None;
and returns two functions of codes `[1 rows 512]`, which give the picture: forward and step.
"""

import argparse
import multiprocessing
import resource
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from maliang_video.benchmarks.vid2vid_generator import Timing, load_other, median, summary, timed
from maliang_video.models.faces.stylegan2.config import StyleGAN2Config, published_channels
from maliang_video.models.faces.stylegan2.convert import nvlabs_names
from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.models.features.lpips import LPIPS, LPIPSConfig
from maliang_video.weights.devices import fastest_layout

L2_WEIGHT, RATE = 10.0, 3e-4
WORKS = ("forward", "step")
OURS = "ours"

Paint = Callable[[Tensor], Tensor]


class Task:
    """The weights, the code and the target that all implementations get."""

    def __init__(self, resolution: int, *, base: int, perceptual: bool) -> None:
        torch.manual_seed(0)
        self.config = StyleGAN2Config(published_channels(resolution, base), 512, 512, 8, clamp=None)
        self.codes = torch.randn(1, self.config.rows, 512)
        self.target = torch.rand(1, 3, resolution, resolution) * 2 - 1
        self.perceptual = LPIPS(LPIPSConfig("alex")).requires_grad_(False) if perceptual else None

    def generator(self) -> StyleGAN2:
        """A new one, always with the same weights."""
        torch.manual_seed(1)
        made = StyleGAN2(self.config)
        with torch.no_grad():
            for name, values in made.named_parameters():
                if name.endswith("noise_strength"):
                    values.fill_(0.1)
        return made

    def nvlabs_state(self) -> dict[str, Tensor]:
        theirs = nvlabs_names(self.config)
        return {theirs[name]: values for name, values in self.generator().state_dict().items()}

    def ours(self) -> tuple[Paint, Paint]:
        """Both works with our generator."""
        layout = fastest_layout(torch.device("cpu"), torch.float32)
        generator = self.generator().to(memory_format=layout)  # type: ignore[call-overload]
        target, perceptual = self.target, self.perceptual
        if perceptual is not None:
            perceptual.to(memory_format=layout)  # type: ignore[call-overload]
        features = None if perceptual is None else perceptual.features(target)
        optimizer: torch.optim.Optimizer | None = None

        @torch.no_grad()
        def forward(codes: Tensor) -> Tensor:
            painted: Tensor = generator.synthesis(codes)
            return painted

        def step(codes: Tensor) -> Tensor:
            nonlocal optimizer
            optimizer = optimizer or torch.optim.Adam(generator.parameters(), lr=RATE)
            optimizer.zero_grad()
            painted: Tensor = generator.synthesis(codes)
            loss = L2_WEIGHT * F.mse_loss(painted, target)
            if perceptual is not None and features is not None:
                loss = loss + perceptual.distance(features, painted).mean()
            torch.autograd.backward(loss)
            optimizer.step()
            return painted.detach()

        return forward, step

    def works(self, name: str) -> tuple[Paint, Paint]:
        """Of ours or of the other implementation."""
        if name == OURS:
            return self.ours()
        start: Any = load_other(name)
        made: tuple[Paint, Paint] = start(
            self.nvlabs_state(), self.config.resolution, self.target, self.perceptual
        )
        return made


def measure_time(options: argparse.Namespace, resolution: int, work: str, answer: Connection) -> None:
    """All implementations in turns: their timings, and how far their pictures are apart."""
    task = begin(options, resolution)
    functions = {name: task.works(name)[WORKS.index(work)] for name in implementations(options)[::-1]}
    timings: dict[str, list[Timing]] = {name: [] for name in functions}
    pictures: list[Tensor] = []
    for turn in range(options.repeats + 1):
        for name, function in functions.items():
            painted, timing = timed(lambda function=function: function(task.codes), "cpu")  # type: ignore[misc]
            if turn:  # the first warms up, and is the one before any weights have been changed
                timings[name].append(timing)
            else:
                pictures.append(painted)
    answer.send((timings, float((pictures[0] - pictures[-1]).abs().max())))


def measure_peak(
    options: argparse.Namespace, resolution: int, work: str, answer: Connection, name: str
) -> None:
    """One implementation alone: the largest resident memory, in bytes."""
    task = begin(options, resolution)
    function = task.works(name)[WORKS.index(work)]
    for _ in range(2):
        function(task.codes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.send(peak * (1 if sys.platform == "darwin" else 1024))


def begin(options: argparse.Namespace, resolution: int) -> Task:
    torch.set_num_threads(options.threads)
    return Task(resolution, base=options.channel_base, perceptual=options.perceptual)


def implementations(options: argparse.Namespace) -> list[str]:
    return [OURS] if options.against is None else [OURS, options.against]


def in_process(function: Callable[..., None], *arguments: object, **named: object) -> Any:
    """What the function sends, from a process of its own."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=function, args=(*arguments, sender), kwargs=named)
    process.start()
    sender.close()
    try:
        answer = receiver.recv()
    except EOFError:
        process.join()
        sys.exit(f"a measurement ended early (exit code {process.exitcode})")
    process.join()
    return answer


def report(options: argparse.Namespace, resolution: int, work: str) -> None:
    timings, difference = in_process(measure_time, options, resolution, work)
    peaks = {
        name: in_process(measure_peak, options, resolution, work, name=name)
        for name in implementations(options)
    }
    what = f"{work} {resolution} px{' with LPIPS' if options.perceptual and work == 'step' else ''}"
    print(f"{what}, {options.threads} threads:")
    for name, peak in peaks.items():
        print(f"  {name}: {summary(timings[name])}; peak {peak / 2**30:.2f} GiB resident")
    if options.against is not None:
        ratio = _ratio(timings, options.against)
        memory = peaks[OURS] / peaks[options.against]
        print(
            f"  ours takes {ratio:.3f} of its CPU time and {memory:.3f} of its memory; "
            f"largest difference {difference:.1e}"
        )


def _ratio(timings: Mapping[str, list[Timing]], other: str) -> float:
    return median(timings[OURS], "busy") / median(timings[other], "busy")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", nargs="+", type=int, default=[256, 512, 1024], metavar="PIXELS")
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--perceptual", action="store_true", help="a step also compares by LPIPS (AlexNet)")
    parser.add_argument("--repeats", type=int, default=3, help="timed calls (one more warms up)")
    parser.add_argument("--channel-base", type=int, default=32768, help="fewer for a quick look")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--against", metavar="MODULE:FUNCTION", help="another implementation of the same work"
    )
    options = parser.parse_args()
    for resolution in options.size:
        for work in options.work:
            report(options, resolution, work)


if __name__ == "__main__":
    main()
