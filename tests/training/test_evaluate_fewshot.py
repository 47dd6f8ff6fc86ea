"""The evaluation of few-shot networks: who paints, from what, and that a stopped comparison goes on."""

from dataclasses import replace

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.fewshot.generator import FewShotGenerator
from maliang_video.training import evaluate_fewshot as module
from maliang_video.training import fewshot_exams
from maliang_video.training.evaluate_fewshot import (
    Contestant,
    Examination,
    contestants,
    evaluate_fewshot,
    exemplars_name,
    fingerprint,
    with_first,
)
from maliang_video.training.fewshot_baselines import LabelFlow, as_rival, exemplar_alone, found_flow
from maliang_video.training.fewshot_clips import HELD_OUT
from maliang_video.training.fewshot_demos import DANCER_FEWSHOT, FACE_FEWSHOT, STREET_FEWSHOT
from maliang_video.training.fewshot_exams import (
    DANCERS,
    FACES,
    FIRST,
    FIRST_OTHER,
    STREETS,
    fewshot_exam_of,
    unseen,
)
from maliang_video.training.fewshot_scores import ScoreBook
from maliang_video.training.identity import NOBODY

SIZE = (64, 64)


def tiny(recipe=STREET_FEWSHOT, **changes) -> FewShotGenerator:
    torch.manual_seed(0)
    return FewShotGenerator(replace(recipe.generator, filters=4, most_filters=8, **changes))


@pytest.fixture
def generator() -> FewShotGenerator:
    return tiny()


@pytest.fixture(autouse=True)
def _few_others(monkeypatch):
    monkeypatch.setattr(fewshot_exams, "OTHERS", 4)


@pytest.fixture(scope="module")
def street():
    return STREETS.clips(STREET_FEWSHOT.generator, SIZE, 3, 2)[next(unseen(1))]


def test_every_subject_is_another_one_and_none_is_in_previews_or_the_crowd():
    clips = FACES.clips(FACE_FEWSHOT.generator, SIZE, 3, 2)
    examined = [clips.subject(n) for n in unseen(4)]
    assert examined == [HELD_OUT + FIRST + n for n in range(4)]
    others = [clips.subject(n) for n in unseen(4, FIRST_OTHER)]
    assert not set(examined) & set(others)
    assert min(examined) > HELD_OUT + 4


def test_a_street_is_seen_as_both_networks_take_it(street):
    assert street["pictures"].shape == (3, 3, *SIZE)
    assert street["exemplar_pictures"].shape == (2, 3, *SIZE)
    assert int(street["ids"].max()) < 20 <= int(street["rival_ids"].max())
    assert torch.equal(street["parts"], street["rival_ids"])
    assert as_rival(street).keys() == {"pictures", "ids", "instances"}


@pytest.mark.parametrize(
    ("recipe", "exam", "channels"), [(FACE_FEWSHOT, FACES, 15), (DANCER_FEWSHOT, DANCERS, 6)]
)
def test_people_are_seen_as_both_networks_take_them(recipe, exam, channels):
    assert fewshot_exam_of(recipe.generator) is exam
    clip = exam.clips(recipe.generator, SIZE, 1, 1)[next(unseen(1))]
    assert clip["rival_drawn"].shape == (1, channels, *SIZE)
    assert clip["drawn"].shape[1] == recipe.generator.label_channels
    assert "exemplar_flow" not in clip
    body = clip["parts"] != NOBODY
    assert 0.1 < body.float().mean() < 0.95
    assert int(clip["parts"][body].max()) < exam.parts
    assert not (clip["parts"] == 0).any()
    assert as_rival(clip).keys() == {"pictures", "drawn"}


def test_weights_of_what_no_world_shows_are_one_sentence():
    with pytest.raises(
        InputError, match="paint 'hand' from 1 channels, which no world shows: choose weights of"
    ):
        fewshot_exam_of(replace(FACE_FEWSHOT.generator, kind="hand"))


def test_first_exemplars_come_without_the_way_to_the_others(street):
    clip = street | {"exemplar_flow": torch.zeros(3, 2, 2, *SIZE)}
    one = with_first(clip, 1)
    assert one["exemplar_pictures"].shape[0] == one["exemplar_ids"].shape[0] == 1
    assert len(one["pictures"]) == 3
    assert "exemplar_flow" not in one


def test_warps_start_from_the_first_exemplar(street):
    alone = torch.cat(list(exemplar_alone(street)))
    assert torch.equal(alone, street["exemplar_pictures"][:1].expand(3, -1, -1, -1))
    still = street | {"ids": street["exemplar_ids"][:1].expand(3, -1, -1)}
    for picture in LabelFlow(STREET_FEWSHOT.generator.palette)(still):
        assert (picture - alone[:1]).abs().mean() < 1e-4, "the same labels: nothing moves"
    shifted = street["exemplar_pictures"][0].roll(3, 2)[None]
    (moved,) = found_flow(street | {"pictures": shifted})
    inside = (..., slice(8, -8), slice(8, -8))
    assert (moved - shifted)[inside].abs().mean() < 0.3 * (alone[:1] - shifted)[inside].abs().mean()


def test_everybody_paints_the_same_clips_and_the_truth_is_best(generator, tmp_path):
    painters = contestants(generator, None, (1, 2))
    assert (
        list(painters)[:2]
        == [exemplars_name(1), exemplars_name(2)]
        == ["ours, 1 exemplar", "ours, 2 exemplars"]
    )
    assert len({each.known_as for each in painters.values()}) == len(painters)
    book, asked = ScoreBook(tmp_path / "scores.jsonl"), []
    examination = Examination(STREETS, SIZE, 3, 2)
    rows = evaluate_fewshot(painters, generator, examination, unseen(2), book)
    scores = {row.method: row.scores for row in rows}
    assert list(scores) == [*painters, "the true frames"]
    assert scores["the true frames"].psnr == 100
    assert scores["the true frames"].identity == pytest.approx(1)
    assert scores["ours, 1 exemplar"] != scores["ours, 2 exemplars"]
    assert max(rows, key=lambda row: row.scores.identity).method == "the true frames"
    assert min(rows, key=lambda row: row.scores.perceptual_distance).method == "the true frames"

    def asks(clip):
        asked.append(clip)
        return clip["pictures"][:, None]

    more = painters | {"one more": Contestant(asks, "one more")}
    again = evaluate_fewshot(more, generator, examination, unseen(2), ScoreBook(tmp_path / "scores.jsonl"))
    assert [row for row in again if row.method != "one more"] == rows
    assert len(asked) == 2, "what is new is painted, nothing else"


def test_what_is_known_is_not_drawn_again(generator, monkeypatch):
    book, examination = ScoreBook(None), Examination(STREETS, SIZE, 3, 1)
    alone = {"copy": Contestant(exemplar_alone, "copy")}
    rows = evaluate_fewshot(alone, generator, examination, unseen(1), book)
    monkeypatch.setattr(module, "painted", None)
    monkeypatch.setattr(module, "FewShotJudge", None)
    assert evaluate_fewshot(alone, generator, examination, unseen(1), book) == rows


def test_networks_are_told_apart_by_weights_and_config(generator):
    assert fingerprint(generator) == fingerprint(tiny())
    other = tiny()
    with torch.no_grad():
        other.to_image.bias[0] += 1
    assert fingerprint(other) != fingerprint(generator)


def test_a_size_that_the_network_can_not_take_is_refused(generator):
    with pytest.raises(InputError, match="multiples of 16"):
        evaluate_fewshot({}, generator, Examination(STREETS, (60, 64), 3, 1), unseen(1), ScoreBook(None))
