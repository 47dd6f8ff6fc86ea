"""`maliang train evaluate` and `maliang train ablate`: tables of what networks are worth, on clips never seen."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .numbers import at_least, size
from .options import add_device, add_max_time
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..training.evaluate import Row

READER = "street-segmenter"
"""Preset of the network that most columns are made with."""

HEAD = (
    "method",
    "PSNR (dB, higher is better)",
    "perceptual distance (random features, lower)",
    "warping error (1e-3, lower)",
    "temporal difference error (1e-3, lower)",
    "flicker (1e-3, lower)",
)
READ_HEAD = (
    "FID (lower)",
    "video FID (lower)",
    "label consistency (mIoU, higher)",
)


def add_evaluate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "evaluate",
        help="compare a generator with simpler means on unseen clips",
        description="Paint unseen clips of the procedural world that the generator was made for: with it, with it but "
        "without flow, and by the simplest means (flat colours, or the mean picture); print how far each is from the "
        "truth.",
    )
    parser.set_defaults(run=run_evaluate)
    parser.add_argument(
        "--weights", default="street", metavar="NAME|FILE", help="a preset or a file; default: %(default)s"
    )
    _add_clips(parser)
    parser.add_argument(
        "--size",
        type=size,
        metavar="WxH",
        help="default: 256x128 (street), 128x128 (faces), 128x192 (dancers)",
    )
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE",
        help="also save a picture: labels, simplest, generated, truth",
    )
    add_device(parser)


def add_ablate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "ablate",
        help="train small networks with and without each part of the method, and compare them",
        description="Train the recipe street-ablation and its variants (frame-wise, no flow, no temporal "
        "discriminator, no foreground prior) on the same clips, then print how each paints unseen ones. About an hour "
        "on one CPU core; the same command goes on with an interrupted run, and a finished one is only compared again.",
    )
    parser.set_defaults(run=run_ablate)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/ablation"),
        metavar="DIR",
        help="one folder a variant, and the clips; default: %(default)s",
    )
    _add_clips(parser)
    add_max_time(parser)
    add_device(parser)


def _add_clips(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clips", type=at_least(1), default=24, metavar="N", help="to paint; default: %(default)s"
    )
    parser.add_argument(
        "--frames", type=at_least(4), default=16, metavar="N", help="of each clip; default: %(default)s"
    )
    parser.add_argument(
        "--reader",
        default=READER,
        metavar="NAME|FILE",
        help="the segmenter that reads the street's labels back and whose features are compared; default: %(default)s",
    )


def run_evaluate(arguments: argparse.Namespace) -> None:
    """`maliang train evaluate ...`"""
    from ..pipelines.label_reader import load_reader
    from ..pipelines.vid2vid import load_generator
    from ..training.evaluate import evaluate, evaluation_sheet
    from ..training.exams import exam_of
    from ..training.sheets import prepare_sheet, save_sheet
    from ..weights.devices import DTYPES, choose_device
    from ..weights.folders import typed

    generator = load_generator(typed(arguments.weights), choose_device(arguments.device), DTYPES["fp32"])
    exam = exam_of(generator.config)
    painted = exam.size if arguments.size is None else arguments.size
    reader = load_reader(typed(arguments.reader)) if exam.has_reader else None
    if arguments.sheet is not None:
        prepare_sheet(arguments.sheet)
    with progress_bar("evaluate", unit="clip") as progress:
        rows = evaluate(generator, reader, arguments.clips, arguments.frames, painted, progress)
    _print(rows, exam.subject, arguments, painted)
    if arguments.sheet is not None:
        save_sheet(arguments.sheet, evaluation_sheet(generator, exam, painted))
        print(f"{arguments.sheet}: labels, {exam.simplest}, generated, truth")


def run_ablate(arguments: argparse.Namespace) -> None:
    """`maliang train ablate ...`"""
    from ..pipelines.label_reader import load_reader
    from ..training.ablate import compare_variants, train_variants
    from ..training.ablation import STREET_ABLATION, VARIANTS
    from ..training.exams import STREET
    from ..training.loop import LoopOptions
    from ..weights.devices import choose_device
    from ..weights.folders import typed

    reader = load_reader(typed(arguments.reader))
    options = LoopOptions(choose_device(arguments.device), 0, 40, arguments.max_time)
    with progress_bar("train", unit="clip") as progress:
        whole = train_variants(VARIANTS, arguments.out, options, progress)
    if not whole:
        print(f"{arguments.out}: the time is over; the same command goes on")
        return
    with progress_bar("compare", unit="clip") as progress:
        rows = compare_variants(VARIANTS, arguments.out, reader, arguments.clips, arguments.frames, progress)
    shape = STREET_ABLATION.stages[-1].shape
    _print(rows, STREET.subject, arguments, (shape.height, shape.width))


def _print(rows: "list[Row]", subject: str, arguments: argparse.Namespace, painted: tuple[int, int]) -> None:
    height, width = painted
    print(f"{arguments.clips} unseen clips ({subject}) of {arguments.frames} frames at {width}x{height}")
    print(table(rows))
    if rows[0].scores.read is not None:
        print(
            f"FID, video FID and label consistency are by {arguments.reader}: compare them with each other only, at "
            "this size and this number of clips"
        )


def table(rows: "list[Row]") -> str:
    """Markdown, one method a row."""
    from ..training.markdown import markdown

    head = HEAD if rows[0].scores.read is None else HEAD + READ_HEAD
    lines = []
    for method, scores in rows:
        numbers = [
            f"{scores.psnr:.2f}",
            f"{scores.perceptual_distance:.4f}",
            f"{scores.warping_error:.3f}",
            f"{scores.temporal_difference_error:.3f}",
            f"{scores.flicker:.2f}",
        ]
        if (read := scores.read) is not None:
            numbers += [f"{read.fid:.3f}", f"{read.video_fid:.3f}", f"{read.label_consistency:.3f}"]
        lines.append((method, *numbers))
    return markdown(head, lines)
