"""`maliang fewshot`: a driver and a few pictures of a subject in, video of that subject out."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import at_least, size
from .options import add_device, add_dtype, refuse_overwriting
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.fewshot.config import FewShotConfig
    from ..models.fewshot.generator import FewShotGenerator
    from ..models.labels.frames import AnyStream
    from ..pipelines.fewshot import Given
    from ..pipelines.fewshot_subjects import SubjectFiles

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
    _add_subject(parser.add_argument_group("exemplars: whom it happens to"))
    _add_inputs(parser.add_argument_group("how both are shown to the network"))
    painter = parser.add_argument_group("painting")
    painter.add_argument(
        "--weights", required=True, metavar="NAME|FILE", help="a preset or a file of few-shot weights"
    )
    add_device(painter)
    add_dtype(painter, "precision of the network")
    _add_result(parser.add_argument_group("result"))


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
    group.add_argument("--palette", metavar="NAME|JSON", help="what ids or colours of label maps mean")


def _add_subject(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--exemplars",
        required=True,
        nargs="+",
        metavar="PICTURE",
        help="pictures of the subject, folders of them, clips, or a world such as 'world:faces?subject=12'",
    )
    group.add_argument(
        "--exemplar-labels",
        "--exemplar-landmarks",
        nargs="+",
        default=[],
        metavar="SOURCE",
        help="landmarks, keypoints or label maps of each; without them they are looked for",
    )
    group.add_argument(
        "--exemplar-densepose", nargs="+", type=Path, default=[], metavar="CLIP", help="DensePose of each"
    )
    group.add_argument(
        "--exemplar-frames",
        nargs="+",
        type=at_least(0),
        metavar="N",
        help="frames of each to take, counted from 0 (default: all of a folder, the first of a clip or a world)",
    )
    group.add_argument(
        "--finder",
        metavar="NAME",
        help="what looks for them: a pose network (for faces one of 133 points), or a segmenter, as maliang labels "
        "pose, face and segment take them",
    )


def _add_inputs(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--size", type=size, metavar="WxH", help="of the video (default: what such networks were trained at)"
    )
    group.add_argument(
        "--framing",
        choices=("whole", "fixed", "follow"),
        help="show whole pictures, a fixed box around the subject of the first frame, or a window that follows the "
        "subject (default: fixed; whole where all are worlds)",
    )
    group.add_argument(
        "--proportions",
        choices=("own", "clip", "causal"),
        help="the driver keeps its own, or takes on the subject's: measured over the whole clip, or frame by frame, "
        "faces only (default: as the network was trained)",
    )
    group.add_argument(
        "--steady",
        choices=("off", "centred", "late"),
        default="off",
        help="calm the landmarks of faces by the median of five frames; default: %(default)s",
    )
    group.add_argument(
        "--one-box", action="store_true", help="cut all exemplars of a face with the first one's box"
    )
    group.add_argument(
        "--place", action="store_true", help="put a driving body where the first exemplar's stands"
    )
    group.add_argument(
        "--face-lines", action="store_true", help="draw faces of bodies, for weights trained with them"
    )
    group.add_argument("--basic-points", action="store_true", help="bodies without hands and feet")
    group.add_argument(
        "--around", nargs="+", default=[], metavar="CLASS", help="cut label maps around these classes"
    )


def _add_result(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--out",
        required=True,
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
    refuse_overwriting(arguments.out, [*sources, arguments.footage, arguments.densepose])
    device = choose_device(arguments.device)
    generator = load_few_shot(typed(arguments.weights), device, choose_dtype(arguments.dtype, device))
    given = _subject(arguments, generator.config, _first_subject(arguments))
    if arguments.show == "weights":
        _show_weights(arguments, generator, given)
    elif arguments.show == "video":
        _render(arguments, generator, given)
    else:
        _show_view(arguments, generator, given)


def _check_options(arguments: argparse.Namespace) -> None:
    """InputError for options that don't belong to what is shown."""
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


def _first_subject(arguments: argparse.Namespace) -> "SubjectFiles":
    from ..pipelines.fewshot_subjects import SubjectFiles

    return SubjectFiles(
        pictures=tuple(arguments.exemplars),
        labels=tuple(arguments.exemplar_labels),
        densepose=tuple(arguments.exemplar_densepose),
        frames=None if arguments.exemplar_frames is None else tuple(arguments.exemplar_frames),
        palette=arguments.palette,
    )


def _subject(arguments: argparse.Namespace, config: "FewShotConfig", files: "SubjectFiles") -> "Given":
    """Exemplars, made as the options say."""
    from ..pipelines.fewshot import layout_of, network_inputs, usual_size
    from ..pipelines.fewshot_options import InputOptions
    from ..pipelines.fewshot_subjects import all_worlds, open_subject
    from ..weights.devices import choose_device

    worlds = all_worlds([*files.pictures, *([arguments.labels] if arguments.labels else [])])
    options = InputOptions(
        size=arguments.size or usual_size(config),
        layout=layout_of(config),
        framing=arguments.framing or ("whole" if worlds and not arguments.around else "fixed"),
        shape=arguments.proportions,
        steady=arguments.steady,
        one_box=arguments.one_box,
        place=arguments.place,
        face_lines=arguments.face_lines,
        basic_points=arguments.basic_points,
        subject=tuple(arguments.around),
    )
    config.check_size(*options.size)
    device = choose_device(arguments.device)
    return open_subject(files, network_inputs(config), options, finder=arguments.finder, device=device)


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
        second = _subject(arguments, generator.config, files)
        other = generated_weights(generator, second.prepared)
    picture = BytesIO()
    Image.fromarray(weights_picture(made, other)).save(picture, "png")
    prepare_file(arguments.out)
    with writing(arguments.out):
        write_whole(arguments.out, picture.getvalue())
    print(weights_table(weight_rows(made, other)))
