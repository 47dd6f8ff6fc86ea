"""`maliang features`: tables of looks for weights that take instance features; and the options that choose of them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import at_least
from .terminal import progress_bar
from .vid2vid import refuse_overwriting, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..models.labels.frames import AnyStream, LabelStream
    from ..models.vid2vid.config import GeneratorConfig
    from ..models.vid2vid.generator import Vid2VidGenerator
    from ..pipelines.feature_choice import FeatureCurve
    from ..pipelines.feature_tables import Moment


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "features", help="collect the looks that cars, roads, buildings ... can have"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_collect(commands)
    _add_show(commands)


def _add_collect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "collect",
        help="read off footage what instances look like, and cluster it class by class",
        description="Read off footage with label maps what the instances of each class look like to weights that take "
        "instance features, and write a table of the most frequent looks, for maliang vid2vid --features.",
    )
    parser.set_defaults(run=collect)
    parser.add_argument("--weights", required=True, metavar="NAME|FILE", help="a preset or a file of weights")
    parser.add_argument(
        "--labels",
        required=True,
        nargs="+",
        metavar="SOURCE",
        help="folders or videos of label maps, or worlds such as 'world:street?seed=7', which bring their pictures",
    )
    parser.add_argument(
        "--footage",
        nargs="+",
        type=Path,
        default=[],
        metavar="CLIP",
        help="the pictures that they belong to, one clip or folder for every source of label maps",
    )
    parser.add_argument("--palette", metavar="NAME|JSON", help="what ids or colours mean")
    parser.add_argument(
        "--size", type=size, metavar="WxH", help="bring label maps to this size, nearest pixel"
    )
    parser.add_argument(
        "--clusters",
        type=at_least(1),
        default=10,
        metavar="N",
        help="of a class, at most; default: %(default)s",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="JSON", help="the table")
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps ...")


def _add_show(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("show", help="list the classes of a table and how frequent their looks are")
    parser.set_defaults(run=show)
    parser.add_argument("table", type=Path, metavar="JSON")


def add_feature_options(group: "argparse._ArgumentGroup") -> None:
    """What `maliang vid2vid` asks about instance features."""
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--features",
        type=Path,
        metavar="JSON",
        help="a table of looks (maliang features collect), for weights that take instance features",
    )
    which.add_argument(
        "--features-from",
        nargs=2,
        metavar=("PICTURE", "LABELS"),
        help="the looks of the instances in a picture, with its label map",
    )
    group.add_argument(
        "--choose",
        metavar="WORDS",
        help="of those looks: 'car=3 road=0@0 road=2@48 car#12=1 all=draw:7' (class or class#instance = number of the "
        "look, or draw:SEED, @frame; default: all=draw, one drawn for each instance)",
    )


def chosen_features(
    arguments: argparse.Namespace, generator: "Vid2VidGenerator", labels: "AnyStream"
) -> "FeatureCurve | None":
    """What the options of `add_feature_options` ask for; None: nothing."""
    from ..pipelines.feature_choice import parse_choice
    from ..pipelines.feature_tables import example_table, read_table

    if arguments.features is not None:
        table = read_table(arguments.features)
    elif arguments.features_from is not None:
        picture, source = arguments.features_from
        config, size = generator.config, (labels.height, labels.width)
        example = _labels_for(config, source, arguments.palette, size)
        table = example_table(generator, example, Path(picture))
    elif arguments.choose is not None:
        raise InputError("--choose chooses looks out of a table: give --features or --features-from")
    else:
        return None
    return parse_choice(table, arguments.choose or "")


def _labels_for(
    config: "GeneratorConfig", source: str, palette: str | None, size: tuple[int, int] | None
) -> "LabelStream":
    """Label maps in the network's palette, at `size` (None: their own)."""
    from ..models.labels.convert import ConvertedLabels
    from ..models.labels.palette import builtin_palette
    from ..models.labels.resize import ResizedLabels
    from ..pipelines.sources import open_label_source

    labels = open_label_source(source, palette=palette)
    if config.palette and labels.palette.name != config.palette:
        labels = ConvertedLabels(labels, builtin_palette(config.palette))
    if size is not None and size != (labels.height, labels.width):
        labels = ResizedLabels(labels, *size)
    return labels


def collect(arguments: argparse.Namespace) -> None:
    """`maliang features collect ...`"""
    from itertools import chain

    from ..pipelines.feature_tables import collect_features, footage_moments, save_table
    from ..pipelines.vid2vid import load_generator
    from ..weights.devices import choose_device
    from ..weights.folders import typed

    if arguments.footage and len(arguments.footage) != len(arguments.labels):
        raise InputError(
            f"{len(arguments.labels)} sources of label maps and {len(arguments.footage)} of pictures: give one each"
        )
    refuse_overwriting(arguments.out, [arguments.weights, *arguments.labels, *arguments.footage])
    generator = load_generator(typed(arguments.weights), choose_device(arguments.device))
    sources = [_labels_for(generator.config, s, arguments.palette, arguments.size) for s in arguments.labels]
    counts = [source.frame_count for source in sources]
    known = [count for count in counts if count is not None]
    pictures = arguments.footage or [None] * len(sources)
    moments: Iterator[Moment] = chain.from_iterable(map(footage_moments, sources, pictures))
    with progress_bar("features") as progress:
        table = collect_features(
            generator,
            sources[0].palette,
            moments,
            clusters=arguments.clusters,
            total=sum(known) if len(known) == len(counts) else None,
            progress=progress,
        )
    save_table(table, arguments.out)
    print(f"{arguments.out}: looks of {len(table.classes)} classes; maliang features show lists them")


def show(arguments: argparse.Namespace) -> None:
    """`maliang features show ...`"""
    from ..pipelines.feature_tables import read_table

    for looks in read_table(arguments.table).classes:
        shares = ", ".join(
            f"{number}: {100 * each.share:.0f} %" for number, each in enumerate(looks.clusters)
        )
        print(f"{looks.name} ({looks.id}): {shares}")
