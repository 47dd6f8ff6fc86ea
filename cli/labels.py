"""`maliang labels`: make label maps from footage, convert, edit, look at and count them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .drawings import add_draw, add_edges
from .keypoints import add_face, add_pose
from .options import add_device, add_dtype, add_footage, add_label_maps, add_video_out, refuse_overwriting
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.labels.edits import LabelEdits
    from ..models.labels.frames import LabelStream
    from ..models.labels.palette import Palette
    from ..pipelines.labels import LabelReport

LISTED = 12
"""Names of classes without a partner that are printed."""


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "labels",
        help="make label maps, poses and edges from footage, convert, edit, look at and count them",
        description="Label maps: a class for every pixel of every frame. Commands that write them make a folder of "
        "PNGs whose values are the ids; a stopped command goes on when it is given again.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_segment(commands)
    add_pose(commands)
    add_face(commands)
    add_edges(commands)
    add_draw(commands)
    _add_convert(commands)
    _add_edit(commands)
    _add_preview(commands)
    _add_info(commands)
    _add_palettes(commands)


def _add_segment(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("segment", help="find the classes in a video or a folder of pictures")
    parser.set_defaults(run=segment)
    add_footage(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the folder of label maps")
    parser.add_argument(
        "--network",
        default="eomt",
        metavar="NAME",
        help="eomt (exact, 1.3 GB), segformer-b0 (light) to segformer-b5 (these for non-commercial use), a repository "
        "on the Hugging Face Hub or a folder; street-segmenter for footage of the procedural street, offline "
        "(default: %(default)s)",
    )
    parser.add_argument("--palette", metavar="NAME|JSON", help="the ids to write (default: cityscapes)")
    add_device(parser)
    add_dtype(parser)


def _add_convert(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("convert", help="say the same in the classes of another palette, by name")
    parser.set_defaults(run=convert)
    add_label_maps(parser)
    parser.add_argument("--to", required=True, metavar="NAME|JSON", help="the palette to convert to")
    parser.add_argument(
        "--otherwise",
        metavar="CLASS",
        help="for classes that it doesn't have (default: its unlabelled class)",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the folder of label maps")


def _add_edit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("edit", help="replace classes: trees become buildings")
    parser.set_defaults(run=edit)
    add_label_maps(parser)
    parser.add_argument("--edits", type=Path, metavar="JSON", help="saved edits, made before the others")
    parser.add_argument(
        "--replace",
        type=replacement,
        action="append",
        default=[],
        metavar="A[,B]=C",
        help="classes A and B become C, for example vegetation=building; more than once, one after the other",
    )
    parser.add_argument(
        "--frames",
        type=frame_range,
        default=(0, None),
        metavar="FROM:TO",
        help="only in these frames, counted from 0, TO left out: 10:50, 10: or :50",
    )
    parser.add_argument("--mask", type=Path, metavar="PICTURE", help="only where this picture is bright")
    parser.add_argument("--save-edits", type=Path, metavar="JSON", help="write the whole list of edits here")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder of edited label maps")


def _add_preview(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("preview", help="show label maps in colours, with a legend")
    parser.set_defaults(run=preview)
    add_label_maps(parser)
    parser.add_argument("--no-legend", action="store_true", help="the colours alone")
    add_video_out(parser)


def _add_info(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("info", help="count what is in label maps")
    parser.set_defaults(run=info)
    add_label_maps(parser)


def _add_palettes(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("palettes", help="list the palettes, or the classes of one")
    parser.set_defaults(run=palettes)
    parser.add_argument("palette", nargs="?", metavar="NAME|JSON", help="show its classes")


def replacement(text: str) -> tuple[str, str]:
    """`vegetation,terrain=building` -> ("vegetation,terrain", "building")."""
    replaced, equals, by = text.partition("=")
    if not (equals and replaced.strip(" ,") and by.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} replaces nothing; write for example vegetation=building")
    return replaced, by


def frame_range(text: str) -> tuple[int, int | None]:
    """`10:50` -> (10, 50); `10:` and `:50` are open; `10` is one frame."""
    first, colon, last = (part.strip() for part in text.partition(":"))
    numbers = [part for part in (first, last) if part]
    if not numbers or not all(part.isdecimal() for part in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of frames; write for example 10:50")
    start = int(first or 0)
    stop = int(last) if last else None if colon else start + 1
    if stop is not None and stop <= start:
        raise argparse.ArgumentTypeError(
            f"{text!r} holds no frame; the second number is the frame after the last"
        )
    return start, stop


def open_source(arguments: argparse.Namespace) -> "LabelStream":
    """The label maps that the options of `add_label_maps` name."""
    from ..errors import InputError
    from ..models.labels.resize import ResizedLabels
    from ..pipelines.drawn_sources import is_drawn_source
    from ..pipelines.sources import open_label_source

    if is_drawn_source(arguments.labels):
        raise InputError(
            f"{arguments.labels}: keypoints or edges, which have no classes; maliang labels draw shows them"
        )
    labels = open_label_source(arguments.labels, palette=arguments.palette, instances=arguments.instances)
    return labels if arguments.size is None else ResizedLabels(labels, *arguments.size)


def segment(arguments: argparse.Namespace) -> None:
    """`maliang labels segment ...`"""
    from ..media.labels import read_palette
    from ..media.outputs import prepare_folder
    from ..media.reader import check_clip
    from ..pipelines.labels import segment_clip
    from ..pipelines.segmenter import SEGMENTERS, load_segmenter
    from ..weights.devices import choose_device, choose_dtype

    refuse_overwriting(arguments.out, [arguments.footage])
    check_clip(arguments.footage)
    prepare_folder(arguments.out)
    device = choose_device(arguments.device)
    palette = read_palette(arguments.palette) if arguments.palette else None
    dtype = choose_dtype(arguments.dtype, device)
    segmenter = load_segmenter(arguments.network, palette=palette, device=device, dtype=dtype)
    with progress_bar("segment") as progress:
        report = segment_clip(arguments.footage, segmenter, arguments.out, progress)
    _print_report(report, segmenter.palette)
    licence = next((p.licence for p in SEGMENTERS if p.name == arguments.network), None)
    if licence:
        print(
            f"  licence of {arguments.network}: {licence}; its training data, Cityscapes, is non-commercial"
        )


def convert(arguments: argparse.Namespace) -> None:
    """`maliang labels convert ...`"""
    from ..media.labels import read_palette
    from ..models.labels.convert import ConvertedLabels
    from ..pipelines.labels import write_labels

    refuse_overwriting(arguments.out, [arguments.labels])
    converted = ConvertedLabels(open_source(arguments), read_palette(arguments.to), arguments.otherwise)
    with progress_bar("convert") as progress:
        report = write_labels(converted, arguments.out, progress)
    _print_report(report, converted.palette)
    missing, rest = converted.mapping.unmapped, converted.mapping.rest
    if missing and rest is not None:
        more = f" and {len(missing) - LISTED} more" if len(missing) > LISTED else ""
        print(f"  without a partner, become {rest.name!r}: {', '.join(missing[:LISTED])}{more}")


def edit(arguments: argparse.Namespace) -> None:
    """`maliang labels edit ...`"""
    from ..errors import InputError
    from ..pipelines.label_edits import with_edits
    from ..pipelines.labels import write_labels
    from ..pipelines.saved_edits import save_edits

    if arguments.out is None and arguments.save_edits is None:
        raise InputError(
            "labels edit: give --out for the label maps, --save-edits for the list of edits, or both"
        )
    edited = with_edits(open_source(arguments), edits_asked_for(arguments))
    if arguments.save_edits is not None:
        save_edits(edited.edits, arguments.save_edits)
        count = len(edited.edits.edits)
        print(f"{arguments.save_edits}: {count} edit{'' if count == 1 else 's'}")
    if arguments.out is not None:
        refuse_overwriting(arguments.out, [arguments.labels])
        with progress_bar("edit") as progress:
            report = write_labels(edited, arguments.out, progress)
        _print_report(report, edited.palette)


def edits_asked_for(arguments: argparse.Namespace) -> "LabelEdits":
    """The saved edits, then the new ones; InputError if there are none."""
    from dataclasses import replace

    from ..errors import InputError
    from ..models.labels.edits import LabelEdits
    from ..pipelines.label_edits import edit_of
    from ..pipelines.saved_edits import read_edits, read_mask

    saved = () if arguments.edits is None else read_edits(arguments.edits).edits
    mask = None if arguments.mask is None else read_mask(arguments.mask)
    new = [replace(edit_of(old, by, *arguments.frames), mask=mask) for old, by in arguments.replace]
    if not saved and not new:
        raise InputError(
            "labels edit: nothing to do; give --replace vegetation=building, or --edits with saved ones"
        )
    return LabelEdits((*saved, *new))


def preview(arguments: argparse.Namespace) -> None:
    """`maliang labels preview ...`"""
    from ..pipelines.labels import survey, write_preview

    refuse_overwriting(arguments.out, [arguments.labels])
    labels = open_source(arguments)
    listed = None
    if not arguments.no_legend:
        with progress_bar("look") as progress:
            listed = list(survey(labels, progress).shares)
    with progress_bar("preview") as progress:
        write_preview(labels, arguments.out, listed=listed, progress=progress)
    print(arguments.out)


def info(arguments: argparse.Namespace) -> None:
    """`maliang labels info ...`"""
    from ..models.labels.preview import share_text
    from ..pipelines.labels import survey

    labels = open_source(arguments)
    with progress_bar("look") as progress:
        found = survey(labels, progress)
    rate = f"{float(labels.frame_rate):g} frames a second"
    print(f"{arguments.labels}: {found.frames} frames, {labels.width}x{labels.height}, {rate}")
    instances = "none" if found.most_instances is None else f"up to {found.most_instances} in a frame"
    print(f"  palette {labels.palette.name}, instances: {instances}")
    if found.off_palette:
        print(f"  {found.off_palette:,} pixels have ids that the palette doesn't have")
    for number, share in found.shares.items():
        known = labels.palette.by_id.get(number)
        print(f"  {number:5d}  {known.name if known else 'unknown':24s} {share_text(share):>8s}")


def palettes(arguments: argparse.Namespace) -> None:
    """`maliang labels palettes [NAME]`"""
    from ..media.labels import read_palette
    from ..models.labels.palette import builtin_palette, builtin_palette_names

    if arguments.palette is None:
        for name in builtin_palette_names():
            known = builtin_palette(name)
            things = sum(c.thing for c in known.classes)
            print(
                f"{name:18s} {len(known.classes):4d} classes, {things} of things, ids up to {known.channels - 1}"
            )
        return
    shown = read_palette(arguments.palette)
    print(f"{shown.name}: {len(shown.classes)} classes" + (f"; {shown.source}" if shown.source else ""))
    for c in shown.classes:
        print(f"  {c.id:5d}  #{bytes(c.color).hex()}  {c.name:24s}{'  thing' if c.thing else ''}".rstrip())


def _print_report(report: "LabelReport", palette: "Palette") -> None:
    resumed = f", {report.resumed_at} of them from an earlier run" if report.resumed_at else ""
    print(f"{report.path}: {report.frames} label maps{resumed}, palette {palette.name}")
