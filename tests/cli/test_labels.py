import json

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.cli import main
from maliang_video.media.label_folder import LabelFolderWriter
from maliang_video.media.reader import open_frames
from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.labels.palette import builtin_palette, builtin_palette_names

CITY = builtin_palette("cityscapes")
IDS = torch.tensor([[[7, 7, 21], [7, 26, 21]], [[7, 21, 21], [7, 26, 23]]], dtype=torch.uint8)


@pytest.fixture
def clip(tmp_path):
    with LabelFolderWriter(tmp_path / "clip", CITY, job="test") as writer:
        for ids in IDS:
            writer.write(LabelFrame(ids))
    return tmp_path / "clip"


def ids_in(folder):
    return [np.array(Image.open(p)).tolist() for p in sorted(folder.glob("*.png"))]


def run(*arguments):
    return main(["labels", *map(str, arguments)])


def fails(capsys, *arguments):
    assert run(*arguments) == 2
    return capsys.readouterr().err


def test_convert(clip, tmp_path, capsys):
    assert (
        run(
            "convert",
            "--labels",
            clip,
            "--palette",
            "cityscapes",
            "--to",
            "cityscapes_train",
            "--out",
            tmp_path / "t",
        )
        == 0
    )
    assert ids_in(tmp_path / "t") == [[[0, 0, 8], [0, 13, 8]], [[0, 8, 8], [0, 13, 10]]]
    said = capsys.readouterr().out
    assert "2 label maps, palette cityscapes_train" in said
    assert (
        "without a partner, become 'unlabeled': ego vehicle, rectification border, out of roi, static" in said
    )
    assert "and 3 more" in said


def test_convert_otherwise(clip, tmp_path):
    palette = tmp_path / "two.json"
    classes = [{"id": 0, "name": "road", "color": [0, 0, 0]}, {"id": 5, "name": "car", "color": "#ff0000"}]
    palette.write_text(json.dumps({"name": "two", "classes": classes}))
    arguments = ("convert", "--labels", clip, "--palette", "cityscapes", "--to", palette)
    assert run(*arguments, "--otherwise", "car", "--out", tmp_path / "out") == 0
    assert ids_in(tmp_path / "out")[0] == [[0, 0, 5], [0, 5, 5]]


def test_convert_a_palette_without_void(clip, tmp_path, capsys):
    palette = tmp_path / "one.json"
    palette.write_text('{"name": "one", "classes": [{"id": 0, "name": "road", "color": [0, 0, 0]}]}')
    said = fails(
        capsys,
        "convert",
        "--labels",
        clip,
        "--palette",
        "cityscapes",
        "--to",
        palette,
        "--out",
        tmp_path / "o",
    )
    assert "palette 'one' has nothing for unlabeled" in said
    assert "say which of its classes they become" in said


def test_edit(clip, tmp_path, capsys):
    edits = tmp_path / "edits.json"
    Image.fromarray(np.array([[0, 255, 255], [0, 0, 0]], np.uint8)).save(tmp_path / "m.png")
    code = run(
        "edit", "--labels", clip, "--palette", "cityscapes", "--replace", "vegetation=building",
        "--frames", "1:", "--mask", tmp_path / "m.png", "--save-edits", edits, "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 0
    expected = [IDS[0].tolist(), [[7, 11, 11], [7, 26, 23]]]
    assert ids_in(tmp_path / "out") == expected
    assert json.loads(edits.read_text()) == {
        "edits": [{"replace": ["vegetation"], "by": "building", "start": 1, "mask": "edits.mask1.png"}]
    }
    assert "edits.json: 1 edit\n" in capsys.readouterr().out
    assert (
        run(
            "edit", "--labels", clip, "--palette", "cityscapes", "--edits", edits, "--out", tmp_path / "again"
        )
        == 0
    )
    assert ids_in(tmp_path / "again") == expected


def test_edits_follow_one_another(clip, tmp_path):
    replace = ("--replace", "trees,sky=building", "--replace", "building=wall")
    assert run("edit", "--labels", clip, "--palette", "cityscapes", *replace, "--out", tmp_path / "out") == 0
    assert ids_in(tmp_path / "out")[1] == [[7, 12, 12], [7, 26, 12]]


def test_edit_a_world_at_another_size(tmp_path):
    world = "world:street?seed=3&frames=2&size=64x32"
    assert (
        run(
            "edit",
            "--labels",
            world,
            "--size",
            "128x64",
            "--replace",
            "road=terrain",
            "--out",
            tmp_path / "w",
        )
        == 0
    )
    edited = ids_in(tmp_path / "w")
    assert np.array(edited).shape == (2, 64, 128)
    assert not (np.array(edited) == 7).any()
    assert (np.array(edited) == 22).sum() > 100
    assert len(list((tmp_path / "w" / "instances").iterdir())) == 2


def test_wrong_edits(clip, tmp_path, capsys):
    source = ("edit", "--labels", clip, "--palette", "cityscapes")
    assert "give --out for the label maps, --save-edits" in fails(capsys, *source, "--replace", "car=bus")
    assert "nothing to do; give --replace" in fails(capsys, *source, "--out", tmp_path / "o")
    assert "no class 'dragon'" in fails(capsys, *source, "--replace", "dragon=car", "--out", tmp_path / "o")
    assert "no such file" in fails(capsys, *source, "--edits", tmp_path / "e.json", "--out", tmp_path / "o")
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("text", ["=building", "tree", "tree=", " , =car"])
def test_what_replaces_nothing(clip, text, capsys):
    with pytest.raises(SystemExit):
        run("edit", "--labels", clip, "--replace", text)
    assert "replaces nothing; write for example vegetation=building" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "edited"), [("0", [0]), (":1", [0]), ("1:", [1]), ("0:2", [0, 1])])
def test_frames(clip, tmp_path, text, edited):
    arguments = ("--replace", "car=bus", "--frames", text, "--out", tmp_path / "out")
    assert run("edit", "--labels", clip, "--palette", "cityscapes", *arguments) == 0
    assert [n for n, ids in enumerate(ids_in(tmp_path / "out")) if ids[1][1] == 28] == edited


@pytest.mark.parametrize("text", ["x", "1:0", "2:2", ":", "-1:3", "1:2:3"])
def test_what_is_no_range(clip, text, capsys):
    with pytest.raises(SystemExit):
        run("edit", "--labels", clip, "--replace", "car=bus", f"--frames={text}")
    assert "frame" in capsys.readouterr().err


def test_preview(clip, tmp_path, capsys):
    assert run("preview", "--labels", clip, "--palette", "cityscapes", "--out", tmp_path / "shown") == 0
    with open_frames(tmp_path / "shown") as reader:
        first, second = [frame.pixels for frame in reader]
    assert first.shape == second.shape
    assert tuple(first[0, 0]) == (128, 64, 128)
    assert first.shape[0] > 2 * first.shape[1] // 3
    assert (
        run("preview", "--labels", clip, "--palette", "cityscapes", "--no-legend", "--out", tmp_path / "p")
        == 0
    )
    with open_frames(tmp_path / "p") as reader:
        assert (reader.info.width, reader.info.height) == (3, 2)


def test_info(clip, capsys):
    assert run("info", "--labels", clip, "--palette", "cityscapes") == 0
    said = capsys.readouterr().out
    assert "2 frames, 3x2, 24 frames a second" in said
    assert "palette cityscapes, instances: none" in said
    lines = [line.split() for line in said.splitlines()[2:]]
    assert lines == [
        ["7", "road", "42", "%"],
        ["21", "vegetation", "33", "%"],
        ["26", "car", "17", "%"],
        ["23", "sky", "8.3", "%"],
    ]


def test_palettes(capsys):
    assert run("palettes") == 0
    listed = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert ["cityscapes", "35"] in listed
    assert sorted(name for name, _ in listed) == sorted(builtin_palette_names())
    assert run("palettes", "cityscapes") == 0
    shown = capsys.readouterr().out
    assert "   26  #00008e  car                       thing\n" in shown
    assert "   21  #6b8e23  vegetation\n" in shown


def test_an_unknown_palette(capsys):
    assert "no palette 'cityscape'" in fails(capsys, "palettes", "cityscape")


def test_segment(tmp_path, monkeypatch, capsys):
    from maliang_video.pipelines import segmenter

    class Half:
        palette = CITY
        fingerprint = "half"

        def __call__(self, pixels):
            ids = torch.full(pixels.shape[:2], 7, dtype=torch.uint8)
            ids[: len(ids) // 2] = 23
            return ids

    asked = []

    def load(name, **options):
        asked.append((name, options))
        return Half()

    monkeypatch.setattr(segmenter, "load_segmenter", load)
    Image.new("RGB", (4, 2)).save(tmp_path / "picture.png")
    arguments = ("segment", "--footage", tmp_path / "picture.png", "--device", "cpu", "--dtype", "bf16")
    assert run(*arguments, "--network", "segformer-b0", "--out", tmp_path / "out") == 0
    assert ids_in(tmp_path / "out") == [[[23] * 4, [7] * 4]]
    assert asked == [
        ("segformer-b0", {"palette": None, "device": torch.device("cpu"), "dtype": torch.bfloat16})
    ]
    assert "licence of segformer-b0: NVIDIA, non-commercial" in capsys.readouterr().out


@pytest.mark.parametrize("command", [("segment",), ("pose",), ("face", "--network", "any")])
def test_footage_is_looked_at_before_a_network_is_asked_for(capsys, tmp_path, monkeypatch, command):
    monkeypatch.setattr("maliang_video.pipelines.hub_networks.load_parts", None)
    (tmp_path / "notes.mp4").write_text("no video")
    said = fails(capsys, *command, "--footage", tmp_path / "notes.mp4", "--out", tmp_path / "out")
    assert "notes.mp4: not a video or sound file that can be read" in said
    assert "gone.mp4" in fails(
        capsys, *command, "--footage", tmp_path / "gone.mp4", "--out", tmp_path / "out"
    )
    Image.new("RGB", (4, 2)).save(tmp_path / "picture.png")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    said = fails(capsys, *command, "--footage", tmp_path / "picture.png", "--out", tmp_path / "full")
    assert "full: the folder is not empty" in said


def test_nothing_is_written_over_the_source(clip, capsys):
    said = fails(capsys, "convert", "--labels", clip, "--to", "ade20k", "--out", clip)
    assert "is one of the inputs" in said
    assert ids_in(clip) == IDS.tolist()
