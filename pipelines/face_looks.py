"""What the parts of known faces look like: for networks that paint the first face in a style, as the published ones do.

Collected from footage with landmarks, or read from the `features.npy` that was published with NVIDIA's face network:
the styles of the faces that it was trained on, part by part, each followed by the part's share of the picture.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..models.labels.faces import PARTS
from ..models.labels.frames import DrawnFrame
from ..models.vid2vid.feature_tables import MAX_CHANNELS, Floats
from ..models.vid2vid.first_frame import StyledFirstFrame
from ..models.vid2vid.generator import Vid2VidGenerator
from ..models.vid2vid.parts import part_means
from ..progress import Progress, silent
from ..weights.config_json import from_json, to_json
from ..weights.numpy_file import read_arrays
from .feature_tables import Samples, cluster_features, encoder_signs, same_signs

Format = Literal["maliang.face-looks/1"]
FORMAT: Format = "maliang.face-looks/1"


@dataclass(frozen=True, eq=False)
class FaceLooks:
    """The looks of n known faces."""

    network: tuple[float, ...]
    """Some weights of the encoder that they come from; (): unknown, as of a published file."""
    styles: Floats
    """Numbers of every part of every face, `[n parts f]`; a published file has one number more than its network."""


@dataclass(frozen=True)
class _FacesFile:
    """The same as JSON."""

    format: Format
    network: tuple[float, ...]
    faces: tuple[tuple[tuple[float, ...], ...], ...]


def style_network(generator: Vid2VidGenerator) -> StyledFirstFrame:
    """What paints the first face; InputError for a generator without."""
    if not isinstance(generator.first_frame, StyledFirstFrame):
        raise InputError(
            "looks of faces are for weights that begin with a face in a style, such as vid2vid-face-512; these don't"
        )
    return generator.first_frame


def fitting_styles(looks: FaceLooks, generator: Vid2VidGenerator) -> Tensor:
    """The styles for this generator, `[n parts c]` float32 on its device; InputError for looks that it can't take."""
    network = style_network(generator)
    channels = network.style_encoder.to_style.out_channels
    if looks.styles.shape[2] not in (channels, channels + (not looks.network)):
        raise InputError(
            f"the looks have {looks.styles.shape[2]} numbers for a part of a face, these weights take {channels}; "
            "collect some with these weights"
        )
    if looks.network and not same_signs(looks.network, network.style_encoder):
        raise InputError("the looks of faces were collected with other weights; collect some with these")
    return torch.from_numpy(looks.styles[..., :channels]).to(generator.device, torch.float32)


def face_style(network: StyledFirstFrame, face: DrawnFrame) -> Tensor:
    """What the parts of a face look like: `[parts channels]`; parts that it doesn't show are 0."""
    if face.picture is None or face.parts is None:
        raise InputError(
            "these weights paint the first face in the style of a picture: give the footage that the landmarks were "
            "found in, the first pictures, or looks of known faces and which of them to take"
        )
    weight = next(network.parameters())
    features = network.style_encoder(face.picture[None].to(weight))[0]
    return part_means(features, face.parts.to(weight.device), len(PARTS))


@torch.inference_mode()
def collect_faces(
    generator: Vid2VidGenerator,
    faces: Iterable[DrawnFrame],
    *,
    clusters: int = 10,
    total: int | None = None,
    progress: Progress = silent,
) -> FaceLooks:
    """At most `clusters` looks of the faces in these frames, the most frequent first. Memory: one frame.

    faces: with their pictures and parts; total: how many there are, for the progress alone. InputError for weights that
    don't begin with a face, and for frames that show none.
    """
    network = style_network(generator)
    channels = network.style_encoder.to_style.out_channels
    samples = Samples(len(PARTS) * channels)
    for done, face in enumerate(faces, 1):
        samples.add(face_style(network, face).double().cpu().numpy().reshape(1, -1))
        progress(done, total)
    if not len(samples.features):
        raise InputError("looks of faces: there are no frames; give at least one picture with its landmarks")
    means = [cluster.mean for cluster in cluster_features(samples.features, clusters)]
    return FaceLooks(encoder_signs(network.style_encoder), np.array(means).reshape(-1, len(PARTS), channels))


def published_looks(path: Path) -> FaceLooks:
    """Those of a `features.npy`, or of clusters of them in the same form; InputError for anything else.

    Where it knows more examples of one part than of another, the first ones of each are taken.
    """
    arrays = read_arrays(path)
    if sorted(arrays) != list(range(len(PARTS))):
        raise InputError(
            f"{path}: has arrays {', '.join(map(str, sorted(arrays)[:12]))}; a face has the parts 0 to "
            f"{len(PARTS) - 1} ({', '.join(PARTS)})"
        )
    shapes = {array.shape[1:] for array in arrays.values()}
    count = min(len(array) if array.ndim == 2 else 0 for array in arrays.values())
    if len(shapes) != 1 or not count:
        raise InputError(f"{path}: the parts of a face must each have rows of as many numbers")
    return FaceLooks((), np.stack([arrays[part][:count] for part in range(len(PARTS))], 1))


def to_text(looks: FaceLooks) -> str:
    """For a file; `from_text` reads it back."""
    faces = tuple(tuple(tuple(round(x, 5) for x in part) for part in face) for face in looks.styles.tolist())
    return to_json(_FacesFile(FORMAT, looks.network, faces))


def from_text(text: str, where: str) -> FaceLooks:
    """What `to_text` wrote. InputError, beginning with `where`, for anything else."""
    file = from_json(_FacesFile, text, where)
    widths = {len(part) for face in file.faces for part in face}
    if any(len(face) != len(PARTS) for face in file.faces) or len(widths) != 1 or max(widths) > MAX_CHANNELS:
        raise InputError(
            f"{where}: every face has {len(PARTS)} parts, each of as many numbers, at most {MAX_CHANNELS}"
        )
    return FaceLooks(file.network, np.array(file.faces))
