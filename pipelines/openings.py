"""The pictures that a clip of drawn faces begins with, in the style of a picture that shows the face.

Source: NVIDIA/vid2vid at 2e6d137, `models/vid2vid_model_G.py` (generate_first_frame). It takes, of the faces that it
was trained on, the style nearest to the picture's; here the picture's own style is taken.
"""

from itertools import islice

import torch
from torch import Tensor

from ..errors import InputError
from ..models.labels.faces import PARTS
from ..models.labels.frames import AnyStream, DrawnFrame, is_drawn
from ..models.vid2vid.first_frame import StyledFirstFrame
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.parts import paint_style, part_means


@torch.inference_mode()
def styled_opening(labels: AnyStream, generator: Vid2VidGenerator) -> Tensor | None:
    """The first pictures, `[1 past_frames 3 h w]` in -1..1, in the style of the clip's first frame.

    None for a generator that needs no style, and for label maps. InputError for drawn maps without a face or a picture.
    """
    network = generator.first_frame
    if not isinstance(network, StyledFirstFrame) or not is_drawn(labels):
        return None
    openings = list(islice(labels.frames(), generator.config.past_frames))
    if not openings:
        return None
    style = face_style(network, openings[0])
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


def face_style(network: StyledFirstFrame, face: DrawnFrame) -> Tensor:
    """What the parts of a face look like: `[parts channels]`; parts that it doesn't show are 0."""
    if face.picture is None or face.parts is None:
        raise InputError(
            "these weights paint the first face in the style of a picture: give the footage that the landmarks were "
            "found in, or the first pictures"
        )
    weight = next(network.parameters())
    features = network.style_encoder(face.picture[None].to(weight))[0]
    return part_means(features, face.parts.to(weight.device), len(PARTS))
