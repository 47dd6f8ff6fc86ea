"""`maliang train`: weights of one's own, and what they are worth."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .numbers import at_least
from .terminal import progress_bar
from .train_future import add_evaluate_future, add_future
from .train_vid2vid import add_plan, add_vid2vid
from .vid2vid import size

if TYPE_CHECKING:
    from ..training.evaluate import Row


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("train", help="train a network, save it, evaluate it")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_vid2vid(commands)
    add_plan(commands)
    _add_export(commands)
    _add_evaluate(commands)
    add_future(commands)
    add_evaluate_future(commands)


def _add_export(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("export", help="make a file of weights from a run")
    parser.set_defaults(run=run_export)
    parser.add_argument(
        "--run", required=True, type=Path, metavar="DIR", dest="folder", help="folder of the run"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="a .safetensors file")
    parser.add_argument(
        "--dtype", choices=("fp32", "bf16", "fp16"), default="fp16", help="in the file; default: %(default)s"
    )
    parser.add_argument(
        "--licence",
        default="unknown",
        help="of the weights, which inherit that of the data; default: %(default)s",
    )


def _add_evaluate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "evaluate",
        help="compare a generator with simpler means on unseen street clips",
        description="Paint unseen clips of the procedural street with the generator, with the generator without flow "
        "and in flat colours, and print how far each is from the truth.",
    )
    parser.set_defaults(run=run_evaluate)
    parser.add_argument(
        "--weights", default="street", metavar="NAME|FILE", help="a preset or a file; default: %(default)s"
    )
    parser.add_argument("--clips", type=at_least(1), default=24, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--frames", type=at_least(4), default=16, metavar="N", help="of each clip; default: %(default)s"
    )
    parser.add_argument("--size", type=size, default=(128, 256), metavar="WxH", help="default: 256x128")
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE",
        help="also save a picture: labels, flat colours, generated, truth",
    )
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps ...")


def run_export(arguments: argparse.Namespace) -> None:
    """`maliang train export ...`"""
    from ..training.checkpoint import export_run
    from ..weights.devices import DTYPES

    info = export_run(arguments.folder, arguments.out, arguments.licence, DTYPES[arguments.dtype])
    print(f"{arguments.out}: {info.parameters / 1e6:.2f} million parameters, {info.bytes / 1e6:.2f} MB")


def run_evaluate(arguments: argparse.Namespace) -> None:
    """`maliang train evaluate ...`"""
    from ..pipelines.vid2vid import load_generator
    from ..training.evaluate import evaluate, evaluation_sheet
    from ..training.sheets import prepare_sheet, save_sheet
    from ..weights.devices import DTYPES, choose_device
    from ..weights.folders import typed

    height, width = arguments.size
    generator = load_generator(typed(arguments.weights), choose_device(arguments.device), DTYPES["fp32"])
    if arguments.sheet is not None:
        prepare_sheet(arguments.sheet)
    with progress_bar("evaluate", unit="clip") as progress:
        rows = evaluate(generator, arguments.clips, arguments.frames, arguments.size, progress)
    print(f"{arguments.clips} unseen street clips of {arguments.frames} frames at {width}x{height}")
    print(table(rows))
    if arguments.sheet is not None:
        save_sheet(arguments.sheet, evaluation_sheet(generator, arguments.size))
        print(f"{arguments.sheet}: labels, flat colours, generated, truth")


def table(rows: "list[Row]") -> str:
    """Markdown, one method a row."""
    head = (
        "method",
        "PSNR (dB, higher is better)",
        "perceptual distance (random features, lower)",
        "warping error (1e-3, lower)",
        "temporal difference error (1e-3, lower)",
    )
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for method, scores in rows:
        numbers = (
            f"{scores.psnr:.2f}",
            f"{scores.perceptual_distance:.4f}",
            f"{scores.warping_error:.3f}",
            f"{scores.temporal_difference_error:.3f}",
        )
        lines.append("| " + " | ".join((method, *numbers)) + " |")
    return "\n".join(lines)
