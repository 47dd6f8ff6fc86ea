"""`maliang faces invert|tune|edit|stitch`: from crops to stitched crops, with networks of a few kilobytes."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from maliang_video.cli import main
from maliang_video.media.reader import open_frames
from maliang_video.media.writer import open_writer
from maliang_video.models.faces.directions import Direction
from maliang_video.models.faces.e4e import E4E, E4EConfig
from maliang_video.weights.direction_file import save_directions
from maliang_video.weights.file import save

FRAMES = 5


class Studio:
    """A clip of a square that glides, masks of a disc, and a generator, an encoder and directions that fit."""

    def __init__(self, root: Path, generator, other) -> None:
        self.root, self.work = root, root / "work"
        y, x = np.mgrid[:48, :48]
        with open_writer(
            root / "clip.mkv", width=48, height=48, frame_rate=Fraction(24), codec="ffv1"
        ) as writer:
            for number in range(FRAMES):
                pixels = np.stack([x * 3 + 8 * number, y * 4, np.full_like(x, 90)], 2)
                writer.write(pixels.clip(0, 255).astype(np.uint8))
        (root / "landmarks").mkdir()
        points = np.tile([24.0, 24.0], (68, 1))
        points[36:42], points[42:48] = (20, 21), (28, 21)
        points[48:51], points[51:60] = (21, 29), (27, 29)
        points[:17] = np.stack([np.linspace(15, 33, 17), 24 + 9 * np.sin(np.linspace(0, np.pi, 17))], 1)
        points[17:27, 1] = 18
        for number in range(FRAMES):
            np.savetxt(root / "landmarks" / f"{number}.txt", points, delimiter=",")
        save(root / "face.safetensors", generator, licence="Apache-2.0", source="a test")
        save(root / "other.safetensors", other, licence="Apache-2.0", source="another test")
        torch.manual_seed(3)
        encoder = E4E(E4EConfig(32, 6, 12, (16, 16, 16, 16), (1, 1, 1, 1))).eval()
        save(root / "encoder.safetensors", encoder, licence="Apache-2.0", source="a test")
        smile = Direction("smile", "w", torch.ones(1, 12), "one", "a test", "Apache-2.0", reference_scale=0.5)
        elsewhere = replace(smile, name="elsewhere", generator="0" * 64)
        wide = replace(smile, name="wide", vector=torch.ones(1, 9))
        save_directions(root / "directions.safetensors", [smile, elsewhere, wide])

    def run(self, stage: str, *options: object) -> int:
        return main(["faces", stage, "--work", str(self.work), *map(str, options)])

    def file(self, name: str) -> Path:
        return self.root / name

    def inverted(self) -> "Studio":
        clip, landmarks = self.file("clip.mkv"), self.file("landmarks")
        assert self.run("detect", "--footage", clip, "--landmarks", landmarks) == 0
        assert self.run("align", "--size", 32, "--smooth", "0,0") == 0
        assert self.run("mask", "--parts", "outline", "--outer", 200) == 0
        assert self.run("invert", "--encoder", self.file("encoder.safetensors")) == 0
        return self

    def tune(self, *options: object, generator: str = "face") -> int:
        return self.run("tune", "--generator", self.file(f"{generator}.safetensors"), *options)

    def edit(self, words: str | None = "smile=0@0 0.5@2", *options: object, generator: str = "face") -> int:
        asked = ["--directions", self.file("directions.safetensors"), "--edit", words] if words else []
        return self.run("edit", "--generator", self.file(f"{generator}.safetensors"), *asked, *options)

    def stitch(self, *options: object, generator: str = "face") -> int:
        return self.run("stitch", "--generator", self.file(f"{generator}.safetensors"), *options)

    def pictures(self, name: str) -> np.ndarray:
        with open_frames(self.work / name) as clip:
            return np.stack([frame.pixels for frame in clip])


@pytest.fixture
def studio(tmp_path: Path, tiny_stylegan2) -> Studio:
    return Studio(tmp_path, tiny_stylegan2(blocks=3), tiny_stylegan2(1, blocks=3))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, tiny_stylegan2) -> Studio:
    """One for all that is refused, so that nothing is made in it."""
    root = tmp_path_factory.mktemp("untouched")
    return Studio(root, tiny_stylegan2(blocks=3), tiny_stylegan2(1, blocks=3)).inverted()


QUICK = ("--epochs", 1, "--rank", 1, "--batch", 5)


def test_from_crops_to_a_clip_with_a_stitched_edit(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.inverted()
    assert studio.tune(*QUICK) == 0
    assert studio.edit() == 0
    assert studio.stitch("--updates", 2, "--window", 3) == 0
    out = studio.file("out.mkv")
    assert studio.run("paste", "--crops", studio.work / "stitched.mkv", "--out", out, "--codec", "ffv1") == 0
    said = capsys.readouterr().out
    assert f"{studio.work}/codes.safetensors: 5 codes\n" in said
    assert f"{studio.work}/tuned.safetensors: 1 updates; mean squared error" in said
    assert "random features" in said
    assert f"{studio.work}/edited.mkv: 5 crops\n" in said
    assert f"{studio.work}/stitched.mkv: 5 crops, 5 made with 10 updates; border error" in said
    assert studio.pictures("edited.mkv").shape == (5, 16, 16, 3)
    with open_frames(studio.file("clip.mkv")) as before, open_frames(out) as after:
        for a, b in zip(before, after, strict=True):
            assert (a.pixels != b.pixels).any()
            assert (a.pixels[:6] == b.pixels[:6]).all()
    for command in (
        lambda: studio.tune(*QUICK),
        studio.edit,
        lambda: studio.stitch("--updates", 2, "--window", 3),
    ):
        assert command() == 0
    again = capsys.readouterr().out
    assert again.count("there already") == 3


def test_an_edit_begins_where_its_strength_does(studio: Studio) -> None:
    studio.inverted()
    assert studio.edit(None) == 0
    plain = studio.pictures("edited.mkv")
    assert studio.edit("smile=0@0 0@2 1@3", "--ease", "linear") == 0
    edited = studio.pictures("edited.mkv")
    changed = [bool((a != b).any()) for a, b in zip(plain, edited, strict=True)]
    assert changed == [False, False, False, True, True]
    assert studio.edit("smile=0@0 0@2 2@3", "--ease", "linear", "--reference-scale") == 0
    assert (studio.pictures("edited.mkv") == edited).all()


def test_a_tuned_generator_paints_unless_told_otherwise(studio: Studio) -> None:
    studio.inverted()
    assert studio.edit(None) == 0
    plain = studio.pictures("edited.mkv")
    for rank in (0, 1):
        assert studio.tune("--epochs", 1, "--rank", rank, "--learning-rate", 0.05) == 0
        assert studio.edit(None) == 0
        assert (studio.pictures("edited.mkv") != plain).any()
        assert studio.edit(None, "--untuned") == 0
        assert (studio.pictures("edited.mkv") == plain).all()


def test_what_was_stopped_goes_on(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.inverted()
    assert studio.edit(None) == 0
    assert studio.stitch("--updates", 1, "--window", 2) == 0
    whole = studio.pictures("stitched.mkv")
    (studio.work / "stitched.mkv").unlink()
    from maliang_video.pipelines import face_stitching

    monkeypatch.setattr(face_stitching, "SEGMENT_FRAMES", 1)
    kept = face_stitching.to_file
    painted: list[int] = []

    def stop(picture):
        painted.append(1)
        if len(painted) == 4:
            raise KeyboardInterrupt
        return kept(picture)

    monkeypatch.setattr(face_stitching, "to_file", stop)
    assert studio.stitch("--updates", 1, "--window", 2) == 130
    assert not (studio.work / "stitched.mkv").exists()
    assert studio.stitch("--updates", 1, "--window", 2) == 0
    assert len(painted) < 4 + FRAMES
    assert (studio.pictures("stitched.mkv") == whole).all()


def test_what_became_stale_is_not_used(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    studio.inverted()
    assert studio.edit(None) == 0
    assert studio.run("align", "--size", 40, "--smooth", "0,0") == 0
    assert studio.stitch() == 2
    assert studio.edit(None) == 2
    assert (
        "the stage 'codes' was made of another 'crops' than is there now; run maliang faces invert again"
        in (capsys.readouterr().err)
    )


@pytest.mark.parametrize(
    ("stage", "options", "sentence"),
    [
        ("tune", {"generator": "encoder"}, "encoder.safetensors: holds a E4E, not a generator of faces"),
        ("tune", {"words": ("--learning-rate", 0)}, "learning rate: 0 is none"),
        ("tune", {"words": ("--likeness", "nothing.safetensors")}, "no weights named 'nothing.safetensors'"),
        ("edit", {"words": ("smile",)}, "edit 'smile' names no direction; write for example smile=2"),
        ("edit", {"words": ("frown=1",)}, "has no direction 'frown'; it has smile, elsewhere, wide"),
        ("edit", {"words": ("elsewhere=1",)}, "direction 'elsewhere' was found for another generator"),
        ("edit", {"words": ("wide=1",)}, "is of 1 rows of 9 numbers, the codes have 6 of 12"),
        ("edit", {"words": (None, "--text", "an old face")}, "say what can be edited: give --edit"),
        ("edit", {"words": ("text=5", "--text", "an old face")}, "--text needs --style-table"),
        ("edit", {"words": (None, "--freeze-from", 9)}, "rows from 9 on can't be frozen: the codes have 6"),
        ("stitch", {}, "the stage 'edit' is missing; run maliang faces edit first"),
    ],
)
def test_wrong_input_is_one_sentence(
    untouched: Studio, capsys: pytest.CaptureFixture[str], stage: str, options: dict, sentence: str
) -> None:
    words = options.pop("words", ())
    assert getattr(untouched, stage)(*words, **options) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert sentence in said[-1]


def test_generators_that_do_not_belong_together_are_refused(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.inverted()
    assert studio.tune(*QUICK) == 0
    assert studio.edit(None, generator="other") == 2
    assert "its generator was tuned from other weights than these (another test)" in capsys.readouterr().err
    assert studio.edit(None) == 0
    assert studio.stitch(generator="other") == 2
    assert "its edit was painted by other weights than these (another test)" in capsys.readouterr().err


def test_an_edit_that_leaves_the_generator_s_range_is_told_of(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.inverted()
    capsys.readouterr()
    assert studio.edit("smile=0@1 90@4") == 0
    said = capsys.readouterr().err
    assert "standard deviations from the generator's mean face" in said
    assert "of 5 frames, the first of them" in said
