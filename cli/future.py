"""`maliang future`: the label maps that come next, and the video painted from them."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import at_least
from .options import add_device, add_dtype, add_label_maps, refuse_overwriting
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.labels.frames import LabelStream
    from ..pipelines.future import FutureLabels


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "future",
        help="predict the label maps that come next, and paint them",
        description="Predict how a video of label maps goes on, and with --paint the video itself: labels first, then "
        "frames. An interrupted run goes on where it stopped when the same command is given again.",
    )
    parser.set_defaults(run=run)
    seen = parser.add_argument_group("label maps that were seen")
    add_label_maps(
        seen, "a folder of label maps, a video of them, or a world such as 'world:street?seed=7&frames=24'"
    )
    future = parser.add_argument_group("prediction")
    future.add_argument(
        "--frames", required=True, type=at_least(1), metavar="N", help="label maps to predict"
    )
    future.add_argument(
        "--weights",
        default="street-future",
        metavar="NAME|FILE",
        help="a preset or a file of weights that predict labels (default: %(default)s)",
    )
    future.add_argument(
        "--predicted-only", action="store_true", help="leave out the label maps that were seen"
    )
    add_device(future)
    add_dtype(future)
    _add_painting(parser)
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="PATH",
        help="the folder of label maps, which --labels reads back; with --paint the video",
    )


def _add_painting(parser: argparse.ArgumentParser) -> None:
    painting = parser.add_argument_group("painting")
    painting.add_argument(
        "--paint",
        metavar="NAME|FILE",
        help="paint the label maps by these weights of vid2vid, such as street",
    )
    painting.add_argument(
        "--first",
        type=Path,
        nargs="+",
        default=[],
        metavar="PICTURE",
        help="pictures of the label maps seen (a folder, a video): the video begins with the last of them and shows "
        "what is predicted to follow",
    )
    painting.add_argument("--style", metavar="NAME", help="one of the painting network's looks")
    painting.add_argument("--codec", metavar="NAME", help="of the video, as maliang vid2vid takes it")
    painting.add_argument(
        "--maps", type=Path, metavar="DIR", help="keep the label maps that are painted in this folder, too"
    )


def run(arguments: argparse.Namespace) -> None:
    """`maliang future ...`"""
    from ..pipelines.future import FutureLabels, load_predictor
    from ..weights.devices import choose_device, choose_dtype
    from ..weights.folders import typed

    _check_options(arguments)
    refuse_overwriting(arguments.out, [arguments.labels, *arguments.first])
    device = choose_device(arguments.device)
    network = load_predictor(typed(arguments.weights), device, choose_dtype(arguments.dtype, device))
    shown = 0 if arguments.predicted_only else None
    labels = FutureLabels(_seen(arguments, network.config.palette), network, arguments.frames, shown)
    if arguments.paint is None:
        _write(labels, arguments.out)
        return
    if arguments.maps is not None:
        _write(labels, arguments.maps)
    _paint(labels, arguments)


def _check_options(arguments: argparse.Namespace) -> None:
    """InputError for what says how to paint where nothing is painted."""
    given = {
        "--first": bool(arguments.first),
        "--style": arguments.style is not None,
        "--codec": arguments.codec is not None,
        "--maps": arguments.maps is not None,
    }
    for option, is_given in given.items():
        if is_given and arguments.paint is None:
            raise InputError(f"{option} belongs to painting; give --paint street, or leave it out")


def _seen(arguments: argparse.Namespace, palette: str) -> "LabelStream":
    from ..models.labels.convert import ConvertedLabels
    from ..models.labels.palette import builtin_palette
    from .labels import open_source

    labels = open_source(arguments)
    return labels if labels.palette.name == palette else ConvertedLabels(labels, builtin_palette(palette))


def _write(labels: "FutureLabels", out: Path) -> None:
    from ..pipelines.labels import write_labels

    with progress_bar("future") as progress:
        report = write_labels(labels, out, progress)
    print(f"{out}: {report.frames} label maps, the last {labels.predicted} of them predicted")


def _paint(labels: "FutureLabels", arguments: argparse.Namespace) -> None:
    from ..pipelines.future import paint_future
    from ..pipelines.vid2vid import load_generator
    from ..weights.devices import choose_device, choose_dtype
    from ..weights.folders import typed

    device = choose_device(arguments.device)
    generator = load_generator(typed(arguments.paint), device, choose_dtype(arguments.dtype, device))
    with progress_bar("paint") as progress:
        report = paint_future(
            labels,
            generator,
            arguments.out,
            first=arguments.first,
            style=arguments.style,
            codec=arguments.codec,
            progress=progress,
        )
    for note in report.notes:
        print(f"maliang: {note}", file=sys.stderr)
    print(
        f"{report.path}: {report.frames} frames, the last {labels.predicted} of them predicted, "
        f"{report.width}x{report.height}"
    )
