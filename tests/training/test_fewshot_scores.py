"""Scores of few-shot videos: the truth is perfect, and what was measured is found again after a crash."""

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.training.fewshot_scores import FewShotJudge, FewShotScores, ScoreBook, mean_scores
from maliang_video.training.identity import appearance, crowd_of

SCORES = FewShotScores(20.0, 0.5, 0.25, 0.125, 1.0)


def clip(seed: int = 0) -> dict[str, torch.Tensor]:
    """Four frames whose left half is a part of its own colour."""
    draw = torch.Generator().manual_seed(seed)
    picture = torch.rand(3, 16, 16, generator=draw) * 0.2
    picture[:, :, :8] += torch.rand(3, 1, 1, generator=draw) - 0.5
    parts = torch.zeros(4, 16, 16, dtype=torch.uint8)
    parts[:, :, 8:] = 1
    return {
        "pictures": picture.repeat(4, 1, 1, 1),
        "flow": torch.zeros(4, 2, 16, 16),
        "visible": torch.ones(4, 1, 16, 16),
        "parts": parts,
    }


def test_the_truth_is_perfect_and_another_subject_is_not():
    crowd = crowd_of(
        appearance(each["pictures"][0], each["parts"][0], 2) for each in map(clip, range(10, 20))
    )
    judge, mine = FewShotJudge(2, crowd), clip()
    assert judge.look(mine, mine["pictures"]) == pytest.approx((100, 0, 1, 0, 0), abs=1e-6)
    other = judge.look(mine, clip(1)["pictures"])
    assert other.psnr < 40
    assert other.identity < 0.9
    assert other.perceptual_distance > 0.01
    trembling = mine["pictures"] + torch.tensor([0.0, 0.1, 0.0, 0.1]).view(4, 1, 1, 1)
    assert judge.look(mine, trembling).warping_error == pytest.approx(2.5, rel=1e-3)  # 0.05 squared, 1e-3


def test_means_are_over_clips():
    other = FewShotScores(22.0, 0.7, 0.75, 0.375, 0.0)
    assert mean_scores([SCORES, other]) == pytest.approx((21, 0.6, 0.5, 0.25, 0.5))


def test_a_book_on_disk_remembers_and_skips_a_line_that_was_cut_off(tmp_path):
    path = tmp_path / "new" / "scores.jsonl"
    book = ScoreBook(path)
    assert book.find("ours", -101) is None
    book.enter("ours", -101, SCORES)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"job": "ours"}\n{"job": "ours", "clip": -102, "psnr": 2')
    again = ScoreBook(path)
    assert again.find("ours", -101) == SCORES
    assert again.find("ours", -102) is None
    again.enter("ours", -103, SCORES)
    assert ScoreBook(path).find("ours", -103) == SCORES, "it doesn't stand behind the torn line"
    assert again.find("theirs", -101) is None


def test_a_book_that_can_not_be_there_is_one_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="could not be written: a part of its path is a file"):
        ScoreBook(tmp_path / "file" / "scores.jsonl")
