"""Options that several commands have, in one wording, and what they are read as."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import at_least, duration, size

if TYPE_CHECKING:
    from ..training.loop import LoopOptions

Container = argparse._ActionsContainer
"""A parser, or a group of its options."""


def add_device(parser: Container) -> None:
    """`--device`, for `weights.devices.choose_device`."""
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps ...")


def add_dtype(parser: Container, text: str = "precision") -> None:
    """`--dtype`, for `weights.devices.choose_dtype`."""
    parser.add_argument("--dtype", choices=("fp32", "bf16", "fp16"), default="fp32", help=text)


def add_footage(parser: Container) -> None:
    """`--footage` of commands that look at nothing else."""
    parser.add_argument(
        "--footage", required=True, type=Path, metavar="CLIP", help="a video, a picture, a folder of pictures"
    )


def add_video_out(parser: Container) -> None:
    """`--out` of commands that make a video or its pictures."""
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE",
        help="a video; a folder of pictures if it has no ending",
    )


def add_label_maps(
    parser: Container,
    text: str = "a folder of label maps, a video of them, or a world such as 'world:street?seed=7'",
) -> None:
    """Where label maps come from, for `labels.open_source`; text: what `--labels` may be."""
    parser.add_argument("--labels", required=True, metavar="SOURCE", help=text)
    parser.add_argument(
        "--palette", metavar="NAME|JSON", help="what their ids or colours mean, for example cityscapes"
    )
    parser.add_argument(
        "--instances", type=Path, metavar="DIR", help="a folder of instance maps, one a label map"
    )
    parser.add_argument(
        "--size", type=size, metavar="WxH", help="bring the label maps to this size first, nearest pixel"
    )


def add_max_time(parser: Container) -> None:
    """`--max-time` of commands that train."""
    parser.add_argument(
        "--max-time", type=duration, metavar="TIME", help="stop, to go on later, after e.g. 90m or 2h"
    )


def add_run(parser: Container, every: int, unit: str, ahead: str = "prepare clips") -> None:
    """What a training run is asked beside its recipe, for `loop_options`.

    every: `unit`s between checkpoints; ahead: what the processes of `--workers` do.
    """
    add_max_time(parser)
    parser.add_argument(
        "--checkpoint-every",
        type=at_least(1),
        default=every,
        metavar="N",
        help=f"{unit}; default: %(default)s",
    )
    parser.add_argument(
        "--workers",
        type=at_least(0),
        default=1,
        metavar="N",
        help=f"processes that {ahead} ahead; default: %(default)s",
    )
    add_device(parser)


def loop_options(arguments: argparse.Namespace) -> "LoopOptions":
    """What the options of `add_run` ask for."""
    from ..training.loop import LoopOptions
    from ..weights.devices import choose_device

    device = choose_device(arguments.device)
    return LoopOptions(device, arguments.workers, arguments.checkpoint_every, arguments.max_time)


def refuse_overwriting(out: Path, sources: Sequence[str | Path | None]) -> None:
    """InputError if the result would take the place of something that goes into it."""
    for source in sources:
        if source is not None and Path(source).exists() and Path(source).resolve() == out.resolve():
            raise InputError(f"{out}: is one of the inputs; give --out another name")
