import argparse
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from maliang_video.cli import main
from maliang_video.cli.weights import add_commands
from maliang_video.models.flow.flownet2 import FlowNet2, FlowNet2Config
from maliang_video.models.flow.flownet2_convert import renames
from maliang_video.models.vid2vid.config import GeneratorConfig
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.weights import folders, hub, presets, read, save
from maliang_video.weights.converters import CONVERTERS
from maliang_video.weights.digest import sha256_of
from maliang_video.weights.presets import EmbeddedPreset, HubPreset, OwnFilePreset, PresetTable

MANIFESTS = Path(__file__).parents[1] / "golden" / "vid2vid"
PARTS = ("G0", "G1", "G2", "single")
SMALL = GeneratorConfig(
    palette="cityscapes",
    label_classes=35,
    edges=True,
    things=(26,),
    style_names=("day", "night"),
    label_frames=3,
    filters=4,
    foreground_filters=2,
    downsamplings=1,
    blocks=2,
    local_blocks=1,
    scales=2,
    flow=True,
    foreground=(26,),
    first_frame=None,
)
LARGE = HubPreset(
    "large", "A large one", "CC-BY-NC-SA-4.0", True, "o/n", "0" * 40, "f", "1" * 64, 1_276_175_488
)
OLD = OwnFilePreset(
    "old", "An old one", "MIT", False, "old.zip", "1 GB", "https://x.org", "vid2vid", "maliang ... old"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A model folder with one file, "mine"."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("MALIANG_MODELS", str(folder))
    torch.manual_seed(0)
    path = folder / "mine.safetensors"
    save(path, Vid2VidGenerator(SMALL), licence="MIT", source="a test", dtype=torch.float16)
    return folder


@pytest.fixture
def table(monkeypatch, tmp_path):
    """Presets of all kinds; nothing is in the Hub's cache."""
    here = EmbeddedPreset("here", "A small one", "Apache-2.0", False, "here.safetensors", "2" * 64, 100)
    monkeypatch.setattr(presets, "builtin_presets", lambda: PresetTable((here,), (LARGE,), (OLD,)))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def downloads(monkeypatch):
    """Names of the presets that were downloaded."""
    asked = []

    def download(preset, accept_licence, progress):
        hub.check_licence(preset, accept_licence)
        progress(preset.size, preset.size)
        asked.append(preset.name)
        return Path("/cache/f")

    monkeypatch.setattr(hub, "download", download)
    return asked


def published(name, part):
    """A checkpoint in a published layout, small numbers in it."""
    torch.manual_seed(len(part))
    entries = json.loads((MANIFESTS / f"{name}.{part}.json").read_text())["tensors"]
    return {e["name"]: (0.02 * torch.randn(e["shape"])).to(getattr(torch, e["dtype"])) for e in entries}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """label2city_1024_g1, narrowed: `.pth` files in the older format, as they were published."""
    folder = tmp_path_factory.mktemp("published")
    for part in PARTS:
        path = folder / f"latest_net_{part}.pth"
        torch.save(published("label2city_1024_g1_small", part), path, _use_new_zipfile_serialization=False)
    return [folder / f"latest_net_{part}.pth" for part in PARTS]


def run(*arguments):
    return main(["weights", *map(str, arguments)])


def fails(capsys, *arguments):
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("maliang: ")
    assert said.err.count("\n") == 1
    return said.err


def facts(text):
    """The two columns of `info`."""
    return {
        line.split("  ")[0]: line.partition("  ")[2].strip() for line in text.splitlines() if line[0] != " "
    }


def test_list_says_what_there_is(folder, table, capsys):
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert names[:4] == ["name", "here", "large", "old"]
    assert "missing from this package  Apache-2.0       A small one" in lines[1]
    assert "not downloaded (1.3 GB)" in lines[2]
    assert "CC-BY-NC-SA-4.0  A large one" in lines[2]
    assert "bring your own file" in lines[3]
    assert lines[names.index("mine")].endswith(str(folder / "mine.safetensors"))
    assert (
        len(
            {line.find(word) for line, word in zip(lines[1:4], ("A small", "A large", "An old"), strict=True)}
        )
        == 1
    )


def test_list_finds_what_the_user_brought(folder, table, capsys):
    (folder / "mine.safetensors").rename(folder / "old.safetensors")
    assert run("list") == 0
    assert "in a model folder" in capsys.readouterr().out.splitlines()[3]


def test_the_real_table_is_listed(capsys):
    assert run("list") == 0
    assert "vid2vid-street-2048" in capsys.readouterr().out


def test_published_files_are_listed_with_page_licence_and_command(table, capsys):
    assert run("list", "--published") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("old ")
    said = [line.split("  ")[-1].strip() for line in lines]
    assert said == ["An old one", "old.zip (1 GB)", "https://x.org", "MIT", "maliang ... old", ""]


@pytest.mark.parametrize("option", ["--accept-licence", "--yes"])
def test_get_asks_for_consent_to_a_licence(table, downloads, capsys, monkeypatch, option):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    said = fails(capsys, "get", "large")
    assert "large: its licence, CC-BY-NC-SA-4.0, forbids commercial use" in said
    assert "maliang weights get large --accept-licence" in said
    assert downloads == []
    assert run("get", "large", option) == 0
    assert downloads == ["large"]
    assert capsys.readouterr().out == f"large: 1.3 GB from o/n, licence CC-BY-NC-SA-4.0\n{Path('/cache/f')}\n"


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("yes", 0), ("", 2), ("n", 2)])
def test_get_asks_on_a_terminal(table, downloads, capsys, monkeypatch, answer, code):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert run("get", "large") == code
    assert downloads == ["large"] * (code == 0)
    assert ("nothing was downloaded" in capsys.readouterr().err) == (code == 2)


def test_get_explains_what_it_cannot_get(table, downloads, capsys):
    assert "old: Maliang doesn't download it; if you have old.zip (published at https://x.org)" in fails(
        capsys, "get", "old"
    )
    assert "no preset 'none'; there are: here, large, old" in fails(capsys, "get", "none")
    assert run("get", "here") == 0
    assert capsys.readouterr().out == "here is in the package\n"
    assert downloads == []


def test_info_is_a_table(folder, capsys):
    assert run("info", "mine") == 0
    text = capsys.readouterr().out
    network = Vid2VidGenerator(SMALL)
    count, tensors = sum(p.numel() for p in network.parameters()), len(network.state_dict())
    said = facts(text)
    assert said["file"] == str(folder / "mine.safetensors")
    assert said["architecture"] == "vid2vid.generator/1"
    assert said["parameters"] == f"{count:,} in {tensors} tensors"
    assert (said["dtype"], said["licence"], said["source"]) == ("fp16", "MIT", "a test")
    assert "  style_names  " in text
    assert "('day', 'night')" in text


def test_directions_are_converted_and_shown_one_a_line(folder, tmp_path, capsys):
    for name in ("age", "smile"):
        np.save(tmp_path / f"{name}.npy", np.full((18, 512), 0.5))
    assert (
        run("convert", tmp_path / "age.npy", tmp_path / "smile.npy", "--out", folder / "edits.safetensors")
        == 0
    )
    capsys.readouterr()
    assert run("info", "edits") == 0
    text = capsys.readouterr().out
    said = facts(text)
    assert (said["architecture"], said["licence"]) == ("faces.directions/1", "CC-BY-NC")
    lines = [line for line in text.splitlines() if line.startswith("  directions")]
    assert ["name='age'" in lines[0], "name='smile'" in lines[1], len(lines)] == [True, True, 2]
    assert run("verify", "edits") == 0
    assert "its 2 tensors fit" in capsys.readouterr().out


def test_info_prints_no_control_characters(folder, capsys):
    save(folder / "x.safetensors", Vid2VidGenerator(SMALL), licence="a\x1b[31m\nb", source="")
    assert run("info", "x") == 0
    text = capsys.readouterr().out
    assert "a?[31m?b" in text
    assert "\x1b" not in text


def test_verify_reads_everything(folder, capsys):
    path = folder / "mine.safetensors"
    assert run("verify", path) == 0
    assert "every number is finite" in capsys.readouterr().out
    state = load_file(path)
    metadata = {"architecture": "vid2vid.generator/1", "format_version": "1", "config": "{}"}
    save_file(state, path, metadata | {"licence": "", "source": "", "notes": ""})
    assert "mine.safetensors: config: missing field 'palette'" in fails(capsys, "verify", path)
    save(path, Vid2VidGenerator(SMALL), licence="MIT", source="")
    data = bytearray(path.read_bytes())
    data[-4:] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert "holds numbers that are not finite" in fails(capsys, "verify", path)
    path.write_bytes(data[:-4])
    assert "cut short or damaged" in fails(capsys, "verify", "mine")


def test_verify_compares_with_the_preset(folder, monkeypatch, capsys):
    path = folder / "mine.safetensors"
    monkeypatch.setattr(folders, "demo_folder", lambda: folder)
    preset = EmbeddedPreset("mine", "", "MIT", False, path.name, sha256_of(path), path.stat().st_size)
    monkeypatch.setattr(presets, "builtin_presets", lambda: PresetTable((preset,), (), ()))
    assert run("verify", "mine") == 0
    assert f"sha256 {preset.sha256}, as published for mine" in capsys.readouterr().out
    save(path, Vid2VidGenerator(SMALL), licence="", source="")
    assert "is not that of the preset mine; install the package anew" in fails(capsys, "verify", "mine")


def test_convert_makes_one_file_of_published_ones(checkpoints, folder, capsys):
    out = folder / "street.safetensors"
    assert run("convert", *checkpoints, "--out", out, "--dtype", "fp16") == 0
    said = facts(capsys.readouterr().out)
    assert (said["dtype"], said["licence"]) == ("fp16", "CC-BY-NC-SA-4.0")
    assert said["notes"].startswith("converted from latest_net_G0, latest_net_G1")
    module = read(out)
    assert (module.config.scales, module.config.first_frame.kind) == (3, "global")
    theirs = torch.load(checkpoints[0], weights_only=True)
    converted = {name: tensor for name, tensor in module.state_dict().items() if tensor.dim() == 4}
    stem = theirs["model_down_seg.1.weight"].half()
    assert any(tensor.shape == stem.shape and torch.equal(tensor, stem) for tensor in converted.values())
    assert run("verify", "street") == 0


def test_convert_takes_the_zip_and_chooses_from_it(checkpoints, folder, capsys):
    archive = folder / "models_g1.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as new:
        for path in checkpoints:
            new.write(path, f"label2city_1024_g1/{path.name}")
    out = folder / "one.safetensors"
    assert (
        run("convert", archive, "--out", out, "--only", "*_G0*", "--licence", "MIT", "--source", "mine") == 0
    )
    said = facts(capsys.readouterr().out)
    assert (said["licence"], said["source"]) == ("MIT", "mine")
    assert read(out).config.scales == 1


def test_convert_makes_other_kinds_of_network_ours(folder, capsys):
    torch.manual_seed(0)
    network = FlowNet2(FlowNet2Config(filters=4))
    theirs = {mine: published for published, mine in renames()}
    parts = ((name.rpartition("."), value) for name, value in network.state_dict().items())
    state = {f"{theirs[module]}.{leaf}": value for (module, _, leaf), value in parts}
    path = folder / "FlowNet2_checkpoint.pth.tar"
    torch.save({"arch": "FlowNet2", "epoch": 0, "state_dict": state, "best_EPE": 0.5}, path)
    out = folder / "flownet2.safetensors"
    assert run("convert", path, "--kind", "flownet2", "--out", out) == 0
    said = facts(capsys.readouterr().out)
    assert (said["architecture"], said["licence"]) == (
        "flownet2/1",
        "research only (University of Freiburg)",
    )
    assert all(torch.equal(a, b) for a, b in zip(read(out).parameters(), network.parameters(), strict=True))
    assert "not VGG19" in fails(capsys, "convert", path, "--kind", "vgg19", "--out", folder / "x.safetensors")


def test_convert_knows_every_converter():
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())
    for kind in CONVERTERS:
        line = ["weights", "convert", "x.pth", "--kind", kind, "--out", "x.safetensors"]
        assert parser.parse_args(line).kind == kind


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("missing.pth", "missing.pth: no such file"),
        ("a_folder", "a_folder: is a folder; name the checkpoint files in it"),
        ("empty.pth", "empty.pth: the file is empty"),
        ("text.pth", "text.pth: not a PyTorch checkpoint"),
    ],
)
def test_convert_names_what_it_cannot_read(tmp_path, capsys, monkeypatch, files, message):
    monkeypatch.chdir(tmp_path)
    Path("a_folder").mkdir()
    Path("empty.pth").touch()
    Path("text.pth").write_text("text")
    assert message in fails(capsys, "convert", files, "--out", "x.safetensors")
    assert sorted(os.listdir(tmp_path)) == ["a_folder", "empty.pth", "text.pth"]


def test_convert_runs_nothing(tmp_path, capsys):
    class Payload:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    for zipped in (True, False):
        torch.save({"a": Payload()}, tmp_path / "evil.pth", _use_new_zipfile_serialization=zipped)
        text = fails(capsys, "convert", tmp_path / "evil.pth", "--out", tmp_path / "x.safetensors")
        assert "nothing was run" in text
        assert os.listdir(tmp_path) == ["evil.pth"]
