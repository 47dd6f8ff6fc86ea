"""Weights that have a name: the table `presets.json`, read into frozen dataclasses."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from .config_json import from_json


@dataclass(frozen=True)
class Preset:
    """What all presets have."""

    name: str
    description: str
    """One line: what the network does, and for what input."""
    licence: str
    """Of the weights; "" where nobody stated one."""
    non_commercial: bool
    """The licence forbids commercial use: people are asked before a download."""


@dataclass(frozen=True)
class EmbeddedPreset(Preset):
    """Lies in the package."""

    file: str
    """In `weights/demo`."""
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class HubPreset(Preset):
    """A safetensors file of ours on the Hugging Face Hub."""

    repository: str
    """owner/name"""
    revision: str
    """Commit, 40 hexadecimal digits: what is downloaded never changes."""
    file: str
    """Path in the repository."""
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class OwnFilePreset(Preset):
    """Published in a format of its own, some no more to be had at a stable address: the user brings and converts it."""

    file: str
    """Name under which it was published."""
    size: str
    """Rough, for a reader: "2.9 GB"."""
    page: str
    """Address where it was published."""
    converter: str
    """Key of `convert.CONVERTERS`."""
    command: str
    """What makes weights of ours out of it."""

    @property
    def advice(self) -> str:
        """What the user can do."""
        return (
            f"{self.name}: Maliang doesn't download it; if you have {self.file} (published at {self.page}), make it "
            f"ours with: {self.command}, and put {self.name}.safetensors into a model folder"
        )


AnyPreset = EmbeddedPreset | HubPreset | OwnFilePreset


@dataclass(frozen=True)
class PresetTable:
    """All presets, by where they are to be had. Names are unique."""

    embedded: tuple[EmbeddedPreset, ...]
    hub: tuple[HubPreset, ...]
    own: tuple[OwnFilePreset, ...]

    def __iter__(self) -> Iterator[AnyPreset]:
        yield from self.embedded
        yield from self.hub
        yield from self.own

    def find(self, name: str) -> AnyPreset | None:
        return next((preset for preset in self if preset.name == name), None)


def builtin_presets() -> PresetTable:
    """The table that comes with the package."""
    text = (files(__package__) / "presets.json").read_text("utf-8")
    return from_json(PresetTable, text, "presets.json")
