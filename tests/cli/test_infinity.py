"""`maliang infinity`: plans are described, drawn and written; tokens become pictures."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.cli import main
from maliang_video.media.token_file import TokenJob, create_tokens
from maliang_video.models.infinity.tokenizer import Tokenizer
from maliang_video.models.infinity.tokenizer_config import TokenizerConfig
from maliang_video.weights import save

CONFIG = TokenizerConfig((4, 8), 1, False, True, 6, 32, 5, False, 2)
SCROLL = (
    "1216 patches to make in 173 waves, the widest of 8; a patch sees 12 at most; pool of 55 in waves, 306"
)


def plan(*words):
    return main(["infinity", "plan", *map(str, words)])


def test_what_a_plan_takes(capsys):
    assert plan("--grid", "152x8") == 0
    assert capsys.readouterr().out == f"{SCROLL} one by one\n"


def test_a_plan_is_drawn_written_and_read_again(tmp_path, capsys):
    picture, text = tmp_path / "plan.png", tmp_path / "plan.json"
    given = ("--given", "2,3,2,2")
    assert plan("--grid", "8x7", *given, "--show", picture, "--mark", "0,1,2", "--save", text) == 0
    first = capsys.readouterr().out
    assert first.startswith("52 patches to make in 28 waves")
    assert Image.open(picture).width > 8 * 56
    assert plan("--plan", text) == 0
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--grid", "4x4", "--order", "rings"), "rings grow around a picture: say where it lies"),
        (("--plan", "nowhere.json"), "nowhere.json: no such file"),
        (("--grid", "4x4", "--mark", "0,9,0", "--show", "a.png"), "no patch at frame 0, row 9, column 0"),
        (("--grid", "4x4", "--show", "a.jpg"), r"written as .tif, others as .png"),
    ],
)
def test_wrong_plans(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert plan(*words) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_looks_ahead(tmp_path, capsys):
    path = tmp_path / "plan.json"
    steps = [{"at": [0, 0, 0], "context": [1]}, {"at": [0, 0, 1]}]
    path.write_text(json.dumps({"grid": [1, 1, 2], "extent": [0, 1, 1], "steps": steps}))
    assert plan("--plan", path) == 2
    assert "which is made later: a context can't look ahead" in capsys.readouterr().err


def test_numbers_that_are_none(capsys):
    with pytest.raises(SystemExit):
        plan("--grid", "4x4", "--extent", "2,2")
    assert "'2,2' is not 3 whole numbers such as 0,1,2" in capsys.readouterr().err


def test_tokens_become_a_picture(tmp_path, capsys):
    torch.manual_seed(0)
    save(tmp_path / "t.safetensors", Tokenizer(CONFIG), licence="MIT", source="a test")
    job = TokenJob("m", "t", 1, "{}", "", codes=32, side=4, grid=(1, 1, 2))
    with create_tokens(tmp_path / "c.tokens", job) as tokens:
        for column in range(2):
            tokens.write((0, 0, column), np.full((4, 4), 3 + column))
    command = [
        "infinity",
        "decode",
        "--tokens",
        tmp_path / "c.tokens",
        "--tokenizer",
        tmp_path / "t.safetensors",
    ]
    assert main([*map(str, command), "--out", str(tmp_path / "a.png"), "--region", "0,4,8,8"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.png'}: 8x8 pixels\n"
    assert Image.open(tmp_path / "a.png").size == (8, 8)
    assert main([*map(str, command), "--out", str(tmp_path / "c.tokens")]) == 2
    assert "is one of the inputs" in capsys.readouterr().err
