"""`maliang vid2vid`: label maps in, video out."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .options import add_device, add_dtype, add_label_maps, refuse_overwriting
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.labels.frames import AnyStream, LabelStream
    from ..models.vid2vid.config import GeneratorConfig


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "vid2vid",
        help="turn a video of label maps into a photographic video",
        description="Turn a video of label maps into a photographic video. An interrupted run goes on where it "
        "stopped when the same command is given again.",
    )
    parser.set_defaults(run=run)
    source = parser.add_argument_group("label maps")
    add_label_maps(
        source,
        "a folder of label maps, a video of them, or a world such as 'world:street?seed=7'; for weights of faces "
        "and poses a folder of landmarks (.txt) or OpenPose files (.json), a JSON file of a clip, or edges:CLIP",
    )
    source.add_argument(
        "--edits",
        type=Path,
        metavar="JSON",
        help="label edits to make first: maliang labels edit --save-edits",
    )
    from .drawings import add_drawing_options
    from .features import add_feature_options

    add_drawing_options(parser)
    painter = parser.add_argument_group("painting")
    painter.add_argument(
        "--weights",
        default="street",
        metavar="NAME|FILE",
        help="a preset or a file of weights (default: %(default)s)",
    )
    painter.add_argument(
        "--style",
        metavar="NAME",
        help="one of the network's looks, for example night, or several over time: 'noon@0 night@48' (frames)",
    )
    add_feature_options(painter)
    painter.add_argument(
        "--first",
        type=Path,
        nargs="+",
        default=[],
        metavar="PICTURE",
        help="pictures of the first frames (or a folder of them): they set the look of the whole video",
    )
    painter.add_argument(
        "--no-flow", action="store_true", help="paint every frame anew, carry nothing along the motion"
    )
    painter.add_argument(
        "--no-foreground",
        action="store_true",
        help="no foreground prior: cars are painted and carried along like all else",
    )
    add_device(painter)
    add_dtype(painter, "precision of the network")
    result = parser.add_argument_group("video")
    result.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="the video; a folder with --codec png"
    )
    result.add_argument(
        "--codec",
        metavar="NAME",
        help="h264, h265, vp9, av1, prores, gif, without loss ffv1 or png (default: what suits the ending of --out)",
    )
    result.add_argument("--audio-from", type=Path, metavar="CLIP", help="take the sound of this clip along")
    result.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keep the finished pieces in this folder: the same command with other edits paints only what they change",
    )


def run(arguments: argparse.Namespace) -> None:
    """`maliang vid2vid ...`"""
    from ..models.vid2vid.generator import without_flow, without_foreground
    from ..pipelines.vid2vid import load_generator, render_video
    from ..weights.devices import choose_device, choose_dtype
    from ..weights.folders import typed
    from .features import chosen_features

    refuse_overwriting(
        arguments.out, [arguments.labels, *arguments.first, arguments.audio_from, arguments.features]
    )
    device = choose_device(arguments.device)
    generator = load_generator(typed(arguments.weights), device, choose_dtype(arguments.dtype, device))
    if arguments.no_flow:
        generator = without_flow(generator)
    if arguments.no_foreground:
        generator = without_foreground(generator)
    labels = prepare_labels(arguments, generator.config)
    features = chosen_features(arguments, generator, labels)
    with progress_bar("vid2vid") as progress:
        report = render_video(
            labels,
            generator,
            arguments.out,
            style=arguments.style,
            features=features,
            first=arguments.first,
            codec=arguments.codec,
            audio_from=arguments.audio_from,
            keep=arguments.keep,
            progress=progress,
        )
    resumed = f", {report.resumed_at} of them from an earlier run" if report.resumed_at else ""
    for note in report.notes:
        print(f"maliang: {note}", file=sys.stderr)
    rate = f"{float(report.frame_rate):g} frames a second"
    print(f"{report.path}: {report.frames} frames{resumed}, {report.width}x{report.height}, {rate}")


def prepare_labels(arguments: argparse.Namespace, config: "GeneratorConfig") -> "AnyStream":
    """The maps that the options ask for: drawn, or edited first, then in the network's palette, then resized."""
    from ..pipelines.drawn_sources import is_drawn_source

    drawn = is_drawn_source(arguments.labels)
    if config.palette and drawn:
        raise InputError(
            f"{arguments.labels}: keypoints or edges, but these weights paint label maps; choose weights of faces or "
            "poses (--weights)"
        )
    if drawn or not config.palette:
        return prepare_drawing(arguments, config)
    return _prepare_label_maps(arguments, config)


def prepare_drawing(arguments: argparse.Namespace, config: "GeneratorConfig") -> "AnyStream":
    """The drawn maps that the options ask for, at a size that the network can take."""
    from .drawings import drawing_of

    if arguments.edits is not None:
        raise InputError("edits change label maps; drawn maps have no classes (leave out --edits)")
    drawing = drawing_of(arguments, config.label_channels)
    _check_size(drawing, config)
    return drawing


def _prepare_label_maps(arguments: argparse.Namespace, config: "GeneratorConfig") -> "LabelStream":
    from ..models.labels.convert import ConvertedLabels
    from ..models.labels.palette import builtin_palette
    from ..models.labels.resize import ResizedLabels
    from ..pipelines.label_edits import with_edits
    from ..pipelines.saved_edits import read_edits
    from ..pipelines.sources import open_label_source

    labels = open_label_source(arguments.labels, palette=arguments.palette, instances=arguments.instances)
    if arguments.edits is not None:
        labels = with_edits(labels, read_edits(arguments.edits))
    if config.palette and labels.palette.name != config.palette:
        labels = ConvertedLabels(labels, builtin_palette(config.palette))
    if arguments.size is not None:
        labels = ResizedLabels(labels, *arguments.size)
    _check_size(labels, config)
    return labels


def _check_size(labels: "AnyStream", config: "GeneratorConfig") -> None:
    try:
        config.check_size(labels.height, labels.width)
    except InputError as error:
        raise InputError(f"{error} (--size resizes the label maps)") from error
