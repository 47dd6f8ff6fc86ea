"""The evaluation: scores of pictures that are known, flat colours worked out by hand, one row a method."""

from dataclasses import replace

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.training import evaluate as module
from maliang_video.training.evaluate import evaluate, evaluation_sheet, mean_colors
from maliang_video.training.networks import build_networks

SIZE = (32, 64)


@pytest.fixture
def generator(recipe) -> Vid2VidGenerator:
    return build_networks(recipe, torch.device("cpu")).average.eval()


@pytest.fixture(autouse=True)
def _few_clips(monkeypatch):
    monkeypatch.setattr(module, "COLOR_CLIPS", 6)
    monkeypatch.setattr(module, "SHEET_FRAMES", 2)


def test_mean_colours_are_means_over_a_class_in_a_look():
    def clip(look: int, ids: list[int], grey: list[float]) -> dict[str, torch.Tensor]:
        pictures = torch.tensor(grey).expand(3, 2).reshape(1, 3, 1, 2)
        return {
            "ids": torch.tensor(ids, dtype=torch.uint8).reshape(1, 1, 2),
            "pictures": pictures,
            "style": torch.eye(4)[look],
        }

    data = [clip(0, [7, 7], [0.2, 0.4]), clip(0, [7, 23], [0.9, -0.5]), clip(2, [7, 23], [-1.0, 1.0])]
    colors = mean_colors(data, 3)
    assert colors.shape == (4, 256, 3)
    assert colors[0, 7].tolist() == pytest.approx([0.5] * 3)
    assert colors[0, 23].tolist() == pytest.approx([-0.5] * 3)
    assert colors[2, 7].tolist() == pytest.approx([-1.0] * 3)
    assert not colors[1].any()


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
    assert truth.fid == pytest.approx(0, abs=1e-6)
    assert min(row.scores.fid for row in rows[:-1]) > 100 * truth.fid
    one, other = (evaluate(generator, reader, 1, 3, SIZE), rows)
    assert one[2].scores.psnr != other[2].scores.psnr


def test_a_sheet_has_one_row_for_each_look(generator):
    sheet = evaluation_sheet(generator, SIZE)
    assert sheet.shape == (4 * 32, 4 * 64, 3)
    rows = sheet.reshape(4, 32, 4, 64, 3)
    truth = rows[:, :, 3].mean((1, 2, 3))
    assert truth.argmin() == 2  # night is darkest
    colors = [len(set(map(tuple, row[:, 1].reshape(-1, 3)))) for row in rows]
    labels = [len(set(map(tuple, row[:, 0].reshape(-1, 3)))) for row in rows]
    assert all(flat <= classes for flat, classes in zip(colors, labels, strict=True))


def test_networks_that_do_not_know_the_street(generator, reader):
    for change, named in (
        ({"palette": "ade20k"}, "labels of 'ade20k'"),
        ({"palette": ""}, "labels of 'drawn maps'"),
        ({"style_names": ("day",)}, "looks day"),
    ):
        other = Vid2VidGenerator(replace(generator.config, **change))
        with pytest.raises(InputError, match=f"{named}.*choose other weights"):
            evaluate(other, reader, 1, 3, SIZE)
    with pytest.raises(InputError, match="65x32 does not fit this network"):
        evaluate(generator, reader, 1, 3, (32, 65))
