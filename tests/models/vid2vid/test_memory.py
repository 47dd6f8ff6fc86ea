"""The estimate of a frame's memory: never too low, and not absurdly high."""

import pytest
import torch

from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.vid2vid.config import GeneratorConfig
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.models.vid2vid.memory import frame_bytes
from maliang_video.models.vid2vid.rollout import synthesize


@pytest.mark.parametrize(("filters", "scales"), [(32, 1), (64, 1), (64, 2), (128, 3)])
def test_the_estimate_holds(filters, scales, peak):
    config = GeneratorConfig(
        palette="cityscapes",
        label_classes=35,
        edges=True,
        things=(26,),
        style_names=(),
        label_frames=3,
        filters=filters,
        foreground_filters=filters // 2,
        downsamplings=2,
        blocks=2,
        local_blocks=1,
        scales=scales,
        flow=True,
        foreground=(24, 26),
        first_frame=None,
    )
    generator = Vid2VidGenerator(config).eval()
    ids = torch.randint(0, 35, (64, 128), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with peak:
        for _ in synthesize(generator, [LabelFrame(ids)] * 4):
            pass
    estimate = frame_bytes(config, 64, 128, bytes_per_value=4)
    assert peak.most <= estimate <= 4 * peak.most
