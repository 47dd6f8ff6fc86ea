"""Exemplars and drivers out of what is open already, and out of pictures in which nothing is known yet."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.media.keypoints import LandmarkClip, PoseClip
from maliang_video.media.stills import StillsReader
from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.labels.people import Person, PosedFrame
from maliang_video.pipelines import fewshot_finders
from maliang_video.pipelines.drawings import EdgeDrawing, FaceDrawing, Footage, PoseDrawing
from maliang_video.pipelines.fewshot import give
from maliang_video.pipelines.fewshot_faces import FaceDriver, FaceExemplar, FaceSubject
from maliang_video.pipelines.fewshot_finders import find_exemplars, load_finder
from maliang_video.pipelines.fewshot_found import Found, found_driver, found_exemplars, found_in
from maliang_video.pipelines.fewshot_options import InputOptions
from maliang_video.pipelines.fewshot_poses import PoseExemplar
from maliang_video.pipelines.fewshot_sources import NetworkInputs
from maliang_video.pipelines.fewshot_streets import StreetExemplar
from maliang_video.pipelines.fewshot_subjects import SubjectFiles, all_worlds, open_subject

CANVAS = (60, 80)
FACES, POSES = NetworkInputs("face", 1), NetworkInputs("pose", 3)
STREETS = NetworkInputs("street", 35, "cityscapes")
OPTIONS = InputOptions((32, 32), layout="even")


def face(x: float = 40.0, scale: float = 1.0) -> torch.Tensor:
    jaw = np.linspace(np.pi, 0, 17)
    inside = np.random.default_rng(0).uniform(-0.6, 0.6, (51, 2))
    points = np.concatenate([np.stack([np.cos(jaw), 1.2 * np.sin(jaw)], 1), inside])
    return torch.from_numpy((points * 14 + (x, 25.0)) * scale)


def person(with_face: bool = True) -> Person:
    pose = torch.zeros(25, 3, dtype=torch.float64)
    for number, (right, down) in {0: (40, 8), 1: (40, 15), 8: (40, 32), 10: (37, 44), 13: (43, 44)}.items():
        pose[number] = torch.tensor([right, down, 1.0])
    for side, shoulder, hip in ((-1, 2, 9), (1, 5, 12)):
        pose[shoulder] = torch.tensor([40 + 6 * side, 15, 1.0])
        pose[hip] = torch.tensor([40 + 4 * side, 32, 1.0])
    points = torch.cat([face(), torch.ones(68, 1, dtype=torch.float64)], 1)
    return Person(pose, torch.cat([points, points.new_zeros(2, 3)]) if with_face else None)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 255, (*CANVAS, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def footage(pictures: Path) -> Footage:
    return Footage(StillsReader(sorted(pictures.iterdir()), Fraction(24)), "three")


def landmarks(scale: float = 1.0) -> LandmarkClip:
    return LandmarkClip([face(38 + t, scale) for t in range(3)], None, "face")


def test_faces_behind_drawings_are_drawn_anew(footage: Footage) -> None:
    found = found_in(FaceDrawing(landmarks(), footage=footage))
    exemplars = found_exemplars(found, FACES, (0, 2))
    assert all(isinstance(exemplar, FaceExemplar) for exemplar in exemplars)
    given = give(exemplars, FACES, OPTIONS)
    assert given.prepared.labels.shape == (2, 1, 32, 32)
    driver = found_driver(found, given)
    assert isinstance(given.subject, FaceSubject)
    direct = FaceDriver(landmarks(), OPTIONS, subject=given.subject.shape, footage=footage)
    for ours, theirs in zip(driver.frames(), direct.frames(), strict=True):
        assert ours.channels.equal(theirs.channels)


def test_landmarks_of_a_larger_canvas_fit_smaller_pictures(footage: Footage) -> None:
    half = found_in(FaceDrawing(landmarks(2.0), canvas=(120, 160)))
    scaled = found_exemplars(half.with_pictures(footage), FACES, (1,))[0]
    assert torch.allclose(scaled.landmarks, face(39))
    assert found_driver(half, give([scaled], FACES, OPTIONS)).frame_count == 3


def test_keypoints_with_faces_serve_faces_and_bodies(footage: Footage) -> None:
    poses = PoseClip([PosedFrame((person(),), CANVAS)] * 3, "keypoints")
    found = Found(poses=poses, footage=footage)
    (exemplar,) = found_exemplars(found, FACES, (0,))
    assert torch.allclose(exemplar.landmarks, face())
    driver = found_driver(found, give([exemplar], FACES, OPTIONS))
    assert isinstance(driver, FaceDriver)
    (body,) = found_exemplars(found, POSES, (1,))
    assert isinstance(body, PoseExemplar)
    assert found_driver(found, give([body], POSES, OPTIONS)).channels == 3
    nobody = Found(poses=PoseClip([PosedFrame((person(False),), CANVAS)], "keypoints"), footage=footage)
    with pytest.raises(InputError, match="exemplar frame 0: shows no whole face"):
        give(found_exemplars(nobody, FACES, (0,)), FACES, OPTIONS)


def test_label_maps_of_streets(footage: Footage) -> None:
    ids = torch.full((3, *CANVAS), 7, dtype=torch.uint8)
    found = found_in(LabelFrames(ids, builtin_palette("cityscapes"))).with_pictures(footage)
    (exemplar,) = found_exemplars(found, STREETS, (2,))
    driver = found_driver(found, give([exemplar], STREETS, OPTIONS))
    assert (driver.height, driver.width, driver.frame_count) == (32, 32, 3)


def test_what_is_of_another_kind_is_refused(footage: Footage) -> None:
    labels = LabelFrames(torch.zeros(1, *CANVAS, dtype=torch.uint8), builtin_palette("cityscapes"))
    given = give(found_exemplars(Found(landmarks(), footage=footage), FACES, (0,)), FACES, OPTIONS)
    with pytest.raises(InputError, match="driver: of another kind; these weights paint face, give landmarks"):
        found_driver(found_in(labels), given)
    with pytest.raises(
        InputError, match="exemplars: of another kind; these weights paint pose, give keypoints"
    ):
        found_exemplars(Found(landmarks(), footage=footage), POSES, (0,))
    with pytest.raises(InputError, match="their pictures are missing"):
        found_exemplars(found_in(labels), STREETS, (0,))
    with pytest.raises(InputError, match="there is no frame 3"):
        found_exemplars(Found(landmarks(), footage=footage), FACES, (3,))
    with pytest.raises(InputError, match="no keypoints behind them"):
        found_in(EdgeDrawing(footage))
    poses = PoseDrawing(PoseClip([PosedFrame((person(),), CANVAS)], "keypoints"), canvas=CANVAS)
    with pytest.raises(InputError, match="take DensePose pictures beside the keypoints"):
        found_exemplars(found_in(poses).with_pictures(footage), NetworkInputs("pose", 6), (0,))


class FakePoses:
    """What `load_pose_finder` gives."""

    finds_faces = True

    def __call__(self, pixels: np.ndarray) -> PosedFrame:
        return PosedFrame((person(),), CANVAS)


def test_landmarks_and_bodies_are_found_in_pictures(monkeypatch, pictures: Path) -> None:
    asked: list[tuple[str, bool]] = []

    def load(name: str, *, device: str, download: bool) -> FakePoses:
        asked.append((name, download))
        return FakePoses()

    monkeypatch.setattr(fewshot_finders, "load_pose_finder", load)
    given = open_subject(SubjectFiles((str(pictures),)), FACES, OPTIONS, finder="whole-body")
    assert given.prepared.images.shape == (3, 3, 32, 32)
    one = open_subject(SubjectFiles((str(pictures),), frames=(1,)), POSES, OPTIONS)
    assert one.prepared.labels.shape == (1, 3, 32, 32)
    assert asked == [("whole-body", True), ("vitpose-base", False)]
    monkeypatch.setattr(FakePoses, "finds_faces", False)
    with pytest.raises(InputError, match="finds no faces: it has 17 points"):
        load_finder(FACES, "vitpose-base")


def test_label_maps_are_found_in_pictures(monkeypatch, footage: Footage) -> None:
    class Fake:
        palette = builtin_palette("cityscapes")

        def __call__(self, pixels: np.ndarray) -> torch.Tensor:
            return torch.full(pixels.shape[:2], 7, dtype=torch.uint8)

    names: list[str] = []

    def load(name: str, **_: object) -> Fake:
        names.append(name)
        return Fake()

    monkeypatch.setattr(fewshot_finders, "load_segmenter", load)
    (exemplar,) = find_exemplars(footage.clip, (1,), "street", load_finder(STREETS))
    assert isinstance(exemplar, StreetExemplar)
    assert (exemplar.name, names) == ("street, frame 1", ["street-segmenter"])
    with pytest.raises(InputError, match="street: has no frame 9"):
        list(find_exemplars(footage.clip, (9,), "street", load_finder(STREETS)))


def test_what_cannot_be_found_is_said(pictures: Path) -> None:
    with pytest.raises(InputError, match="landmarks of their faces are missing"):
        open_subject(SubjectFiles((str(pictures),)), FACES, OPTIONS)
    with pytest.raises(InputError, match="which aren't found here; give both"):
        load_finder(NetworkInputs("pose", 6))
    with pytest.raises(InputError, match="2 pictures or clips, but 1 label sources; give one for each"):
        open_subject(SubjectFiles((str(pictures), str(pictures)), ("x",)), FACES, OPTIONS)


def written(folder: Path, clip: LandmarkClip) -> Iterator[None]:
    folder.mkdir()
    for number, points in enumerate(clip.frames()):
        (folder / f"{number}.txt").write_text("\n".join(f"{x},{y}" for x, y in points.tolist()), "utf-8")
        yield


def test_all_pictures_of_a_folder_are_exemplars(tmp_path: Path, pictures: Path) -> None:
    list(written(tmp_path / "marks", landmarks()))
    files = SubjectFiles((str(pictures),), (str(tmp_path / "marks"),))
    given = open_subject(files, FACES, OPTIONS)
    assert [exemplar.name.rpartition("/")[2] for exemplar in given.exemplars] == [
        f"marks, frame {n}" for n in range(3)
    ]
    assert all_worlds(["world:faces", "world:street"])
    assert not all_worlds(["world:faces", str(pictures)])
