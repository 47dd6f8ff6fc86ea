"""Pictures of flow: the direction as hue, the length as saturation.

Source: Baker et al. 2011, "A Database and Evaluation Methodology for Optical Flow", the colour code of its
figures. Six pure colours stand on a wheel, unevenly spaced, so that equal turns look equally different; between
neighbours one channel rises or falls. Different here: the wheel is computed at every angle instead of looked up
in 55 steps, so it closes without a jump.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SPANS = (15, 6, 4, 11, 13, 6)
"""Share of the turn between red, yellow, green, cyan, blue, magenta and red again."""
CORNERS = ((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0))


def flow_picture(displacement: Tensor, longest: float | None = None) -> NDArray[np.uint8]:
    """Draw a flow field: white where nothing moves, red to the right, yellow downwards.

    displacement `[2 h w]` pixels; `longest` is the length in pixels of a fully saturated colour (None: the longest
    of this field; give a number where frames of a clip are to be compared). Longer ones are darkened.
    Returns uint8 `[h w 3]` RGB.
    """
    length = displacement.float().norm(dim=0)
    unit = float(length.max()) if longest is None else longest
    saturation = length / max(unit, 1e-6)
    hue = wheel(torch.atan2(displacement[1].float(), displacement[0].float()))
    inside = 1 - saturation * (1 - hue)
    color = torch.where(saturation <= 1 + 1e-6, inside, 0.75 * hue)
    return (color.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()


def wheel(angle: Tensor) -> Tensor:
    """Pure colour of a direction: angle `[...]` radians, 0 to the right, growing clockwise -> `[3 ...]`, 0..1."""
    turn = torch.remainder(angle, 2 * torch.pi) / (2 * torch.pi) * sum(SPANS)
    stops = torch.tensor((0, *SPANS), dtype=turn.dtype, device=turn.device).cumsum(0)
    corners = torch.tensor(CORNERS, dtype=turn.dtype, device=turn.device)
    span = torch.bucketize(turn, stops, right=True).sub(1).clamp(0, len(SPANS) - 1)
    share = (turn - stops[span]) / (stops[span + 1] - stops[span])
    color = torch.lerp(corners[span], corners[span + 1], share.unsqueeze(-1))
    return color.movedim(-1, 0)


def wheel_picture(side: int) -> NDArray[np.uint8]:
    """The key to `flow_picture`: a disc whose every point shows the colour of the way from the centre to it.

    uint8 `[side side 3]`, white outside the disc.
    """
    axis = torch.linspace(-1, 1, side)
    x, y = torch.meshgrid(axis, axis, indexing="xy")
    field = torch.stack([x, y])
    return flow_picture(field * (field.norm(dim=0) <= 1), longest=1)
