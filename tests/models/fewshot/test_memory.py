"""The estimate of memory: what it grows with, and how many exemplars it lets in."""

from dataclasses import replace

import torch

from maliang_video.models.fewshot.config import small_config
from maliang_video.models.fewshot.generator import FewShotGenerator, encode_exemplars, step
from maliang_video.models.fewshot.memory import exemplar_bytes, exemplars_that_fit, frame_bytes

CONFIG = small_config("face", 1)


def test_a_frame_grows_with_its_pixels_and_precision() -> None:
    small, large = (frame_bytes(CONFIG, side, side, 4) for side in (128, 256))
    assert large - small == (32 * 32 * (256**2 - 128**2) + 4 * (1 << 22) - 16 * 32**4) * 4
    assert frame_bytes(CONFIG, 128, 128, 2) * 2 == small


def test_an_exemplar_weighs_its_features_keys_and_pictures() -> None:
    assert exemplar_bytes(CONFIG, 64, 64, 4) == 3 * 16 * 16 * (64 + 64 + 64) * 4 + 4 * 64 * 64 * 4
    averaged = replace(CONFIG, mixing="average")
    assert exemplar_bytes(averaged, 64, 64, 4) == 3 * 16 * 16 * (64 + 64) * 4 + 4 * 64 * 64 * 4


def test_as_many_fit_as_leave_room_for_a_frame() -> None:
    frame, each = frame_bytes(CONFIG, 64, 64, 4), exemplar_bytes(CONFIG, 64, 64, 4)
    fits = [exemplars_that_fit(CONFIG, 64, 64, 4, frame + room) for room in (-1, 0, each, 3 * each - 1)]
    assert fits == [0, 0, 1, 2]


def test_the_estimates_hold(peak) -> None:
    torch.manual_seed(0)
    generator = FewShotGenerator(CONFIG).eval()
    labels, images = torch.rand(3, 1, 32, 64), torch.rand(3, 3, 32, 64)
    with torch.inference_mode(), peak:
        exemplars = encode_exemplars(generator, labels, images)
        first = step(generator, exemplars, labels[0])
        step(generator, exemplars, labels[1], first.past)
    estimate = frame_bytes(CONFIG, 32, 64, 4) + 3 * exemplar_bytes(CONFIG, 32, 64, 4)
    assert peak.most <= estimate <= 8 * peak.most
