"""`maliang faces invert|tune|edit|stitch`: a face as codes, a generator that paints it, edits without a seam."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import InputError
from .numbers import at_least
from .options import add_device
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.faces.directions import Direction
    from ..models.faces.edits import Edit
    from ..pipelines.face_edits import EditOptions
    from ..pipelines.face_generators import FaceGenerator
    from ..training.pivotal_tuning import PivotalPlan
    from ..training.stitching_tuning import StitchPlan

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_invert(commands: "Commands") -> None:
    parser = commands.add_parser("invert", help="a code for every crop, from which a generator paints it")
    parser.set_defaults(run=invert)
    _add_work(parser)
    parser.add_argument(
        "--encoder", required=True, metavar="NAME|FILE", help="weights of e4e, trained for the generator"
    )
    parser.add_argument(
        "--exact",
        action="store_true",
        help="make crops smaller as the published pipeline does, which aliases",
    )
    parser.add_argument(
        "--batch", type=at_least(1), default=8, metavar="N", help="crops at a time; default: %(default)s"
    )
    add_device(parser)


def add_tune(commands: "Commands") -> None:
    parser = commands.add_parser(
        "tune",
        help="teach the generator this clip's face",
        description="Pivotal tuning: the generator learns to paint every crop from its code. A run that was stopped "
        "goes on when the command is given again.",
    )
    parser.set_defaults(run=tune)
    _add_work(parser)
    _add_generator(parser)
    parser.add_argument(
        "--likeness",
        metavar="NAME|FILE",
        help="weights of LPIPS; default: random features, which need no file and see less",
    )
    parser.add_argument(
        "--published",
        action="store_true",
        help="the schedule of Stitch it in Time: 80 epochs, a frame an update, whole weights, a constant learning rate",
    )
    parser.add_argument(
        "--epochs", type=at_least(1), metavar="N", help="how often every frame is learnt from"
    )
    parser.add_argument("--batch", type=at_least(1), metavar="N", help="frames of an update")
    _add_rank(parser)
    _add_rate(parser)
    parser.add_argument(
        "--locality",
        type=float,
        metavar="WEIGHT",
        help="keep what is painted around the codes, for generators that are used again; published: 0.1; default: 0",
    )
    parser.add_argument(
        "--enough", type=float, metavar="DISTANCE", help="mean perceptual distance at which it ends; 0: never"
    )
    parser.add_argument("--precision", choices=("fp32", "bf16"), help="of convolutions; default: fp32")
    add_device(parser)


def add_edit(commands: "Commands") -> None:
    parser = commands.add_parser(
        "edit",
        help="change the face: smile, age ..., by a strength that may change over time",
        description="Adds directions to the codes and paints them. Without --edit it paints the face as it is.",
    )
    parser.set_defaults(run=edit)
    _add_work(parser)
    _add_generator(parser)
    parser.add_argument(
        "--directions", type=Path, nargs="+", default=[], metavar="FILE", help="files of directions"
    )
    parser.add_argument(
        "--edit",
        metavar="WORDS",
        help="'smile=2', several, or over time: 'smile=0@0 2@24 2@48 0@72 age=-3' (strength@frame of the clip)",
    )
    parser.add_argument(
        "--ease",
        choices=("linear", "smooth"),
        default="smooth",
        help="how a strength goes from key to key; default: %(default)s",
    )
    parser.add_argument(
        "--reference-scale",
        action="store_true",
        help="strengths as the program that a direction comes from counts them (Stitch it in Time halves them)",
    )
    words = parser.add_argument_group("by text (StyleCLIP), as --edit 'text=5'")
    words.add_argument(
        "--text", metavar="WORDS", help="what the face shall be, for example 'face with lipstick'"
    )
    words.add_argument("--neutral", default="face", metavar="WORDS", help="what it is; default: %(default)s")
    words.add_argument(
        "--beta",
        type=float,
        default=0.2,
        metavar="X",
        help="relevance of styles that stay; default: %(default)s",
    )
    words.add_argument("--style-table", metavar="NAME|FILE", help="StyleCLIP's table for the generator")
    words.add_argument(
        "--text-encoder", metavar="NAME|DIR", help="CLIP; default: that of the published table"
    )
    words.add_argument("--download", action="store_true", help="get CLIP from the Hub if it isn't here")
    parser.add_argument(
        "--freeze-from",
        type=at_least(0),
        metavar="ROW",
        help="rows of the codes from here on are the clip's mean: fine detail that stays",
    )
    parser.add_argument("--untuned", action="store_true", help="by the generator as it was before tune")
    add_device(parser)


def add_stitch(commands: "Commands") -> None:
    parser = commands.add_parser(
        "stitch",
        help="paint the edited face so that it meets the source around it",
        description="Stitching tuning: the generator learns to paint the source around the face and the edit inside. "
        "Neighbouring frames share the work, unless --window is 0. Put the result back by maliang faces paste "
        "--crops WORK/stitched.mkv.",
    )
    parser.set_defaults(run=stitch)
    _add_work(parser)
    _add_generator(parser)
    parser.add_argument(
        "--published",
        action="store_true",
        help="the schedule of Stitch it in Time: every frame alone, 100 updates of whole weights",
    )
    parser.add_argument("--updates", type=at_least(1), metavar="N", help="of a frame, at most")
    parser.add_argument(
        "--window", type=at_least(0), metavar="FRAMES", help="frames that share weights; 0: none do"
    )
    _add_rank(parser)
    _add_rate(parser)
    parser.add_argument(
        "--enough",
        type=float,
        metavar="ERROR",
        help="border error at which a frame, or a window, is done; 0: never",
    )
    parser.add_argument("--l1", action="store_true", help="absolute differences instead of squared ones")
    add_device(parser)


def invert(arguments: argparse.Namespace) -> None:
    """`maliang faces invert ...`"""
    from ..pipelines.face_codes import invert_face, load_encoder
    from ..pipelines.face_workfolder import find_workfolder
    from ..weights.devices import choose_device
    from ..weights.folders import typed

    folder = find_workfolder(arguments.work)
    encoder = load_encoder(typed(arguments.encoder), choose_device(arguments.device))
    with progress_bar("invert") as progress:
        report = invert_face(folder, encoder, exact=arguments.exact, batch=arguments.batch, progress=progress)
    print(f"{report.path}: {report.frames} codes{'' if report.made else ', all there already'}")


def tune(arguments: argparse.Namespace) -> None:
    """`maliang faces tune ...`"""
    from ..pipelines.face_generators import TUNED_FILE, load_likeness, tune_generator
    from ..pipelines.face_workfolder import find_workfolder
    from ..weights.devices import choose_device
    from ..weights.folders import typed

    folder, plan = find_workfolder(arguments.work), _pivotal_plan(arguments)
    generator = _generator(arguments)
    likeness = load_likeness(
        None if arguments.likeness is None else typed(arguments.likeness), choose_device(arguments.device)
    )
    with progress_bar("tune") as progress:
        report = tune_generator(folder, generator, likeness, plan, progress=progress)
    path = folder.file(TUNED_FILE)
    if report.last is None:
        print(f"{path}: there already")
        return
    alike = ", alike enough" if report.alike else ""
    print(
        f"{path}: {report.updates} updates{alike}; mean squared error {report.last.l2:.5f}, {likeness.description} "
        f"{report.last.perceptual:.4f}"
    )


def edit(arguments: argparse.Namespace) -> None:
    """`maliang faces edit ...`"""
    from ..pipelines.face_edits import edit_face
    from ..pipelines.face_workfolder import find_workfolder

    folder, generator = find_workfolder(arguments.work), _generator(arguments)
    edits, options = _edits(arguments, generator)
    with progress_bar("edit") as progress:
        report = edit_face(
            folder,
            generator,
            edits,
            options,
            tuned=False if arguments.untuned else None,
            progress=progress,
        )
    print(f"{report.path}: {report.frames} crops{'' if report.made else ', all there already'}")
    for note in report.notes:
        print(f"maliang: {note}", file=sys.stderr)


def stitch(arguments: argparse.Namespace) -> None:
    """`maliang faces stitch ...`"""
    from ..pipelines.face_stitching import STITCHED_FILE, stitch_face
    from ..pipelines.face_workfolder import find_workfolder

    folder, plan = find_workfolder(arguments.work), _stitch_plan(arguments)
    with progress_bar("stitch") as progress:
        report = stitch_face(folder, _generator(arguments), plan, progress=progress)
    path = folder.file(STITCHED_FILE)
    if not report.made:
        print(f"{path}: {report.frames} crops, all there already")
        return
    print(
        f"{path}: {report.frames} crops, {report.made} made with {report.updates} updates; border error "
        f"{report.border:.5f}, content error {report.content:.5f}"
    )


def _pivotal_plan(arguments: argparse.Namespace) -> "PivotalPlan":
    from ..training.pivotal_tuning import PUBLISHED, USUAL

    plan = PUBLISHED if arguments.published else USUAL
    names = ("epochs", "batch", "rank", "learning_rate", "locality", "enough", "precision")
    return replace(plan, **_given(arguments, names))


def _stitch_plan(arguments: argparse.Namespace) -> "StitchPlan":
    from ..training.stitching_tuning import PUBLISHED, USUAL

    plan = PUBLISHED if arguments.published else USUAL
    plan = replace(plan, **_given(arguments, ("updates", "window", "rank", "learning_rate", "enough")))
    return replace(plan, distance="l1") if arguments.l1 else plan


def _given(arguments: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """Options that were given, of those that have no default."""
    values = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _edits(arguments: argparse.Namespace, generator: "FaceGenerator") -> "tuple[list[Edit], EditOptions]":
    from ..models.faces.strengths import parse_strengths
    from ..pipelines.face_edits import EditOptions, named_edits

    options = EditOptions(arguments.freeze_from)
    if arguments.edit is None:
        if arguments.directions or arguments.text:
            raise InputError(
                "--directions and --text say what can be edited: give --edit, for example --edit smile=2 or text=5"
            )
        return [], options
    curves = parse_strengths(arguments.edit, arguments.ease)
    own = [] if arguments.text is None else [_text_direction(arguments, generator)]
    return named_edits(arguments.directions, curves, arguments.reference_scale, own), options


def _text_direction(arguments: argparse.Namespace, generator: "FaceGenerator") -> "Direction":
    from ..models.faces.directions import latent_space
    from ..pipelines.face_texts import TEXT_ENCODER, described_edit, load_style_table, load_text_encoder
    from ..weights.folders import typed

    if arguments.style_table is None:
        raise InputError("--text needs --style-table: what each style of the generator does to pictures")
    table = load_style_table(typed(arguments.style_table))
    encode = load_text_encoder(arguments.text_encoder or TEXT_ENCODER, download=arguments.download)
    space = latent_space(generator.network.mapping.average)
    return described_edit(table, encode, arguments.text, arguments.neutral, arguments.beta, space)


def _generator(arguments: argparse.Namespace) -> "FaceGenerator":
    from ..pipelines.face_generators import load_face_generator
    from ..weights.devices import choose_device
    from ..weights.folders import typed

    return load_face_generator(typed(arguments.generator), choose_device(arguments.device))


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--work", required=True, type=Path, metavar="DIR", help="the work folder of this clip's face"
    )


def _add_generator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--generator", required=True, metavar="NAME|FILE", help="weights of StyleGAN2")


def _add_rank(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rank",
        type=at_least(0),
        metavar="N",
        help="of thin changes of the weights; 0: whole weights",
    )


def _add_rate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--learning-rate", type=float, metavar="X", help="of Adam")
