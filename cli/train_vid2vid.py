"""`maliang train vid2vid` and `maliang train plan`: from footage to a file of weights."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import at_least, size
from .options import add_run, loop_options
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..pipelines.training import OwnData
    from ..training.loop import Report
    from ..training.recipe import Recipe

STREET, FOOTAGE = "street-demo", "footage"
"""Recipes that nobody chose."""


def add_plan(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("plan", help="print the schedule of a recipe as a table, without training")
    parser.set_defaults(run=run_plan)
    _add_recipe(parser)


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe",
        metavar="NAME",
        help="default: footage on data of one's own (an hour of one core; footage-large: the whole method, for a GPU), "
        "else street-demo; maliang train plan shows each",
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
        "--from",
        dest="weights",
        metavar="NAME|FILE",
        help="go on from these weights, of a network like the recipe's, with or without instance features; '' for "
        "random ones (default: the recipe's, mostly random)",
    )


def add_vid2vid(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "vid2vid",
        help="train a vid2vid generator",
        description="Train a vid2vid generator: on one clip, on folders of sequences, or on the procedural street. "
        "The same command goes on with an interrupted run. On several GPUs or machines: "
        "accelerate launch -m maliang_video train vid2vid --batch 8 ...",
    )
    parser.set_defaults(run=run_vid2vid)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the run: checkpoints, previews, weights (default: runs/ and the name of the data)",
    )
    _add_recipe(parser)
    _add_data(parser)
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


def _add_data(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("data of one's own (default: the procedural street)")
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="a folder of sequences: train_A/<sequence>/* label ids, train_B/<sequence>/* pictures, optionally "
        "train_inst/<sequence>/* instances; or train_keypoints, train_openpose, train_densepose with train_img",
    )
    which.add_argument("--video", type=Path, metavar="CLIP", help="one video, or one folder of pictures")
    group.add_argument(
        "--labels",
        metavar="HOW",
        help="of the video: segment (by a network), edges, face:DIR or pose:DIR (keypoint files), or a folder or "
        "video of label maps (default: segment)",
    )
    group.add_argument("--palette", metavar="NAME|JSON", help="what label maps mean")
    group.add_argument(
        "--network", default="eomt", metavar="NAME", help="that segments; default: %(default)s"
    )
    group.add_argument(
        "--size",
        type=size,
        metavar="WxH",
        help="of the last stage (default: the recipe's, in the clip's proportions)",
    )
    group.add_argument(
        "--flow",
        choices=("dis", "flownet2"),
        default="dis",
        help="who teaches motion: dense inverse search, or FlowNet2, whose weights you bring; default: %(default)s",
    )
    group.add_argument(
        "--cache",
        type=at_least(1),
        default=10,
        metavar="GB",
        help="of flow on disk, at most; default: %(default)s",
    )


def run_plan(arguments: argparse.Namespace) -> None:
    """`maliang train plan ...`"""
    from ..training.plan import plan_table

    print(plan_table(_recipe(arguments, STREET)))


def run_vid2vid(arguments: argparse.Namespace) -> None:
    """`maliang train vid2vid ...`"""
    from ..progress import silent
    from ..training.loop import train
    from ..training.team import Team

    own = _own_data(arguments)
    recipe, clips = _recipe(arguments, FOOTAGE if own else STREET), None
    out = arguments.out or Path("runs") / (_source(arguments).stem if own else recipe.name)
    options = replace(
        loop_options(arguments), precision=arguments.precision, tensorboard=arguments.tensorboard
    )
    team = Team(options.device, options.precision)
    if own:
        from ..pipelines.training import own_clips

        with progress_bar("label") as progress:
            recipe, clips = own_clips(recipe, _data(arguments), out, team, progress)
        recipe = _start(arguments, recipe)
        if clips.in_process:
            options = replace(options, workers=0)
    with progress_bar("train", unit="clip") as progress:
        report = train(recipe, out, options, clips, progress if team.leads else silent)
    if team.leads:
        _say(out, report, recipe)


def _say(out: Path, report: "Report", recipe: "Recipe") -> None:
    """What became of a run; its weights so far are a file that the nodes load."""
    from ..training.checkpoint import export_run
    from ..weights.devices import DTYPES

    weights = out / f"{out.resolve().name}.safetensors"
    export_run(out, weights, "unknown", DTYPES["fp16"])
    after = "the same command goes on" if report.clips < recipe.clips else "done"
    shape = recipe.shape(report.clips - 1)
    print(f"{out}: trained on {report.clips} of {recipe.clips} clips; {after}")
    print(
        f"{weights}: the weights, for the node and maliang vid2vid, learnt at {shape.width}x{shape.height} (--size); "
        "maliang train export writes them otherwise"
    )
    if report.skipped:
        print(
            f"{len(report.skipped)} files or moments could not be read and were left out, listed in "
            f"{out / 'skipped.txt'}: {report.skipped[0]}"
        )


def _recipe(arguments: argparse.Namespace, default: str) -> "Recipe":
    from ..training.recipes import find_recipe
    from ..training.schedule import with_batch, with_clips

    recipe = find_recipe(arguments.recipe or default)
    if arguments.batch is not None:
        recipe = with_batch(recipe, arguments.batch)
    if arguments.clips is not None:
        recipe = with_clips(recipe, arguments.clips)
    return _start(arguments, recipe)


def _start(arguments: argparse.Namespace, recipe: "Recipe") -> "Recipe":
    """Data of one's own makes another network of a recipe, whose own weights then don't fit: those asked for do."""
    return recipe if arguments.weights is None else replace(recipe, weights=arguments.weights)


def _own_data(arguments: argparse.Namespace) -> bool:
    if arguments.labels is not None and arguments.video is None:
        raise InputError("--labels says how the labels of a --video are made; give one")
    return arguments.data is not None or arguments.video is not None


def _source(arguments: argparse.Namespace) -> Path:
    source: Path = arguments.video or arguments.data
    return source


def _data(arguments: argparse.Namespace) -> "OwnData":
    from ..pipelines.training import OwnData

    return OwnData(
        source=_source(arguments),
        labels=None if arguments.data is not None else arguments.labels or "segment",
        palette=arguments.palette,
        network=arguments.network,
        size=arguments.size,
        flow=arguments.flow,
        cache_bytes=arguments.cache * 10**9,
    )
