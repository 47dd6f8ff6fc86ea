"""A crop put back so that its gradients stay and its colours meet the frame's: Poisson blending, by OpenCV.

Perez, Gangnet, Blake 2003, "Poisson Image Editing". On all of the mask's outline the result goes over into the frame
without a step; where the mask reaches the frame's border, the frame's own border pixels count as known, too.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import InputError, MissingExtraError
from .crop import place_crop
from .landmarks import Points

_MARGIN = 2
"""Pixels by which a frame is continued, so that no mask touches its border, which OpenCV can't take."""
_SMALLEST = 8
"""Pixels that a mask must cover."""


def poisson_paste(
    frame: NDArray[np.uint8], crop: NDArray[np.uint8], quad: Points, mask: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """A crop uint8 `[s s 3]` blended into its frame `[h w 3]` where its mask `[s s]` is over a half.

    Pixels outside of the mask are the frame's. InputError where the mask covers next to nothing of the frame;
    MissingExtraError without OpenCV.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError("Poisson blending", "flow") from error
    height, width = frame.shape[:2]
    both = np.concatenate([crop, mask[..., None]], 2)
    planes = torch.from_numpy(both).permute(2, 0, 1)[None].float() / 255
    patch = place_crop(planes, quad, (height, width), None)
    left, top, right, bottom = patch.window
    shown = (
        (patch.colors / patch.alpha.clamp(min=1e-6))[0]
        .mul(255)
        .round()
        .to(torch.uint8)
        .movedim(0, -1)
        .numpy()
    )
    inside = (shown[..., 3] > 127) & (patch.alpha[0, 0].numpy() > 0.5)
    if inside.sum() < _SMALLEST:
        raise InputError("mask: covers nothing of the frame; there is nothing to blend")
    under = frame[top:bottom, left:right]
    blended = under.copy()
    cloned = _clone(cv2, np.ascontiguousarray(shown[..., :3]), under, inside)
    blended[inside] = cloned[inside]
    result = frame.copy()
    result[top:bottom, left:right] = blended
    return result


def _clone(
    cv2: Any, source: NDArray[np.uint8], under: NDArray[np.uint8], inside: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """OpenCV's cloning, which would centre the mask's box: told where that is, it moves nothing."""
    around = ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0))
    mask = np.pad(inside.astype(np.uint8) * 255, _MARGIN)
    x, y, box_width, box_height = cv2.boundingRect(mask)
    middle = (x + box_width // 2, y + box_height // 2)
    wide = [np.pad(picture, around, mode="edge") for picture in (source, under)]
    cloned: NDArray[np.uint8] = cv2.seamlessClone(*wide, mask, middle, cv2.NORMAL_CLONE)
    return cloned[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
