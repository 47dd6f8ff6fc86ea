"""`maliang train segmenter`: the small networks that read a world's labels off its pictures."""

import argparse
from pathlib import Path

from .numbers import at_least
from .options import add_run, loop_options
from .terminal import progress_bar

RECIPE = "street-segmenter"


def add_segmenter(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "segmenter",
        help="train a network that reads labels off the pictures of a world",
        description="Train a small segmenter, and say how well it reads pictures that it has never seen: of the "
        "street, which evaluation reads labels back with, or of the parts of demo faces (face-parser-demo). Ten "
        "minutes on one CPU core; the same command goes on with an interrupted run.",
    )
    parser.set_defaults(run=run_segmenter)
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="a .safetensors file")
    parser.add_argument(
        "--run",
        type=Path,
        metavar="DIR",
        dest="folder",
        help="folder of the run: checkpoint, log, previews (default: runs/ and the name of FILE)",
    )
    parser.add_argument(
        "--recipe",
        default=RECIPE,
        metavar="NAME",
        help=f"{RECIPE} or face-parser-demo (default: %(default)s)",
    )
    parser.add_argument(
        "--updates", type=at_least(1), metavar="N", help="batches to learn from (default: the recipe's)"
    )
    parser.add_argument(
        "--clips",
        type=at_least(1),
        default=48,
        metavar="N",
        help="unseen pictures that it reads afterwards; default: %(default)s",
    )
    add_run(parser, 400, "pictures", "draw pictures")


def run_segmenter(arguments: argparse.Namespace) -> None:
    """`maliang train segmenter ...`"""
    import torch

    from ..training.checkpoint import checkpoint_in
    from ..training.exports import export_run, prepare_export
    from ..training.loop import train
    from ..training.schedule import with_clips
    from ..training.segmenter import find_segmenter_recipe
    from ..training.segmenter_method import read_segmenter
    from ..training.segmenter_report import unseen_table

    recipe = find_segmenter_recipe(arguments.recipe)
    if arguments.updates is not None:
        recipe = with_clips(recipe, arguments.updates * recipe.batch)
    prepare_export(arguments.out)
    folder = arguments.folder or Path("runs") / arguments.out.stem
    with progress_bar("train", unit="picture") as progress:
        done = train(recipe, folder, loop_options(arguments), progress=progress).clips
    info = export_run(folder, arguments.out, "Apache-2.0", torch.float16)
    after = "the same command goes on" if done < recipe.clips else "done"
    print(f"{folder}: learnt from {done} of {recipe.clips} pictures; {after}")
    print(f"{arguments.out}: {info.parameters / 1e6:.2f} million parameters, {info.bytes / 1e6:.2f} MB")
    print(unseen_table(read_segmenter(checkpoint_in(folder)), recipe, arguments.clips))
