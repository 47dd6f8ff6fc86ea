"""`maliang vid2vid` as a user types it, on tiny weights: the video, and a sentence for every wrong input."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from maliang_video import weights
from maliang_video.cli import main, vid2vid
from maliang_video.media import outputs
from maliang_video.media.reader import open_frames
from maliang_video.media.writer import open_writer
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.progress import Preview
from maliang_video.training.worlds import open_world

HEIGHT, WIDTH = 32, 64


@pytest.fixture
def network(tmp_path: Path, tiny_generator: Vid2VidGenerator) -> Path:
    weights.save(tmp_path / "tiny.safetensors", tiny_generator, licence="CC0-1.0", source="random numbers")
    return tmp_path / "tiny.safetensors"


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Seven label maps, Cityscapes ids: road below, sky above, a tree that moves."""
    folder = tmp_path / "maps"
    folder.mkdir()
    for number in range(7):
        ids = np.full((HEIGHT, WIDTH), 7, np.uint8)
        ids[: HEIGHT // 2] = 23
        ids[8:24, 4 * number : 4 * number + 10] = 21
        Image.fromarray(ids).save(folder / f"{number:03d}.png")
    return folder


def run(labels: Path | str, out: Path, network: Path, *more: str | Path) -> int:
    given = ["--labels", labels, "--out", out, "--weights", network, "--device", "cpu", *more]
    if not str(labels).startswith("world:"):
        given += ["--palette", "cityscapes"]
    return main(["vid2vid", *map(str, given)])


def refused(capsys: pytest.CaptureFixture[str], out: Path, code: int) -> str:
    """The one sentence; nothing may have been made."""
    assert code == 2
    assert not out.exists()
    said = capsys.readouterr().err
    assert said.startswith("maliang: ")
    assert said.count("\n") == 1
    return said


def pixels_of(path: Path) -> NDArray[np.uint8]:
    with open_frames(path) as frames:
        return np.stack([frame.pixels for frame in frames])


def test_a_folder_becomes_a_video(
    maps: Path, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out.mp4"
    assert run(maps, out, network) == 0
    assert capsys.readouterr().out == f"{out}: 7 frames, 64x32, 24 frames a second\n"
    assert pixels_of(out).shape == (7, HEIGHT, WIDTH, 3)
    assert [path.name for path in out.parent.iterdir()] == ["out.mp4"]


def test_a_world_becomes_a_video(network: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    assert run("world:street?seed=3&frames=3&size=64x32&fps=12", out, network, "--codec", "ffv1") == 0
    assert pixels_of(out).shape == (3, HEIGHT, WIDTH, 3)
    with open_frames(out) as frames:
        assert frames.info.frame_rate == 12


def test_options_change_the_video(maps: Path, network: Path, tmp_path: Path) -> None:
    edits = tmp_path / "edits.json"
    arguments = ["--labels", str(maps), "--palette", "cityscapes", "--replace", "vegetation=building"]
    assert main(["labels", "edit", *arguments, "--save-edits", str(edits)]) == 0
    picture = tmp_path / "first.png"
    Image.fromarray(np.full((8, 8, 3), 200, np.uint8)).save(picture)
    made: dict[str, bytes] = {}
    for name, more in {
        "plain": [],
        "again": [],
        "night": ["--style", "night"],
        "edited": ["--edits", edits],
        "first": ["--first", picture],
        "no flow": ["--no-flow"],
        "bf16": ["--dtype", "bf16"],
    }.items():
        out = tmp_path / f"{name}.mkv"
        assert run(maps, out, network, "--codec", "ffv1", *more) == 0
        made[name] = pixels_of(out).tobytes()
    assert made.pop("again") == made["plain"]
    assert len(set(made.values())) == len(made)


def test_what_is_kept_is_painted_once(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, kept, edits = (
        "world:street?seed=3&frames=26&size=64x32",
        tmp_path / "kept",
        tmp_path / "edits.json",
    )
    change = ["--replace", "road=sky", "--frames", "25:", "--save-edits", str(edits)]
    assert main(["labels", "edit", "--labels", world, *change]) == 0
    live = ("--codec", "ffv1", "--keep", kept)
    assert run(world, tmp_path / "plain.mkv", network, *live) == 0
    capsys.readouterr()
    assert run(world, tmp_path / "edited.mkv", network, *live, "--edits", edits) == 0
    assert "26 frames, 24 of them from an earlier run" in capsys.readouterr().out
    plain, edited = pixels_of(tmp_path / "plain.mkv"), pixels_of(tmp_path / "edited.mkv")
    assert np.array_equal(plain[:25], edited[:25])
    assert not np.array_equal(plain[25], edited[25])
    assert run(world, tmp_path / "whole.mkv", network, "--codec", "ffv1", "--edits", edits) == 0
    assert np.array_equal(pixels_of(tmp_path / "whole.mkv"), edited)


def test_cars_can_be_painted_like_all_else(tmp_path: Path, tiny_generator: Vid2VidGenerator) -> None:
    torch.manual_seed(6)
    path = tmp_path / "cars.safetensors"
    config = replace(tiny_generator.config, foreground=(26,), foreground_filters=4)
    weights.save(path, Vid2VidGenerator(config), licence="CC0-1.0", source="random numbers")
    world = "world:street?seed=3&frames=2&size=64x32"
    cars = next(open_world(world).frames()).ids.numpy() == 26
    for name, more in {"with": [], "without": ["--no-foreground"]}.items():
        assert run(world, tmp_path / f"{name}.mkv", path, "--codec", "ffv1", *more) == 0
    differs = (pixels_of(tmp_path / "with.mkv") != pixels_of(tmp_path / "without.mkv"))[0].any(-1)
    assert differs[cars].any()
    assert not differs[~cars].any()


def test_size_brings_label_maps_to_what_the_network_takes(maps: Path, network: Path, tmp_path: Path) -> None:
    assert run(maps, tmp_path / "out.mkv", network, "--size", "48x24") == 0
    assert pixels_of(tmp_path / "out.mkv").shape == (7, 24, 48, 3)


def test_labels_in_another_palette_are_converted(maps: Path, network: Path, tmp_path: Path) -> None:
    given = ["labels", "convert", "--labels", str(maps), "--palette", "cityscapes"]
    assert main([*given, "--to", "cityscapes_train", "--out", str(tmp_path / "train")]) == 0
    for folder, palette in (("maps", "cityscapes"), ("train", "cityscapes_train")):
        asked = [
            "vid2vid",
            "--labels",
            str(tmp_path / folder),
            "--palette",
            palette,
            "--weights",
            str(network),
        ]
        assert main([*asked, "--out", str(tmp_path / f"{folder}.mkv"), "--codec", "ffv1"]) == 0
    assert np.array_equal(pixels_of(tmp_path / "maps.mkv"), pixels_of(tmp_path / "train.mkv"))


def test_an_interrupted_run_goes_on_and_ends_the_same(
    maps: Path,
    network: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, out = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    world = "world:street?seed=3&frames=30&size=64x32"
    assert run(world, whole, network) == 0

    @contextmanager
    def impatient(title: str, unit: str = "frame") -> Iterator[object]:
        def show(done: int, total: int | None, preview: Preview | None = None) -> None:
            if done == 27:
                raise KeyboardInterrupt

        yield show

    with monkeypatch.context() as during:
        during.setattr(vid2vid, "progress_bar", impatient)
        assert run(world, out, network) == 130
    assert not out.exists()
    capsys.readouterr()
    assert run(world, out, network) == 0
    assert "30 frames, 24 of them from an earlier run" in capsys.readouterr().out
    assert np.array_equal(pixels_of(out), pixels_of(whole))
    assert not (tmp_path / "out.mp4.parts").exists()


def test_label_maps_of_differing_sizes(
    maps: Path, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.zeros((HEIGHT, 2 * WIDTH), np.uint8)).save(maps / "003.png")
    said = refused(capsys, tmp_path / "out.mp4", run(maps, tmp_path / "out.mp4", network))
    assert "003.png" in said
    assert "128x32" in said


def test_an_unknown_class(
    maps: Path, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = np.array(Image.open(maps / "004.png"))
    ids[3, 5] = 99
    Image.fromarray(ids).save(maps / "004.png")
    said = refused(capsys, tmp_path / "out.mp4", run(maps, tmp_path / "out.mp4", network))
    assert "99" in said


def test_an_empty_folder(network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    said = refused(capsys, tmp_path / "out.mp4", run(tmp_path / "empty", tmp_path / "out.mp4", network))
    assert str(tmp_path / "empty") in said


def test_a_folder_that_is_not_there(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, tmp_path / "out.mp4", run(tmp_path / "gone", tmp_path / "out.mp4", network))
    assert str(tmp_path / "gone") in said


def test_a_video_without_frames(network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "clip.mkv"
    with open_writer(clip, width=WIDTH, height=HEIGHT, frame_rate=24, codec="ffv1") as writer:
        writer.write(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    whole = clip.read_bytes()
    for part in (whole[:600], b"", b"no video at all"):
        clip.write_bytes(part)
        said = refused(capsys, tmp_path / "out.mp4", run(clip, tmp_path / "out.mp4", network))
        assert str(clip) in said


def test_a_size_that_the_network_can_not_take(
    maps: Path, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(maps, tmp_path / "out.mp4", network, "--size", "50x30")
    said = refused(capsys, tmp_path / "out.mp4", code)
    assert "50x30" in said
    assert "multiples of 4" in said
    assert "48x32" in said
    assert "--size" in said


def test_a_model_of_another_kind(maps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors.torch import save_file

    other = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(3)}, other, {"format": "pt"})
    said = refused(capsys, tmp_path / "out.mp4", run(maps, tmp_path / "out.mp4", other))
    assert "other.safetensors" in said


def test_weights_that_nobody_has(maps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(
        ["vid2vid", "--labels", str(maps), "--out", str(tmp_path / "out.mp4"), "--weights", "nowhere"]
    )
    assert "no weights named 'nowhere'" in refused(capsys, tmp_path / "out.mp4", code)


def test_a_style_that_the_network_does_not_know(
    maps: Path, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, tmp_path / "out.mp4", run(maps, tmp_path / "out.mp4", network, "--style", "dusk"))
    assert "no style 'dusk'; this network has: noon, night" in said


def test_an_ending_that_is_no_video(
    maps: Path, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, tmp_path / "out.doc", run(maps, tmp_path / "out.doc", network))
    assert ".mp4" in said


def test_the_input_is_never_overwritten(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "clip.mkv"
    with open_writer(clip, width=WIDTH, height=HEIGHT, frame_rate=24, codec="ffv1") as writer:
        writer.write(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    before = clip.read_bytes()
    assert run(clip, clip, network) == 2
    assert "is one of the inputs" in capsys.readouterr().err
    assert clip.read_bytes() == before


@pytest.mark.parametrize("text", ["512", "512x", "0x8", "axb", "-4x8"])
def test_sizes_are_written_width_x_height(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["vid2vid", "--labels", "x", "--out", "y", f"--size={text}"])
    assert exit_.value.code == 2
    assert "write width x height, for example 512x256" in capsys.readouterr().err


def test_a_file_of_the_same_name_stays_until_the_new_one_is_whole(
    maps: Path, network: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"an older video")
    ids = np.array(Image.open(maps / "006.png"))
    ids[0, 0] = 99
    Image.fromarray(ids).save(maps / "006.png")
    assert run(maps, out, network) == 2
    assert out.read_bytes() == b"an older video"


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small file system in memory at `folder`; skips the test where only an administrator may mount."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("needs the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(os.name == "nt", reason="mounts a tmpfs")
def test_a_full_disk(maps: Path, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "disk" / "out.mkv"
    with mounted(tmp_path / "disk", "size=40k"):
        said = refused(capsys, out, run(maps, out, network, "--codec", "ffv1", "--size", "128x64"))
        assert "disk is full" in said
        assert str(out) in said
    assert run(maps, out, network, "--codec", "ffv1", "--size", "128x64") == 0


def test_a_disk_that_fills_up_at_the_end(
    maps: Path,
    network: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as during:
        during.setattr(outputs.os, "fsync", full)
        assert "disk is full" in refused(
            capsys, tmp_path / "out.mp4", run(maps, tmp_path / "out.mp4", network)
        )
    assert run(maps, tmp_path / "out.mp4", network) == 0


@pytest.mark.skipif(os.name == "nt", reason="mounts a tmpfs")
def test_a_disk_that_can_only_be_read(
    maps: Path, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "disk" / "out.mp4"
    with mounted(tmp_path / "disk", "ro"):
        assert "can only be read" in refused(capsys, out, run(maps, out, network))


@pytest.mark.skipif(os.name == "nt", reason="folders are protected in another way")
def test_a_folder_without_permission(
    maps: Path, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    folder.chmod(0o555)
    out = folder / "out.mp4"
    with as_an_ordinary_user(tmp_path):
        code = run(maps, out, network)
    assert "no permission" in refused(capsys, out, code)


@contextmanager
def as_an_ordinary_user(root: Path) -> Iterator[None]:
    """An administrator may write anywhere: give that up for a while. `root` and what leads there become readable."""
    if os.geteuid():
        yield
        return
    for folder in (root, *root.parents):
        if folder.stat().st_uid == 0 and folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
