"""What fine-tuning changed of a network: a small file that belongs to the weights which it was made for.

It holds the state dict of a `models.layers.low_rank.LowRankUpdate`: `left.` and `right.`, or `whole.`, and the name of
a parameter, in which slashes stand for dots.
"""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import InputError
from ..models.layers.low_rank import LowRankUpdate, merge
from .config_json import to_json
from .file import open_weights, replacing
from .metadata import check_bounds
from .strict import check_entries, fitted

DELTA_VERSION = "1"
"""Of the layout of such a file."""

NetworkT = TypeVar("NetworkT", bound=nn.Module)


@dataclass(frozen=True)
class DeltaFacts:
    """What a file says about itself; every text is required."""

    architecture: str
    """Of the network, an id in `architectures.ARCHITECTURES`."""
    base: str
    """`fingerprint` of the network before it was tuned."""
    base_source: str
    """Where that network comes from, for people."""
    licence: str
    tuning: str
    """JSON: how it was tuned."""
    figures: str
    """JSON: what it was worth."""


@dataclass(frozen=True, eq=False)
class Delta:
    """What is added to a network."""

    facts: DeltaFacts
    entries: Mapping[str, Tensor]
    """As in the file, float32 in memory."""


def fingerprint(network: nn.Module) -> str:
    """sha256 over config, names, shapes and values of a network, the latter as float32: 64 hexadecimal digits.

    A file whose numbers are stored in half precision and one that holds the same numbers in float32 are one network;
    one that was rounded to half precision is another. About one second a gigabyte.
    """
    digest = hashlib.sha256(to_json(network.config).encode())
    for name, value in sorted(network.state_dict().items()):
        digest.update(f"{name} {list(value.shape)}".encode())
        plain = value.detach().cpu().float().contiguous()
        digest.update(plain.flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


@torch.no_grad()
def apply_delta(network: NetworkT, delta: Delta, where: str, dtype: torch.dtype = torch.float32) -> NetworkT:
    """A copy of a float32 network with what tuning changed, in `dtype`.

    InputError, beginning with `where`: the delta belongs to other weights, its entries don't fit the network, or the
    sums are not finite in `dtype`. Memory: the network once more.
    """
    if fingerprint(network) != delta.facts.base:
        raise InputError(
            f"{where}: was tuned for other weights than these ({delta.facts.base_source[:200]}; sha256 "
            f"{delta.facts.base[:12]}); load those, or tune these anew"
        )
    changed = deepcopy(network)
    parameters = dict(changed.named_parameters())
    update = _update_of(delta.entries, parameters, where)
    merge(changed, update.changes())
    for name in update.shapes:
        fitted(name, parameters[name], parameters[name], dtype, where)
    return changed.to(dtype)


def _update_of(entries: Mapping[str, Tensor], parameters: Mapping[str, Tensor], where: str) -> LowRankUpdate:
    """The update whose state dict `entries` is; InputError where it is none of a network with these parameters.

    Nothing is made that isn't smaller than the weights: a forged file can't ask for more memory than there is.
    """
    names = dict.fromkeys(key.partition(".")[2].replace("/", ".") for key in entries)
    unknown = [name for name in names if name not in parameters]
    if unknown or not names:
        what = (
            f"changes {unknown[0][:80]!r}, which this network doesn't have" if unknown else "changes nothing"
        )
        raise InputError(f"{where}: {what}; refused")
    ranks = [len(entry) for key, entry in entries.items() if key.startswith("right.") and entry.dim()]
    update = LowRankUpdate({name: parameters[name] for name in names}, max(ranks, default=0))
    check_entries(update.state_dict(), {key: entry.shape for key, entry in entries.items()}, where, "delta")
    update.load_state_dict(dict(entries))
    return update


def rounded(delta: Delta, dtype: torch.dtype, where: str) -> Delta:
    """The delta as a file in `dtype` gives it back. InputError for numbers that are not finite there."""
    entries = {key: fitted(key, value, value, dtype, where).float() for key, value in delta.entries.items()}
    return Delta(delta.facts, entries)


def save_delta(path: Path, delta: Delta, dtype: torch.dtype = torch.float16) -> None:
    """Write a delta in `dtype`; the file appears under its name when it is whole.

    InputError for numbers that are not finite, and where the disk refuses it.
    """
    header = {"format": "pt", "delta_version": DELTA_VERSION}
    header |= {field.name: getattr(delta.facts, field.name) for field in fields(DeltaFacts)}
    check_bounds(header, str(path))
    entries = {
        key: fitted(key, value.detach(), value, dtype, str(path)).cpu().contiguous()
        for key, value in delta.entries.items()
    }
    with replacing(path) as temporary:
        try:
            save_file(entries, temporary, header)
        except SafetensorError as error:
            raise InputError(f"{path}: could not be written ({error}); is the disk full?") from error


def read_delta(path: Path) -> Delta:
    """What `save_delta` wrote. InputError for anything that is not a whole file of that kind, every number finite."""
    where = str(path)
    with open_weights(path) as file:
        facts = _facts_of(file.metadata(), where)
        read = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    number = torch.empty(0)
    return Delta(
        facts, {key: fitted(key, value, number, torch.float32, where) for key, value in read.items()}
    )


def read_facts(path: Path) -> DeltaFacts | None:
    """What a delta says about itself; None for a file of weights. InputError for what is no whole file."""
    with open_weights(path) as file:
        metadata = file.metadata()
        return _facts_of(metadata, str(path)) if "delta_version" in (metadata or {}) else None


def _facts_of(header: Mapping[str, str] | None, where: str) -> DeltaFacts:
    if not header or "delta_version" not in header:
        raise InputError(
            f"{where}: is no delta; give a file that maliang fewshot tune, or Tune On Exemplars, has written"
        )
    check_bounds(header, where)
    if header["delta_version"] != DELTA_VERSION:
        raise InputError(
            f"{where}: a delta of version {header['delta_version'][:20]}, this version of Maliang reads "
            f"{DELTA_VERSION}: update Maliang"
        )
    names = [field.name for field in fields(DeltaFacts)]
    missing = [name for name in names if name not in header]
    if missing:
        raise InputError(
            f"{where}: its metadata lacks {', '.join(missing)}; the file is damaged: get it again"
        )
    return DeltaFacts(*(header[name] for name in names))
