"""Looks of every kind, of instances by class and of faces by part: their files, and what is chosen of them.

A file is JSON of ours, or the `features.npy` that was published with NVIDIA's face network.
"""

from pathlib import Path

from ..errors import InputError
from ..media.outputs import prepare_file, write_whole, writing
from ..models.labels.frames import AnyStream
from ..models.vid2vid.feature_tables import FeatureTable
from ..models.vid2vid.generator import Vid2VidGenerator
from ..weights.config_json import from_json, to_json
from . import face_looks
from .face_choice import FaceChoice, parse_faces
from .face_looks import FaceLooks, published_looks
from .feature_choice import FeatureCurve, parse_choice, with_features

Looks = FeatureTable | FaceLooks
Choice = FeatureCurve | FaceChoice

MAX_FILE = 4_000_000
"""Bytes of our file of looks."""


def save_looks(looks: Looks, path: Path) -> None:
    """Write looks as JSON; the file is whole or not there."""
    text = face_looks.to_text(looks) if isinstance(looks, FaceLooks) else to_json(looks)
    prepare_file(path)
    with writing(path):
        write_whole(path, f"{text}\n".encode())


def read_looks(path: Path) -> Looks:
    """Looks from their file. InputError for anything else than a whole one, saying what is wrong."""
    if path.suffix == ".npy":
        return published_looks(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file of features") from error
    if len(content) > MAX_FILE:
        raise InputError(f"{path}: a feature table has at most {MAX_FILE} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a feature table: its text is not UTF-8") from error
    if f'"{face_looks.FORMAT}"' in text[:100]:
        return face_looks.from_text(text, f"{path}: looks of faces")
    table = from_json(FeatureTable, text, f"{path}: feature table")
    table.check(str(path))
    return table


def choose(looks: Looks, text: str = "", seed: int = 0) -> Choice:
    """What a person wrote about looks (`feature_choice`, `face_choice`); `seed`: of draws that don't say theirs."""
    if isinstance(looks, FaceLooks):
        return parse_faces(looks, text, seed)
    return parse_choice(looks, text, seed)


def split_choice(
    labels: AnyStream, generator: Vid2VidGenerator, choice: Choice | None
) -> tuple[AnyStream, FaceChoice | None]:
    """The maps that the generator is given with what was chosen for their instances, and what was chosen for a face.

    InputError for a choice that the generator can't follow.
    """
    if isinstance(choice, FaceChoice):
        face_looks.fitting_styles(choice.looks, generator)
        return labels, choice
    return with_features(labels, generator, choice), None
