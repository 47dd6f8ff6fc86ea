"""`maliang infinity`: pictures of any size out of patches."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .numbers import at_least, size
from .options import add_device
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.infinity.plans import OrderPlan

ORDERS = ("auto", "omega", "omega*", "zeta", "zeta*", "rings")


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = subparsers.add_parser("infinity", help="pictures of any size, patch after patch")
    commands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_plan(commands)
    _add_decode(commands)


def _add_plan(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    plan = commands.add_parser(
        "plan",
        help="in which order patches are made, what each sees, and what that takes",
        description="Print what decoding a canvas takes, and draw its plan: waves as colours, the order as numbers.",
    )
    plan.set_defaults(run=run_plan)
    source = plan.add_mutually_exclusive_group(required=True)
    source.add_argument("--plan", type=Path, metavar="FILE.json", help="a plan that was written before")
    source.add_argument(
        "--grid", type=size, metavar="WxH", help="size of the canvas in patches, for example 152x8"
    )
    plan.add_argument("--order", choices=ORDERS, default="auto", help="default: by the canvas's shape")
    plan.add_argument("--frames", type=at_least(1), default=1, metavar="N", help="of a video; default: 1")
    plan.add_argument(
        "--extent",
        type=whole_numbers(3),
        default=(0, 2, 2),
        metavar="F,R,C",
        help="how many frames back, rows and columns away a patch sees; default: 0,2,2",
    )
    plan.add_argument(
        "--given",
        type=whole_numbers(4),
        metavar="T,L,H,W",
        help="where a picture lies that is continued: top, left, height, width in patches",
    )
    plan.add_argument(
        "--given-frames", type=at_least(0), default=0, metavar="N", help="frames of a video that are given"
    )
    plan.add_argument("--show", type=Path, metavar="FILE", help="draw the plan: .png or .tif")
    plan.add_argument(
        "--mark",
        type=whole_numbers(3),
        metavar="F,R,C",
        help="in the picture, frame what the patch at this place sees",
    )
    plan.add_argument(
        "--save", type=Path, metavar="FILE.json", help="write every patch with what it sees, to be edited"
    )


def _add_decode(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    decode = commands.add_parser(
        "decode",
        help="a picture, or a part of one, out of a file of tokens",
        description="Turn the tokens of a canvas into pixels, tile by tile and without a seam. Memory does not grow "
        "with the canvas.",
    )
    decode.set_defaults(run=run_decode)
    decode.add_argument("--tokens", required=True, type=Path, metavar="FILE", help="what a run has written")
    decode.add_argument("--tokenizer", required=True, metavar="NAME|FILE", help="whose codes they are")
    decode.add_argument("--out", required=True, type=Path, metavar="FILE", help=".tif of any size, or .png")
    decode.add_argument("--frame", type=at_least(0), default=0, metavar="N", help="of a video; default: 0")
    decode.add_argument(
        "--region",
        type=whole_numbers(4),
        metavar="T,L,H,W",
        help="a part: top, left, height, width in pixels",
    )
    decode.add_argument(
        "--tile",
        type=at_least(1),
        default=32,
        metavar="CELLS",
        help="side of the tiles that are decoded at once; larger ones take more memory; default: %(default)s",
    )
    add_device(decode)


def whole_numbers(count: int) -> Callable[[str], tuple[int, ...]]:
    """What reads so many whole numbers of 0 or more with commas between them."""

    def read(text: str) -> tuple[int, ...]:
        parts = text.replace(" ", "").split(",")
        if len(parts) != count or not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
            raise argparse.ArgumentTypeError(
                f"{text!r} is not {count} whole numbers such as {','.join('0123'[:count])}"
            )
        return tuple(map(int, parts))

    return read


def run_plan(arguments: argparse.Namespace) -> None:
    """`maliang infinity plan`"""
    from ..models.infinity.plans_waves import pool_sizes
    from ..pipelines.infinity_plan import plan_words, save_plan, show_plan, write_picture

    plan = _plan_of(arguments)
    if arguments.save:
        save_plan(plan, arguments.save)
    if arguments.show:
        shown = show_plan(plan, arguments.mark)
        write_picture(shown.picture, arguments.show)
        print(shown.words)
    else:
        print(plan_words(plan, pool_sizes(plan)))


def _plan_of(arguments: argparse.Namespace) -> "OrderPlan":
    from ..models.infinity.plans import Extent, Grid
    from ..models.infinity.plans_make import Given, PlanRecipe
    from ..pipelines.infinity_plan import read_plan

    if arguments.plan:
        return read_plan(arguments.plan)
    given = Given(*arguments.given) if arguments.given else None
    grid = Grid(arguments.frames, *arguments.grid)
    return PlanRecipe(arguments.order, grid, Extent(*arguments.extent), given, arguments.given_frames).build()


def run_decode(arguments: argparse.Namespace) -> None:
    """`maliang infinity decode`"""
    from ..models.infinity.windows import Box
    from ..pipelines.infinity_pixels import decode_tokens, load_tokenizer
    from ..weights.devices import choose_device
    from ..weights.folders import typed
    from .options import refuse_overwriting

    refuse_overwriting(arguments.out, [arguments.tokens])
    region = None
    if arguments.region:
        top, left, height, width = arguments.region
        region = Box(top, left, top + height, left + width)
    tokenizer = load_tokenizer(typed(arguments.tokenizer), choose_device(arguments.device))
    with progress_bar("decode", "tile") as progress:
        height, width = decode_tokens(
            arguments.tokens,
            tokenizer,
            arguments.out,
            frame=arguments.frame,
            region=region,
            tile=arguments.tile,
            progress=progress,
        )
    print(f"{arguments.out}: {width}x{height} pixels")
