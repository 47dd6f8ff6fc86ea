"""`maliang demo`: the main job on what comes with the package, offline."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.labels.frames import LabelStream
    from ..models.vid2vid.generator import Vid2VidGenerator

WEIGHTS = "street"
WORLD = "world:street?seed={seed}&frames={frames}&size=256x128"
COLUMNS = 4
"""Moments of each video on the contact sheet."""


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "demo",
        help="see it work: label maps in, street videos out, offline, in a minute or two",
        description="Paint label maps of a procedural street, which the network has never seen, in every look that the "
        "demo weights know; then turn the trees into buildings and paint again.",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "--out", type=Path, default=Path("maliang-demo"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--frames", type=frame_count, default=48, metavar="N", help="of each video (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=7, metavar="N", help="which street (default: %(default)s)"
    )


def frame_count(text: str) -> int:
    if not text.isdecimal() or int(text) < COLUMNS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of frames; give {COLUMNS} or more")
    return int(text)


def run(arguments: argparse.Namespace) -> None:
    """`maliang demo`"""
    from ..models.labels.edits import EditedLabels, LabelEdit, LabelEdits
    from ..pipelines.clips import label_colors, write_clip
    from ..pipelines.showcase import write_contact_sheet, write_side_by_side
    from ..pipelines.sources import open_label_source
    from ..pipelines.vid2vid import load_generator
    from ..weights.devices import choose_device, choose_dtype

    folder: Path = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    device = choose_device()
    generator = load_generator(WEIGHTS, device, choose_dtype("fp32", device))
    labels = open_label_source(WORLD.format(seed=arguments.seed, frames=arguments.frames))
    edited = EditedLabels(labels, LabelEdits((LabelEdit(("vegetation",), "building"),)))

    made = {"labels": folder / "labels.mp4"}
    size = labels.height, labels.width
    write_clip(label_colors(labels), made["labels"], size=size, frame_rate=labels.frame_rate)
    for style in generator.config.style_names:
        made[style] = paint(labels, generator, style, folder / f"street-{style}.mp4")
    day = generator.config.style_names[0]
    made["trees to buildings"] = paint(edited, generator, day, folder / "trees-to-buildings.mp4")
    write_side_by_side([made["labels"], made[day]], folder / "side-by-side.mp4")
    moments = [column * (arguments.frames - 1) // (COLUMNS - 1) for column in range(COLUMNS)]
    write_contact_sheet(list(made.items()), moments, folder / "contact-sheet.png")
    for path in (*made.values(), folder / "side-by-side.mp4", folder / "contact-sheet.png"):
        print(path)


def paint(labels: "LabelStream", generator: "Vid2VidGenerator", style: str, out: Path) -> Path:
    """One video, with its progress; returns its path."""
    from ..pipelines.vid2vid import render_video

    with progress_bar(out.stem) as progress:
        return render_video(labels, generator, out, style=style, progress=progress).path
