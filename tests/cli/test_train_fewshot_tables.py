"""`maliang train evaluate-fewshot` and `ablate-fewshot` as a user has them: tables, files, going on, refusals."""

import datetime
from pathlib import Path

import pytest
import torch

from maliang_video import weights
from maliang_video.cli import main, train_fewshot_tables
from maliang_video.models.fewshot.generator import FewShotGenerator
from maliang_video.training import ablate_fewshot, evaluate_fewshot, fewshot_exams
from maliang_video.training.evaluate_fewshot import Row
from maliang_video.training.fewshot_ablation import FEWSHOT_VARIANTS, NO_ATTENTION, NO_GENERATION
from maliang_video.training.fewshot_scores import FewShotScores, ScoreBook

STREET = ("street", 20, "cityscapes_fewshot")


@pytest.fixture
def files(tmp_path, tiny_few_shot, tiny_generator) -> dict[str, Path]:
    made = {
        "street": tiny_few_shot(*STREET),
        "face": tiny_few_shot(),
        "rival": tiny_generator,
    }
    paths = {name: tmp_path / f"{name}.safetensors" for name in made}
    for name, network in made.items():
        weights.save(paths[name], network, licence="CC0-1.0", source="random numbers")
    return paths


@pytest.fixture(autouse=True)
def _little(monkeypatch):
    monkeypatch.setattr(fewshot_exams, "OTHERS", 4)
    monkeypatch.setattr(train_fewshot_tables, "SIDE_TRIALS", 1)
    monkeypatch.setattr(train_fewshot_tables, "SHEET_TRIALS", 1)


def maliang(capsys, *arguments: object) -> str:
    assert main(["train", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refusal(capsys, *arguments: object) -> str:
    assert main(["train", *map(str, arguments)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_tables_of_a_street_with_what_made_them(capsys, tmp_path, files, monkeypatch):
    table, keep = tmp_path / "results" / "fewshot.md", tmp_path / "kept"
    told = (
        "evaluate-fewshot",
        "--weights",
        files["street"],
        "--rival",
        files["rival"],
        "--clips",
        1,
        "--frames",
        3,
    )
    more = ("--size", "64x32", "--table", table, "--keep", keep)
    said = maliang(capsys, *told, *more)
    text = table.read_text("utf-8")
    assert said.strip() in text
    command = (
        "maliang train evaluate-fewshot --weights street.safetensors --size 64x32 --rival rival.safetensors "
        "--clips 1 --frames 3"
    )
    assert text.startswith(f"# Few-shot vid2vid on unseen subjects\n\n```\n{command}\n```\n\n")
    assert datetime.date.today().isoformat() in text
    assert str(tmp_path) not in text, "no path of this machine"
    rows = {
        line.split(" | ")[0].removeprefix("| "): line for line in text.splitlines() if line.startswith("|")
    }
    assert list(rows)[2:] == [
        "ours, 1 exemplar",
        "ours, 2 exemplars",
        "ours, 4 exemplars",
        "ours, 8 exemplars",
        "vid2vid trained on other subjects",
        "the exemplar as it is",
        "the exemplar warped: flow between the label maps",
        "the exemplar warped: flow of our network",
        "the exemplar warped: flow from the true frame, which nobody has",
        "the true frames",
    ]
    assert rows["the true frames"].startswith("| the true frames | 100.00 | 0.0000 | 1.000 |")
    assert rows["ours, 1 exemplar"] != rows["ours, 2 exemplars"]
    assert "Which side attention looks at" not in text, "streets have no sides"
    monkeypatch.setattr(evaluate_fewshot, "painted", None)
    assert maliang(capsys, *told, *more) == said, "all is known already"


def test_faces_are_asked_which_side_they_look_at(capsys, tmp_path, files, monkeypatch):
    def known(painters, generator, examination, numbers, book, progress):
        return [Row("ours, 1 exemplar", FewShotScores(20.0, 0.5, 0.25, 0.125, 1.0))]

    monkeypatch.setattr(evaluate_fewshot, "evaluate_fewshot", known)
    sheet = tmp_path / "sides.png"
    told = ("--weights", files["face"], "--rival", files["rival"], "--size", "64x64", "--sheet", sheet)
    said = maliang(capsys, "evaluate-fewshot", *told)
    assert "| ours, 1 exemplar | 20.00 | 0.5000 | 0.250 | 0.125 | 1.000 |" in said
    assert "2 frames that are turned to one of them" in said
    assert f"{sheet}: left, right, driver" in said
    assert sheet.is_file()


def test_an_ablation_is_trained_then_compared(capsys, tmp_path, files, monkeypatch, tiny_few_shot):
    monkeypatch.setattr(ablate_fewshot, "train_fewshot_variants", lambda *told: False)
    out, table = tmp_path / "runs", tmp_path / "table.md"
    told = (
        "ablate-fewshot",
        "--out",
        out,
        "--rival",
        files["rival"],
        "--clips",
        2,
        "--frames",
        3,
        "--table",
        table,
    )
    assert maliang(capsys, *told) == f"{out}: the time is over; the same command goes on\n"
    assert not table.exists()

    def result(folder: Path, recipe) -> FewShotGenerator:
        assert recipe is FEWSHOT_VARIANTS[recipe.name]
        network = tiny_few_shot()
        with torch.no_grad():
            network.to_image.bias.fill_(float(list(FEWSHOT_VARIANTS).index(recipe.name)))
        return network

    def known(painters, generator, examination, numbers, book, progress):
        assert len({each.known_as for each in painters.values()}) == len(painters) - 1, (
            "ours, 4 is 2048 subjects"
        )
        assert isinstance(book, ScoreBook)
        assert len(list(numbers)) == 2
        return [
            Row(name, FewShotScores(20.0, 0.5, 0.25, 0.125, 1.0)) for name in [*painters, "the true frames"]
        ]

    monkeypatch.setattr(ablate_fewshot, "train_fewshot_variants", lambda *told: True)
    monkeypatch.setattr(ablate_fewshot, "_result", result)
    monkeypatch.setattr(ablate_fewshot, "evaluate_fewshot", known)
    maliang(capsys, *told)
    _, parts, subjects = table.read_text("utf-8").split("\n## ")
    for name in (NO_ATTENTION, NO_GENERATION):
        assert f"| {name}, 1 exemplar |" in parts
        assert f"| {name}, 4 exemplars |" in parts
    assert [line.split(" | ")[0] for line in subjects.splitlines() if "subjects | 20" in line] == [
        f"| {count} subjects" for count in (4, 32, 256, 2048)
    ]
    assert "Which side attention looks at" in subjects


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--table", "table.txt"), "table.txt: is written as Markdown; give --table an ending .md"),
        (("--sheet", "sheet.pdf"), "sheet.pdf: a picture's name ends in .jpg, .jpeg, .png, .webp"),
        (("--size", "60x64"), "60x64 does not fit this network"),
        (("--rival", "nobody"), "no weights named 'nobody'"),
        (("--weights", "nobody"), "no weights named 'nobody'"),
    ],
)
def test_what_can_not_be_is_one_sentence(capsys, files, options, said):
    told = [
        "evaluate-fewshot",
        "--weights",
        files["street"],
        "--rival",
        files["rival"],
        "--clips",
        1,
        *options,
    ]
    assert said in refusal(capsys, *told)


def test_a_rival_is_for_one_kind_and_weights_are_few_shot(capsys, files):
    two = ("evaluate-fewshot", "--weights", files["street"], files["face"], "--rival", files["rival"])
    assert "--rival: is for one kind of subject; evaluate these weights one after the other" in refusal(
        capsys, *two
    )
    other = ("evaluate-fewshot", "--weights", files["rival"])
    assert "holds a Vid2VidGenerator, not a few-shot generator; choose other weights" in refusal(
        capsys, *other
    )
