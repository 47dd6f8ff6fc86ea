"""What stitching and pivotal tuning minimise, as pure functions.

Source: Tzaban et al. 2022 (border and content terms), Roich et al. 2021, "Pivotal Tuning for Latent-based Editing of
Real Images", section 3.2 (locality); rotemtzaban/STIT at fac087f, as it computes them. Pictures are `[b 3 h w]` in
-1..1, masks `[b 1 h w]` in 0..1.
"""

import torch
from torch import Tensor

from ...errors import InputError


def masked_l2(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Squared difference inside the mask, summed over the channels and divided by the mask's area; mean over b.

    sic: three times what a mean over all values is, and a soft mask counts squared in the difference but once in the
    area. Thresholds that were published are in this unit. InputError for an empty mask.
    """
    return (_summed(((a - b) * mask).square()) / _area(mask)).mean()


def masked_l1(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Absolute difference inside the mask, summed and divided like `masked_l2`'s."""
    return (_summed(((a - b) * mask).abs()) / _area(mask)).mean()


def locality_point(pivot: Tensor, sample: Tensor, distance: float) -> Tensor:
    """What lies `distance` from the pivot on the way to a sample: `[b r w]` each, and the norm over all rows at once.

    There the tuned generator shall paint what the original one does.
    """
    away = sample - pivot
    length: Tensor = torch.linalg.vector_norm(away, dim=(1, 2), keepdim=True)
    return pivot + distance * away / length


def _summed(values: Tensor) -> Tensor:
    return values.sum((1, 2, 3))


def _area(mask: Tensor) -> Tensor:
    """`[b]`, none 0."""
    area = _summed(mask)
    if not bool((area > 0).all()):
        raise InputError(
            "the mask is empty: nothing of the face is inside it; give another mask, or a face that is in the frame"
        )
    return area
