"""Dictionaries of arrays that NumPy saved: the numbers that were in them, and nothing of them is run."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy

from maliang_video.errors import InputError
from maliang_video.weights import numpy_file
from maliang_video.weights.numpy_file import read_arrays

ARRAYS = {part: np.random.default_rng(part).normal(size=(3, 4)).astype("f4") for part in range(2)}

PYTHON_2 = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01)cnumpy\ndtype\n"
    b"U\x02O8K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]}K\x05"
    b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x01K\x02\x86cnumpy\ndtype\n"
    b"U\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
    b"U\x08\x00\x00\x80?\x00\x00(\xc2tbsatb."
)
"""{5: [[1, -42]]} as Python 2 writes it: bytes are text."""


def save(path: Path, content: object, protocol: int | None = None) -> Path:
    """The file of an array of one object; content: bytes are a pickle that is there already."""
    with path.open("wb") as file:
        npy.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        if isinstance(content, bytes):
            file.write(content)
        else:
            held = np.empty((), object)
            held[()] = content
            pickle.dump(held, file, protocol=protocol)
    return path


def test_what_numpy_saves_is_read(tmp_path):
    np.save(tmp_path / "a.npy", ARRAYS, allow_pickle=True)
    read = read_arrays(tmp_path / "a.npy")
    assert list(read) == [0, 1]
    for part, array in ARRAYS.items():
        assert read[part].dtype == np.float64
        assert np.array_equal(read[part], array)


@pytest.mark.parametrize("protocol", [2, 4])
def test_every_way_of_writing_is_read(tmp_path, protocol):
    kinds = {
        0: np.arange(6.0).reshape(2, 3),
        1: np.asfortranarray(np.arange(6).reshape(2, 3)),
        2: np.array([7], ">f8"),
    }
    read = read_arrays(save(tmp_path / "a.npy", kinds, protocol))
    assert read[0].tolist() == read[1].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read[2].tolist() == [7]


def test_what_python_2_wrote_is_read(tmp_path):
    read = read_arrays(save(tmp_path / "a.npy", PYTHON_2))
    assert {key: array.tolist() for key, array in read.items()} == {5: [[1.0, -42.0]]}


class Runs:
    """A pickle of it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_nothing_is_run(tmp_path):
    made = tmp_path / "made"
    with pytest.raises(
        InputError, match=r"asks for (posix|nt).mkdir, which could run anything; nothing was run"
    ):
        read_arrays(save(tmp_path / "a.npy", {0: Runs(made)}))
    assert not made.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "holds a dict"),
        ([1], "holds a list"),
        ({"a": np.zeros(2)}, "called 'a', not by a number"),
        ({0: np.array(["x"])}, "numbers of type 'U1'"),
        ({0: np.array([np.nan])}, "not finite"),
        (PYTHON_2[:-30], "or damaged"),
        (PYTHON_2.replace(b"K\x01K\x02\x86", b"K\x09K\x02\x86"), "an array [9, 2] of 8 bytes"),
        (PYTHON_2.replace(b"_reconstruct\n", b"fromfile\n"), "asks for numpy.core.multiarray.fromfile"),
        (b"\x80\x02cnumpy\ndtype\nN}U\x08__call__K\x01s\x86b.", "it sets the state of a numpy.dtype"),
        (b"\x80\x02cnumpy\nndarray\nK\x01\x85R.", "it calls numpy.ndarray"),
    ],
)
def test_what_is_no_dictionary_of_numbers_is_refused(tmp_path, content, message):
    with pytest.raises(InputError, match=r"a\.npy") as caught:
        read_arrays(save(tmp_path / "a.npy", content))
    assert message in str(caught.value)


def test_other_files_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no such file"):
        read_arrays(tmp_path / "none.npy")
    np.save(tmp_path / "plain.npy", np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"it is an array \[2, 3\] of float64"):
        read_arrays(tmp_path / "plain.npy")
    (tmp_path / "text.npy").write_text("hello")
    with pytest.raises(InputError, match="not a dictionary of plain arrays"):
        read_arrays(tmp_path / "text.npy")
    monkeypatch.setattr(numpy_file, "MAX_FILE", 10)
    with pytest.raises(InputError, match="more than 10; refused"):
        read_arrays(tmp_path / "plain.npy")
