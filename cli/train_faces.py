"""`maliang train stylegan2` and `maliang train e4e`: a generator of faces, and the encoder that finds its codes."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .numbers import at_least
from .options import add_run, loop_options
from .terminal import progress_bar
from .train_run import rescheduled

if TYPE_CHECKING:
    from ..training.face_data import AlignedRecipe

GENERATOR, ENCODER = "face-generator-demo", "face-encoder-demo"
"""Recipes that nobody chose."""


def add_stylegan2(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "stylegan2",
        help="train a StyleGAN2 generator of faces",
        description="Train StyleGAN2. The recipe face-generator-demo takes about two hours of one CPU core: mostly "
        "regression of faces of the procedural world from what the world knows about them, then adversarial training. "
        "stylegan2-256 is the whole adversarial training, for a GPU, on a folder of aligned pictures. The same command "
        "goes on with an interrupted run. On several GPUs: accelerate launch -m maliang_video train stylegan2 ...",
    )
    parser.set_defaults(run=run_stylegan2)
    _add_common(parser, GENERATOR, f"{GENERATOR} or stylegan2-256")


def add_e4e(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "e4e",
        help="train the encoder that finds a generator's codes of faces",
        description="Train e4e for a StyleGAN2 generator, which stays as it is. The recipe face-encoder-demo takes "
        "about an hour of one CPU core. The same command goes on with an interrupted run.",
    )
    parser.set_defaults(run=run_e4e)
    _add_common(parser, ENCODER, ENCODER)
    parser.add_argument(
        "--generator", metavar="NAME|FILE", help="that the codes are for (default: the recipe's)"
    )


def _add_common(parser: argparse.ArgumentParser, default: str, names: str) -> None:
    parser.add_argument("--recipe", default=default, metavar="NAME", help=f"{names} (default: %(default)s)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the run: checkpoints, previews, weights (default: runs/ and the name of the recipe)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="a folder of pictures of aligned faces, such as FFHQ (default: the procedural world)",
    )
    parser.add_argument(
        "--kept",
        type=Path,
        metavar="DIR",
        help="where pictures of the world are kept once they are drawn, 200 kB a person at 128 pixels (default: a "
        "folder of the run)",
    )
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
        "--precision",
        choices=("fp32", "bf16", "fp16"),
        default="fp32",
        help="of convolutions, but for the regularisation; weights stay fp32 (default: %(default)s)",
    )
    add_run(parser, 400, "clips", "draw or read pictures")


def run_stylegan2(arguments: argparse.Namespace) -> None:
    """`maliang train stylegan2 ...`"""
    from ..training.stylegan2_recipes import find_stylegan2_recipe

    _train(rescheduled(find_stylegan2_recipe(arguments.recipe), arguments), arguments)


def run_e4e(arguments: argparse.Namespace) -> None:
    """`maliang train e4e ...`"""
    from ..training.encoder_recipe import find_encoder_recipe

    recipe = rescheduled(find_encoder_recipe(arguments.recipe), arguments)
    if arguments.generator is not None:
        recipe = replace(recipe, generator=arguments.generator)
    _train(recipe, arguments)


def _train(recipe: "AlignedRecipe", arguments: argparse.Namespace) -> None:
    from ..progress import silent
    from ..training.face_data import folder_faces, world_faces
    from ..training.loop import prepare_run, train
    from ..training.team import Team

    out: Path = arguments.out or Path("runs") / recipe.name
    options = replace(loop_options(arguments), precision=arguments.precision)
    team = Team(options.device, options.precision)
    prepare_run(out)
    if arguments.data is not None:
        clips = folder_faces(recipe, arguments.data)
    else:
        clips = world_faces(recipe, arguments.kept or out / "pictures")
    with progress_bar("train", unit="clip") as progress:
        report = train(recipe, out, options, clips, progress if team.leads else silent)
    if team.leads:
        _say_trained(out, report.clips, recipe.clips)


def _say_trained(out: Path, done: int, wanted: int) -> None:
    from ..training.exports import export_run
    from ..weights.devices import DTYPES

    weights = out / f"{out.resolve().name}.safetensors"
    info = export_run(out, weights, "unknown", DTYPES["fp16"])
    after = "the same command goes on" if done < wanted else "done"
    print(f"{out}: trained on {done} of {wanted} clips; {after}")
    print(
        f"{weights}: {info.parameters / 1e6:.2f} million parameters, {info.bytes / 1e6:.2f} MB; maliang train export "
        "writes them otherwise"
    )
