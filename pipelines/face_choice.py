"""Which known face each part of the first face shall look like: "all=nearest", "all=12 mouth=3", "skin=draw:7".

What stands before "=" is `all`, or a part of the face (`inner_mouth`); the part counts more. After it comes the number
of a known face (0 is the first); `nearest`, the known face that is most like the clip's own, over all parts together;
`own`, the clip's own, as if nothing were known; or `draw`, `draw:SEED`, a known face by chance. Without a word about
`all` that is `nearest`, as in the reference. What a clip begins with it keeps: there is no change over time.
"""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from ..models.labels.faces import PARTS
from ..models.labels.frames import DrawnFrame
from ..models.vid2vid.feature_tables import uniform
from ..models.vid2vid.first_frame import nearest_style
from ..models.vid2vid.generator import Vid2VidGenerator
from .face_looks import FaceLooks, face_style, fitting_styles, style_network

_WORD = re.compile(
    r"(?P<part>[^=#@]+)=(?:(?P<face>[0-9]{1,9})|(?P<how>nearest|own)|draw(?::(?P<seed>[0-9]{1,12}))?)"
)
_EXAMPLE = "write for example all=nearest, all=12 mouth=3 or all=draw:7"
_ALL = "all"


class Pick(NamedTuple):
    """What a part looks like."""

    how: Literal["own", "nearest", "known"]
    face: int = 0
    """Number of the known face, where it is one."""


@dataclass(frozen=True, eq=False)
class FaceChoice:
    """Whose parts the first face has."""

    looks: FaceLooks
    picks: tuple[Pick, ...]
    """One for each of `faces.PARTS`."""

    def style(self, generator: Vid2VidGenerator, face: DrawnFrame) -> Tensor:
        """Numbers of every part, `[parts c]`, for the first face of a clip.

        Its picture is looked at only where a part shall be its own, or the nearest of several. InputError for looks of
        other weights, and where there is no picture.
        """
        known = fitting_styles(self.looks, generator)
        hows = {pick.how for pick in self.picks}
        compared = "nearest" in hows and len(known) > 1
        own = face_style(style_network(generator), face) if compared or "own" in hows else known[0]
        nearest = nearest_style(own, known, _present(face)) if compared else 0
        rows = [nearest if pick.how == "nearest" else pick.face for pick in self.picks]
        chosen = [
            own[part] if pick.how == "own" else known[row, part]
            for part, (pick, row) in enumerate(zip(self.picks, rows, strict=True))
        ]
        return torch.stack(chosen)


def parse_faces(looks: FaceLooks, text: str = "", seed: int = 0) -> FaceChoice:
    """What a person wrote, for known faces; `seed`: of draws that don't say theirs.

    InputError for words that are none, parts that a face doesn't have, faces that aren't known, and a part named twice.
    """
    read = [_read(word, len(looks.styles), seed) for word in text.replace(",", " ").split()]
    picks = dict(read)
    if len(picks) < len(read):
        raise InputError(
            f"features {text!r}: says twice what a part looks like; a face keeps what it begins with"
        )
    rest = picks.pop(_ALL, Pick("nearest"))
    return FaceChoice(looks, tuple(picks.get(part, rest) for part in PARTS))


def _read(word: str, count: int, seed: int) -> tuple[str, Pick]:
    match = _WORD.fullmatch(word)
    if match is None:
        raise InputError(f"features: {word!r} is no choice for a face; {_EXAMPLE}")
    part = match["part"].replace("_", " ")
    if part not in (_ALL, *PARTS):
        known = ", ".join(each.replace(" ", "_") for each in PARTS)
        raise InputError(f"features: a face has no {match['part']!r}; it has {_ALL}, {known}")
    if match["how"] is not None:
        return part, Pick("own" if match["how"] == "own" else "nearest")
    if match["face"] is None:
        return part, Pick("known", int(uniform((int(match["seed"] or seed),), 1)[0, 0] * count))
    if int(match["face"]) >= count:
        raise InputError(f"features: face {match['face']} is not known; there are 0 to {count - 1}")
    return part, Pick("known", int(match["face"]))


def _present(face: DrawnFrame) -> Tensor:
    """Which parts a drawn face shows, bool `[parts]`."""
    if face.parts is None:
        raise InputError("these weights begin with a face; give landmarks of a face, or the first pictures")
    return torch.bincount(face.parts.flatten().long(), minlength=len(PARTS)) > 0
