"""`maliang fewshot tune`: a network learns one subject from its exemplars, and what it learnt becomes a small file."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .fewshot_inputs import add_inputs, add_subject, open_given, subject_files
from .numbers import at_least
from .options import add_device, refuse_overwriting
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.fewshot.config import FewShotConfig
    from ..pipelines.fewshot import Given
    from ..training.fewshot_tuning import Tuning


def add_tune(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "tune",
        help="let a network learn a subject from its exemplars first",
        description="Let a few-shot network learn one subject: for some steps it paints each exemplar from the others "
        "(a single one from itself, moved) and is corrected. What changed of its weights becomes a small file, which "
        "maliang fewshot --delta adds to the same weights. An interrupted run goes on where it stopped when the same "
        "command is given again.",
    )
    parser.set_defaults(run=run_tune)
    add_subject(parser.add_argument_group("exemplars: whom it learns"), required=True)
    add_inputs(parser.add_argument_group("how they are shown to the network"))
    _add_check(parser.add_argument_group("check: is it worth it?"))
    _add_tuning(parser.add_argument_group("tuning"))
    result = parser.add_argument_group("result")
    result.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="the delta, such as me.delta.safetensors"
    )
    result.add_argument(
        "--dtype", choices=("fp32", "bf16", "fp16"), default="fp16", help="in the file; default: %(default)s"
    )


def _add_check(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--check",
        nargs="+",
        default=[],
        metavar="PICTURE",
        help="pictures of the subject, or a clip or a world that shows it, that nothing is learnt from",
    )
    group.add_argument(
        "--check-labels",
        nargs="+",
        default=[],
        metavar="SOURCE",
        help="what was found in each, as of exemplars",
    )
    group.add_argument(
        "--check-densepose", nargs="+", type=Path, default=[], metavar="CLIP", help="DensePose of each"
    )
    group.add_argument(
        "--check-frames",
        nargs="+",
        type=at_least(0),
        metavar="N",
        help="frames of each to paint, counted from 0 (default: all of a folder, the first of a clip or a world)",
    )


def _add_tuning(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--weights", required=True, metavar="NAME|FILE", help="of the network that is tuned")
    group.add_argument(
        "--steps", type=at_least(1), metavar="N", help="exemplars that it learns from (default: 100)"
    )
    group.add_argument("--rate", type=float, metavar="X", help="learning rate (default: 0.0005)")
    group.add_argument(
        "--rank",
        type=at_least(0),
        metavar="N",
        help="of the thin matrices that weights change by; 0: whole weights change, which makes a large file "
        "(default: 4)",
    )
    group.add_argument(
        "--layers",
        choices=("imaginaire", "nvlabs"),
        help="those that this published code tunes: imaginaire (default) the decoder and what makes its weights, "
        "nvlabs also every other layer on a way up",
    )
    group.add_argument("--seed", type=at_least(0), metavar="N", help="of all that is drawn (default: 0)")
    add_device(group)


def run_tune(arguments: argparse.Namespace) -> None:
    """`maliang fewshot tune ...`"""
    from ..media.outputs import writing
    from ..pipelines.fewshot import load_few_shot
    from ..pipelines.fewshot_tuning import origin_of, tune_few_shot
    from ..training.exports import prepare_export
    from ..training.fewshot_tuning_figures import figures_table
    from ..weights import locate
    from ..weights.delta import save_delta
    from ..weights.devices import DTYPES, choose_device
    from ..weights.folders import typed

    path, out = locate(typed(arguments.weights)), arguments.out
    refuse_overwriting(out, [path, *arguments.exemplars, *arguments.check])
    prepare_export(out)
    generator = load_few_shot(path, choose_device(arguments.device))
    given = open_given(arguments, generator.config, subject_files(arguments))
    check = _open_check(arguments, generator.config)
    with progress_bar("tune", unit="step") as progress:
        report = tune_few_shot(
            generator,
            given.prepared,
            origin_of(path),
            _tuning(arguments),
            check=None if check is None else check.prepared,
            checkpoint=out.with_suffix(".tuning"),
            dtype=DTYPES[arguments.dtype],
            progress=progress,
        )
    with writing(out):
        save_delta(out, report.delta, DTYPES[arguments.dtype])
    resumed = f", {report.resumed_at} of its steps from an earlier run" if report.resumed_at else ""
    print(figures_table(report.figures))
    print(f"{out}: {out.stat().st_size / 1e3:.0f} kB{resumed}; give it to maliang fewshot as --delta")


def _tuning(arguments: argparse.Namespace) -> "Tuning":
    """The usual one, with what the options say."""
    from dataclasses import replace

    from ..training.fewshot_tuning import DEFAULT

    options = {"steps": "steps", "learning_rate": "rate", "rank": "rank", "layers": "layers", "seed": "seed"}
    asked = {field: getattr(arguments, option) for field, option in options.items()}
    return replace(DEFAULT, **{field: value for field, value in asked.items() if value is not None})


def _open_check(arguments: argparse.Namespace, config: "FewShotConfig") -> "Given | None":
    """Pictures that are made as the exemplars are, though nothing is learnt from them."""
    from ..pipelines.fewshot_subjects import SubjectFiles

    if not arguments.check:
        if arguments.check_labels or arguments.check_densepose or arguments.check_frames:
            raise InputError("--check is missing: give the pictures that its labels and frames belong to")
        return None
    files = SubjectFiles(
        pictures=tuple(arguments.check),
        labels=tuple(arguments.check_labels),
        densepose=tuple(arguments.check_densepose),
        frames=None if arguments.check_frames is None else tuple(arguments.check_frames),
        palette=arguments.palette,
    )
    return open_given(arguments, config, files)
