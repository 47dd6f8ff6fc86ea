"""Attention to sides: heads really turn, drivers are asked about the exemplar that is turned like them."""

from dataclasses import replace

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.fewshot.generator import FewShotGenerator
from maliang_video.training import fewshot_sides as module
from maliang_video.training.fewshot_demos import FACE_FEWSHOT, STREET_FEWSHOT
from maliang_video.training.fewshot_report import sides_text
from maliang_video.training.fewshot_sides import SideScores, side_scores, side_sheet, side_trials

SIZE = (64, 64)
CONFIG = replace(FACE_FEWSHOT.generator, filters=4, most_filters=8)


@pytest.fixture(scope="module")
def trial():
    (only,) = side_trials(CONFIG, SIZE, 1)
    return only


def centre(drawn: torch.Tensor) -> float:
    """Where the nose's line (the middle of what is drawn) is, relative to the head's outline: less is left."""
    columns = drawn[0].sum(0)
    left, right = (int(torch.nonzero(columns > 0).flatten()[k]) for k in (0, -1))
    middle = drawn[0, 24:40].sum(0)
    mean = float((middle * torch.arange(len(middle))).sum() / middle.sum())
    return (mean - left) / (right - left)


def test_drivers_are_turned_like_their_exemplar(trial):
    assert trial.exemplars["pictures"].shape == trial.drivers["pictures"].shape == (2, 3, *SIZE)
    assert trial.sides.tolist() == [0, 1]
    left, right = map(centre, trial.exemplars["drawn"])
    for drawn, side in zip(trial.drivers["drawn"], trial.sides, strict=True):
        own, other = ((left, right), (right, left))[int(side)]
        assert abs(centre(drawn) - own) < abs(centre(drawn) - other)


def test_shares_are_of_the_exemplar_of_the_same_side(trial, monkeypatch):
    class Told:
        def __init__(self, share):
            self.share = share

    def looks(generator, exemplars, labels):
        """Three quarters from the left one, whoever asks."""
        return Told(torch.tensor([0.75, 0.25]).view(1, 2, 1, 1).expand(len(labels), 2, 8, 8))

    monkeypatch.setattr(module, "look_up", looks)
    scores = side_scores(FewShotGenerator(CONFIG), iter([trial]))
    assert scores == (pytest.approx(0.5), pytest.approx(0.5), 2)


def test_a_sheet_has_a_row_for_each_driver(trial):
    picture = side_sheet(FewShotGenerator(CONFIG), iter([trial]))
    assert picture.shape == (3, 2 * 64 + 4, 8 * 64 + 7 * 4)
    assert torch.equal(picture[:, :64, :64], trial.exemplars["pictures"][0])
    assert torch.equal(picture[:, 68:, -64:], trial.drivers["pictures"][1])


def test_what_has_no_sides_or_no_attention_is_one_sentence(trial):
    with pytest.raises(InputError, match="paint 'street', which has no sides to choose from; choose faces"):
        next(side_trials(STREET_FEWSHOT.generator, SIZE, 1))
    average = FewShotGenerator(replace(CONFIG, mixing="average"))
    with pytest.raises(InputError, match="have no attention: they mix exemplars without choosing"):
        side_scores(average, iter([trial]))


def test_the_sentence_says_what_is_chance():
    told = sides_text(SideScores(0.625, 0.75, 48))
    assert "62.5 % of what the head takes" in told
    assert "75 % of the frames" in told
    assert "48 frames" in told
