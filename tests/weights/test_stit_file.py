"""What STIT's training leaves behind: generator, codes and boxes, out of a zip that torch.load won't read."""

import pickle
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.weights.stit_file import read_tuned_model

FRAMES = 3


@pytest.fixture
def published(published_faces):
    return published_faces.folder / "model_run.pt"


def changed(source, path, change, compression=zipfile.ZIP_STORED):
    """The zip `source` with `change(name, bytes)` in the place of each record; None leaves it out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", compression) as new:
        for name in old.namelist():
            content = change(name.partition("/")[2], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return path


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_tuned_model(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def test_generator_codes_and_boxes_are_read(published, published_faces):
    with pytest.raises(pickle.UnpicklingError, match=r"torch_utils\.persistence"):
        torch.load(published, weights_only=True)
    read = read_tuned_model(published)
    assert read.pivots.tolist() == torch.arange(FRAMES * 48.0).reshape(FRAMES, 6, 8).tolist()
    assert read.quads.dtype == torch.float64
    assert read.quads[2].tolist() == (np.arange(8.0).reshape(4, 2) + 2).tolist()
    assert read.generator.class_name == "Generator"
    for name, tensor in published_faces.state.items():
        assert torch.equal(read.generator.state[name], tensor), name


def test_other_files_are_named(published, published_faces, tmp_path):
    assert "no such file" in refusal(tmp_path / "none.pt")
    assert "would be a zip" in refusal(published_faces.folder / "older.pt")
    assert "would be a zip" in refusal(published_faces.folder / "protocol4.pkl")
    torch.save({"w": torch.ones(2)}, tmp_path / "other.pt")
    assert "KeyError: 'generator'" in refusal(tmp_path / "other.pt")


RECORDS = {
    "compressed": (lambda name, data: data, zipfile.ZIP_DEFLATED, "is compressed, as PyTorch never does"),
    "cut": (lambda name, data: data[:-4] if name == "data/0" else data, 0, "numbers in a record of"),
    "without a record": (lambda name, data: None if name == "data/0" else data, 0, "cut short or damaged"),
    "without a pickle": (lambda name, data: None if name == "data.pkl" else data, 0, "cut short or damaged"),
    "too large": (lambda name, data: data + bytes(17 << 20) * (name == "data.pkl"), 0, "its pickle has"),
    "hostile": (
        lambda name, data: data.replace(b"__builtin__\nset\n", b"__builtin__\neval\n"),
        0,
        "it asks for __builtin__.eval, which could run anything; nothing was run",
    ),
    "with a storage in its pickle": (
        lambda name, data: data.replace(b"dnnlib.util\nEasyDict\n", b"torch.storage\n_load_from_bytes\n"),
        0,
        "it asks for torch.storage._load_from_bytes",
    ),
    "boxes": (lambda name, data: data.replace(b"K\x04K\x02\x86", b"K\x02K\x04\x86"), 0, "boxes [3, 2, 4]"),
    "numbers": (lambda name, data: data.replace(b"X\x02\x00\x00\x00f8", b"X\x02\x00\x00\x00O8"), 0, "of type 'O8'"),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
def test_what_is_forged_or_broken_is_refused(published, tmp_path, name):
    change, compression, message = RECORDS[name]
    assert message in refusal(changed(published, tmp_path / "m.pt", change, compression))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_damaged_bytes_is_refused_or_read(published, watched, tmp_path, data):
    path = tmp_path / "damaged.pt"
    flips = data.draw(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=3))

    def damage(name, content):
        if name != "data.pkl":
            return content
        content = bytearray(content)
        for place, value in flips:
            content[int(place * len(content))] = value
        return bytes(content)

    changed(published, path, damage)
    said, frames = f"{path}: ", FRAMES
    try:
        with watched(files=True):
            frames = len(read_tuned_model(path).pivots)
    except InputError as error:
        said = str(error)
    assert said.startswith(f"{path}: ")
    assert len(said) < 600
    assert frames == FRAMES
    assert [each.name for each in tmp_path.iterdir()] == ["damaged.pt"]
