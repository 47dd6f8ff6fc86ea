"""Training on a folder of one's own: pairs by order, random moments, one sentence for every mistake."""

import pickle
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.training.flow_teachers import dense_inverse_search
from maliang_video.training.folders import check_lengths, open_clip, open_folder
from maliang_video.training.schedule import ClipShape
from maliang_video.training.sequences import FootageClips
from maliang_video.training.worlds.street import StreetWorld

SHAPE = ClipShape(width=64, height=32, frames=3, zooms=(1.0,))


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def world() -> StreetWorld:
    return StreetWorld(3, "noon", 64, 32, Fraction(24))


@pytest.fixture(scope="module")
def original(tmp_path_factory, world) -> Path:
    """Two sequences of five and four frames; names sort as numbers, pictures are twice as large as label maps."""
    folder = tmp_path_factory.mktemp("data")
    for sequence, frames in (("seq1", 5), ("seq2", 4)):
        for t in range(frames):
            frame = world.render(t + 100 * (sequence == "seq2"))
            save(folder / "train_A" / sequence / f"{t + 8}.png", frame.ids)
            save(folder / "train_B" / sequence / f"frame{t + 8}.png", frame.rgb.repeat(2, 0).repeat(2, 1))
            save(
                folder / "train_inst" / sequence / f"{t + 8}.png",
                (frame.instances % 60_000).astype(np.uint16),
            )
    (folder / "train_A" / ".cache").mkdir()
    return folder


@pytest.fixture
def root(tmp_path, original) -> Path:
    return shutil.copytree(original, tmp_path / "data")


class Same:
    """One shape for every clip."""

    def __init__(self, shape: ClipShape) -> None:
        self.shape = shape

    def __call__(self, index: int) -> ClipShape:
        return self.shape


def clips(root: Path, shape: ClipShape = SHAPE, seed: int = 0, styles: int = 4) -> FootageClips:
    sequences = open_folder(root, builtin_palette("cityscapes"))
    return FootageClips(sequences, Same(shape), styles, seed, dense_inverse_search())


def test_labels_pictures_and_instances_belong_together(root, world):
    data = clips(root)
    frames = {t: world.render(t) for t in (*range(5), *range(100, 104))}
    moments = set()
    for number in range(12):
        clip = data[number]
        start = next(t for t in (0, 1, 2, 100, 101) if np.array_equal(clip["ids"][0], frames[t].ids))
        moments.add(start)
        for t in range(3):
            truth = frames[start + t]
            assert np.array_equal(clip["ids"][t], truth.ids)
            assert np.array_equal(clip["instances"][t], truth.instances % 60_000)
            picture = (clip["pictures"][t].movedim(0, -1).numpy() + 1) * 127.5
            assert abs(picture - truth.rgb).mean() < 6  # halved again, by another filter
    assert moments == {0, 1, 2, 100, 101}


def test_shapes_and_types(root):
    clip = clips(root)[0]
    assert {key: (list(value.shape), value.dtype) for key, value in clip.items()} == {
        "ids": ([3, 32, 64], torch.uint8),
        "instances": ([3, 32, 64], torch.int32),
        "pictures": ([3, 3, 32, 64], torch.float32),
        "flow": ([3, 2, 32, 64], torch.float32),
        "visible": ([3, 1, 32, 64], torch.float32),
        "style": ([4], torch.float32),
    }
    assert clip["style"].tolist() == [1, 0, 0, 0]
    assert clips(root, styles=0)[0]["style"].shape == (0,)
    assert clip["visible"][0].max() == 0
    assert clip["visible"][1:].mean() > 0.5


def test_flow_is_estimated_from_the_pictures(tmp_path):
    texture = np.random.default_rng(0).integers(0, 255, (8, 20, 3), np.uint8)
    large = np.asarray(Image.fromarray(texture).resize((160, 64), Image.Resampling.BICUBIC))
    for t in range(3):
        save(tmp_path / "train_A" / "s" / f"{t}.png", np.full((64, 128), 7, np.uint8))
        save(tmp_path / "train_B" / "s" / f"{t}.png", large[:, 2 * t : 2 * t + 128])
    clip = clips(tmp_path, ClipShape(128, 64, 3, (1.0,)))[0]
    inner = clip["flow"][1:, :, 12:-12, 12:-12]
    assert inner[:, 0].mean().item() == pytest.approx(2, abs=0.2)
    assert inner[:, 1].mean().item() == pytest.approx(0, abs=0.1)
    assert clip["visible"][1:, 0, :, -1].mean() < 0.1  # what has just come into the picture


def test_moments_depend_on_seed_and_number_alone(root):
    one, other = clips(root), clips(root)
    other[5]
    assert all(torch.equal(one[2][key], other[2][key]) for key in one[2])
    firsts = [clips(root, seed=seed)[n]["ids"][0] for seed in (1, 2) for n in range(6)]
    assert not all(torch.equal(a, b) for a, b in zip(firsts[:6], firsts[6:], strict=True))


def test_other_processes_can_be_given_the_clips(root):
    data = clips(root)
    copy = pickle.loads(pickle.dumps(data))  # as processes are started on Windows and macOS
    assert torch.equal(copy[0]["pictures"], data[0]["pictures"])


def test_things_have_outlines_without_instance_maps(root):
    for path in (root / "train_inst").rglob("*.png"):
        path.unlink()
    for folder in [*(root / "train_inst").iterdir(), root / "train_inst"]:
        folder.rmdir()
    clip = clips(root)[0]
    ids, things = clip["ids"].long(), torch.isin(clip["ids"], torch.arange(24, 34, dtype=torch.uint8))
    assert torch.equal(clip["instances"].long(), torch.where(things, ids, 0))


def remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def no_pictures(root: Path) -> None:
    remove(root / "train_B" / "seq2")


def empty_pictures(root: Path) -> None:
    remove(root / "train_B" / "seq2")
    (root / "train_B" / "seq2").mkdir()


def one_picture_less(root: Path) -> None:
    (root / "train_B" / "seq1" / "frame9.png").unlink()


def no_instances(root: Path) -> None:
    remove(root / "train_inst" / "seq2")


def one_instance_map_less(root: Path) -> None:
    (root / "train_inst" / "seq2" / "9.png").unlink()


def unknown_class(root: Path) -> None:
    save(root / "train_A" / "seq1" / "8.png", np.full((32, 64), 77, np.uint8))


def another_size(root: Path) -> None:
    save(root / "train_A" / "seq1" / "9.png", np.full((32, 32), 7, np.uint8))


def not_a_picture(root: Path) -> None:
    (root / "train_A" / "seq1" / "8.png").write_bytes(b"hello")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (no_pictures, r"train_B.seq2: there is no such folder, but .*train_A.seq2 has label maps for it"),
        (empty_pictures, r"train_B.seq2: the folder is empty"),
        (one_picture_less, r"seq1 has 5 label maps but .*train_B.seq1 has 4 frames; there must be one label"),
        (no_instances, r"train_inst.seq2: there is no such folder"),
        (one_instance_map_less, r"train_inst.seq2: 3 instance maps for 4 label maps"),
        (unknown_class, r"8\.png: class id 77 is not in the palette 'cityscapes'"),
        (another_size, r"9\.png: 32x32 pixels, but 8\.png has 64x32"),
        (not_a_picture, r"8\.png: not a picture"),
    ],
)
def test_every_mistake_is_one_sentence_before_the_run(root, spoil, message):
    spoil(root)
    with pytest.raises(InputError, match=message) as caught:
        clips(root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("inside", [None, "train_A", "train_A/pictures.png"])
def test_a_folder_without_sequences(tmp_path, inside):
    if inside is not None and inside.endswith(".png"):
        save(tmp_path / inside, np.zeros((32, 64), np.uint8))
    elif inside is not None:
        (tmp_path / inside).mkdir()
    with pytest.raises(InputError, match=r"train_A: holds no sequence; expected train_A/<sequence>/ and"):
        clips(tmp_path)


def test_no_folder_at_all(tmp_path):
    (tmp_path / "file").write_text("mine")
    for name in ("missing", "file"):
        with pytest.raises(
            InputError, match=f"{name}: there is no such folder; give one that holds train_A/ and"
        ):
            clips(tmp_path / name)


def test_clips_longer_than_a_sequence_come_from_the_others(root):
    data = clips(root, ClipShape(width=64, height=32, frames=5, zooms=(1.0,)))
    assert data.longest == 5
    assert {data[n]["ids"].shape[0] for n in range(6)} == {5}


def test_all_sequences_shorter_than_the_network_needs(root):
    sequences = open_folder(root, builtin_palette("cityscapes"))
    check_lengths(sequences, 5)
    with pytest.raises(InputError, match=r"seq1: 5 frames are too few; this network needs clips of 6 frames"):
        check_lengths(sequences, 6)


def test_a_video_that_does_not_pair_up(root):
    one = root / "train_A" / "seq1"
    with pytest.raises(InputError, match=r"seq1 has 5 label maps but .*seq2 has 4 frames; there must be one"):
        open_clip(root / "train_B" / "seq2", one, None)
