"""`maliang flow`: how the pixels of footage moved."""

import argparse
from pathlib import Path

from .options import add_device, add_footage, add_video_out, refuse_overwriting
from .terminal import progress_bar


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "flow",
        help="find out how the pixels of footage moved, and show it",
        description="Optical flow of every frame to the frame before it, as a video of colours: the hue is the "
        "direction, the stronger the faster.",
    )
    parser.set_defaults(run=run)
    add_footage(parser)
    add_video_out(parser)
    parser.add_argument(
        "--estimator",
        choices=("dis", "flownet2"),
        default="dis",
        help="dense inverse search (extra `flow`), or FlowNet2, whose weights you bring; default: %(default)s",
    )
    parser.add_argument(
        "--quality",
        choices=("ultrafast", "fast", "medium"),
        default="medium",
        help="of dense inverse search; default: %(default)s",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FILE.npy",
        help="keep the flow and its occlusion itself here, [frames 3 h w]",
    )
    parser.add_argument(
        "--full-color-at", type=float, metavar="PIXELS", help="motion a frame that gets the full colour"
    )
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """`maliang flow ...`"""
    from tempfile import TemporaryDirectory

    from ..media.reader import open_frames
    from ..pipelines.flow import choose_estimator, estimate_clip_flow, show_flow
    from ..weights.devices import choose_device

    refuse_overwriting(arguments.out, [arguments.footage, arguments.keep])
    device = choose_device(arguments.device)
    estimator = choose_estimator(arguments.estimator, arguments.quality, device=device)
    with TemporaryDirectory() as folder, open_frames(arguments.footage) as clip:
        kept = arguments.keep or Path(folder) / "flow.npy"
        with progress_bar("flow") as progress:
            flow = estimate_clip_flow(clip, kept, estimator, progress)
        with progress_bar("show") as progress:
            show_flow(flow, arguments.out, arguments.full_color_at, progress)
    print(f"{arguments.out}: {flow.frame_count} frames")
