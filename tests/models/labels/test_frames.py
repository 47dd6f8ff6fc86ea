from fractions import Fraction

import torch

from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import builtin_palette

CITY = builtin_palette("cityscapes")
IDS = torch.arange(12, dtype=torch.uint8).reshape(3, 2, 2)


def test_a_clip_is_a_stream():
    clip = LabelFrames(IDS, CITY, IDS.int() + 100, Fraction(30000, 1001))
    assert (clip.frame_count, clip.height, clip.width, clip.frame_rate) == (3, 2, 2, Fraction(30000, 1001))
    frames = list(clip.frames(1))
    assert [f.ids.tolist() for f in frames] == [[[4, 5], [6, 7]], [[8, 9], [10, 11]]]
    assert frames[1].instances.tolist() == [[108, 109], [110, 111]]
    assert list(clip.frames(3)) == []
    assert next(LabelFrames(IDS, CITY).frames()).instances is None


def test_the_fingerprint_follows_the_content():
    clips = [
        LabelFrames(IDS, CITY),
        LabelFrames(IDS.flip(0), CITY),
        LabelFrames(IDS, builtin_palette("ade20k")),
        LabelFrames(IDS, CITY, IDS.int()),
        LabelFrames(IDS.reshape(3, 1, 4), CITY),
    ]
    assert len({clip.fingerprint for clip in clips}) == len(clips)
    assert LabelFrames(IDS.clone(), CITY).fingerprint == clips[0].fingerprint
