"""What a file of weights says about itself: text in the header of a safetensors file, bounded and complete."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import InputError

FORMAT_VERSION = 1
"""Of the metadata's layout; the network's own layout has its version in the architecture id."""
MAX_TEXT = 1 << 16
"""Characters of one entry."""
MAX_ENTRIES = 64

_TEXTS = ("architecture", "config", "licence", "source", "notes")


@dataclass(frozen=True)
class Metadata:
    """Every entry is required in a file, `notes` may be empty."""

    architecture: str
    """Id in `architectures.ARCHITECTURES`."""
    config: str
    """JSON of the architecture's config."""
    licence: str
    """Name or SPDX id of the licence of the weights, for example "CC-BY-NC-SA-4.0"."""
    source: str
    """Where the weights come from: a training command, a paper, a published file."""
    notes: str

    def to_header(self) -> dict[str, str]:
        """For a safetensors file. InputError for a text that is too long to be read back."""
        header = {"format": "pt", "format_version": str(FORMAT_VERSION)}
        header |= {name: getattr(self, name) for name in _TEXTS}
        check_bounds(header, "weights")
        return header

    @classmethod
    def from_header(cls, header: Mapping[str, str] | None, where: str) -> "Metadata":
        """Out of a safetensors file. InputError, beginning with `where`, for a file that is not one of ours."""
        if header and "delta_version" in header:
            raise InputError(
                f"{where}: holds what tuning changed of a network, but no network; give the weights that it belongs "
                "to, and this file as their delta"
            )
        if not header or "architecture" not in header or "format_version" not in header:
            raise InputError(
                f"{where}: a safetensors file of another kind (it does not say which Maliang network it holds); "
                f"published checkpoints become ours by: maliang weights convert FILE --out NEW.safetensors"
            )
        check_bounds(header, where)
        if header["format_version"] != str(FORMAT_VERSION):
            raise InputError(
                f"{where}: written in format version {header['format_version'][:20]}, this version of Maliang reads "
                f"{FORMAT_VERSION}: update Maliang"
            )
        missing = [name for name in _TEXTS if name not in header]
        if missing:
            raise InputError(
                f"{where}: its metadata lacks {', '.join(missing)}; the file is damaged: get it again"
            )
        return cls(*(header[name] for name in _TEXTS))


def check_bounds(header: Mapping[str, str], where: str) -> None:
    if len(header) > MAX_ENTRIES:
        raise InputError(f"{where}: {len(header)} metadata entries, more than {MAX_ENTRIES}; refused")
    for name, text in header.items():
        if len(name) + len(text) > MAX_TEXT:
            raise InputError(
                f"{where}: metadata {name[:40]!r} has {len(text)} characters, more than {MAX_TEXT}; refused"
            )
