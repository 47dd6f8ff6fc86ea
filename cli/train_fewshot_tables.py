"""`maliang train evaluate-fewshot` and `ablate-fewshot`: what few-shot networks are worth, on subjects never seen."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .numbers import at_least, size
from .options import add_device, add_max_time
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..models.fewshot.generator import FewShotGenerator
    from ..models.vid2vid.generator import Vid2VidGenerator

SIDE_TRIALS, SHEET_TRIALS = 24, 3
"""Heads that attention is asked about, and those that are shown."""


def add_evaluate_fewshot(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "evaluate-fewshot",
        help="compare few-shot generators with simpler means on unseen subjects",
        description="Paint subjects of the procedural worlds that nobody trained on: with 1, 2, 4 and 8 exemplars, by "
        "vid2vid that knows other subjects, and by warping an exemplar; print how far each is from the truth. With "
        "--keep the same command goes on with an interrupted run. Needs OpenCV (extra `flow`).",
    )
    parser.set_defaults(run=run_evaluate_fewshot)
    parser.add_argument(
        "--weights",
        required=True,
        nargs="+",
        metavar="NAME|FILE",
        help="presets or files of few-shot weights, for faces, dancers or streets",
    )
    parser.add_argument(
        "--size",
        type=size,
        metavar="WxH",
        help="default: 128x128 (faces), 128x192 (dancers), 256x128 (streets)",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep what was measured in this folder, to go on from there"
    )
    _add_table(parser)


def add_ablate_fewshot(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "ablate-fewshot",
        help="train small few-shot networks without a part, and on fewer subjects, and compare them",
        description="Train the recipe face-fewshot-ablation, the same without attention and without weight generation, "
        "and on 4, 32 and 256 subjects in place of 2048; then print how each paints unseen ones. About an hour on "
        "one CPU core; the same command goes on with an interrupted run, and a finished one is only compared again. "
        "Needs OpenCV (extra `flow`).",
    )
    parser.set_defaults(run=run_ablate_fewshot)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/fewshot"),
        metavar="DIR",
        help="one folder a network, and what was measured; default: %(default)s",
    )
    add_max_time(parser)
    _add_table(parser)


def _add_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clips", type=at_least(1), default=12, metavar="N", help="subjects to paint; default: %(default)s"
    )
    parser.add_argument(
        "--frames", type=at_least(3), default=12, metavar="N", help="of each; default: %(default)s"
    )
    parser.add_argument(
        "--rival",
        metavar="NAME|FILE",
        help="vid2vid that knows other subjects (default: this package's face, dancer or street)",
    )
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE",
        help="also save a picture of what attention to two sides of a head looks like",
    )
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="also write it all to this file, as Markdown (.md)"
    )
    add_device(parser)


def run_evaluate_fewshot(arguments: argparse.Namespace) -> None:
    """`maliang train evaluate-fewshot ...`"""
    from ..pipelines.fewshot import load_few_shot
    from ..training.fewshot_report import MEASURES, circumstances
    from ..weights.devices import DTYPES, choose_device
    from ..weights.folders import typed

    _prepare(arguments)
    device = choose_device(arguments.device)
    loaded = [load_few_shot(typed(name), device, DTYPES["fp32"]) for name in arguments.weights]
    if arguments.rival is not None and len(loaded) > 1:
        raise InputError("--rival: is for one kind of subject; evaluate these weights one after the other")
    parts = [_evaluated(arguments, name, each) for name, each in zip(arguments.weights, loaded, strict=True)]
    _write(arguments, "Few-shot vid2vid on unseen subjects", [circumstances(device), *parts, MEASURES])


def _evaluated(arguments: argparse.Namespace, name: str, generator: "FewShotGenerator") -> str:
    """The tables of one file of weights."""
    from ..training.evaluate_fewshot import COUNTS, contestants, evaluate_fewshot, examination_of
    from ..training.fewshot_exams import unseen
    from ..training.fewshot_report import score_table
    from ..training.fewshot_scores import ScoreBook

    examination = examination_of(generator, arguments.frames, max(COUNTS), arguments.size)
    rival = _rival(arguments, examination.exam.rival, generator)
    book = ScoreBook(None if arguments.keep is None else arguments.keep / "scores.jsonl")
    with progress_bar("evaluate", unit="clip") as progress:
        rows = evaluate_fewshot(
            contestants(generator, rival), generator, examination, unseen(arguments.clips), book, progress
        )
    height, width = examination.size
    head = (
        f"## `{Path(name).name}`: {arguments.clips} {examination.exam.subject} that nobody trained on, "
        f"{arguments.frames} frames of each at {width}x{height}"
    )
    return "\n\n".join([head, score_table(rows), *_sides(arguments, generator, examination.size)])


def run_ablate_fewshot(arguments: argparse.Namespace) -> None:
    """`maliang train ablate-fewshot ...`"""
    from ..training.ablate_fewshot import (
        GIVEN,
        compare_fewshot_variants,
        train_fewshot_variants,
        whole_variant,
    )
    from ..training.fewshot_ablation import FACE_FEWSHOT_ABLATION, SIZE
    from ..training.fewshot_exams import FACES
    from ..training.fewshot_report import MEASURES, circumstances, score_table
    from ..training.loop import LoopOptions
    from ..weights.devices import choose_device

    _prepare(arguments)
    device = choose_device(arguments.device)
    options = LoopOptions(device, 0, 60, arguments.max_time)
    with progress_bar("train", unit="clip") as progress:
        whole = train_fewshot_variants(arguments.out, options, progress)
    if not whole:
        print(f"{arguments.out}: the time is over; the same command goes on")
        return
    network = whole_variant(arguments.out).to(device)
    rival = _rival(arguments, FACES.rival, network)
    with progress_bar("compare", unit="clip") as progress:
        tables = compare_fewshot_variants(
            arguments.out, rival, arguments.clips, arguments.frames, device, progress
        )
    clips = FACE_FEWSHOT_ABLATION.clips
    about = (
        f"{circumstances(device)}. Each network learnt from {clips} clips at {SIZE[1]}x{SIZE[0]} "
        f"(recipe `{FACE_FEWSHOT_ABLATION.name}` and its variants, one seed), then painted {arguments.clips} faces "
        f"that nobody trained on, {arguments.frames} frames of each. Vid2vid is "
        f"`{_name(arguments.rival, FACES.rival)}`, as it was trained."
    )
    parts = [
        about,
        f"## Parts of the method, and the number of exemplars\n\n{score_table(tables.parts)}",
        f"## The number of subjects trained on, {GIVEN[-1]} exemplars\n\n{score_table(tables.subjects, 'trained on')}",
        *_sides(arguments, network, SIZE),
        MEASURES,
    ]
    _write(arguments, "What each part of few-shot vid2vid is worth", parts)


def _prepare(arguments: argparse.Namespace) -> None:
    """Refuse names that nothing can be written to, before the work begins."""
    from ..media.outputs import prepare_file
    from ..training.sheets import prepare_sheet

    if arguments.table is not None:
        if arguments.table.suffix.lower() != ".md":
            raise InputError(f"{arguments.table}: is written as Markdown; give --table an ending .md")
        prepare_file(arguments.table)
    if arguments.sheet is not None:
        prepare_sheet(arguments.sheet)


def _rival(arguments: argparse.Namespace, usual: str, generator: "FewShotGenerator") -> "Vid2VidGenerator":
    from ..pipelines.vid2vid import load_generator
    from ..weights.devices import DTYPES
    from ..weights.folders import typed

    return load_generator(typed(arguments.rival or usual), generator.device, DTYPES["fp32"])


def _sides(
    arguments: argparse.Namespace, generator: "FewShotGenerator", painted: tuple[int, int]
) -> list[str]:
    """Of faces: whether attention picks the side; saves the picture."""
    from ..media.pixels import to_file
    from ..training.fewshot_report import sides_text
    from ..training.fewshot_sides import side_scores, side_sheet, side_trials
    from ..training.sheets import save_sheet

    if generator.config.kind != "face" or generator.attention is None:
        return []
    told = sides_text(side_scores(generator, side_trials(generator.config, painted, SIDE_TRIALS)))
    if arguments.sheet is not None:
        shown = side_sheet(generator, side_trials(generator.config, painted, SHEET_TRIALS))
        save_sheet(arguments.sheet, to_file(shown))
        print(f"{arguments.sheet}: left, right, driver, who is looked at, where in each, painted, truth")
    return [f"### Which side attention looks at\n\n{told}"]


def _write(arguments: argparse.Namespace, title: str, parts: list[str]) -> None:
    """Print the parts; with the command that makes them also to the file."""
    from ..media.outputs import write_whole, writing

    text = "\n\n".join(parts)
    print(text)
    if arguments.table is None:
        return
    with writing(arguments.table):
        whole = f"# {title}\n\n```\n{_command(arguments)}\n```\n\n{text}\n"
        write_whole(arguments.table, whole.encode())


def _name(given: str | None, usual: str) -> str:
    """Of weights, without the folder that they are in."""
    return usual if given is None else Path(given).name


def _command(arguments: argparse.Namespace) -> str:
    """What makes the same tables again."""
    words = ["maliang train"]
    if hasattr(arguments, "weights"):
        words += ["evaluate-fewshot --weights", *(Path(name).name for name in arguments.weights)]
        if arguments.size is not None:
            words.append("--size {1}x{0}".format(*arguments.size))
    else:
        words += ["ablate-fewshot"]
    if arguments.rival is not None:
        words.append(f"--rival {Path(arguments.rival).name}")
    return " ".join([*words, f"--clips {arguments.clips} --frames {arguments.frames}"])
