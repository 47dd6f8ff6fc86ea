"""A few-shot network at work, to look at: where it looks, and what it warps, one sheet of pictures for each frame."""

from collections.abc import Generator
from contextlib import closing
from itertools import tee
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.codecs import codec_for
from ..media.pixels import to_file, to_model
from ..models.fewshot.frame import AttentionMaps, Exemplars
from ..models.fewshot.generator import FewShotGenerator
from ..models.fewshot.rollout import synthesize
from ..models.fewshot.views import attention_pictures, sheet, sheet_size, warp_pictures
from ..models.labels.drawn import show_drawn
from ..models.labels.frames import AnyFrame, AnyStream, DrawnFrame, is_drawn
from ..models.labels.preview import colorize
from ..progress import Progress, silent
from .clips import write_clip
from .fewshot import check_size, encode, looked_up, plane_of
from .fewshot_options import Prepared
from .vid2vid import known_labels

View = Literal["attention", "warp"]
"""Where each frame looks in the exemplars; what was warped to it."""
MOST_COLUMNS = 4

Sheets = Generator[NDArray[np.uint8], None, None]


def write_view(
    view: View,
    driver: AnyStream,
    generator: FewShotGenerator,
    prepared: Prepared,
    out: Path,
    *,
    codec: str | None = None,
    free: int | None = None,
    progress: Progress = silent,
) -> None:
    """A video of one sheet for every frame of `driver`; arguments as `fewshot.render_few_shot`."""
    sheets = attention_sheets if view == "attention" else warp_sheets
    with closing(sheets(driver, generator, prepared, free=free)) as pictures:
        write_clip(
            pictures,
            out,
            size=view_size(view, prepared),
            frame_rate=driver.frame_rate,
            total=driver.frame_count,
            codec=codec_for(out, codec),
            progress=progress,
        )


def view_size(view: View, prepared: Prepared) -> tuple[int, int]:
    """(height, width) of its sheets."""
    count, height, width = len(prepared.images), *prepared.images.shape[2:]
    pictures = 2 + count if view == "attention" else 12
    return sheet_size(pictures, _columns(view, count), (height, width))


def _columns(view: View, count: int) -> int:
    return MOST_COLUMNS if view == "warp" else min(2 + count, MOST_COLUMNS)


def attention_sheets(
    driver: AnyStream,
    generator: FewShotGenerator,
    prepared: Prepared,
    *,
    start: int = 0,
    free: int | None = None,
) -> Sheets:
    """For each frame from number `start` on: its map, which exemplar each region takes, and each exemplar under how
    much its places are used. uint8 `[H W 3]`.

    No frame is painted for it. InputError for a network that looks nothing up in so many exemplars.
    """
    check_size(generator.config, prepared, driver)
    exemplars = encode(generator, prepared, free)
    check_attention(generator, exemplars)
    with closing(known_labels(driver, start, generator.config.label_channels)) as frames:
        for frame in frames:
            maps = attention_of(generator, exemplars, plane_of(frame, generator.config))
            pictures = [_map(frame, driver), *attention_pictures(prepared.images, maps)]
            yield to_file(sheet(pictures, _columns("attention", exemplars.count)))


def check_attention(generator: FewShotGenerator, exemplars: Exemplars) -> None:
    """InputError for a network that looks nothing up in these exemplars."""
    if exemplars.memory is not None:
        return
    if generator.attention is None:
        raise InputError(
            "these weights have no attention: they take several exemplars as one; choose weights that mix by attention"
        )
    raise InputError(
        f"with {exemplars.count} exemplar these weights look nothing up; give {generator.config.attend_from} or more"
    )


def attention_of(generator: FewShotGenerator, exemplars: Exemplars, labels: Tensor) -> AttentionMaps:
    """Where a frame with the label map `[c h w]` looks, on the CPU."""
    found = looked_up(generator, exemplars, labels, tell_use=True)
    assert found is not None, "checked by check_attention"
    assert found.used is not None, "asked for"
    return AttentionMaps(found.share.float().cpu(), found.used.float().cpu())


def warp_sheets(
    driver: AnyStream, generator: FewShotGenerator, prepared: Prepared, *, free: int | None = None
) -> Sheets:
    """For each frame, in three rows: its map, what was painted before anything was blended in, and the frame; the
    chosen exemplar, its flow, itself warped, its mask; the same of the frame before. uint8 `[H W 3]`.
    """
    check_size(generator.config, prepared, driver)
    exemplars = encode(generator, prepared, free)
    before: Tensor | None = None
    with closing(known_labels(driver, 0, generator.config.label_channels)) as known:
        given, frames = tee(known)
        planes = (plane_of(frame, generator.config) for frame in given)
        for frame, made in zip(frames, synthesize(generator, exemplars, planes), strict=False):
            image, painted = made.frame.image[0].cpu(), made.frame
            black = torch.full_like(image, -1.0)
            raw = black if painted.raw is None else painted.raw[0].cpu()
            chosen = prepared.images[int(painted.chosen[0])]
            rows = [_map(frame, driver), raw, image, black, *warp_pictures(chosen, painted.exemplar)]
            rows += warp_pictures(black if before is None else before, painted.past)
            yield to_file(sheet(rows, _columns("warp", exemplars.count)))
            before = image


def _map(frame: AnyFrame, driver: AnyStream) -> Tensor:
    """A driver's map as people see it, `[3 h w]` in -1..1."""
    if isinstance(frame, DrawnFrame):
        return to_model(show_drawn(frame))
    assert not is_drawn(driver), "its frames are label maps"
    return to_model(colorize(frame.ids, driver.palette))
