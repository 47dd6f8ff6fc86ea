"""A world as a stream of label maps, and the texts that name it: `world:street?seed=7&frames=48&size=256x128`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from itertools import count
from typing import NamedTuple
from urllib.parse import parse_qsl

import torch

from ...errors import InputError
from ...models.labels.frames import LabelFrame
from ...models.labels.palette import Palette, builtin_palette
from .face_art import ARTS, Art
from .faces import FaceWorld
from .frame import WorldFrame
from .looks import LOOKS
from .puppets import PuppetWorld
from .stage_looks import STAGE_LOOKS
from .street import StreetWorld

VERSION = 1
"""Goes up when the same spec draws a different world."""
_KEYS = ("seed", "frames", "size", "look", "fps")
_LARGEST = 8192
_SMALLEST = 16

World = StreetWorld | FaceWorld | PuppetWorld


class _Kind(NamedTuple):
    """What can be said about the worlds of one name."""

    size: str
    looks: tuple[str, ...]
    choices: tuple[str, ...]
    """What can be chosen beside `_KEYS`."""
    palette: str


_KINDS = {
    "world:street": _Kind("256x128", LOOKS, (), "cityscapes"),
    "world:faces": _Kind("128x128", STAGE_LOOKS, ("subject", "art"), "celebamask_hq"),
    "world:puppets": _Kind("128x192", STAGE_LOOKS, ("subject", "clothes"), "densepose"),
}
_EXAMPLES = "for example world:street?seed=7&look=night"


@dataclass(frozen=True)
class WorldStream:
    """The label maps of a world: a `LabelStream` that also knows the truth."""

    world: World
    frame_count: int | None = 120
    """None: without end."""

    @property
    def palette(self) -> Palette:
        kind = {StreetWorld: "street", FaceWorld: "faces", PuppetWorld: "puppets"}[type(self.world)]
        return builtin_palette(_KINDS[f"world:{kind}"].palette)

    @property
    def height(self) -> int:
        return self.world.height

    @property
    def width(self) -> int:
        return self.world.width

    @property
    def frame_rate(self) -> Fraction:
        return Fraction(self.world.frame_rate)

    @property
    def fingerprint(self) -> str:
        return blake2b(f"{VERSION} {self!r}".encode(), digest_size=16).hexdigest()

    def truth(self, start: int = 0) -> Iterator[WorldFrame]:
        """Pictures with all that is true about them, from frame `start` on."""
        numbers = count(start) if self.frame_count is None else range(start, self.frame_count)
        return (self.world.render(t) for t in numbers)

    def frames(self, start: int = 0) -> Iterator[LabelFrame]:
        for frame in self.truth(start):
            yield LabelFrame(torch.from_numpy(frame.ids), torch.from_numpy(frame.instances))


def open_world(spec: str) -> WorldStream:
    """Read `world:street?seed=7&frames=48&size=256x128&look=night&fps=24`; every part after the name may be left out.

    Worlds: street, faces, puppets. Left out: seed 0, 120 frames (`frames=endless`: no end), 256x128 (faces 128x128,
    puppets 128x192), a look drawn from the seed, 24 frames a second. Faces and puppets also take `subject=12`: who it
    is, while the seed says what they do (left out: the seed says both); faces `art=oil` or `art=marble`; puppets
    `clothes=5`: those of that dancer. Every mistake is an `InputError`.
    """
    name, _, query = spec.partition("?")
    if name not in _KINDS:
        raise InputError(f"no world {name!r}; there is: {', '.join(_KINDS)} ({_EXAMPLES})")
    kind = _KINDS[name]
    given = _settings(spec, query, (*_KEYS, *kind.choices))
    width, height = _size(spec, given.get("size", kind.size))
    look = given.get("look")
    if look is not None and look not in kind.looks:
        raise InputError(f"{spec!r}: no look {look!r}; there are: {', '.join(kind.looks)}")
    seed = _whole(spec, "seed", given.get("seed", "0"), least=0)
    frames = given.get("frames", "120")
    length = None if frames == "endless" else _whole(spec, "frames", frames, least=1)
    rate = _rate(spec, given.get("fps", "24"))
    if name == "world:street":
        return WorldStream(StreetWorld(seed, look, width, height, rate), length)
    subject = _number(spec, "subject", given)
    if name == "world:puppets":
        clothes = _number(spec, "clothes", given)
        return WorldStream(PuppetWorld(seed, look, width, height, rate, subject, clothes), length)
    return WorldStream(FaceWorld(seed, look, width, height, rate, subject, _art(spec, given)), length)


def _settings(spec: str, query: str, known: tuple[str, ...]) -> dict[str, str]:
    """What follows the '?', each setting once and none that isn't known."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as error:
        raise InputError(f"{spec!r}: write what follows the '?' as key=value, joined by '&'") from error
    given = dict(pairs)
    for key, _ in pairs:
        if key not in known:
            raise InputError(f"{spec!r}: no setting {key!r}; there are: {', '.join(known)}")
    if len(given) < len(pairs):
        raise InputError(f"{spec!r}: each setting may be given once only")
    return given


def _number(spec: str, key: str, given: dict[str, str]) -> int | None:
    return _whole(spec, key, given[key], least=0) if key in given else None


def _art(spec: str, given: dict[str, str]) -> Art | None:
    chosen = given.get("art")
    for art in ARTS:
        if chosen == art:
            return art
    if chosen is not None:
        raise InputError(f"{spec!r}: no art {chosen!r}; there are: {', '.join(ARTS)}")
    return None


def _whole(spec: str, key: str, text: str, least: int) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < least:
        raise InputError(f"{spec!r}: {key} must be a whole number of {least} or more, not {text!r}")
    return int(text)


def _size(spec: str, text: str) -> tuple[int, int]:
    parts = re.fullmatch(r"([0-9]{1,6})x([0-9]{1,6})", text)
    sizes = (int(parts[1]), int(parts[2])) if parts else (0, 0)
    if not all(_SMALLEST <= n <= _LARGEST and n % 2 == 0 for n in sizes):
        raise InputError(
            f"{spec!r}: size must be WIDTHxHEIGHT, both even and between {_SMALLEST} and {_LARGEST}, not {text!r}"
        )
    return sizes


def _rate(spec: str, text: str) -> Fraction:
    if re.fullmatch(r"[0-9]{1,6}(/[1-9][0-9]{0,5}|\.[0-9]{1,6})?", text) and 1 <= Fraction(text) <= 240:
        return Fraction(text)
    raise InputError(f"{spec!r}: fps must be a number from 1 to 240, such as 24 or 30000/1001, not {text!r}")
