"""`maliang train vid2vid` and `maliang train plan`: from footage to a file of weights."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import at_least, size
from .terminal import progress_bar
from .train_run import (
    add_recipe,
    add_training,
    adjusted,
    rescheduled,
    say_trained,
    starting,
    training_options,
)

if TYPE_CHECKING:
    from ..pipelines.training import OwnData

STREET, FOOTAGE = "street-demo", "footage"
"""Recipes that nobody chose."""


def add_plan(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("plan", help="print the schedule of a recipe as a table, without training")
    parser.set_defaults(run=run_plan)
    add_recipe(parser, "default: street-demo")


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
    add_recipe(
        parser,
        "default: footage on data of one's own (an hour of one core; footage-large: the whole method, for a GPU), else "
        "street-demo",
    )
    _add_data(parser)
    add_training(parser)


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
    from ..training.fewshot_plan import fewshot_plan_table
    from ..training.plan import plan_table
    from ..training.recipes import FEWSHOT_RECIPES, RECIPES
    from ..training.stylegan2_plan import stylegan2_plan_table
    from ..training.stylegan2_recipes import STYLEGAN2_RECIPES

    name = arguments.recipe or STREET
    if name in FEWSHOT_RECIPES:
        print(fewshot_plan_table(adjusted(FEWSHOT_RECIPES[name], arguments)))
    elif name in RECIPES:
        print(plan_table(adjusted(RECIPES[name], arguments)))
    elif name in STYLEGAN2_RECIPES:
        print(stylegan2_plan_table(rescheduled(STYLEGAN2_RECIPES[name], arguments)))
    else:
        known = (*RECIPES, *FEWSHOT_RECIPES, *STYLEGAN2_RECIPES)
        raise InputError(f"no recipe {name!r}; there are: {', '.join(known)}")


def run_vid2vid(arguments: argparse.Namespace) -> None:
    """`maliang train vid2vid ...`"""
    from ..progress import silent
    from ..training.loop import train
    from ..training.recipes import find_recipe
    from ..training.team import Team

    own = _own_data(arguments)
    recipe, clips = adjusted(find_recipe(arguments.recipe or (FOOTAGE if own else STREET)), arguments), None
    out = arguments.out or Path("runs") / (_source(arguments).stem if own else recipe.name)
    options = training_options(arguments)
    team = Team(options.device, options.precision)
    if own:
        from ..pipelines.training import own_clips

        with progress_bar("label") as progress:
            recipe, clips = own_clips(recipe, _data(arguments), out, team, progress)
        recipe = starting(recipe, arguments)
        if clips.in_process:
            options = replace(options, workers=0)
    with progress_bar("train", unit="clip") as progress:
        report = train(recipe, out, options, clips, progress if team.leads else silent)
    if team.leads:
        say_trained(out, report, recipe, "maliang vid2vid")


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
