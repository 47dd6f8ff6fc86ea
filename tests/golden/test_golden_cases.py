"""The parity tests find the cases of any directory, whatever their names, and don't pass where there are none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from golden_cases import DEFAULT, find_cases
from safetensors import safe_open
from safetensors.torch import load_file, save_file

ROOT = DEFAULT.parents[1]


def parity(directory: Path) -> "subprocess.CompletedProcess[str]":
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "parity",
        "--golden",
        str(directory),
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    tests = "tests/models/vid2vid/test_parity.py"
    return subprocess.run([*command, tests], cwd=ROOT, capture_output=True, text=True, check=False)


def changed_copy(source: Path, target: Path, name: str, by: float) -> None:
    with safe_open(source, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(source)
    tensors[name].view(-1)[7] += by
    save_file(tensors, target, metadata=metadata)


def test_a_directory_that_is_not_there_is_an_error(tmp_path):
    done = parity(tmp_path / "nowhere")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no such directory" in done.stderr


def test_a_directory_without_a_case_that_we_know_is_an_error(tmp_path):
    save_file(
        load_file(DEFAULT / "vid2vid" / "warp.safetensors"),
        tmp_path / "a.safetensors",
        {"kind": "weaving.step"},
    )
    save_file(load_file(DEFAULT / "vid2vid" / "warp.safetensors"), tmp_path / "b.safetensors")
    (tmp_path / "notes.json").write_text("[1, 2]")
    done = parity(tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no case there is of a kind that the collected tests know" in done.stderr
    assert "vid2vid.rollout" in done.stderr


def test_cases_elsewhere_are_found_by_kind_and_compared(tmp_path):
    folder = tmp_path / "loom"
    folder.mkdir()
    ours = DEFAULT / "vid2vid"
    shutil.copy(
        ours / "pose2body_512p_small.step.safetensors", folder / "right.safetensors"
    )  # its manifests stay here
    changed_copy(ours / "warp.safetensors", folder / "wrong.safetensors", "out", 2e-5)
    done = parity(tmp_path)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, " in done.stdout
    assert "test_warp[wrong]" in done.stdout


def test_every_case_here_has_its_manifests():
    cases = list(find_cases(DEFAULT))
    assert {case.kind for case in cases} >= {"vid2vid.step", "vid2vid.rollout", "vid2vid.warp"}
    assert all(case.manifest_paths() for case in cases if "manifests" in case.metadata)
