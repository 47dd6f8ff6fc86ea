"""Exemplars out of pictures alone: landmarks, keypoints or label maps are found by a network."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import InputError
from ..media.clip import FrameReader
from ..models.labels.people import landmarks_of
from .fewshot_faces import FaceExemplar
from .fewshot_poses import PoseExemplar
from .fewshot_sources import Exemplar, NetworkInputs
from .fewshot_streets import StreetExemplar
from .pose_finder import POSE_NETWORKS, load_pose_finder
from .segmenter import load_segmenter

Finder = Callable[[NDArray[np.uint8], str], Exemplar]
"""A picture uint8 `[h w 3]` and its name -> the exemplar that it is."""
OWN_SEGMENTER = "street-segmenter"
"""In the package; of the procedural street."""


def load_finder(
    network: NetworkInputs,
    name: str | None = None,
    *,
    device: torch.device | str = "cpu",
    download: bool = True,
) -> Finder:
    """What finds in pictures what a few-shot network wants to know of them.

    name: for faces a ViTPose with the 133 points of COCO-WholeBody (a repository on the Hub, or a folder); for poses
    one of `pose_finder.POSE_NETWORKS`, or any (None: the first, if it is on this machine); for label maps what
    `segmenter.load_segmenter` takes (None: our own, for pictures of the procedural street). InputError where there is
    none, or it can't find that.
    """
    if network.kind == "street":
        segmenter = load_segmenter(name or OWN_SEGMENTER, device=device, download=download)
        return lambda pixels, where: StreetExemplar(pixels, segmenter(pixels), segmenter.palette, where)
    if network.channels == 6 and network.kind == "pose":
        raise InputError(
            "exemplars: this network takes DensePose pictures beside the keypoints, which aren't found here; give both"
        )
    if name is None and network.kind == "face":
        raise InputError(
            "exemplars: landmarks of their faces are missing; give them (68 lines x,y a picture), or a pose network "
            "that finds them (one with the 133 points of COCO-WholeBody)"
        )
    chosen = name or POSE_NETWORKS[0].name
    finder = load_pose_finder(chosen, device=device, download=download and name is not None)
    if network.kind == "pose":
        return lambda pixels, where: PoseExemplar(pixels, finder(pixels), None, where)
    if not finder.finds_faces:
        raise InputError(
            f"{chosen}: finds no faces: it has 17 points; give a network with the 133 points of COCO-WholeBody"
        )
    return lambda pixels, where: FaceExemplar(pixels, landmarks_of(finder(pixels).people), where)


def find_exemplars(clip: FrameReader, frames: Sequence[int], name: str, finder: Finder) -> Iterator[Exemplar]:
    """The exemplars that some frames of a clip are; InputError for a frame that it lacks."""
    for number in frames:
        frame = next(clip.frames(number), None)
        if frame is None:
            raise InputError(f"{name}: has no frame {number} (they are counted from 0)")
        yield finder(frame.pixels, f"{name}, frame {number}")
