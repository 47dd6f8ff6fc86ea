"""The estimates of memory: never too low, and not absurdly high."""

from dataclasses import replace

import pytest
import torch

from maliang_video.models.fewshot.config import small_config
from maliang_video.models.fewshot.generator import FewShotGenerator, encode_exemplars, step
from maliang_video.models.fewshot.memory import exemplar_bytes, frame_bytes

HEIGHT, WIDTH = 96, 128


def bytes_of(parts):
    return sum(part.numel() * part.element_size() for part in parts)


@pytest.mark.parametrize("filters", [16, 32])
@pytest.mark.parametrize("count", [1, 4])
def test_the_estimates_hold(filters, count, peak):
    config = small_config("pose", 6, filters=filters)
    generator = FewShotGenerator(config).eval().to(memory_format=torch.channels_last)
    with torch.inference_mode():
        labels, images = torch.rand(count, 6, HEIGHT, WIDTH), torch.rand(count, 3, HEIGHT, WIDTH)
        exemplars = encode_exemplars(generator, labels, images)
        first = step(generator, exemplars, labels[0])
        with peak:
            step(generator, exemplars, labels[0], first.past)
    kept = bytes_of([exemplars.labels, exemplars.images, *exemplars.memory])
    assert kept <= count * exemplar_bytes(config, HEIGHT, WIDTH, 4) * 1.1 <= 1.2 * kept
    estimate = frame_bytes(config, HEIGHT, WIDTH, 4)
    assert peak.most <= estimate <= 4 * peak.most


def test_without_attention_nothing_is_looked_up():
    config = small_config("pose", 6)
    plain = replace(config, mixing="average")
    assert exemplar_bytes(plain, 64, 64, 4) == 9 * 64 * 64 * 4 < exemplar_bytes(config, 64, 64, 4)
