"""`maliang train`: weights of one's own, and what they are worth."""

import argparse
from pathlib import Path

from .train_faces import add_e4e, add_face_finder, add_stylegan2
from .train_fewshot import add_fewshot
from .train_fewshot_tables import add_ablate_fewshot, add_evaluate_fewshot
from .train_future import add_evaluate_future, add_future
from .train_segmenter import add_segmenter
from .train_tables import add_ablate, add_evaluate
from .train_vid2vid import add_plan, add_vid2vid


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("train", help="train a network, save it, evaluate it")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_vid2vid(commands)
    add_fewshot(commands)
    add_plan(commands)
    _add_export(commands)
    add_evaluate(commands)
    add_ablate(commands)
    add_segmenter(commands)
    add_stylegan2(commands)
    add_e4e(commands)
    add_face_finder(commands)
    add_future(commands)
    add_evaluate_future(commands)
    add_evaluate_fewshot(commands)
    add_ablate_fewshot(commands)


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


def run_export(arguments: argparse.Namespace) -> None:
    """`maliang train export ...`"""
    from ..training.exports import export_run
    from ..weights.devices import DTYPES

    info = export_run(arguments.folder, arguments.out, arguments.licence, DTYPES[arguments.dtype])
    print(f"{arguments.out}: {info.parameters / 1e6:.2f} million parameters, {info.bytes / 1e6:.2f} MB")
