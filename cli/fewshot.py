"""`maliang fewshot`: a driver and a few pictures of a subject in, video of that subject out."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .fewshot_inputs import add_inputs, add_shaping, add_subject, open_given, subject_files
from .fewshot_tune import add_tune
from .numbers import size
from .options import add_device, add_dtype, refuse_overwriting
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.fewshot.generator import FewShotGenerator
    from ..models.labels.frames import AnyStream
    from ..pipelines.fewshot import Given

SHOWN = ("video", "attention", "warp", "weights")


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "fewshot",
        help="turn one or a few pictures of a subject into a video of it, led by another's motion",
        description="Turn a driver (landmarks, poses, label maps) and one or a few pictures of a face, a body or a "
        "street that the network has never seen into a video of that subject; or show how the network does it. An "
        "interrupted run goes on where it stopped when the same command is given again.",
    )
    parser.set_defaults(run=run)
    _add_driver(parser.add_argument_group("driver: what happens"))
    add_subject(parser.add_argument_group("exemplars: whom it happens to"), required=False)
    shown = parser.add_argument_group("how both are shown to the network")
    add_inputs(shown)
    add_shaping(shown)
    painter = parser.add_argument_group("painting")
    painter.add_argument("--weights", metavar="NAME|FILE", help="a preset or a file of few-shot weights")
    painter.add_argument(
        "--delta", type=Path, metavar="FILE", help="what maliang fewshot tune made for this subject"
    )
    add_device(painter)
    add_dtype(painter, "precision of the network")
    _add_result(parser.add_argument_group("result"))
    add_tune(parser.add_subparsers(title="before that", metavar="COMMAND"))


def _add_driver(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--labels",
        metavar="SOURCE",
        help="a folder of landmarks (.txt) for faces, of OpenPose files (.json) for bodies, of label maps or a video "
        "of them for streets; or a world such as 'world:faces?seed=3'",
    )
    group.add_argument(
        "--footage",
        type=Path,
        metavar="CLIP",
        help="the pictures that the keypoints were found in: their size",
    )
    group.add_argument(
        "--densepose", type=Path, metavar="CLIP", help="DensePose pictures (IUV, without loss), one a frame"
    )
    group.add_argument(
        "--people",
        type=Path,
        metavar="CLIP",
        help="pictures that number the person of each pixel of --densepose, where it shows several",
    )
    group.add_argument(
        "--canvas", type=size, metavar="WxH", help="size of the pictures of the keypoints, without --footage"
    )


def _add_result(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the video; of --show weights a picture (.png)",
    )
    group.add_argument(
        "--show",
        choices=SHOWN,
        default="video",
        help="the video; where each frame looks in the exemplars; what is warped and trusted; the weights that the "
        "exemplars are made into, as a table and a picture; default: %(default)s",
    )
    group.add_argument(
        "--compare",
        nargs="+",
        default=[],
        metavar="PICTURE",
        help="exemplars of a second subject, for --show weights",
    )
    group.add_argument(
        "--compare-labels", nargs="+", default=[], metavar="SOURCE", help="what was found in each of those"
    )
    group.add_argument(
        "--codec",
        metavar="NAME",
        help="as maliang vid2vid takes it (default: what suits the ending of --out)",
    )
    group.add_argument("--audio-from", type=Path, metavar="CLIP", help="take the sound of this clip along")
    group.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keep the finished pieces in this folder, as maliang vid2vid does",
    )


def run(arguments: argparse.Namespace) -> None:
    """`maliang fewshot ...`"""
    from ..pipelines.fewshot import load_few_shot
    from ..weights.devices import choose_device, choose_dtype
    from ..weights.folders import typed

    _check_options(arguments)
    sources = [arguments.labels, *arguments.exemplars, *arguments.exemplar_labels, arguments.audio_from]
    refuse_overwriting(arguments.out, [*sources, arguments.footage, arguments.densepose, arguments.delta])
    device = choose_device(arguments.device)
    dtype = choose_dtype(arguments.dtype, device)
    generator = load_few_shot(typed(arguments.weights), device, dtype, arguments.delta)
    given = open_given(arguments, generator.config, subject_files(arguments), arguments.labels)
    if arguments.show == "weights":
        _show_weights(arguments, generator, given)
    elif arguments.show == "video":
        _render(arguments, generator, given)
    else:
        _show_view(arguments, generator, given)


def _check_options(arguments: argparse.Namespace) -> None:
    """InputError for options that are missing, or don't belong to what is shown."""
    for option, wanted in (
        ("exemplars", "who is the subject? Give pictures of it, or a world"),
        ("weights", "which network? Give a preset or a file of few-shot weights"),
        ("out", "where to? Give the name of a file"),
    ):
        if getattr(arguments, option) is None:
            raise InputError(f"--{option} is missing: {wanted}")
    if arguments.labels is None and arguments.show != "weights":
        raise InputError(
            "--labels is missing: what shall the subject do? Give landmarks, poses, label maps or a world"
        )
    if arguments.compare and arguments.show != "weights":
        raise InputError("--compare belongs to --show weights; leave it out")
    for option in ("keep", "audio_from"):
        if getattr(arguments, option) is not None and arguments.show != "video":
            raise InputError(f"--{option.replace('_', '-')} belongs to --show video; leave it out")
    if arguments.show == "weights" and arguments.out.suffix.lower() != ".png":
        raise InputError(f"{arguments.out}: weights are shown as a picture; give --out an ending .png")


def _driver(arguments: argparse.Namespace, given: "Given") -> "AnyStream":
    from ..pipelines.fewshot_sources import Source, open_driver

    source = Source(
        arguments.labels,
        footage=arguments.footage,
        densepose=arguments.densepose,
        numbers=arguments.people,
        canvas=arguments.canvas,
        palette=arguments.palette,
    )
    return open_driver(source, given.network, given.options, given.subject)


def _render(arguments: argparse.Namespace, generator: "FewShotGenerator", given: "Given") -> None:
    from ..pipelines.fewshot import render_few_shot

    driver = _driver(arguments, given)
    with progress_bar("fewshot") as progress:
        report = render_few_shot(
            driver,
            generator,
            given.prepared,
            arguments.out,
            codec=arguments.codec,
            audio_from=arguments.audio_from,
            keep=arguments.keep,
            progress=progress,
        )
    resumed = f", {report.resumed_at} of them from an earlier run" if report.resumed_at else ""
    for note in report.notes:
        print(f"maliang: {note}", file=sys.stderr)
    count = len(given.prepared.images)
    print(
        f"{report.path}: {report.frames} frames{resumed}, {report.width}x{report.height}, out of {count} "
        f"exemplar{'s' if count > 1 else ''}"
    )


def _show_view(arguments: argparse.Namespace, generator: "FewShotGenerator", given: "Given") -> None:
    from ..pipelines.fewshot_views import write_view

    driver = _driver(arguments, given)
    with progress_bar(arguments.show) as progress:
        write_view(
            arguments.show,
            driver,
            generator,
            given.prepared,
            arguments.out,
            codec=arguments.codec,
            progress=progress,
        )
    print(f"{arguments.out}: {arguments.show} of every frame")


def _show_weights(arguments: argparse.Namespace, generator: "FewShotGenerator", given: "Given") -> None:
    from io import BytesIO

    from PIL import Image

    from ..media.outputs import prepare_file, write_whole, writing
    from ..pipelines.fewshot_subjects import SubjectFiles
    from ..pipelines.fewshot_weights import generated_weights, weight_rows, weights_picture, weights_table

    made = generated_weights(generator, given.prepared)
    other = None
    if arguments.compare:
        files = SubjectFiles(
            tuple(arguments.compare), tuple(arguments.compare_labels), palette=arguments.palette
        )
        second = open_given(arguments, generator.config, files, arguments.labels)
        other = generated_weights(generator, second.prepared)
    picture = BytesIO()
    Image.fromarray(weights_picture(made, other)).save(picture, "png")
    prepare_file(arguments.out)
    with writing(arguments.out):
        write_whole(arguments.out, picture.getvalue())
    print(weights_table(weight_rows(made, other)))
