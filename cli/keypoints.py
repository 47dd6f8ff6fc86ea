"""`maliang labels pose|face`: keypoints of people and landmarks of faces out of footage."""

import argparse
from pathlib import Path

from .numbers import at_least
from .options import add_device, add_dtype, add_footage, refuse_overwriting
from .terminal import progress_bar

WHOLE_BODY = "a ViTPose of 133 points (COCO-WholeBody): a repository on the Hugging Face Hub or a folder"


def add_pose(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "pose", help="find the keypoints of people in a video or a folder of pictures"
    )
    parser.set_defaults(run=find, faces=False)
    _add_options(parser)
    parser.add_argument(
        "--network",
        default="vitpose-base",
        metavar="NAME",
        help="vitpose-base, vitpose-plus-small (light) to vitpose-plus-huge (exact): bodies of 17 points; or "
        f"{WHOLE_BODY} (default: %(default)s)",
    )
    parser.add_argument(
        "--people",
        type=at_least(1),
        metavar="N",
        help="keep at most so many people in a frame, the surest ones",
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="the folder of OpenPose files (.json)"
    )


def add_face(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "face",
        help="find the landmarks of the largest face in a video or a folder of pictures",
        description="Find the 68 landmarks of the largest face in every frame; where none is seen, those before stay. "
        "Landmarks that other programs found (68 lines x,y a frame, or OpenPose's JSON) need no command.",
    )
    parser.set_defaults(run=find, faces=True, people=None)
    _add_options(parser)
    parser.add_argument("--network", required=True, metavar="NAME", help=WHOLE_BODY)
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="the folder of landmarks (.txt)"
    )


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_footage(parser)
    parser.add_argument(
        "--detector", metavar="NAME", help="an RT-DETR that finds people, on the Hub or in a folder"
    )
    add_device(parser)
    add_dtype(parser)


def find(arguments: argparse.Namespace) -> None:
    """`maliang labels pose ...` and `maliang labels face ...`"""
    from ..media.outputs import prepare_folder
    from ..media.reader import check_clip
    from ..pipelines.pose_finder import DETECTOR, POSE_NETWORKS, load_pose_finder, write_found
    from ..weights.devices import choose_device, choose_dtype

    refuse_overwriting(arguments.out, [arguments.footage])
    check_clip(arguments.footage)
    prepare_folder(arguments.out)
    device = choose_device(arguments.device)
    finder = load_pose_finder(
        arguments.network,
        detector=arguments.detector or DETECTOR,
        most=arguments.people,
        device=device,
        dtype=choose_dtype(arguments.dtype, device),
    )
    with progress_bar("face" if arguments.faces else "pose") as progress:
        report = write_found(
            arguments.footage, finder, arguments.out, faces=arguments.faces, progress=progress
        )
    resumed = f", {report.resumed_at} of them from an earlier run" if report.resumed_at else ""
    print(f"{report.path}: {report.frames} frames{resumed}")
    licence = next((n.licence for n in POSE_NETWORKS if n.name == arguments.network), None)
    if licence:
        print(f"  licence of {arguments.network}: {licence}")
