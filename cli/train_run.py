"""What the commands that train a generator have in common: their recipe, how they run, what they say in the end."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .numbers import at_least
from .options import add_run, loop_options

if TYPE_CHECKING:
    from ..training.fewshot_recipe import FewShotRecipe
    from ..training.loop import LoopOptions, Report
    from ..training.recipe import Recipe
    from ..training.schedule import Schedule

    RecipeT = TypeVar("RecipeT", Recipe, FewShotRecipe)
    ScheduleT = TypeVar("ScheduleT", bound=Schedule[Any])


def add_recipe(parser: argparse.ArgumentParser, default: str) -> None:
    """default: what `--recipe` is where nobody says it, for its help."""
    parser.add_argument("--recipe", metavar="NAME", help=f"{default}; maliang train plan shows each")
    parser.add_argument(
        "--clips", type=at_least(1), metavar="N", help="train on N clips in all (default: the recipe's)"
    )
    parser.add_argument(
        "--batch",
        type=at_least(1),
        metavar="N",
        help="clips an update, over all processes (default: the recipe's)",
    )
    parser.add_argument(
        "--from",
        dest="weights",
        metavar="NAME|FILE",
        help="go on from these weights, of a network like the recipe's, with or without instance features; '' for "
        "random ones (default: the recipe's, mostly random)",
    )


def adjusted(recipe: "RecipeT", arguments: argparse.Namespace) -> "RecipeT":
    """The recipe with what the options of `add_recipe` say."""
    return starting(rescheduled(recipe, arguments), arguments)


def rescheduled(recipe: "ScheduleT", arguments: argparse.Namespace) -> "ScheduleT":
    """The recipe with as many clips, in all and in an update, as `--clips` and `--batch` say."""
    from ..training.schedule import with_batch, with_clips

    if arguments.batch is not None:
        recipe = with_batch(recipe, arguments.batch)
    if arguments.clips is not None:
        recipe = with_clips(recipe, arguments.clips)
    return recipe


def starting(recipe: "RecipeT", arguments: argparse.Namespace) -> "RecipeT":
    """Data of one's own makes another network of a recipe, whose own weights then don't fit: those asked for do."""
    return recipe if arguments.weights is None else replace(recipe, weights=arguments.weights)


def add_training(parser: argparse.ArgumentParser) -> None:
    """How a run goes, for `training_options`."""
    add_run(parser, 100, "clips")
    parser.add_argument(
        "--tensorboard", action="store_true", help="log for TensorBoard, too, in DIR/tensorboard"
    )
    parser.add_argument(
        "--precision",
        choices=("fp32", "bf16", "fp16"),
        default="fp32",
        help="of convolutions; weights stay fp32 (default: %(default)s)",
    )


def training_options(arguments: argparse.Namespace) -> "LoopOptions":
    return replace(loop_options(arguments), precision=arguments.precision, tensorboard=arguments.tensorboard)


def say_trained(out: Path, report: "Report", recipe: "Recipe | FewShotRecipe", used_by: str) -> None:
    """What became of a run; its weights so far are a file that the nodes load. used_by: the command that takes it."""
    from ..training.exports import export_run
    from ..weights.devices import DTYPES

    weights = out / f"{out.resolve().name}.safetensors"
    export_run(out, weights, "unknown", DTYPES["fp16"])
    after = "the same command goes on" if report.clips < recipe.clips else "done"
    shape = recipe.shape(report.clips - 1)
    print(f"{out}: trained on {report.clips} of {recipe.clips} clips; {after}")
    print(
        f"{weights}: the weights, for the node and {used_by}, learnt at {shape.width}x{shape.height} (--size); "
        "maliang train export writes them otherwise"
    )
    if report.skipped:
        print(
            f"{len(report.skipped)} files or moments could not be read and were left out, listed in "
            f"{out / 'skipped.txt'}: {report.skipped[0]}"
        )
