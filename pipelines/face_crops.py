"""Crops of a face out of a clip, and crops back into it: streams, one frame in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from ..errors import InputError
from ..media.clip import FrameReader, VideoFrame
from ..media.pixels import to_file, to_model
from ..models.faces.crop import crop_face, paste_change, paste_face, visible_share
from ..models.faces.landmarks import Points
from ..models.faces.masks import feathered
from ..models.faces.poisson import poisson_paste
from ..models.faces.track import Alignment

Pixels = NDArray[np.uint8]

FULL = 2
"""Channel of a picture of masks that says what is pasted; 0 is content, 1 border (`models.faces.masks.FaceMasks`)."""
_MUCH = 0.25
"""Share of a face's square outside of the picture that a user is told of."""


@dataclass(frozen=True)
class PasteOptions:
    """How crops are put back."""

    blend: Literal["alpha", "change", "poisson"] = "alpha"
    """alpha: the crop over the frame, by its mask. change: what differs from the source's crop is added to the frame,
    whose fine detail stays. poisson: the crop's gradients, the frame's colours on the mask's outline (OpenCV)."""
    feather: int = 0
    """Pixels of the crop over which the mask fades out inside of itself."""
    exact: bool = False
    """Sampled as the published pipeline does, which aliases; for `alpha` alone."""


def cut_crops(
    clip: FrameReader, alignment: Alignment, *, exact: bool = False, start: int = 0
) -> Iterator[Pixels]:
    """The crops uint8 `[s s 3]` from number `start` on; a clip that ends before the last is an InputError."""
    for k, frame in _shown(clip, alignment, start):
        yield cut_crop(frame.pixels, alignment.quads[k], alignment.size, exact)


def cut_crop(pixels: Pixels, quad: Points, size: int, exact: bool = False) -> Pixels:
    """One crop."""
    return to_file(crop_face(to_model(pixels)[None], quad, size, exact=exact)[0])


def pasted_frames(
    clip: FrameReader,
    alignment: Alignment,
    crops: Iterable[Pixels],
    masks: Iterable[Pixels] | None,
    options: PasteOptions,
    *,
    start: int = 0,
) -> Iterator[VideoFrame]:
    """Every frame of a clip from `start` on; those that don't show the face are as they are.

    crops, masks: of the frames that do, from `crops_before(alignment, start)` on; masks as pictures of three channels,
    None: the whole crop. InputError for fewer or more crops than frames that show the face.
    """
    edited = iter(crops)
    shapes = None if masks is None else iter(masks)
    k = crops_before(alignment, start)
    for number, frame in enumerate(clip.frames(start), start):
        if k < len(alignment.frames) and alignment.frames[k] == number:
            crop = next(edited, None)
            mask = None if shapes is None else next(shapes, None)
            if crop is None or (shapes is not None and mask is None):
                raise InputError(_too_few("crops" if crop is None else "masks", k, alignment))
            pixels = paste_crop(frame.pixels, crop, alignment.quads[k], mask, options)
            yield VideoFrame(pixels, frame.time)
            k += 1
        else:
            yield frame
    if k < len(alignment.frames):
        raise InputError(_too_short(k, alignment))
    if next(edited, None) is not None:
        raise InputError(
            f"there are more crops than the {len(alignment.frames)} frames that show the face; give one for each"
        )


def paste_crop(
    pixels: Pixels, crop: Pixels, quad: Points, mask: Pixels | None, options: PasteOptions
) -> Pixels:
    """One crop, of any size, back into its frame; mask: `[s s 3]` of any size, None: the whole crop."""
    if crop.shape[0] != crop.shape[1]:
        raise InputError(f"a crop of {crop.shape[1]}x{crop.shape[0]} pixels; crops of faces are square")
    size = crop.shape[0]
    alpha = _alpha(mask, size, options.feather)
    if alpha is not None and not bool((alpha > 0).any()) and visible_share(quad, *pixels.shape[:2]) < 1:
        return pixels  # all that is face lies outside of the frame
    if options.blend == "poisson":
        shape = np.full((size, size), 255, np.uint8) if alpha is None else _to_bytes(alpha)
        return poisson_paste(pixels, crop, quad, shape)
    frame, edited = to_model(pixels)[None], to_model(crop)[None]
    if options.blend == "change":
        source = to_model(cut_crop(pixels, quad, size))[None]
        return to_file(paste_change(frame, edited, source, quad, alpha)[0])
    return to_file(paste_face(frame, edited, quad, alpha, exact=options.exact)[0])


def check_crops(crops: FrameReader, alignment: Alignment, size: int | None = None) -> None:
    """InputError for crops that can't be those of this face, before any work is done; size: that they must have."""
    info, count = crops.info, len(alignment.frames)
    if info.width != info.height or size not in (None, info.width):
        wanted = "square" if size is None else f"{size}x{size}, as they were cut"
        raise InputError(f"the crops are {info.width}x{info.height} pixels; crops of this face are {wanted}")
    if info.frame_count not in (None, count):
        raise InputError(
            f"{info.frame_count} crops, but {count} frames show the face; give one for each, in order"
        )


def crops_before(alignment: Alignment, frame: int) -> int:
    """How many crops belong to the frames before number `frame`."""
    return int(np.searchsorted(alignment.frames, frame))


def edge_note(alignment: Alignment, size: tuple[int, int]) -> str | None:
    """One sentence about a face that leaves the picture of `size` = (height, width); None where it doesn't."""
    outside = [1 - visible_share(quad, *size) for quad in alignment.quads]
    much = [k for k, share in enumerate(outside) if share > _MUCH]
    if not much:
        return None
    return (
        f"in {len(much)} of {len(outside)} frames, the first of them {alignment.frames[much[0]]}, up to "
        f"{max(outside):.0%} of the face's square lies outside of the picture; its border is continued there, "
        "and edits may look wrong beside it"
    )


def _shown(clip: FrameReader, alignment: Alignment, start: int) -> Iterator[tuple[int, VideoFrame]]:
    """(k, the frame of crop k) from k = `start` on."""
    k = start
    if k >= len(alignment.frames):
        return
    first = int(alignment.frames[k])
    for number, frame in enumerate(clip.frames(first), first):
        if alignment.frames[k] == number:
            yield k, frame
            k += 1
            if k == len(alignment.frames):
                return
    raise InputError(_too_short(k, alignment))


def _alpha(mask: Pixels | None, size: int, feather: int) -> Tensor | None:
    """What a mask pastes: `[1 1 size size]`, 0..1; feathering without a mask fades the crop's border."""
    if mask is None:
        return feathered(torch.ones(1, 1, size, size), feather) if feather else None
    plane = torch.from_numpy(np.ascontiguousarray(mask[..., FULL])).float()[None, None] / 255
    if plane.shape[-1] != size:
        plane = interpolate(plane, (size, size), mode="bilinear", antialias=True)
    return feathered(plane, feather)


def _to_bytes(alpha: Tensor) -> Pixels:
    return np.asarray(alpha[0, 0].mul(255).round().to(torch.uint8).numpy())


def _too_short(k: int, alignment: Alignment) -> str:
    return f"the clip ends before frame {alignment.frames[k]}, which shows the face; give the clip that was aligned"


def _too_few(what: str, k: int, alignment: Alignment) -> str:
    count = len(alignment.frames)
    return f"{k} {what}, but {count} frames show the face; give one for each, in order"
