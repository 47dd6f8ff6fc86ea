"""`maliang train stylegan2`, `e4e`, `face-finder`: a generator of faces, its encoder, what finds faces in pictures."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .numbers import at_least
from .options import add_run, loop_options
from .terminal import progress_bar
from .train_run import rescheduled

if TYPE_CHECKING:
    from ..training.clips import Clips
    from ..training.face_data import AlignedRecipe
    from ..training.finder_recipe import FinderRecipe

GENERATOR, ENCODER, FINDER = "face-generator-demo", "face-encoder-demo", "face-finder-demo"
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
    _add_folder(parser)


def add_e4e(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "e4e",
        help="train the encoder that finds a generator's codes of faces",
        description="Train e4e for a StyleGAN2 generator, which stays as it is. The recipe face-encoder-demo takes "
        "about an hour of one CPU core. The same command goes on with an interrupted run.",
    )
    parser.set_defaults(run=run_e4e)
    _add_common(parser, ENCODER, ENCODER)
    _add_folder(parser)
    parser.add_argument(
        "--generator", metavar="NAME|FILE", help="that the codes are for (default: the recipe's)"
    )


def add_face_finder(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "face-finder",
        help="train the network that finds demo faces and their landmarks",
        description="Train the small network that finds one face of the procedural world, and its 68 landmarks, in a "
        "picture. Half an hour of one CPU core. The same command goes on with an interrupted run.",
    )
    parser.set_defaults(run=run_face_finder)
    _add_common(parser, FINDER, FINDER)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="a folder of pictures of aligned faces, such as FFHQ (default: the procedural world)",
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

    _train_aligned(rescheduled(find_stylegan2_recipe(arguments.recipe), arguments), arguments)


def run_e4e(arguments: argparse.Namespace) -> None:
    """`maliang train e4e ...`"""
    import torch

    from ..training.encoder_method import find_generator
    from ..training.encoder_recipe import find_encoder_recipe

    recipe = rescheduled(find_encoder_recipe(arguments.recipe), arguments)
    if arguments.generator is not None:
        recipe = replace(recipe, generator=arguments.generator)
    find_generator(recipe, torch.device("cpu"))  # a wrong one is refused before anything is written
    _train_aligned(recipe, arguments)


def run_face_finder(arguments: argparse.Namespace) -> None:
    """`maliang train face-finder ...`"""
    from ..training.face_data import faces_to_find
    from ..training.finder_recipe import find_finder_recipe

    recipe = rescheduled(find_finder_recipe(arguments.recipe), arguments)
    out = _folder(recipe, arguments)
    _train(recipe, faces_to_find(recipe, arguments.kept or out / "pictures"), arguments)


def _train_aligned(recipe: "AlignedRecipe", arguments: argparse.Namespace) -> None:
    from ..training.face_data import folder_faces, world_faces

    if arguments.data is not None:
        clips = folder_faces(recipe, arguments.data)
    else:
        clips = world_faces(recipe, arguments.kept or _folder(recipe, arguments) / "pictures")
    _train(recipe, clips, arguments)


def _train(recipe: "AlignedRecipe | FinderRecipe", clips: "Clips", arguments: argparse.Namespace) -> None:
    from ..progress import silent
    from ..training.loop import train
    from ..training.team import Team

    out = _folder(recipe, arguments)
    options = replace(loop_options(arguments), precision=arguments.precision)
    team = Team(options.device, options.precision)
    with progress_bar("train", unit="clip") as progress:
        report = train(recipe, out, options, clips, progress if team.leads else silent)
    if team.leads:
        _say_trained(out, report.clips, recipe.clips)


def _folder(recipe: "AlignedRecipe | FinderRecipe", arguments: argparse.Namespace) -> Path:
    """Of the run; InputError where there can be none."""
    from ..training.loop import prepare_run

    out: Path = arguments.out or Path("runs") / recipe.name
    prepare_run(out)
    return out


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
