"""`maliang features`: looks of instances and faces, for weights that are told; and the options that choose of them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import at_least, size
from .options import add_device, refuse_overwriting
from .terminal import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..models.labels.frames import AnyStream, DrawnFrame, LabelStream
    from ..models.vid2vid.config import GeneratorConfig
    from ..models.vid2vid.generator import Vid2VidGenerator
    from ..pipelines.face_looks import FaceLooks
    from ..pipelines.feature_tables import Moment
    from ..pipelines.looks import Choice, Looks


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("features", help="collect the looks that cars, roads, faces ... can have")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_collect(commands)
    _add_show(commands)


def _add_collect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "collect",
        help="read off footage what things look like, and cluster it class by class",
        description="Read off footage with label maps what the instances of each class look like to weights that take "
        "instance features, or off footage with landmarks what faces look like to weights that begin with a face, and "
        "write the most frequent looks, for maliang vid2vid --features.",
    )
    parser.set_defaults(run=collect)
    parser.add_argument("--weights", required=True, metavar="NAME|FILE", help="a preset or a file of weights")
    parser.add_argument(
        "--labels",
        required=True,
        nargs="+",
        metavar="SOURCE",
        help="folders or videos of label maps, or of landmarks for weights of faces; or worlds such as "
        "'world:street?seed=7', which bring their pictures",
    )
    parser.add_argument(
        "--footage",
        nargs="+",
        type=Path,
        default=[],
        metavar="CLIP",
        help="the pictures that they belong to, one clip or folder for every source",
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
        help="looks of a class, or faces, at most; default: %(default)s",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="JSON", help="the table")
    add_device(parser)


def _add_show(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("show", help="list the classes of a file and how frequent their looks are")
    parser.set_defaults(run=show)
    parser.add_argument(
        "looks", type=Path, metavar="FILE", help="of features collect, or a published features.npy"
    )


def add_feature_options(group: "argparse._ArgumentGroup") -> None:
    """What `maliang vid2vid` asks about looks."""
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--features",
        type=Path,
        metavar="FILE",
        help="looks (maliang features collect), for weights that take instance features; for weights that begin with a "
        "face those of faces, or the published features.npy",
    )
    which.add_argument(
        "--features-from",
        nargs=2,
        metavar=("PICTURE", "LABELS"),
        help="the looks in an example picture, with its label map, or the landmarks of its face",
    )
    group.add_argument(
        "--choose",
        metavar="WORDS",
        help="of those looks: 'car=3 road=0@0 road=2@48 car#12=1 all=draw:7' (class or class#instance = number of the "
        "look, or draw:SEED, @frame; default: all=draw, one drawn for each instance). Of faces: 'all=12 mouth=3' (part "
        "= number of the face, nearest, own or draw:SEED; default: all=nearest)",
    )


def chosen_features(
    arguments: argparse.Namespace, generator: "Vid2VidGenerator", labels: "AnyStream"
) -> "Choice | None":
    """What the options of `add_feature_options` ask for; None: nothing."""
    from ..pipelines.looks import choose, read_looks

    if arguments.features is not None:
        looks = read_looks(arguments.features)
    elif arguments.features_from is not None:
        looks = _example_looks(arguments, generator, (labels.height, labels.width))
    elif arguments.choose is not None:
        raise InputError("--choose chooses among looks: give --features or --features-from")
    else:
        return None
    return choose(looks, arguments.choose or "")


def _example_looks(
    arguments: argparse.Namespace, generator: "Vid2VidGenerator", size: tuple[int, int]
) -> "Looks":
    from itertools import islice

    from ..pipelines.face_looks import collect_faces
    from ..pipelines.feature_tables import example_table

    picture, source = arguments.features_from
    if not generator.config.palette:
        return collect_faces(generator, islice(_faces_of(generator.config, source, Path(picture), size), 1))
    return example_table(
        generator, _labels_for(generator.config, source, arguments.palette, size), Path(picture)
    )


def _faces_of(
    config: "GeneratorConfig", source: str, pictures: Path | None, size: tuple[int, int] | None
) -> "Iterator[DrawnFrame]":
    """Drawn faces with their pictures, as the network takes them, at `size` (None: that of the faces)."""
    from ..pipelines.drawn_sources import DrawingOptions, open_drawing

    drawing = open_drawing(source, DrawingOptions(footage=pictures, size=size), config.label_channels)
    config.check_size(drawing.height, drawing.width)
    return drawing.frames()


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
    from ..pipelines.looks import save_looks
    from ..pipelines.vid2vid import load_generator
    from ..weights.devices import choose_device
    from ..weights.folders import typed

    if arguments.footage and len(arguments.footage) != len(arguments.labels):
        raise InputError(
            f"{len(arguments.labels)} sources of label maps and {len(arguments.footage)} of pictures: give one each"
        )
    refuse_overwriting(arguments.out, [arguments.weights, *arguments.labels, *arguments.footage])
    generator = load_generator(typed(arguments.weights), choose_device(arguments.device))
    found = _collect_labelled if generator.config.palette else _collect_faces
    looks = found(arguments, generator)
    save_looks(looks, arguments.out)
    print(f"{arguments.out}: {_contents(looks)}; maliang features show lists them")


def _collect_labelled(arguments: argparse.Namespace, generator: "Vid2VidGenerator") -> "Looks":
    from itertools import chain

    from ..pipelines.feature_tables import collect_features, footage_moments

    sources = [_labels_for(generator.config, s, arguments.palette, arguments.size) for s in arguments.labels]
    counts = [source.frame_count for source in sources]
    known = [count for count in counts if count is not None]
    pictures = arguments.footage or [None] * len(sources)
    moments: Iterator[Moment] = chain.from_iterable(map(footage_moments, sources, pictures))
    with progress_bar("features") as progress:
        return collect_features(
            generator,
            sources[0].palette,
            moments,
            clusters=arguments.clusters,
            total=sum(known) if len(known) == len(counts) else None,
            progress=progress,
        )


def _collect_faces(arguments: argparse.Namespace, generator: "Vid2VidGenerator") -> "FaceLooks":
    from itertools import chain

    from ..pipelines.face_looks import collect_faces

    pictures = arguments.footage or [None] * len(arguments.labels)
    faces = [
        _faces_of(generator.config, source, clip, arguments.size)
        for source, clip in zip(arguments.labels, pictures, strict=True)
    ]
    with progress_bar("features") as progress:
        return collect_faces(
            generator, chain.from_iterable(faces), clusters=arguments.clusters, progress=progress
        )


def _contents(looks: "Looks") -> str:
    from ..models.vid2vid.feature_tables import FeatureTable

    if isinstance(looks, FeatureTable):
        return f"looks of {len(looks.classes)} classes"
    return f"looks of {len(looks.styles)} faces"


def show(arguments: argparse.Namespace) -> None:
    """`maliang features show ...`"""
    from ..models.labels.faces import PARTS
    from ..models.vid2vid.feature_tables import FeatureTable
    from ..pipelines.looks import read_looks

    looks = read_looks(arguments.looks)
    if not isinstance(looks, FeatureTable):
        count, _, numbers = looks.styles.shape
        print(f"faces 0 to {count - 1}, {numbers} numbers for each part: {', '.join(PARTS)}")
        return
    for each in looks.classes:
        shares = ", ".join(
            f"{number}: {100 * cluster.share:.0f} %" for number, cluster in enumerate(each.clusters)
        )
        print(f"{each.name} ({each.id}): {shares}")
