"""The evaluation: one row a method, one row of a sheet for each style, and which world a network is examined on."""

from dataclasses import replace

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.training import evaluate as module
from maliang_video.training import exams
from maliang_video.training.drawn_demos import DANCER_DEMO, FACE_DEMO
from maliang_video.training.evaluate import evaluate, evaluation_sheet
from maliang_video.training.exams import DANCERS, FACES, STREET, exam_of
from maliang_video.training.networks import build_networks

SIZE = (32, 64)


@pytest.fixture
def generator(recipe) -> Vid2VidGenerator:
    return build_networks(recipe, torch.device("cpu")).average.eval()


@pytest.fixture(autouse=True)
def _few_clips(monkeypatch):
    monkeypatch.setattr(exams, "CLIPS", 6)
    monkeypatch.setattr(module, "SHEET_FRAMES", 2)


def test_one_row_a_method_over_all_clips(generator, reader):
    progress = []
    rows = evaluate(
        generator, reader, 2, 4, SIZE, lambda done, total, preview=None: progress.append((done, total))
    )
    assert [row.method for row in rows] == [
        "vid2vid",
        "vid2vid without flow",
        "flat colours",
        "vid2vid, 2 pictures given",
        "vid2vid without flow, 2 pictures given",
        "true frames",
    ]
    assert progress == [(1, 2), (2, 2)]
    full, plain, flat, continued, repainted, truth = (row.scores for row in rows)
    assert full != plain
    assert continued.warping_error < repainted.warping_error
    assert flat.psnr > full.psnr + 3  # the network has learnt nothing
    assert flat.perceptual_distance > 0
    assert flat.warping_error > 0
    assert truth.psnr == 100
    assert truth.temporal_difference_error == 0 < truth.warping_error
    assert truth.read.fid == pytest.approx(0, abs=1e-6)
    assert min(row.scores.read.fid for row in rows[:-1]) > 100 * truth.read.fid
    one, other = (evaluate(generator, reader, 1, 3, SIZE), rows)
    assert one[2].scores.psnr != other[2].scores.psnr


def test_a_sheet_has_one_row_for_each_look(generator):
    sheet = evaluation_sheet(generator, STREET, SIZE)
    assert sheet.shape == (4 * 32, 4 * 64, 3)
    rows = sheet.reshape(4, 32, 4, 64, 3)
    truth = rows[:, :, 3].mean((1, 2, 3))
    assert truth.argmin() == 2  # night is darkest
    colors = [len(set(map(tuple, row[:, 1].reshape(-1, 3)))) for row in rows]
    labels = [len(set(map(tuple, row[:, 0].reshape(-1, 3)))) for row in rows]
    assert all(flat <= classes for flat, classes in zip(colors, labels, strict=True))


def test_networks_that_know_none_of_the_worlds(generator, reader):
    for change, named in (
        ({"palette": "ade20k"}, "labels of 'ade20k'"),
        ({"palette": ""}, "labels of 'drawn maps'"),
        ({"style_names": ("day",)}, "styles day"),
    ):
        other = Vid2VidGenerator(replace(generator.config, **change))
        with pytest.raises(InputError, match=f"{named}.*choose other weights"):
            evaluate(other, reader, 1, 3, SIZE)
    with pytest.raises(InputError, match="65x32 does not fit this network"):
        evaluate(generator, reader, 1, 3, (32, 65))


def test_people_are_compared_with_their_mean_picture_and_nothing_is_read_off_them():
    config = replace(FACE_DEMO.generator, filters=2, downsamplings=1, blocks=1)
    torch.manual_seed(1)
    rows = evaluate(Vid2VidGenerator(config).eval(), None, 1, 3, SIZE)
    assert [row.method for row in rows][2] == "mean picture"
    assert all(row.scores.read is None for row in rows)
    assert rows[2].scores.psnr > rows[0].scores.psnr + 2  # the network has learnt nothing
    assert rows[-1].scores.psnr == 100


def test_the_exam_of_a_network_is_about_what_it_paints(generator):
    asked = (generator.config, FACE_DEMO.generator, DANCER_DEMO.generator)
    assert [exam_of(config) for config in asked] == [STREET, FACES, DANCERS]
    for exam, channels in ((FACES, 15), (DANCERS, 6)):
        clip = exam.clips(exam.size, 1)[0]
        assert clip["drawn"].shape == (1, channels, *exam.size)
        assert clip["style"].shape == (4,)
