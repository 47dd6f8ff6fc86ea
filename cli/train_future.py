"""`maliang train future` and `evaluate-future`: weights that predict label maps, and what they are worth."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import at_least, size
from .options import add_run, loop_options
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..training.evaluate_future import LabelRow, PictureRow
    from ..training.future_pictures import PictureFuture


def add_future(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "future",
        help="train a network that predicts label maps",
        description="Train future prediction on the procedural street. The same command goes on with an interrupted "
        "run.",
    )
    parser.set_defaults(run=run_future)
    parser.add_argument(
        "--recipe",
        default="street-future",
        metavar="NAME",
        help="street-future, or street-future-pictures: frames predicted directly, for comparison only (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the run: checkpoints, previews, weights"
    )
    parser.add_argument(
        "--clips", type=at_least(1), metavar="N", help="train on N clips in all (default: the recipe's)"
    )
    add_run(parser, 50, "clips")


def add_evaluate_future(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "evaluate-future",
        help="compare future prediction with simpler means on unseen street clips",
        description="Continue unseen clips of the procedural street by predicted label maps, painted by vid2vid, by "
        "repeating the last frame, by carrying on the last flow, and by predicting frames directly, and print how far "
        "each is from what came. Needs OpenCV (extra `flow`).",
    )
    parser.set_defaults(run=run_evaluate_future)
    parser.add_argument(
        "--weights",
        default="street-future",
        metavar="NAME|FILE",
        help="that predict labels; default: %(default)s",
    )
    parser.add_argument(
        "--paint", default="street", metavar="NAME|FILE", help="that paint them; default: %(default)s"
    )
    parser.add_argument(
        "--direct", type=Path, metavar="RUN", help="folder of a run of the recipe street-future-pictures"
    )
    parser.add_argument(
        "--clips", type=at_least(1), default=24, metavar="N", help="to continue; default: %(default)s"
    )
    parser.add_argument("--size", type=size, default=(128, 256), metavar="WxH", help="default: 256x128")


def run_future(arguments: argparse.Namespace) -> None:
    """`maliang train future ...`"""
    from ..training.future_recipe import find_future_recipe
    from ..training.loop import train
    from ..training.schedule import with_clips

    recipe = find_future_recipe(arguments.recipe)
    if arguments.clips is not None:
        recipe = with_clips(recipe, arguments.clips)
    out: Path = arguments.out or Path("runs") / recipe.name
    with progress_bar("train", unit="clip") as progress:
        report = train(recipe, out, loop_options(arguments), progress=progress)
    after = "the same command goes on" if report.clips < recipe.clips else "done"
    print(f"{out}: trained on {report.clips} of {recipe.clips} clips; {after}")
    if recipe.target == "labels":
        _export(out)


def _export(out: Path) -> None:
    from ..training.exports import export_run
    from ..weights.devices import DTYPES

    weights = out / f"{out.resolve().name}.safetensors"
    export_run(out, weights, "unknown", DTYPES["fp16"])
    print(
        f"{weights}: the weights, for the node and maliang future; maliang train export writes them otherwise"
    )


def run_evaluate_future(arguments: argparse.Namespace) -> None:
    """`maliang train evaluate-future ...`"""
    import torch

    from ..pipelines.future import load_predictor
    from ..pipelines.vid2vid import load_generator
    from ..training.evaluate_future import HORIZONS, Contest, evaluate_future
    from ..weights.folders import typed

    labels = load_predictor(typed(arguments.weights), "cpu", torch.float32)
    painter = load_generator(typed(arguments.paint), "cpu", torch.float32)
    direct = None if arguments.direct is None else _direct(arguments.direct)
    with progress_bar("evaluate", unit="clip") as progress:
        tables = evaluate_future(
            Contest(labels, painter, direct), arguments.clips, arguments.size, HORIZONS, progress
        )
    height, width = arguments.size
    print(
        f"{arguments.clips} unseen street clips at {width}x{height}, {labels.config.seen_frames} frames seen"
    )
    print(f"\nLabel maps: mean intersection over union (%, higher is better)\n\n{label_table(tables.labels)}")
    print(f"\nFrames: PSNR (dB, higher is better)\n\n{psnr_table(tables.pictures)}")
    print(
        f"\nFrames: perceptual distance (random features, lower is better)\n\n{distance_table(tables.pictures)}"
    )


def _direct(folder: Path) -> "PictureFuture":
    from ..training.checkpoint import checkpoint_in
    from ..training.future_method import read_predictor
    from ..training.future_pictures import PictureFuture

    network = read_predictor(checkpoint_in(folder))
    if not isinstance(network, PictureFuture):
        raise InputError(
            f"{folder}: predicts label maps; --direct takes a run of the recipe street-future-pictures"
        )
    return network


def label_table(rows: "list[LabelRow]") -> str:
    """Markdown, one method a row, one horizon a column."""
    return _table([(row.method, [f"{100 * value:.1f}" for value in row.iou]) for row in rows])


def psnr_table(rows: "list[PictureRow]") -> str:
    """The same for PSNR."""
    return _table([(row.method, [f"{value:.2f}" for value in row.psnr]) for row in rows])


def distance_table(rows: "list[PictureRow]") -> str:
    """The same for the perceptual distance."""
    return _table([(row.method, [f"{value:.4f}" for value in row.perceptual_distance]) for row in rows])


def _table(rows: Sequence[tuple[str, list[str]]]) -> str:
    from ..training.evaluate_future import HORIZONS
    from ..training.markdown import markdown

    head = ["method", *(f"{n} frame{'s' if n > 1 else ''} ahead" for n in HORIZONS)]
    return markdown(head, ((method, *numbers) for method, numbers in rows))
