"""Procedural people in ComfyUI: what the node opens, and that its three outputs belong together."""

import pytest
import torch

from maliang_video.media.reader import open_frames


def run(comfy, people, **inputs):
    given = {
        "seed": 4,
        "subject": -1,
        "frames": 2,
        "width": 64,
        "height": 96,
        "look": "studio",
        "frame_rate": 24.0,
    }
    return comfy.node("MaliangPeopleWorld").execute(people=people, **{**given, **inputs}).args


@pytest.mark.parametrize(
    ("people", "channels", "palette"), [("faces", 15, "celebamask_hq"), ("puppets", 6, "densepose")]
)
def test_drawings_labels_and_world_belong_together(comfy, people, channels, palette):
    drawings, labels, world = run(comfy, people)
    assert labels is world
    assert labels.palette.name == palette
    assert (world.width, world.height, world.frame_count, world.frame_rate) == (64, 96, 2, 24)
    maps = [frame.channels for frame in drawings.frames()]
    assert [tuple(m.shape) for m in maps] == [(channels, 96, 64)] * 2
    assert not torch.equal(maps[0], maps[1])


def test_who_and_what_are_chosen_apart(comfy):
    world = run(comfy, "faces", seed=3, subject=9, look="any")[2].world
    assert (world.seed, world.subject, world.look) == (3, 9, None)
    assert run(comfy, "faces", seed=3)[2].world.subject is None


def test_footage_of_people(comfy):
    world = run(comfy, "puppets")[2]
    video = comfy.node("MaliangWorldFootage").execute(world=world).args[0]
    with open_frames(video.get_stream_source()) as clip:
        assert [frame.pixels.shape for frame in clip] == [(96, 64, 3)] * 2
