"""The pictures that a clip of drawn faces begins with, in the style of a picture of the face, or of known faces.

Source: NVIDIA/vid2vid at 2e6d137, `models/vid2vid_model_G.py` (generate_first_frame). It takes, of the faces that it
was trained on, the style nearest to the picture's; here the picture's own style is taken where nothing was chosen.
"""

from itertools import islice

import torch
from torch import Tensor

from ..errors import InputError
from ..models.labels.frames import AnyStream, is_drawn
from ..models.vid2vid.first_frame import StyledFirstFrame
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.parts import paint_style
from .face_choice import FaceChoice
from .face_looks import face_style


@torch.inference_mode()
def styled_opening(
    labels: AnyStream, generator: Vid2VidGenerator, choice: FaceChoice | None = None
) -> Tensor | None:
    """The first pictures, `[1 past_frames 3 h w]` in -1..1, in the style of the clip's first frame, or as chosen.

    None for a generator that needs no style, and for label maps. InputError for drawn maps without a face, or without
    a picture where its style is needed.
    """
    network = generator.first_frame
    if not isinstance(network, StyledFirstFrame) or not is_drawn(labels):
        return None
    openings = list(islice(labels.frames(), generator.config.past_frames))
    if not openings:
        return None
    style = face_style(network, openings[0]) if choice is None else choice.style(generator, openings[0])
    pictures = []
    for frame in openings:
        if frame.parts is None:
            raise InputError(
                "these weights begin with a face; give landmarks of a face, or the first pictures"
            )
        planes = generator.encode_drawn(frame.channels[None].to(generator.device))[0]
        pictures.append(network(planes, paint_style(frame.parts[None].to(generator.device), style)))
    pictures += [pictures[-1]] * (generator.config.past_frames - len(pictures))
    return torch.stack(pictures, 1).float().cpu()
