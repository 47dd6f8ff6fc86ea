"""Classes that the data lacks are painted as their stand-ins."""

import torch

from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.models.vid2vid.rollout import synthesize
from maliang_video.training.stand_ins import STREET_STAND_INS, fill_stand_ins
from maliang_video.training.street_demo import STREET_GENERATOR


def test_a_truck_is_painted_as_a_car_would_be() -> None:
    torch.manual_seed(0)
    generator = Vid2VidGenerator(STREET_GENERATOR)
    ids = torch.full((16, 32), 7, dtype=torch.uint8)
    ids[4:12, 8:24] = 26
    trucks = torch.where(ids == 26, torch.tensor(27, dtype=torch.uint8), ids)
    instances = torch.zeros(16, 32, dtype=torch.int32)
    style = torch.eye(4)[:1]

    def picture(labels: torch.Tensor) -> torch.Tensor:
        return next(synthesize(generator, [LabelFrame(labels, instances)], style=style)).frame

    assert (picture(ids) - picture(trucks)).abs().max() > 0.01
    fill_stand_ins(generator, STREET_STAND_INS)
    torch.testing.assert_close(picture(trucks), picture(ids), atol=1e-5, rtol=0)


def test_every_cityscapes_class_is_either_drawn_or_stood_in_for() -> None:
    drawn = {7, 8, 11, 17, 19, 20, 21, 22, 23, 24, 26}
    lacking = [pair[0] for pair in STREET_STAND_INS]
    assert sorted([*drawn, *lacking]) == list(range(35))
    assert {stand_in for _, stand_in in STREET_STAND_INS} <= drawn
