"""Exemplars of few-shot networks as options: whom, and how they are shown. Shared by all that take them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .numbers import at_least, size

if TYPE_CHECKING:
    from ..models.fewshot.config import FewShotConfig
    from ..pipelines.fewshot import Given
    from ..pipelines.fewshot_subjects import SubjectFiles


def add_subject(group: argparse._ArgumentGroup, required: bool) -> None:
    """Whom it happens to, for `subject_files`; required: whether the parser insists on it."""
    group.add_argument(
        "--exemplars",
        required=required,
        nargs="+",
        metavar="PICTURE",
        help="pictures of the subject, folders of them, clips, or a world such as 'world:faces?subject=12'",
    )
    group.add_argument(
        "--exemplar-labels",
        "--exemplar-landmarks",
        nargs="+",
        default=[],
        metavar="SOURCE",
        help="landmarks, keypoints or label maps of each; without them they are looked for",
    )
    group.add_argument(
        "--exemplar-densepose", nargs="+", type=Path, default=[], metavar="CLIP", help="DensePose of each"
    )
    group.add_argument(
        "--exemplar-frames",
        nargs="+",
        type=at_least(0),
        metavar="N",
        help="frames of each to take, counted from 0 (default: all of a folder, the first of a clip or a world)",
    )
    group.add_argument(
        "--finder",
        metavar="NAME",
        help="what looks for them: a pose network (for faces one of 133 points), or a segmenter, as maliang labels "
        "pose, face and segment take them",
    )


def add_inputs(group: argparse._ArgumentGroup) -> None:
    """How exemplars, and drivers after them, are shown to a network, for `open_given`."""
    group.add_argument(
        "--size", type=size, metavar="WxH", help="of the video (default: what such networks were trained at)"
    )
    group.add_argument(
        "--framing",
        choices=("whole", "fixed", "follow"),
        help="show whole pictures, a fixed box around the subject of the first frame, or a window that follows the "
        "subject (default: fixed; whole where all are worlds)",
    )
    group.add_argument(
        "--one-box", action="store_true", help="cut all exemplars of a face with the first one's box"
    )
    group.add_argument(
        "--face-lines", action="store_true", help="draw faces of bodies, for weights trained with them"
    )
    group.add_argument("--basic-points", action="store_true", help="bodies without hands and feet")
    group.add_argument(
        "--around", nargs="+", default=[], metavar="CLASS", help="cut label maps around these classes"
    )
    group.add_argument("--palette", metavar="NAME|JSON", help="what ids or colours of label maps mean")


def add_shaping(group: argparse._ArgumentGroup) -> None:
    """What becomes of a driver's shape, for `open_given`."""
    group.add_argument(
        "--proportions",
        choices=("own", "clip", "causal"),
        help="the driver keeps its own, or takes on the subject's: measured over the whole clip, or frame by frame, "
        "faces only (default: as the network was trained)",
    )
    group.add_argument(
        "--steady",
        choices=("off", "centred", "late"),
        default="off",
        help="calm the landmarks of faces by the median of five frames; default: %(default)s",
    )
    group.add_argument(
        "--place", action="store_true", help="put a driving body where the first exemplar's stands"
    )


def subject_files(arguments: argparse.Namespace) -> "SubjectFiles":
    """What the options of `add_subject` name."""
    from ..pipelines.fewshot_subjects import SubjectFiles

    return SubjectFiles(
        pictures=tuple(arguments.exemplars),
        labels=tuple(arguments.exemplar_labels),
        densepose=tuple(arguments.exemplar_densepose),
        frames=None if arguments.exemplar_frames is None else tuple(arguments.exemplar_frames),
        palette=arguments.palette,
    )


def open_given(
    arguments: argparse.Namespace, config: "FewShotConfig", files: "SubjectFiles", driver: str | None = None
) -> "Given":
    """Exemplars, made as the options say; driver: what will lead them, where that is known."""
    from ..pipelines.fewshot import layout_of, network_inputs, usual_size
    from ..pipelines.fewshot_options import InputOptions
    from ..pipelines.fewshot_subjects import all_worlds, open_subject
    from ..weights.devices import choose_device

    worlds = all_worlds([*files.pictures, *([driver] if driver else [])])
    options = InputOptions(
        size=arguments.size or usual_size(config),
        layout=layout_of(config),
        framing=arguments.framing or ("whole" if worlds and not arguments.around else "fixed"),
        shape=getattr(arguments, "proportions", None),
        steady=getattr(arguments, "steady", "off"),
        one_box=arguments.one_box,
        place=getattr(arguments, "place", False),
        face_lines=arguments.face_lines,
        basic_points=arguments.basic_points,
        subject=tuple(arguments.around),
    )
    config.check_size(*options.size)
    device = choose_device(arguments.device)
    return open_subject(files, network_inputs(config), options, finder=arguments.finder, device=device)
