"""Edits of a face: directions, each with a strength over time, added to the codes of a clip.

Source: Tzaban et al. 2022, section 3.3; rotemtzaban/STIT at fac087f, `editings/latent_editor.py`. There one direction
at a time is added with half the strength that was asked for, the same at every frame. Here a strength of 1 adds a
direction as it is, several add up, each follows its own curve; `reference_edit` gives the original's numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import InputError
from .directions import Direction
from .strengths import StrengthCurve


@dataclass(frozen=True)
class Edit:
    """One direction over time."""

    direction: Direction
    strength: StrengthCurve
    """In the direction's unit; frames are numbers of the clip's."""


def reference_edit(direction: Direction, strength: StrengthCurve) -> Edit:
    """The edit that the original program makes of this number."""
    return Edit(direction, strength.scaled(direction.reference_scale))


def edit_codes(codes: Tensor, edits: Sequence[Edit], frames: Sequence[int]) -> Tensor:
    """Codes `[n r w]` of frames by their numbers -> theirs with every edit, float64.

    InputError for a direction of styles, and for one whose rows or width are not those of the codes.
    """
    _, rows, width = codes.shape
    edited = codes.double()
    for edit in edits:
        step = row_steps(edit.direction, rows, width).to(codes.device)
        edited = edited + _strengths(edit, frames, edited)[:, None, None] * step
    return edited


def edit_styles(
    styles: Sequence[Tensor], convolution: Sequence[bool], edits: Sequence[Edit], frames: Sequence[int]
) -> list[Tensor]:
    """The same for the styles of a generator's layers, `[n s]` each; they keep their dtype.

    convolution: which of them belong to convolutions; the others, of toRGB layers, stay. InputError for a direction of
    codes, and for one of another number of styles.
    """
    lengths = [style.shape[1] for style, moves in zip(styles, convolution, strict=True) if moves]
    changed = list(styles)
    for edit in edits:
        vector = _style_vector(edit.direction, sum(lengths))
        parts = iter(torch.split(vector.to(styles[0].device, styles[0].dtype), lengths))
        strength = _strengths(edit, frames, styles[0])[:, None]
        changed = [
            style + strength * next(parts) if moves else style
            for style, moves in zip(changed, convolution, strict=True)
        ]
    return changed


def row_steps(direction: Direction, rows: int, width: int) -> Tensor:
    """What a strength of 1 adds to each row of codes `[rows width]`, float64: 0 to those that it doesn't move."""
    vector = direction.vector.double()
    if direction.space != "w":
        raise InputError(
            f"direction {direction.name!r}: moves styles, not codes; use it in the space of styles"
        )
    if vector.shape[1] != width or len(vector) not in (1, rows):
        raise InputError(
            f"direction {direction.name!r}: is of {len(vector)} rows of {vector.shape[1]} numbers, the codes have "
            f"{rows} of {width}: it belongs to another generator"
        )
    start, stop = direction.rows or (0, rows)
    if stop > rows:
        raise InputError(f"direction {direction.name!r}: moves rows up to {stop}, the codes have {rows}")
    steps = torch.zeros(rows, width, dtype=torch.float64)
    steps[start:stop] = vector.expand(rows, width)[start:stop]
    return steps


def check_generator(directions: Iterable[Direction], generator: str) -> None:
    """InputError for a direction that was found for another generator than that of `latent_space` `generator`."""
    for direction in directions:
        if not direction.belongs_to(generator):
            raise InputError(
                f"direction {direction.name!r} was found for another generator, in whose codes it means something "
                "else; take the generator that it belongs to, or find a direction for this one"
            )


def mean_code(codes: Iterable[Tensor]) -> Tensor:
    """Mean over a clip's codes, `[r w]` each -> `[r w]` in their dtype; for `freeze_rows`. InputError for none."""
    total, count = None, 0
    for code in codes:
        total, count = code if total is None else total + code, count + 1
    if total is None:
        raise InputError("there are no codes to take the mean of")
    return total / count


def freeze_rows(codes: Tensor, mean: Tensor, start: int) -> Tensor:
    """Codes `[n r w]` whose rows from `start` on are those of `mean [r w]`: fine detail that stays as it is."""
    if not 0 <= start <= codes.shape[1]:
        raise InputError(f"rows from {start} on can't be frozen: the codes have {codes.shape[1]}")
    return torch.cat([codes[:, :start], mean[start:].to(codes).expand(len(codes), -1, -1)], 1)


def reach(before: Tensor, after: Tensor, samples: Tensor) -> Tensor:
    """How far an edit goes, in standard deviations of what the generator has seen: `[n d]`, `[n d]`, `[k d]` -> `[n]`.

    What it has seen are `samples` that its mapping network makes. Along the way from `before` to `after`, how far from
    their mean does `after` lie, in units of their standard deviation? Of samples, one in 16,000 lies beyond `FAR`. 0
    where nothing is edited.
    """
    away = (after - before).double()
    length: Tensor = torch.linalg.vector_norm(away, dim=1, keepdim=True)
    unit = away / length.clamp(min=1e-12)
    seen = samples.double()
    mean = seen.mean(0)
    spread = ((seen - mean) @ unit.T).std(0).clamp(min=1e-12)
    place: Tensor = ((after.double() - mean) * unit).sum(1)
    return place.abs() / spread


FAR = 4.0
"""`reach` beyond which pictures are no longer to be trusted."""


def _strengths(edit: Edit, frames: Sequence[int], like: Tensor) -> Tensor:
    return like.new_tensor([edit.strength.at(frame) for frame in frames])


def _style_vector(direction: Direction, count: int) -> Tensor:
    if direction.space != "style":
        raise InputError(
            f"direction {direction.name!r}: moves codes, not styles; use it in the space of codes"
        )
    if len(direction.vector) != count:
        raise InputError(
            f"direction {direction.name!r}: is of {len(direction.vector)} styles, the generator's convolutions have "
            f"{count}: it belongs to another generator"
        )
    return direction.vector
