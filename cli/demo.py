"""`maliang demo`: the main jobs on what comes with the package, offline."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .demo_fewshot import FEW_SHOT_SHOWS, lack_of_weights, show_few_shot
from .numbers import at_least
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.labels.frames import AnyStream
    from ..models.vid2vid.generator import Vid2VidGenerator


@dataclass(frozen=True)
class Show:
    """What is shown of one file of demo weights."""

    weights: str
    world: str
    """What is painted; {seed} and {frames} are filled in."""
    replaced: tuple[str, str] | None
    """Classes to turn one into the other, and paint again."""


SHOWS = {
    "street": Show(
        "street", "world:street?seed={seed}&frames={frames}&size=256x128", ("vegetation", "building")
    ),
    "face": Show("face", "world:faces?seed={seed}&frames={frames}&size=128x128&subject=0", None),
    "dancer": Show("dancer", "world:puppets?seed={seed}&frames={frames}&size=128x192&subject=0", None),
}
ALL = (*SHOWS, *FEW_SHOT_SHOWS)
COLUMNS = 4
"""Moments of each video on a contact sheet."""


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "demo",
        help="see it work: maps in, videos out, offline, in a few minutes",
        description="Paint what the demo weights have never seen, in every look that they know: label maps of a "
        "procedural street (and once more with its trees turned into buildings), sketches of a talking face, poses of "
        "a dancer; and, out of a picture or a few, people, clothes and lights that nobody trained on. Each has a "
        "folder of its own with its videos and a contact sheet.",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help=f"any of {', '.join(ALL)} (default: all that there are weights for)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("maliang-demo"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--frames",
        type=at_least(COLUMNS),
        default=24,
        metavar="N",
        help="of each video (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=7, metavar="N", help="which street, which motion (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> None:
    """`maliang demo`"""
    unknown = [name for name in arguments.what if name not in ALL]
    if unknown:
        raise InputError(f"no demo {unknown[0]!r}; there are: {', '.join(ALL)}")
    lacking = {name: lack for name, shown in FEW_SHOT_SHOWS.items() if (lack := lack_of_weights(name, shown))}
    for name in dict.fromkeys(arguments.what or (name for name in ALL if name not in lacking)):
        if name in lacking:
            raise InputError(lacking[name])
        _show(name, arguments)


def _show(name: str, arguments: argparse.Namespace) -> None:
    told = arguments.out / name, arguments.seed, arguments.frames
    if name in FEW_SHOT_SHOWS:
        show_few_shot(FEW_SHOT_SHOWS[name], *told, columns=COLUMNS)
    else:
        show(SHOWS[name], *told)


def show(what: Show, folder: Path, seed: int, frames: int) -> None:
    """Paint one world in every look; print the paths of what was made."""
    from ..pipelines.showcase import write_contact_sheet, write_maps, write_side_by_side
    from ..pipelines.vid2vid import load_generator
    from ..weights.devices import choose_device, choose_dtype

    folder.mkdir(parents=True, exist_ok=True)
    device = choose_device()
    generator = load_generator(what.weights, device, choose_dtype("fp32", device))
    maps = open_maps(what.world.format(seed=seed, frames=frames), generator)
    styles = generator.config.style_names
    made = {"maps": write_maps(maps, folder / "maps.mp4")}
    for style in styles:
        made[style] = paint(maps, generator, style, folder / f"{style.replace(' ', '-')}.mp4")
    if what.replaced is not None:
        name = " to ".join(what.replaced)
        edited = replaced(maps, *what.replaced)
        made[name] = paint(edited, generator, styles[0], folder / f"{name.replace(' ', '-')}.mp4")
    write_side_by_side([made["maps"], made[styles[0]]], folder / "side-by-side.mp4")
    moments = [column * (frames - 1) // (COLUMNS - 1) for column in range(COLUMNS)]
    write_contact_sheet(list(made.items()), moments, folder / "contact-sheet.png")
    for path in (*made.values(), folder / "side-by-side.mp4", folder / "contact-sheet.png"):
        print(path)


def open_maps(world: str, generator: "Vid2VidGenerator") -> "AnyStream":
    """What a world gives to a network: label maps, or drawings."""
    from ..pipelines.drawn_sources import DrawingOptions, open_drawing
    from ..pipelines.sources import open_label_source

    if generator.config.palette:
        return open_label_source(world)
    return open_drawing(world, DrawingOptions(), generator.config.label_channels)


def replaced(maps: "AnyStream", old: str, new: str) -> "AnyStream":
    """Label maps with one class turned into another."""
    from ..models.labels.edits import EditedLabels, LabelEdit, LabelEdits
    from ..models.labels.frames import is_drawn

    assert not is_drawn(maps), "drawn maps have no classes"
    return EditedLabels(maps, LabelEdits((LabelEdit((old,), new),)))


def paint(maps: "AnyStream", generator: "Vid2VidGenerator", style: str, out: Path) -> Path:
    """One video, with its progress; returns its path."""
    from ..pipelines.vid2vid import render_video

    with progress_bar(out.stem) as progress:
        return render_video(maps, generator, out, style=style, progress=progress).path
