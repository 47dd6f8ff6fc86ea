"""What goes on inside a few-shot network, as pictures for people. Pictures are float `[3 h w]` in -1..1."""

import colorsys
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..flow.colorwheel import flow_picture
from .frame import AttentionMaps, Warped

GAP = 4
"""Pixels between the pictures of a sheet; even, as most codecs want sizes to be."""
DIMMED = 0.35
"""Brightness of an exemplar where nothing looks at it."""
FRAME = 2
"""Pixels of a frame around a picture; twice as many around the exemplar that is warped."""
GOLDEN = 0.618034
"""Turns of the colour circle from one exemplar's colour to the next one's."""


def exemplar_color(number: int) -> tuple[float, float, float]:
    """Which colour stands for an exemplar, red green blue in 0..1; neighbours differ much."""
    return colorsys.hsv_to_rgb((0.58 + GOLDEN * number) % 1.0, 0.75, 1.0)


def heat(picture: Tensor, used: Tensor) -> Tensor:
    """A picture under how much its places are used `[h' w']`: dim where not at all, then red, yellow, white."""
    height, width = picture.shape[1:]
    most = used.max()
    shares = used / most if most > 0 else used
    shares = F.interpolate(shares[None, None], (height, width), mode="bilinear", align_corners=False)[0]
    hot = torch.cat([(3 * shares - step).clamp(0, 1) for step in range(3)])
    dim = (picture + 1) / 2 * DIMMED
    return torch.maximum(dim, hot * shares.sqrt()) * 2 - 1


def regions(share: Tensor, size: Sequence[int]) -> Tensor:
    """Which exemplar each region takes, `[K h' w']` that sums up to 1 -> a picture of their colours, mixed."""
    colors = share.new_tensor([exemplar_color(k) for k in range(len(share))])
    mixed = torch.einsum("khw,kc->chw", share, colors)
    return F.interpolate(mixed[None], tuple(size), mode="nearest")[0].clamp(0, 1) * 2 - 1


def framed(picture: Tensor, color: tuple[float, float, float], wide: bool = False) -> Tensor:
    """A picture with a frame of a colour over its border."""
    across = FRAME * (2 if wide else 1)
    result = picture.new_tensor(color)[:, None, None].expand_as(picture) * 2 - 1
    result = result.clone()
    result[:, across:-across, across:-across] = picture[:, across:-across, across:-across]
    return result


def attention_pictures(images: Tensor, maps: AttentionMaps) -> list[Tensor]:
    """Of one frame: which exemplar each region takes, then every exemplar `[K 3 h w]` under its heat map.

    Each exemplar is framed in its colour; that most is taken of has a wide frame.
    """
    share, used = maps.share[0], maps.used[0]
    chosen = int(share.sum((1, 2)).argmax())
    shown = [
        framed(heat(image, places), exemplar_color(k), wide=k == chosen)
        for k, (image, places) in enumerate(zip(images, used, strict=True))
    ]
    return [regions(share, images.shape[2:]), *shown]


def warp_pictures(picture: Tensor, moved: Warped | None) -> list[Tensor]:
    """A picture, where its pixels went (colours of flow), itself warped, and the mask: white where it isn't trusted.

    Black where nothing was warped.
    """
    if moved is None:
        return [torch.full_like(picture, -1.0)] * 4
    colors = torch.from_numpy(flow_picture(moved.flow[0].cpu())).permute(2, 0, 1).float() / 127.5 - 1
    mask = moved.mask[0].cpu().expand(3, -1, -1) * 2 - 1
    return [picture, colors, moved.picture[0].cpu(), mask]


def sheet(pictures: Sequence[Tensor], columns: int) -> Tensor:
    """Pictures of one size in rows, `[3 H W]` with `sheet_size`; black between them and where there are none."""
    height, width = pictures[0].shape[1:]
    whole = torch.full((3, *sheet_size(len(pictures), columns, (height, width))), -1.0)
    for number, picture in enumerate(pictures):
        top, left = number // columns * (height + GAP), number % columns * (width + GAP)
        whole[:, top : top + height, left : left + width] = picture
    return whole


def sheet_size(pictures: int, columns: int, size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a sheet of pictures of `size`."""
    rows = -(-pictures // columns)
    return rows * (size[0] + GAP) - GAP, columns * (size[1] + GAP) - GAP
