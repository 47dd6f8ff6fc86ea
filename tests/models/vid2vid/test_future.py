"""Future prediction: what is carried, what is painted, whose instance it is, and how a rollout goes."""

from dataclasses import replace

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.labels.planes import dense_planes
from maliang_video.models.vid2vid.future import (
    FutureConfig,
    LabelFuture,
    MotionNetwork,
    carried_instances,
    nearest_sources,
    places,
)
from maliang_video.models.vid2vid.future_rollout import predict

TINY = FutureConfig(
    palette="cityscapes",
    label_classes=6,
    things=(4, 5),
    seen_frames=2,
    reduction=1,
    filters=4,
    downsamplings=1,
    blocks=1,
)
HEIGHT, WIDTH = 16, 32


def network(
    flow: tuple[float, float], painted: int, weight: float, config: FutureConfig = TINY
) -> LabelFuture:
    """One that says the same everywhere: this flow in pixels, this class, this weight's logit."""
    torch.manual_seed(0)
    made = LabelFuture(config).requires_grad_(False)
    body = made.network
    for layer in (body.to_motion, body.to_painted):
        layer.weight.zero_()
        layer.bias.zero_()
    body.to_painted.bias[painted] = 30.0
    body.to_motion.bias.copy_(torch.tensor([flow[0] / 20, flow[1] / 20, weight]))
    return made


def car(left: int, instances: bool = True) -> LabelFrame:
    """A car (5) of 6x4 pixels, instance 9, before a wall (3)."""
    ids = torch.full((HEIGHT, WIDTH), 3, dtype=torch.uint8)
    ids[6:10, left : left + 6] = 5
    return LabelFrame(ids, (ids == 5).to(torch.int32) * 9 if instances else None)


def test_what_was_seen_is_carried_along_the_flow_of_all_steps():
    steps = list(predict(network((-2.0, 0.0), 1, -30.0), [car(2), car(4)], 3))
    for ahead, step in enumerate(steps, 1):
        assert step.frame.ids[0].equal(car(4 + 2 * ahead).ids)
        assert step.frame.instances[0].equal(car(4 + 2 * ahead).instances)
    assert torch.allclose(steps[-1].past.flow[0, 0], torch.tensor(-6.0), atol=1e-4)


def test_motion_of_less_than_half_a_pixel_is_not_lost():
    steps = list(predict(network((-0.25, 0.0), 1, -30.0), [car(4), car(4)], 8))
    assert steps[0].frame.ids[0].equal(car(4).ids)
    assert steps[7].frame.ids[0].equal(car(6).ids)


def test_what_is_painted_takes_the_weight():
    step = next(predict(network((0.0, 0.0), 1, 0.0), [car(4), car(4)], 1))
    inside, beside = step.probabilities[0, :, 7, 6], step.probabilities[0, :, 0, 0]
    assert torch.allclose(inside, torch.tensor([0, 0.5, 0, 0, 0, 0.5]), atol=1e-5)
    assert torch.allclose(beside, torch.tensor([0, 0.5, 0, 0.5, 0, 0]), atol=1e-5)
    painted = next(predict(network((0.0, 0.0), 1, 30.0), [car(4), car(4)], 1))
    assert painted.frame.ids.eq(1).all()
    assert painted.frame.ids.dtype == torch.uint8


def test_probabilities_add_up_to_one_and_gradients_reach_every_weight():
    torch.manual_seed(3)
    made = LabelFuture(TINY)
    seen = [LabelFrame(f.ids[None], f.instances[None]) for f in (car(2), car(4))]
    step = made.step(made.begin(seen))
    assert torch.allclose(step.probabilities.sum(1), torch.ones(1, HEIGHT, WIDTH), atol=1e-5)
    step.probabilities[:, 5].sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in made.parameters())
    assert not step.past.flow.requires_grad


def test_a_reduced_view_still_carries_whole_pixels():
    made = network((-1.0, 0.0), 1, -30.0, replace(TINY, reduction=2))  # two pixels at full size
    steps = list(predict(made, [car(2), car(4)], 2))
    assert steps[0].frame.ids[0].equal(car(6).ids)
    assert steps[1].frame.ids[0].equal(car(8).ids)
    assert steps[0].motion.flow.shape == (1, 2, HEIGHT // 2, WIDTH // 2)
    seen = steps[0].past.window[0].dense()[0, :6].argmax(0)
    assert seen.equal(car(4).ids.long()[1::2, 1::2])


def test_predictions_are_fed_back():
    torch.manual_seed(3)
    made = LabelFuture(TINY)
    first, second = predict(made, [car(2), car(4)], 2)
    window = first.past.window
    assert window[0].dense()[0, :6].argmax(0).equal(car(4).ids.long())
    assert window[1].dense()[0, :6].argmax(0).equal(first.frame.ids[0].long())
    again = list(predict(made, [car(2), car(4)], 2))[1]
    assert again.probabilities.equal(second.probabilities)


def test_only_the_newest_maps_count():
    torch.manual_seed(3)
    made = LabelFuture(TINY)
    short = next(predict(made, [car(2), car(4)], 1))
    long = next(predict(made, [car(20), car(11), car(2), car(4)], 1))
    assert long.probabilities.equal(short.probabilities)


def test_without_instances_outlines_stand_in_and_none_come_out():
    made = network((0.0, 0.0), 1, -30.0)
    step = next(predict(made, [car(4, instances=False)] * 2, 1))
    assert step.frame.instances is None
    edges = step.past.window[-1].dense()[0, 6]
    assert edges[7, 4] == 1
    assert edges[0, 0] == 0


def test_pixels_that_come_from_nowhere_belong_to_the_largest_instance_of_their_class():
    seen = LabelFrame(
        torch.tensor([[[5, 5, 5, 3, 3, 5]]], dtype=torch.uint8), torch.tensor([[[7, 7, 7, 1, 1, 8]]])
    )
    ids = torch.tensor([[[5, 5, 5, 5, 3, 2]]], dtype=torch.uint8)
    assert carried_instances(ids, seen, torch.zeros(1, 2, 1, 6)).tolist() == [[[7, 7, 7, 7, 1, 0]]]


def test_sources_are_the_nearest_pixels_and_stay_inside():
    flow = torch.zeros(1, 2, 2, 3)
    flow[0, 0] = torch.tensor([[0.6, 0.4, 5.0], [-0.4, -0.6, 0.0]])
    flow[0, 1, 0, 1] = 1.0
    assert nearest_sources(flow).tolist() == [[1, 4, 2, 3, 3, 5]]


def test_every_pixel_is_told_its_place():
    where = places(torch.zeros(2, 1, 3, 5))
    assert where[1, 0, 2].tolist() == [-1, -0.5, 0, 0.5, 1]
    assert where[0, 1, :, 4].tolist() == [-1, 0, 1]


def test_the_network_keeps_sizes_and_paints_at_half_size():
    motion = MotionNetwork(6, 3, 4, 2, 1)(dense_planes(torch.randn(2, 6, 16, 24)))
    assert motion.painted.shape == (2, 3, 8, 12)
    assert motion.flow.shape == (2, 2, 16, 24)
    assert motion.weight.shape == (2, 1, 16, 24)
    assert 0 < motion.weight.min() < motion.weight.max() < 1


@pytest.mark.parametrize(
    ("seen", "frames", "sentence"),
    [
        ([car(2)], 1, "1 to predict from; this network sees 2"),
        ([], 1, "0 to predict from"),
        ([car(2), car(4)], 0, "0 label maps to predict"),
        ([car(2), LabelFrame(torch.zeros(16, 16, dtype=torch.uint8))], 1, "label frame 1 is 16x16"),
        ([LabelFrame(torch.zeros(14, 32, dtype=torch.uint8))] * 2, 1, "32x14 does not fit"),
        ([LabelFrame(torch.full((16, 32), 8, dtype=torch.uint8))] * 2, 1, "class id 8 is unknown"),
    ],
)
def test_wrong_input_is_one_sentence(seen, frames, sentence):
    with pytest.raises(InputError, match=sentence):
        list(predict(network((0.0, 0.0), 1, 0.0), seen, frames))


def test_sizes():
    assert TINY.size_multiple == 4
    assert replace(TINY, downsamplings=3, reduction=2).size_multiple == 32
    TINY.check_size(8, 12)
    with pytest.raises(InputError, match="nearest size is 12x8"):
        TINY.check_size(6, 13)
