"""`maliang train` as a user has it: a run, its file of weights, its table; one sentence for every mistake."""

import json
import re
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video import weights
from maliang_video.cli import main
from maliang_video.cli.numbers import duration
from maliang_video.media.writer import open_writer
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.training import ablation, evaluate, exams, recipes, segmenter, sheets
from maliang_video.training.flow_teachers import dense_inverse_search
from maliang_video.training.folders import open_folder
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.recipe import with_own_data
from maliang_video.training.schedule import ClipShape, Part
from maliang_video.training.sequences import FootageClips
from maliang_video.training.street_demo import STREET_DEMO
from maliang_video.training.worlds.street import StreetWorld

TINY = replace(
    STREET_DEMO,
    name="tiny",
    generator=replace(STREET_DEMO.generator, filters=4, foreground_filters=2, downsamplings=1, blocks=1),
    stages=(
        replace(
            STREET_DEMO.stages[0],
            clips=2,
            shape=ClipShape(width=64, height=32, frames=3, zooms=(1.0,)),
            discriminator_scales=1,
        ),
    ),
    discriminator_filters=2,
)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setattr(recipes, "RECIPES", {"tiny": TINY})
    monkeypatch.setattr(sheets, "PREVIEW_FRAMES", 3)
    monkeypatch.setattr(exams, "CLIPS", 6)
    monkeypatch.setattr(evaluate, "SHEET_FRAMES", 2)


def tiny_segformer(folder: Path) -> None:
    """An untrained network of a few thousand weights, for Cityscapes' 19 classes."""
    import transformers

    torch.manual_seed(0)
    config = transformers.SegformerConfig(
        num_labels=19,
        depths=[1, 1],
        num_encoder_blocks=2,
        sr_ratios=[2, 1],
        hidden_sizes=[8, 16],
        patch_sizes=[3, 3],
        strides=[2, 2],
        num_attention_heads=[1, 1],
        mlp_ratios=[1, 1],
        decoder_hidden_size=8,
    )
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(folder)
    transformers.SegformerImageProcessorPil(size={"height": 32, "width": 64}).save_pretrained(folder)


def maliang(capsys, command: str, *arguments: object) -> str:
    """What a command that goes well prints."""
    assert main(["train", command, *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refusal(capsys, command: str, *arguments: object) -> str:
    """The one sentence of a command that is refused."""
    try:
        code = main(["train", command, *map(str, arguments)])
    except SystemExit as stopped:  # argparse's way
        code = stopped.code
    assert code == 2
    *usage, sentence = capsys.readouterr().err.strip().splitlines()
    assert not usage or usage[0].startswith("usage: ")
    return sentence


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    folder, world = tmp_path_factory.mktemp("data"), StreetWorld(3, "noon", 64, 32)
    for part in ("train_A", "train_B"):
        (folder / part / "street").mkdir(parents=True)
    for t in range(4):
        frame = world.render(t)
        Image.fromarray(frame.ids).save(folder / "train_A" / "street" / f"{t}.png")
        Image.fromarray(frame.rgb).save(folder / "train_B" / "street" / f"{t}.png")
    return folder


@pytest.fixture
def data(original, tmp_path) -> Path:
    return shutil.copytree(original, tmp_path / "data")


@pytest.fixture(scope="module")
def trained(original, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    sequences = open_folder(original, builtin_palette("cityscapes"))
    clips = FootageClips(sequences, TINY.shape, 4, 0, dense_inverse_search())
    train(with_own_data(TINY), out, LoopOptions(torch.device("cpu"), 0, 2, None), clips)
    return out


@pytest.fixture
def run(trained, tmp_path) -> Path:
    """A finished run."""
    return shutil.copytree(trained, tmp_path / "run")


def test_from_a_folder_to_a_file_of_weights(capsys, data, tmp_path):
    out, file = tmp_path / "run", tmp_path / "weights" / "mine.safetensors"
    said = maliang(capsys, "vid2vid", "--recipe", "tiny", "--data", data, "--clips", 2, "--out", out)
    first, second = said.splitlines()
    assert first == f"{out}: trained on 2 of 2 clips; done"
    assert second.startswith(
        f"{out / 'run.safetensors'}: the weights, for the node and maliang vid2vid, learnt at 64x32 (--size); "
    )
    assert sorted(path.name for path in out.iterdir()) == [
        "cache",
        "checkpoint.safetensors",
        "log.jsonl",
        "preview_000002.jpg",
        "run.safetensors",
    ]
    assert weights.load(out / "run.safetensors").config == TINY.generator
    said = maliang(capsys, "export", "--run", out, "--out", file, "--licence", "CC-BY-4.0")
    assert re.fullmatch(r".*mine\.safetensors: 0\.0\d million parameters, 0\.\d\d MB\n", said)
    generator, info = weights.load(file), weights.inspect(file)
    assert isinstance(generator, Vid2VidGenerator)
    assert generator.config == TINY.generator
    assert (info.licence, info.dtype) == ("CC-BY-4.0", "fp16")
    assert info.source == "trained by maliang train vid2vid --recipe tiny on own data, 2 clips"


def test_the_street_is_trained_on_bit_by_bit(capsys, tmp_path):
    out = tmp_path / "run"
    command = ("--recipe", "tiny", "--out", out, "--workers", 0, "--max-time", "0s")
    assert "trained on 1 of 2 clips; the same command goes on" in maliang(capsys, "vid2vid", *command)
    assert "trained on 2 of 2 clips; done" in maliang(capsys, "vid2vid", *command)


def test_evaluation_prints_a_table_and_saves_a_sheet(capsys, run, tmp_path):
    file, sheet = tmp_path / "mine.safetensors", tmp_path / "docs" / "sheet.jpg"
    maliang(capsys, "export", "--run", run, "--out", file)
    said = maliang(
        capsys,
        "evaluate",
        "--weights",
        file,
        "--clips",
        2,
        "--frames",
        4,
        "--size",
        "64x32",
        "--sheet",
        sheet,
    )
    first, head, rule, *rows, by, last = said.splitlines()
    assert first == "2 unseen clips (street) of 4 frames at 64x32"
    assert head.startswith(
        "| method | PSNR (dB, higher is better) | perceptual distance (random features, lower) |"
    )
    assert head.endswith("| FID (lower) | video FID (lower) | label consistency (mIoU, higher) |")
    assert rule == "|" + "---|" * 9
    assert [row.split(" | ")[0] for row in rows][:3] == [
        "| vid2vid",
        "| vid2vid without flow",
        "| flat colours",
    ]
    assert len(rows) == 6
    *numbers, truth = [[float(cell) for cell in row.strip("| ").split(" | ")[1:]] for row in rows]
    for psnr, *others in numbers:
        assert 0 < psnr < 40
        assert len(others) == 7
        assert all(number > 0 for number in others)
    assert rows[-1].startswith("| true frames | 100.00 | 0.0000 |")
    assert truth[-1] == max(row[-1] for row in [*numbers, truth])  # the network of the package can read
    assert by.startswith(
        "FID, video FID and label consistency are by street-segmenter: compare them with each"
    )
    assert last == f"{sheet}: labels, flat colours, generated, truth"
    assert Image.open(sheet).size == (4 * 64, 4 * 32)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90m", 5400), ("2h", 7200), ("1h30m", 5400), ("45s", 45), ("1h1m1s", 3661), ("0s", 0)],
)
def test_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "none"], "maliang: no recipe 'none'; there are: tiny"),
        (["--clips", "0"], "argument --clips: '0' is not a whole number of 1 or more"),
        (["--clips", "many"], "argument --clips: 'many' is not a whole number of 1 or more"),
        (
            ["--max-time", "soon"],
            "argument --max-time: 'soon' is not a time; write for example 90m, 2h or 1h30m",
        ),
        (["--max-time", ""], "argument --max-time: '' is not a time"),
        (["--checkpoint-every", "0"], "argument --checkpoint-every: '0' is not a whole number of 1 or more"),
        (["--workers", "-1"], "argument --workers: '-1' is not a whole number of 0 or more"),
        (["--device", "tpu"], "maliang: device 'tpu' is not known; choose auto, cpu"),
        (
            ["--data", "missing"],
            "maliang: missing: there is no such folder; give one that holds train_A/ and train_B/",
        ),
    ],
)
def test_a_run_that_can_not_begin_leaves_nothing(capsys, tmp_path, arguments, message):
    out = tmp_path / "run"
    assert message in refusal(capsys, "vid2vid", "--recipe", "tiny", "--out", out, *arguments)
    assert not out.exists()


def test_a_run_in_a_bad_place(capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    command = ("vid2vid", "--recipe", "tiny", "--out")
    assert "file: is a file; give the name of a folder for the run" in refusal(
        capsys, *command, tmp_path / "file"
    )

    def refuse(path, *arguments, **named):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    sentence = refusal(capsys, *command, tmp_path / "run")
    assert sentence.endswith("run could not be written: no permission to write there; choose another folder")


def test_a_run_with_other_settings(capsys, run, data, monkeypatch):
    monkeypatch.setattr(recipes, "RECIPES", {"tiny": replace(TINY, seed=7)})
    before = (run / "checkpoint.safetensors").read_bytes()
    sentence = refusal(capsys, "vid2vid", "--recipe", "tiny", "--out", run, "--data", data)
    assert "belongs to a run with other settings (seed was 0, is 7); choose another folder" in sentence
    assert (run / "checkpoint.safetensors").read_bytes() == before


def test_a_run_on_own_data_does_not_go_on_on_the_street(capsys, run):
    sentence = refusal(capsys, "vid2vid", "--recipe", "tiny", "--out", run)
    assert 'name was "tiny on own data", is "tiny"' in sentence


def test_a_picture_that_breaks_while_training_goes_on_costs_a_clip(capsys, data, tmp_path):
    broken = data / "train_B" / "street" / "3.png"
    broken.write_bytes(broken.read_bytes()[:600])  # its header is whole
    out = tmp_path / "run"
    said = maliang(capsys, "vid2vid", "--recipe", "tiny", "--out", out, "--data", data, "--clips", 8)
    assert "trained on 8 of 8 clips; done" in said
    assert "1 files or moments could not be read and were left out, listed in" in said
    (listed,) = (out / "skipped.txt").read_text("utf-8").splitlines()
    assert re.search(r"3\.png: not a picture that can be read, or damaged", listed)


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    """Eight frames of the street, 96x64."""
    path, world = tmp_path_factory.mktemp("clip") / "my_clip.mp4", StreetWorld(5, "dusk", 96, 64)
    with open_writer(path, width=96, height=64, frame_rate=Fraction(12)) as writer:
        for t in range(8):
            writer.write(world.render(t).rgb)
    return path


def train_on(capsys, video, out, *arguments: object) -> Vid2VidGenerator:
    """One command; the generator that comes out."""
    said = maliang(capsys, "vid2vid", "--recipe", "tiny", "--video", video, "--out", out, *arguments)
    assert "trained on 2 of 2 clips; done" in said
    generator = weights.load(out / f"{out.name}.safetensors")
    assert isinstance(generator, Vid2VidGenerator)
    return generator


def test_from_a_clip_to_weights_with_edges(capsys, video, tmp_path):
    generator = train_on(capsys, video, tmp_path / "edges", "--labels", "edges")
    assert (generator.config.palette, generator.config.label_channels) == ("", 1)
    sheet = np.array(Image.open(tmp_path / "edges" / "preview_000002.jpg"))
    assert sheet.shape == (4 * 36, 3 * 56, 3)  # 64x32 pixels, in the clip's proportions
    assert len(list((tmp_path / "edges" / "cache").glob("*/*.npy"))) > 0


def test_from_a_clip_to_weights_with_a_segmenter(capsys, video, tmp_path):
    pytest.importorskip("transformers")
    tiny_segformer(tmp_path / "network")
    out, command = tmp_path / "run", ("--labels", "segment", "--network", tmp_path / "network")
    generator = train_on(capsys, video, out, *command, "--size", "64x32")
    assert (generator.config.palette, generator.config.foreground) == (
        "cityscapes",
        TINY.generator.foreground,
    )
    assert len(list((out / "labels").glob("*.png"))) == 8
    assert "label maps of another clip, or by another network; choose another folder" in refusal(
        capsys,
        "vid2vid",
        "--recipe",
        "tiny",
        "--video",
        video,
        "--out",
        out,
        "--labels",
        "segment",
        "--network",
        "b",
    )


def test_from_a_clip_and_its_label_maps_to_weights(capsys, video, tmp_path):
    labels, world = tmp_path / "labels", StreetWorld(5, "dusk", 96, 64)
    labels.mkdir()
    for t in range(8):
        Image.fromarray(world.render(t).ids).save(labels / f"{t}.png")
    generator = train_on(capsys, video, tmp_path / "run", "--labels", labels)
    assert generator.config.palette == "cityscapes"
    (labels / "7.png").unlink()
    sentence = refusal(
        capsys,
        "vid2vid",
        "--recipe",
        "tiny",
        "--video",
        video,
        "--out",
        tmp_path / "other",
        "--labels",
        labels,
    )
    assert re.search(r"labels has 7 label maps but .*my_clip\.mp4 has 8 frames", sentence)


def test_label_maps_of_another_palette_make_another_network(capsys, video, tmp_path):
    labels, palette = tmp_path / "labels", tmp_path / "garden.json"
    labels.mkdir()
    for t in range(8):
        Image.fromarray(np.full((64, 96), t > 0, np.uint8)).save(labels / f"{t}.png")
    classes = [{"id": 0, "name": "lawn", "color": [60, 140, 40]}]
    palette.write_text(json.dumps({"name": "garden", "classes": classes}))
    command = ("--labels", labels, "--palette", palette)
    sentence = refusal(
        capsys, "vid2vid", "--recipe", "tiny", "--video", video, "--out", tmp_path / "run", *command
    )
    assert "4.png: class id 1 is not in the palette 'garden'; give the palette that the maps were" in sentence
    classes.append({"id": 1, "name": "gnome", "color": [200, 40, 40], "thing": True})
    palette.write_text(json.dumps({"name": "garden", "classes": classes}))
    generator = train_on(capsys, video, tmp_path / "other", *command)
    config = generator.config
    assert (config.palette, config.label_classes, config.things, config.foreground) == ("garden", 2, (1,), ())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--labels", "edges"], "--labels says how the labels of a --video are made; give one"),
        (["--video", "a.mp4", "--data", "b"], "not allowed with argument"),
        (["--video", "none.mp4", "--labels", "edges"], "none.mp4"),
        (["--video", "none.mp4", "--flow", "flownet2"], "flownet2"),
        (["--batch", "0"], "argument --batch: '0' is not a whole number of 1 or more"),
    ],
)
def test_data_that_can_not_be_had(capsys, tmp_path, arguments, message):
    out = tmp_path / "run"
    assert message in refusal(capsys, "vid2vid", "--recipe", "tiny", "--out", out, *arguments)
    assert not out.exists()


def test_a_clip_shorter_than_the_network_needs(capsys, video, tmp_path):
    path, world = tmp_path / "short.mp4", StreetWorld(5, "dusk", 96, 64)
    with open_writer(path, width=96, height=64, frame_rate=Fraction(12)) as writer:
        for t in range(2):
            writer.write(world.render(t).rgb)
    assert "short.mp4: 2 frames are too few; this network needs clips of 3 frames or more" in refusal(
        capsys, "vid2vid", "--recipe", "tiny", "--video", path, "--out", tmp_path / "run", "--labels", "edges"
    )


def test_a_plan_is_printed_without_training(capsys):
    said = maliang(capsys, "plan", "--recipe", "tiny", "--batch", 2, "--clips", 8)
    lines = said.splitlines()
    assert lines[0].startswith("| stage | clips | size | frames | varied | scales | trained |")
    assert lines[2] == "| 1 | 8 | 64x32 | 3 | - | 1 of 1 | all | 1 | 1 | 1 | 0.0006 | likeness alone |"
    assert lines[-1].startswith(
        "tiny: 8 clips, 2 an update, starting half from real pictures; motion is judged"
    )


def test_what_can_not_be_exported(capsys, run, tmp_path):
    out = tmp_path / "new.safetensors"
    assert "holds no checkpoint.safetensors; name the folder" in refusal(
        capsys, "export", "--run", tmp_path, "--out", out
    )
    assert "the name of a file of weights ends in .safetensors" in refusal(
        capsys, "export", "--run", run, "--out", tmp_path / "new.pth"
    )
    assert "a part of its path is a file" in refusal(
        capsys, "export", "--run", run, "--out", run / "log.jsonl" / "new.safetensors"
    )
    assert "invalid choice: 'int8'" in refusal(
        capsys, "export", "--run", run, "--out", out, "--dtype", "int8"
    )
    assert not out.exists()
    assert not (tmp_path / "new.pth").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weights", "nothing"], "no weights named 'nothing'; there are:"),
        (["--weights", "./nothing.safetensors"], "nothing.safetensors: no such file"),
        (["--clips", "0"], "argument --clips: '0' is not a whole number of 1 or more"),
        (["--frames", "1"], "argument --frames: '1' is not a whole number of 4 or more"),
        (["--size", "huge"], "argument --size: 'huge' is not a size; write width x height"),
        (["--size", "65x32"], "65x32 does not fit this network"),
        (["--reader", "street"], "street: holds a Vid2VidGenerator, not a network that reads labels"),
        (["--sheet", "sheet.gif"], "sheet.gif: a picture's name ends in .jpg, .jpeg, .png, .webp"),
    ],
)
def test_what_can_not_be_evaluated(capsys, run, tmp_path, arguments, message):
    file = tmp_path / "mine.safetensors"
    maliang(capsys, "export", "--run", run, "--out", file)
    assert message in refusal(capsys, "evaluate", "--weights", file, *arguments)


def test_the_previews_of_a_folder_are_of_the_folder(run, data):
    sheet = np.array(Image.open(run / "preview_000002.jpg")).astype(int)
    assert sheet.shape == (4 * 32, 3 * 64, 3)
    truth = [np.array(Image.open(path)).astype(int) for path in (data / "train_B" / "street").iterdir()]
    for row in sheet.reshape(4, 32, 3, 64, 3):
        assert min(abs(row[:, 1] - picture).mean() for picture in truth) < 6


def test_a_segmenter_of_ones_own_reads_the_street(capsys, tmp_path, monkeypatch):
    shape = ClipShape(width=64, height=32, frames=1, zooms=(1.0,))
    stages = (Part(6, shape, (3e-3, 0.0)),)
    tiny = replace(segmenter.STREET_SEGMENTER, name="tiny", stages=stages, third=shape, batch=2)
    monkeypatch.setattr(segmenter, "SEGMENTER_RECIPES", {"tiny": tiny})
    file = tmp_path / "new" / "reader.safetensors"
    run = tmp_path / "run"
    command = ("segmenter", "--recipe", "tiny", "--out", file, "--run", run, "--clips", 2, "--workers", 0)
    early = maliang(capsys, *command, "--updates", 2, "--max-time", "0s").splitlines()
    assert early[0] == f"{run}: learnt from 2 of 4 pictures; the same command goes on"
    said = maliang(capsys, *command, "--updates", 2).splitlines()
    assert said[0] == f"{run}: learnt from 4 of 4 pictures; done"
    assert said[1] == f"{file}: 0.23 million parameters, 0.47 MB"
    assert said[2].startswith("| size | mIoU | road | sidewalk | building | pole | traffic light |")
    assert said[4].startswith("| 64x32 | 0.")
    assert len(said) == 5
    info = weights.inspect(file)
    assert (info.architecture, info.dtype, info.licence) == ("labels.reader/1", "fp16, int64", "Apache-2.0")
    assert info.source == "trained by maliang train segmenter --recipe tiny, 4 clips"
    assert weights.load(file).config == tiny.network


def test_segmenters_that_can_not_be_trained(capsys, tmp_path):
    out = tmp_path / "reader.safetensors"
    assert "no recipe 'footage' of a segmenter; there are: street-segmenter" in refusal(
        capsys, "segmenter", "--recipe", "footage", "--out", out
    )
    assert "the name of a file of weights ends in .safetensors" in refusal(
        capsys, "segmenter", "--out", tmp_path / "reader.pt"
    )


def test_the_parts_of_the_method_are_compared(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(ablation, "STREET_ABLATION", TINY)
    short = replace(TINY, stages=(replace(TINY.stages[0], clips=1),))
    monkeypatch.setattr(ablation, "VARIANTS", {"no flow": ablation.no_flow(short), "full": short})
    command = ("ablate", "--out", tmp_path / "runs", "--clips", 1, "--frames", 4)
    assert maliang(capsys, *command, "--max-time", "0s") == (
        f"{tmp_path / 'runs'}: the time is over; the same command goes on\n"
    )
    said = maliang(capsys, *command).splitlines()
    assert said[0] == "1 unseen clips (street) of 4 frames at 64x32"
    assert [row.split(" | ")[0] for row in said[3:6]] == ["| no flow", "| full", "| true frames"]
    assert said[6].startswith("FID, video FID and label consistency are by street-segmenter")
    assert (tmp_path / "runs" / "no-flow" / "no-flow.safetensors").is_file()
    assert maliang(capsys, *command).splitlines() == said


def test_a_plan_says_which_weights_a_run_goes_on_from(capsys):
    said = maliang(capsys, "plan", "--recipe", "tiny", "--from", "mine.safetensors")
    assert "goes on from the weights mine.safetensors;" in said
    assert "goes on" not in maliang(capsys, "plan", "--recipe", "tiny", "--from", "")
