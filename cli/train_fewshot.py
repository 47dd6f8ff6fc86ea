"""`maliang train fewshot`: a network that paints anyone from a few pictures."""

import argparse
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .numbers import at_least, size
from .terminal import progress_bar
from .train_run import add_recipe, add_training, adjusted, say_trained, training_options


def add_fewshot(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "fewshot",
        help="train a few-shot generator",
        description="Train a few-shot generator: on folders of many subjects, or on thousands of subjects of a "
        "procedural world. The same command goes on with an interrupted run. On several GPUs or machines: "
        "accelerate launch -m maliang_video train fewshot --batch 8 ...",
    )
    parser.set_defaults(run=run_fewshot)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the run: checkpoints, previews, weights (default: runs/ and the name of the recipe)",
    )
    add_recipe(
        parser,
        "face-fewshot-demo, dancer-fewshot-demo, street-fewshot-demo (two hours of two cores each), or a published "
        "one: fewshot-face, fewshot-pose, fewshot-street, imaginaire-face, imaginaire-pose",
    )
    parser.add_argument(
        "--exemplars",
        type=_range,
        metavar="N[-M]",
        help="pictures of the subject that a clip comes with, N or from N to M (default: the recipe's)",
    )
    parser.add_argument(
        "--subjects",
        type=at_least(1),
        metavar="N",
        help="train on so many subjects of the world (default: the recipe's)",
    )
    _add_data(parser)
    add_training(parser)


def _add_data(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("data of one's own (default: the recipe's procedural world)")
    group.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="a folder of sequences, one subject each: train_images/<sequence>/* with train_keypoints (faces), "
        "train_openpose and train_densepose (bodies), or train_labels (streets)",
    )
    group.add_argument("--size", type=size, metavar="WxH", help="default: the recipe's")
    group.add_argument("--palette", metavar="NAME|JSON", help="what label maps mean; default: cityscapes")
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


def _range(text: str) -> tuple[int, int]:
    """`3` or `1-4`."""
    fewest, dash, most = text.partition("-")
    read = at_least(1)
    found = read(fewest), read(most if dash else fewest)
    if found[0] > found[1]:
        raise argparse.ArgumentTypeError(f"{text} runs backwards; write the smaller number first")
    return found


def run_fewshot(arguments: argparse.Namespace) -> None:
    """`maliang train fewshot ...`"""
    from ..progress import silent
    from ..training.fewshot_recipe import with_exemplars, with_fewshot_size
    from ..training.loop import train
    from ..training.recipes import FEWSHOT_RECIPES, find_fewshot_recipe
    from ..training.team import Team

    if arguments.recipe is None:
        raise InputError(f"--recipe: which? there are: {', '.join(FEWSHOT_RECIPES)}")
    recipe, clips = adjusted(find_fewshot_recipe(arguments.recipe), arguments), None
    if arguments.exemplars is not None:
        recipe = with_exemplars(recipe, arguments.exemplars)
    if arguments.subjects is not None:
        recipe = replace(recipe, subjects=arguments.subjects)
    if arguments.size is not None:
        recipe = with_fewshot_size(recipe, arguments.size)
    out = arguments.out or Path("runs") / (recipe.name if arguments.data is None else arguments.data.stem)
    options = training_options(arguments)
    team = Team(options.device, options.precision)
    if arguments.data is not None:
        from ..pipelines.fewshot_training import FewShotData, own_fewshot_clips

        data = FewShotData(arguments.data, arguments.palette, arguments.flow, arguments.cache * 10**9)
        recipe, clips = own_fewshot_clips(recipe, data, out, team)
        if clips.in_process:
            options = replace(options, workers=0)
    with progress_bar("train", unit="clip") as progress:
        report = train(recipe, out, options, clips, progress if team.leads else silent)
    if team.leads:
        say_trained(out, report, recipe, "maliang fewshot")
