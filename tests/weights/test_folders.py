import os
from pathlib import Path

import pytest

from maliang_video.weights.folders import demo_folder, find_file, is_name, list_files, search_folders, typed


@pytest.fixture
def folders(tmp_path):
    for name in ("a/street.safetensors", "b/street.safetensors", "b/sub/night.v2.safetensors", "b/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "secret.safetensors").touch()
    return [tmp_path / "none", tmp_path / "a", tmp_path / "b"]


def test_the_order_of_the_search(monkeypatch, tmp_path):
    monkeypatch.delenv("MALIANG_MODELS", raising=False)
    assert search_folders() == (demo_folder(),)
    monkeypatch.setenv("MALIANG_MODELS", os.pathsep.join(["/one", "", "~/two"]))
    assert search_folders([tmp_path]) == (tmp_path, Path("/one"), Path.home() / "two", demo_folder())
    assert demo_folder().is_dir()


def test_the_first_folder_wins_with_or_without_the_ending(folders):
    assert find_file("street", folders) == folders[1] / "street.safetensors"
    assert find_file("street.safetensors", folders) == folders[1] / "street.safetensors"
    assert find_file("street", folders[2:]) == folders[2] / "street.safetensors"
    assert find_file("sub/night.v2", folders) == folders[2] / "sub" / "night.v2.safetensors"
    assert find_file("notes.txt", folders) is None
    assert find_file("day", folders) is None


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "sub/../../secret",
        "..\\secret",
        "/etc/passwd",
        "c:secret",
        "",
        ".",
        "..",
        "a//b",
        "a\0b",
        "./street",
    ],
)
def test_names_never_lead_out(folders, name):
    assert not is_name(name)
    assert find_file(name, folders) is None


def test_an_absolute_path_is_no_name(folders):
    assert find_file(str(folders[1] / "street.safetensors"), folders) is None


def test_all_files_are_listed_once(folders):
    assert list(list_files(folders)) == [
        ("street", folders[1] / "street.safetensors"),
        ("sub/night.v2", folders[2] / "sub" / "night.v2.safetensors"),
    ]


def test_what_a_person_types(folders, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "street").mkdir()
    assert typed("street") == "street"
    assert typed("a/street.safetensors") == Path("a/street.safetensors")
    assert typed("./missing.safetensors") == Path("missing.safetensors")
    assert typed("sub/night") == "sub/night"
    assert typed(str(tmp_path / "x")) == tmp_path / "x"
    assert typed("~/x") == Path.home() / "x"
