"""Drawn maps on the command line: the options that say how they are drawn, and `maliang labels draw|edges`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import size
from .options import add_video_out, refuse_overwriting
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..pipelines.drawings import Drawing


def add_drawing_options(parser: argparse.ArgumentParser) -> None:
    """Options for sources that are keypoints."""
    group = parser.add_argument_group("drawn maps", "for landmarks of faces, poses and edges")
    group.add_argument(
        "--footage",
        type=Path,
        metavar="CLIP",
        help="the pictures that the keypoints were found in: their size, the edges around a face, its looks",
    )
    group.add_argument(
        "--densepose", type=Path, metavar="CLIP", help="DensePose pictures (IUV, without loss), one a frame"
    )
    group.add_argument(
        "--canvas", type=size, metavar="WxH", help="size of the pictures of the keypoints, without --footage"
    )
    group.add_argument(
        "--no-background-edges", action="store_true", help="draw the face alone, not the edges around it"
    )
    group.add_argument(
        "--other-face", action="store_true", help="change the proportions of the face by fixed amounts"
    )
    group.add_argument("--basic-points", action="store_true", help="trunk, arms and legs only")
    group.add_argument("--hide-face", action="store_true", help="draw heads that say nothing about the face")
    group.add_argument(
        "--central-half",
        action="store_true",
        help="keep the middle half of a pose's width, as the published layout",
    )


def drawing_of(arguments: argparse.Namespace, channels: int | None = None) -> "Drawing":
    """The drawn maps that the options ask for; `channels`: what the network takes."""
    from ..pipelines.drawings import FaceStyle, PoseStyle
    from ..pipelines.drawn_sources import DrawingOptions, open_drawing

    options = DrawingOptions(
        footage=arguments.footage,
        densepose=arguments.densepose,
        canvas=arguments.canvas,
        size=arguments.size,
        faces={"face": True, "pose": False}.get(getattr(arguments, "kind", "")),
        face=FaceStyle(
            background_edges=not arguments.no_background_edges, other_proportions=arguments.other_face
        ),
        pose=PoseStyle(arguments.basic_points, arguments.hide_face, arguments.central_half),
    )
    try:
        return open_drawing(arguments.labels, options, channels)
    except InputError as error:
        raise InputError(_with_options(str(error))) from error


def _with_options(message: str) -> str:
    """What to do about it, in the words of the command line."""
    for said, option in (
        ("give the footage or the size of the canvas", "--footage, --canvas"),
        ("give them too", "--densepose"),
    ):
        if said in message:
            return f"{message} ({option})"
    return message


def add_draw(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "draw", help="show landmarks of faces, poses or edges as a network sees them"
    )
    parser.set_defaults(run=draw)
    parser.add_argument(
        "--labels",
        required=True,
        metavar="SOURCE",
        help="a folder of landmarks (.txt) or OpenPose files (.json), a JSON file of a clip, edges:CLIP",
    )
    parser.add_argument("--kind", choices=("face", "pose"), help="which to draw of keypoints that have both")
    parser.add_argument("--size", type=size, metavar="WxH", help="size of the drawings")
    add_drawing_options(parser)
    add_video_out(parser)


def draw(arguments: argparse.Namespace) -> None:
    """`maliang labels draw ...`"""
    from ..pipelines.drawings import write_drawing

    refuse_overwriting(arguments.out, [arguments.labels, arguments.footage, arguments.densepose])
    drawing = drawing_of(arguments)
    with progress_bar("draw") as progress:
        write_drawing(drawing, arguments.out, progress)
    print(f"{arguments.out}: {drawing.width}x{drawing.height}, {drawing.channels} channels for the network")


def add_edges(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("edges", help="find the edges in a video or a folder of pictures")
    parser.set_defaults(run=edges)
    parser.add_argument("--footage", required=True, type=Path, metavar="CLIP", help="a video, pictures")
    parser.add_argument("--size", type=size, metavar="WxH", help="scale the footage to this size first")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="a folder of pictures; a video with an ending"
    )


def edges(arguments: argparse.Namespace) -> None:
    """`maliang labels edges ...`"""
    from ..pipelines.drawings import EdgeDrawing, write_drawing
    from ..pipelines.drawn_sources import open_footage

    refuse_overwriting(arguments.out, [arguments.footage])
    drawing = EdgeDrawing(open_footage(arguments.footage), size=arguments.size)
    with progress_bar("edges") as progress:
        write_drawing(drawing, arguments.out, progress)
    print(f"{arguments.out}: {drawing.width}x{drawing.height}")
