"""Scores of pictures that are known; features of pieces of video worked out by hand."""

import pytest
import torch

from maliang_video.models.labels.reader import Reading
from maliang_video.training.metrics_labels import confusion, mean_iou
from maliang_video.training.scores import Judge, frame_features, piece_features, scores_of


@pytest.fixture
def judge(reader) -> Judge:
    return Judge(reader)


def test_truth_scores_best(clips, judge, reader):
    clip = clips[0]
    truth = judge.look(clip, clip["pictures"])
    scores = scores_of(truth, truth)
    assert scores.psnr == pytest.approx(100)
    errors = (
        scores.perceptual_distance,
        scores.warping_error,
        scores.flicker,
        scores.read.fid,
        scores.read.video_fid,
    )
    assert errors == pytest.approx([0] * 5, abs=1e-4)
    found = reader.ids(reader(clip["pictures"]).scores)
    assert scores.read.label_consistency == pytest.approx(mean_iou(confusion(clip["ids"], found)))


def test_without_a_segmenter_only_frames_are_scored(clips, judge):
    clip = clips[0]
    pictures = clip["pictures"] * 0.9
    bare = Judge(None).look(clip, pictures)
    assert bare.read is None
    assert torch.equal(bare.means, judge.look(clip, pictures).means)
    assert scores_of(bare + bare, bare) == scores_of(bare, bare)
    assert scores_of(bare, bare).read is None


def test_scores_of_a_known_error(clips, judge):
    """All frames too light by 0.2; the last one by 0.4, which is a step of 0.2 between two of three frames."""
    clip = clips[0]
    pictures = clip["pictures"] + torch.tensor([0.2, 0.2, 0.4]).reshape(3, 1, 1, 1)
    scores = scores_of(judge.look(clip, pictures), judge.look(clip, clip["pictures"]))
    assert scores.psnr == pytest.approx((20 + 20 + 20 - 20 * 0.30103) / 3, abs=1e-2)
    assert scores.perceptual_distance > 0.001
    assert scores.warping_error == pytest.approx(1e3 * (0 + 0.1**2) / 2, rel=1e-3)
    assert scores.temporal_difference_error == pytest.approx(1e3 * (0 + 0.1**2) / 2, rel=1e-3)
    assert scores.flicker == pytest.approx(1e3 * 0.1, rel=1e-3)
    assert scores.read.fid > 0
    assert scores.read.video_fid > 0


def test_frames_that_were_given_are_not_scored(clips, judge):
    clip = clips[0]
    wrong = clip["pictures"].clone()
    wrong[0] += 0.5
    tally, truth = judge.look(clip, wrong, 1), judge.look(clip, clip["pictures"], 1)
    scores = scores_of(tally, truth)
    assert (scores.psnr, scores.perceptual_distance) == pytest.approx((100, 0), abs=1e-4)
    assert (scores.read.fid, scores.read.video_fid) == pytest.approx((0, 0), abs=1e-6)
    assert scores.warping_error > 1  # the change from the given frame to the first painted one counts
    assert tally.read.frames.count == 2
    assert tally.read.read.sum() == 2 * clip["ids"][0].numel()
    last = judge.look(clip, wrong, 2)
    assert last.means[2] == pytest.approx(0, abs=1e-4)  # neither frame of the last step is wrong
    assert last.means[4] > 1  # but the first of the last three is
    assert (last.read.frames.count, last.read.pieces.count) == (1, 1)


def test_clips_add_up(clips, judge):
    looks = [judge.look(clips[n], clips[n]["pictures"] * 0.9) for n in (0, 1)]
    truth = [judge.look(clips[n], clips[n]["pictures"]) for n in (0, 1)]
    both = scores_of(looks[0] + looks[1], truth[0] + truth[1])
    each = [scores_of(look, true) for look, true in zip(looks, truth, strict=True)]
    assert both.psnr == pytest.approx((each[0].psnr + each[1].psnr) / 2, rel=1e-6)
    assert both.read.fid != each[0].read.fid
    assert (looks[0] + looks[1]).read.frames.count == 6


def test_features_of_pieces_by_hand():
    """Fine features 0, 1, 3, 3, 8 all over the frame, coarse ones 10 times them: pieces of four frames."""
    values = torch.tensor([0.0, 1, 3, 3, 8]).view(5, 1, 1, 1)
    reading = Reading(torch.zeros(5, 2, 4, 4), values.expand(5, 1, 4, 4), (10 * values).expand(5, 2, 1, 1))
    frames = torch.tensor([[0.0], [1], [3], [3], [8]]) * torch.tensor([1.0, 10, 10])
    assert torch.equal(frame_features(reading), frames)
    expected = torch.tensor(
        [[7 / 4, 35 / 2, 35 / 2, 1, 10, 10], [15 / 4, 75 / 2, 75 / 2, 7 / 3, 70 / 3, 70 / 3]]
    )
    torch.testing.assert_close(piece_features(reading), expected)


def test_changes_are_those_of_pixels_not_of_means():
    """A bright pixel that wanders changes nothing on average, and two pixels in every step."""
    fine = torch.zeros(4, 1, 1, 4)
    fine[range(4), 0, 0, range(4)] = 1
    reading = Reading(fine, fine, torch.zeros(4, 1, 1, 1))
    assert piece_features(reading).tolist() == [[0.25, 0, 0.5, 0]]


def test_a_single_frame_is_a_piece_without_change():
    one = torch.full((1, 1, 2, 2), 3.0)
    assert piece_features(Reading(one, one, one)).tolist() == [[3, 3, 0, 0]]
