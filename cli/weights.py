"""`maliang weights`: what there is, get it, convert published files, look into a file, check it."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..weights.delta import DeltaFacts
    from ..weights.file import WeightsInfo
    from ..weights.presets import AnyPreset, HubPreset, OwnFilePreset


KINDS = (
    "vid2vid", "fewshot", "fewshot-raw", "flownet2", "stylegan2", "e4e", "bisenet", "lpips", "vgg19", "vqgan",
    "directions", "stit-directions", "interfacegan", "ganspace", "styleclip",
)  # fmt: skip
"""Those of `weights.converters.CONVERTERS`, whose import would take seconds."""


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = subparsers.add_parser("weights", help="list, download, convert and check weights")
    commands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    listing = commands.add_parser("list", help="presets and your own files, where they are, their licences")
    listing.set_defaults(run=run_list)
    listing.add_argument(
        "--published",
        action="store_true",
        help="published files that one brings oneself: where they are, their licences, what makes them ours",
    )

    getting = commands.add_parser("get", help="download a preset")
    getting.set_defaults(run=run_get)
    getting.add_argument("name", metavar="NAME", help="of a preset: maliang weights list")
    getting.add_argument(
        "--accept-licence",
        "--yes",
        action="store_true",
        help="accept a licence that forbids commercial use without being asked",
    )

    converting = commands.add_parser(
        "convert",
        help="make published checkpoints ours",
        description="Make one file of weights out of published checkpoints: all parts of one network, or the "
        "published zip as it is. No code in them is run.",
    )
    converting.set_defaults(run=run_convert)
    converting.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help=".pth, .pt, .pkl, .ckpt, .safetensors or a zip of them",
    )
    converting.add_argument(
        "--kind",
        choices=KINDS,
        help="what network it is; default: what the names of its entries tell. fewshot-raw: of imaginaire's file the "
        "weights as they were learnt, in place of their moving average; stylegan2 also takes the generator out of an "
        "e4e file",
    )
    converting.add_argument("--out", required=True, type=Path, metavar="FILE", help="NEW.safetensors")
    converting.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="of a zip take only these, such as '*2048*'",
    )
    converting.add_argument("--dtype", choices=("fp32", "bf16", "fp16"), help="default: as published")
    converting.add_argument(
        "--licence", metavar="TEXT", help="of the weights; default: that of the published ones"
    )
    converting.add_argument(
        "--source", metavar="TEXT", help="where they come from; default: the original project"
    )

    for name, run, text in (
        ("info", run_info, "what a file of weights says about itself"),
        (
            "verify",
            run_verify,
            "read all of a file: is it whole, does it fit its network, are its numbers finite",
        ),
    ):
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=run)
        command.add_argument("weights", metavar="NAME|FILE")


def run_list(arguments: argparse.Namespace) -> None:
    """`maliang weights list`"""
    from ..weights.folders import list_files, search_folders
    from ..weights.presets import builtin_presets

    table = builtin_presets()
    if arguments.published:
        for preset in table.own:
            _print_table(_published(preset))
            print()
        return
    files = dict(list_files(search_folders()))
    rows = [(preset.name, _where(preset, files), preset.licence, preset.description) for preset in table]
    rows += [
        (name, "in a model folder", "", str(path)) for name, path in files.items() if table.find(name) is None
    ]
    _print_table([("name", "where", "licence", "what"), *rows])


def run_get(arguments: argparse.Namespace) -> None:
    """`maliang weights get`"""
    from ..weights import hub
    from ..weights.presets import EmbeddedPreset, OwnFilePreset, builtin_presets

    table = builtin_presets()
    preset = table.find(arguments.name)
    if preset is None:
        raise InputError(f"no preset {arguments.name!r}; there are: {', '.join(each.name for each in table)}")
    if isinstance(preset, OwnFilePreset):
        raise InputError(preset.advice)
    if isinstance(preset, EmbeddedPreset):
        print(f"{preset.name} is in the package")
        return
    path = hub.cached(preset)
    if path is None:
        print(f"{preset.name}: {_bytes(preset.size)} from {preset.repository}, licence {preset.licence}")
        accepted = arguments.accept_licence or _agrees(preset)
        with progress_bar(preset.name, "B") as progress:
            path = hub.download(preset, accept_licence=accepted, progress=progress)
    print(path)


def run_convert(arguments: argparse.Namespace) -> None:
    """`maliang weights convert`"""
    from ..weights.convert import convert_files
    from ..weights.converters import CONVERTERS
    from ..weights.devices import DTYPES

    with progress_bar("reading", "file") as progress:
        info = convert_files(
            arguments.files,
            arguments.out,
            CONVERTERS[arguments.kind]() if arguments.kind else None,
            only=arguments.only,
            licence=arguments.licence,
            source=arguments.source,
            dtype=DTYPES[arguments.dtype] if arguments.dtype else None,
            progress=progress,
        )
    _print_table(_facts(info))


def run_info(arguments: argparse.Namespace) -> None:
    """`maliang weights info`"""
    from ..weights import inspect, locate
    from ..weights.delta import read_facts
    from ..weights.folders import typed

    path = locate(typed(arguments.weights))
    delta = read_facts(path)
    _print_table(_facts(inspect(path)) if delta is None else _delta_facts(path, delta))


def run_verify(arguments: argparse.Namespace) -> None:
    """`maliang weights verify`"""
    from ..weights import inspect, locate, read
    from ..weights.digest import sha256_of
    from ..weights.folders import demo_folder, typed
    from ..weights.presets import builtin_presets

    path = locate(typed(arguments.weights))
    read(path)
    digest, tensors = sha256_of(path), len(inspect(path).tensors)
    print(f"{path}: whole; its {tensors} tensors fit the network, every number is finite")
    known = [preset for preset in builtin_presets().embedded if demo_folder() / preset.file == path]
    if any(preset.sha256 != digest for preset in known):
        raise InputError(
            f"{path}: sha256 {digest} is not that of the preset {known[0].name}; install the package anew"
        )
    print(f"sha256 {digest}{f', as published for {known[0].name}' if known else ''}")


def _agrees(preset: "HubPreset") -> bool:
    """Ask at a terminal for consent to a licence that forbids commercial use; without one, nobody consents."""
    if not preset.non_commercial or not sys.stdin.isatty():
        return False
    if input("Its licence forbids commercial use. Download it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise InputError("nothing was downloaded")
    return True


def _published(preset: "OwnFilePreset") -> list[tuple[str, str]]:
    return [
        (preset.name, preset.description),
        ("  file", f"{preset.file} ({preset.size})"),
        ("  page", preset.page),
        ("  licence", preset.licence),
        ("  becomes ours by", preset.command),
    ]


def _where(preset: "AnyPreset", files: dict[str, Path]) -> str:
    from ..weights.folders import demo_folder
    from ..weights.hub import find_cached
    from ..weights.presets import EmbeddedPreset, HubPreset

    own = files.get(preset.name)
    if isinstance(preset, EmbeddedPreset) and own in (None, demo_folder() / preset.file):
        return "in the package" if own else "missing from this package"
    if own is not None:
        return "in a model folder"
    if isinstance(preset, HubPreset):
        return "downloaded" if find_cached(preset) else f"not downloaded ({_bytes(preset.size)})"
    return "bring your own file"


def _facts(info: "WeightsInfo") -> list[tuple[str, str]]:
    config = [
        (f"  {field.name}", str(each))
        for field in fields(info.config)
        for each in _each(getattr(info.config, field.name))
    ]
    return [
        ("file", str(info.path)),
        ("size", _bytes(info.bytes)),
        ("architecture", info.architecture),
        ("parameters", f"{info.parameters:,} in {len(info.tensors)} tensors"),
        ("dtype", info.dtype),
        ("licence", info.licence or "not stated"),
        ("source", info.source or "not stated"),
        *([("notes", info.notes)] if info.notes else []),
        ("config", ""),
        *config,
    ]


def _delta_facts(path: Path, facts: "DeltaFacts") -> list[tuple[str, str]]:
    return [
        ("delta", str(path)),
        ("size", _bytes(path.stat().st_size)),
        ("tuned", facts.architecture),
        ("from", facts.base_source or "not stated"),
        ("sha256", f"{facts.base} of those weights"),
        ("licence", facts.licence or "not stated"),
        ("tuning", facts.tuning),
        ("figures", facts.figures),
    ]


def _each(value: Any) -> Sequence[Any]:
    """What a field of a config is shown as: a line for each of several parts, such as directions, else one."""
    parts = isinstance(value, tuple) and any(map(is_dataclass, value))
    return value if parts else (value,)


def _print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """Columns as wide as they need to be, the last one as long as it is."""
    rows = [tuple("".join(c if c.isprintable() else "?" for c in cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    for row in rows:
        print(
            *(cell.ljust(width) for cell, width in zip(row, widths, strict=False)),
            row[-1],
            sep="  ",
            flush=True,
        )


def _bytes(count: int) -> str:
    """1276175488 as "1.3 GB"."""
    for power, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= power:
            return f"{count / power:.1f} {unit}"
    return f"{count} B"
