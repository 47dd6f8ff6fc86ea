"""Loss terms of a chunk: masks, shares, first frames, faces."""

from dataclasses import replace

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.labels.planes import LabelPlanes
from maliang_video.models.vid2vid.discriminator import DiscriminatorConfig, MultiscaleDiscriminator
from maliang_video.training.chunks import Chunk
from maliang_video.training.losses import gan_loss
from maliang_video.training.objectives import (
    Case,
    face_case,
    judge_case,
    likeness_terms,
    motion_terms,
    picture_case,
)
from maliang_video.training.paper import PAPER_LOSSES, POSE_LOSSES
from maliang_video.training.perceptual import RandomFeatures, perceptual_distance, perceptual_loss

SIZE = 32


def chunk(frames: range, started: tuple[bool, ...], **clip) -> Chunk:
    """Everything is 0 but what is named; pictures show their number / 10."""
    length, here = frames.stop, len(frames)
    numbers = torch.arange(length)[None, :, None, None, None] / 10
    batch = {
        "pictures": numbers.expand(1, -1, 3, SIZE, SIZE).clone(),
        "flow": torch.zeros(1, length, 2, SIZE, SIZE),
        "visible": torch.ones(1, length, 1, SIZE, SIZE),
        "style": torch.zeros(1, 0),
        **clip,
    }
    blank = torch.zeros(1, here, 3, SIZE, SIZE)
    planes = LabelPlanes(torch.zeros(here, 1, SIZE, SIZE), torch.tensor([0]), 3)
    flow, weight = torch.ones(1, here, 2, SIZE, SIZE), torch.full((1, here, 1, SIZE, SIZE), 0.25)
    return Chunk(batch, frames, planes, blank + 1, blank, flow, weight, blank + 0.5, started)


def test_motion_by_hand():
    half = torch.ones(1, 4, 1, SIZE, SIZE)
    half[..., : SIZE // 2] = 0
    terms = motion_terms(POSE_LOSSES, chunk(range(2, 4), (True, True), visible=half))
    assert terms["flow"].item() == pytest.approx(10 * 0.5)  # |1 - 0| where it is trusted
    assert terms["flow_warp"].item() == pytest.approx(10 * 0.5 * 0.1, rel=1e-4)
    assert terms["warp"].item() == pytest.approx(10 * 0.5 * 0.5)  # |1 - 0.5|
    assert terms["weight"].item() == pytest.approx(0.5 * 0.25)
    assert "weight" not in motion_terms(PAPER_LOSSES, chunk(range(2, 4), (True, True)))


def test_nothing_is_known_of_a_first_frame_and_nothing_is_carried_to_the_first_painted():
    assert motion_terms(POSE_LOSSES, chunk(range(1), (False,))) == {}
    terms = motion_terms(POSE_LOSSES, chunk(range(2), (False, True)))
    assert set(terms) == {"flow", "flow_warp", "warp", "weight"}
    assert terms["flow"].item() == pytest.approx(10)  # of the second frame alone
    assert set(motion_terms(POSE_LOSSES, chunk(range(1, 2), (False,)))) == {"flow", "flow_warp"}


def test_likeness_is_of_the_frame_and_by_its_share_of_the_raw_picture():
    features, weights = RandomFeatures(), replace(PAPER_LOSSES, perceptual=2.0, direction=3.0, raw=0.5)
    seen = chunk(range(2), (False, True))
    noise = torch.randn(1, 2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    seen = replace(seen, frame=seen.real + 0.2 * noise)
    frame, raw, real = (x.flatten(0, 1) for x in (seen.frame, seen.raw, seen.real))
    terms = likeness_terms(features, weights, seen)
    for name, weight, loss in (("perceptual", 2, perceptual_loss), ("direction", 3, perceptual_distance)):
        expected = weight * (loss(features, frame, real) + 0.5 * loss(features, raw, real)).mean()
        assert terms[name].item() == pytest.approx(expected.item(), rel=1e-5)
        assert terms[name] > 0
    assert set(likeness_terms(features, PAPER_LOSSES, seen)) == {"perceptual"}


def test_the_raw_picture_counts_by_its_share():
    torch.manual_seed(0)
    judge = MultiscaleDiscriminator(DiscriminatorConfig(6, 4, 1, 3))
    whole = picture_case(chunk(range(2), (False, True)), 0.5)
    assert [share for share, _ in whole.generated] == [1.0, 0.5]
    (gan, matching), told = judge_case(judge, whole, 2.0, 3.0)
    parts = [Case(whole.real, ((1.0, shown),)) for _, shown in whole.generated]
    (gan_0, matching_0), told_0 = judge_case(judge, parts[0], 2.0, 3.0)
    (gan_1, matching_1), told_1 = judge_case(judge, parts[1], 2.0, 3.0)
    assert gan.item() == pytest.approx((gan_0 + 0.5 * gan_1).item(), rel=1e-5)
    assert matching.item() == pytest.approx((matching_0 + 0.5 * matching_1).item(), rel=1e-5)
    assert told.item() == pytest.approx((told_0 + 0.5 * told_1).item(), rel=1e-5)
    real, fake = judge(whole.real), judge(whole.generated[0][1])
    assert gan_0.item() == pytest.approx(2 * gan_loss(fake, True).item(), rel=1e-5)
    assert told_0.item() == pytest.approx(
        0.5 * (gan_loss(real, True) + gan_loss(fake, False)).item(), rel=1e-5
    )
    assert len(picture_case(chunk(range(2), (False, True)), 0.0).generated) == 1


def test_a_discriminator_learns_nothing_for_the_generator():
    judge = MultiscaleDiscriminator(DiscriminatorConfig(3, 4, 1, 3))
    generated = torch.zeros(1, 3, SIZE, SIZE, requires_grad=True)
    _, told = judge_case(judge, Case(torch.ones(1, 3, SIZE, SIZE), ((1.0, generated),)), 1.0, 1.0)
    told.backward()
    assert generated.grad is None
    assert next(judge.parameters()).grad is not None


def test_faces_are_cut_out_around_the_head():
    drawn = torch.full((1, 2, 6, SIZE, SIZE), -1.0)
    drawn[:, :, 2, 10:14, 20:24] = 1.0  # DensePose's head
    case = face_case(chunk(range(2), (True, True), drawn=drawn))
    ((_, shown),) = case.generated
    assert shown.size == case.real.size == (8, 8)
    assert face_case(chunk(range(2), (True, True), drawn=torch.full((1, 2, 6, SIZE, SIZE), -1.0))) is None
    with pytest.raises(InputError, match="looks for heads in drawn poses; train without it on label maps"):
        face_case(chunk(range(2), (True, True)))


def test_weights_say_who_has_a_say():
    assert PAPER_LOSSES.temporal
    assert not PAPER_LOSSES.face
    assert replace(PAPER_LOSSES, face_gan=1.0).face
    assert not replace(PAPER_LOSSES, temporal_gan=0.0, temporal_matching=0.0).temporal
