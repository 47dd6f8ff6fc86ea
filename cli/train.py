"""`maliang train`: weights of one's own, and what they are worth."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .terminal import progress_bar
from .vid2vid import size

if TYPE_CHECKING:
    from ..training.evaluate import Row
    from ..training.recipe import Recipe
    from ..training.sequences import FootageClips


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("train", help="train a network, save it, evaluate it")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_vid2vid(commands)
    _add_export(commands)
    _add_evaluate(commands)


def _add_vid2vid(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "vid2vid",
        help="train a vid2vid generator",
        description="Train a vid2vid generator on the procedural street, or on folders of pictures and label maps. "
        "The same command goes on with an interrupted run.",
    )
    parser.set_defaults(run=run_vid2vid)
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="folder of the run: checkpoints, previews"
    )
    parser.add_argument("--recipe", default="street-demo", metavar="NAME", help="default: %(default)s")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="train on this folder instead of the procedural street: train_A/<sequence>/* label ids, "
        "train_B/<sequence>/* pictures, optionally train_inst/<sequence>/* instances",
    )
    parser.add_argument(
        "--clips", type=at_least(1), metavar="N", help="train on N clips in all (default: the recipe's)"
    )
    parser.add_argument(
        "--max-time", type=duration, metavar="TIME", help="stop, to go on later, after e.g. 90m or 2h"
    )
    parser.add_argument(
        "--checkpoint-every", type=at_least(1), default=100, metavar="N", help="clips; default: %(default)s"
    )
    parser.add_argument(
        "--workers",
        type=at_least(0),
        default=1,
        metavar="N",
        help="processes that prepare clips ahead; default: %(default)s",
    )
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps ...")


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


def duration(text: str) -> float:
    """`90m`, `2h`, `1h30m`, `45s` -> seconds."""
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.strip())
    if not text.strip() or match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write for example 90m, 2h or 1h30m")
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def at_least(least: int) -> Callable[[str], int]:
    """What reads a whole number that is not below `least`."""

    def whole(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return int(text)

    return whole


def run_vid2vid(arguments: argparse.Namespace) -> None:
    """`maliang train vid2vid ...`"""
    from ..training.loop import LoopOptions, train
    from ..training.recipe import with_clips, with_own_data
    from ..training.recipes import find_recipe
    from ..weights.devices import choose_device

    recipe = find_recipe(arguments.recipe)
    if arguments.clips is not None:
        recipe = with_clips(recipe, arguments.clips)
    clips = None
    if arguments.data is not None:
        recipe = with_own_data(recipe)
        clips = _folder_clips(arguments.data, recipe)
    options = LoopOptions(
        device=choose_device(arguments.device),
        workers=arguments.workers,
        checkpoint_every=arguments.checkpoint_every,
        max_seconds=arguments.max_time,
    )
    with progress_bar("train", unit="clip") as progress:
        done = train(recipe, arguments.out, options, clips, progress).clips
    after = (
        "the same command goes on"
        if done < recipe.clips
        else "maliang train export makes a file of weights of it"
    )
    print(f"{arguments.out}: trained on {done} of {recipe.clips} clips; {after}")


def _folder_clips(folder: Path, recipe: "Recipe") -> "FootageClips":
    from ..models.labels.palette import builtin_palette
    from ..training.flow_teachers import dense_inverse_search
    from ..training.folders import open_folder
    from ..training.sequences import FootageClips

    styles = len(recipe.generator.style_names)
    sequences = open_folder(folder, builtin_palette(recipe.generator.palette))
    return FootageClips(sequences, recipe.shape, styles, recipe.seed, dense_inverse_search())


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
