"""Intersection over union, counted by hand."""

import pytest
import torch

from maliang_video.training.metrics_labels import class_ious, confusion, empty_confusion, mean_iou

TRUTH = torch.tensor([[7, 7, 7, 7], [26, 26, 23, 23]], dtype=torch.uint8)
FOUND = torch.tensor([[7, 7, 7, 11], [26, 7, 23, 23]], dtype=torch.uint8)


def test_counts():
    counts = confusion(TRUTH, FOUND)
    assert counts.sum() == 8
    assert counts[7, 7] == 3
    assert counts[7, 11] == 1
    assert counts[26, 7] == 1
    assert counts[26, 26] == 1


def test_ious_by_hand():
    """Road: 3 of 4 true and one false; car: 1 of 2; sky: all; building, which isn't there, counts for nobody."""
    ious = class_ious(confusion(TRUTH, FOUND))
    assert ious == pytest.approx({7: 3 / 5, 23: 1.0, 26: 1 / 2})
    assert mean_iou(confusion(TRUTH, FOUND)) == pytest.approx((3 / 5 + 1 + 1 / 2) / 3)


def test_perfect_and_nothing():
    assert mean_iou(confusion(TRUTH, TRUTH)) == 1
    assert mean_iou(confusion(TRUTH, torch.zeros_like(TRUTH))) == 0
    assert mean_iou(empty_confusion()) == 0
    assert class_ious(confusion(torch.tensor([255]), torch.tensor([255]))) == {255: 1.0}


def test_counts_add_up_over_pictures():
    parts = sum((confusion(t, f) for t, f in zip(TRUTH, FOUND, strict=True)), empty_confusion())
    assert torch.equal(parts, confusion(TRUTH, FOUND))
