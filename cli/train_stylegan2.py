"""`maliang train stylegan2`: a generator of faces."""

import argparse
from pathlib import Path

from .numbers import at_least
from .options import add_run, loop_options
from .terminal import progress_bar

RECIPE = "face-generator-demo"


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
    parser.add_argument(
        "--recipe", default=RECIPE, metavar="NAME", help=f"{RECIPE} or stylegan2-256 (default: %(default)s)"
    )
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
    from dataclasses import replace

    from ..progress import silent
    from ..training.loop import prepare_run, train
    from ..training.schedule import with_batch, with_clips
    from ..training.stylegan2_data import folder_clips, stylegan2_clips
    from ..training.stylegan2_recipes import find_stylegan2_recipe
    from ..training.team import Team

    recipe = find_stylegan2_recipe(arguments.recipe)
    if arguments.batch is not None:
        recipe = with_batch(recipe, arguments.batch)
    if arguments.clips is not None:
        recipe = with_clips(recipe, arguments.clips)
    out: Path = arguments.out or Path("runs") / recipe.name
    options = replace(loop_options(arguments), precision=arguments.precision)
    team = Team(options.device, options.precision)
    prepare_run(out)
    if arguments.data is not None:
        clips = folder_clips(recipe, arguments.data)
    else:
        clips = stylegan2_clips(recipe, arguments.kept or out / "pictures")
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
