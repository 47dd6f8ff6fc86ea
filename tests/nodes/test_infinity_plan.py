"""Nodes of order plans, on the recording fake."""

import pytest

from maliang_video.errors import InputError

NOTHING_GIVEN = {f"given_{name}": 0 for name in ("frames", "height", "width", "top", "left")}
SIZES = {"columns": 8, "rows": 7, "frames": 1, "see_columns": 2, "see_rows": 2, "see_frames": 0}


def make(comfy, **changes):
    inputs = {"order": "auto", **SIZES, **NOTHING_GIVEN, **changes}
    return comfy.node("MaliangOrderPlan").execute(**inputs).args[0]


def test_a_plan_is_made_and_shown(comfy):
    plan = make(comfy, given_height=2, given_width=2, given_top=2, given_left=3)
    assert (len(plan), plan.given) == (56, 4)
    shown = comfy.node("MaliangShowPlan").execute(plan=plan, mark=True, row=0, column=0, frame=0)
    picture, words = shown.args
    assert picture.shape[0] == 1
    assert picture.shape[1] > 7 * 56
    assert words.startswith("52 patches to make in 28 waves, the widest of 3")


def test_a_video_with_a_given_frame(comfy):
    plan = make(comfy, order="omega", rows=2, columns=2, frames=4, see_frames=3, given_frames=1)
    assert (plan.grid, plan.extent, plan.given) == ((4, 2, 2), (3, 2, 2), 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"order": "rings"}, "rings grow around a picture"),
        ({"given_height": 2, "given_width": 2, "given_left": 7}, "reaches out of the canvas"),
        ({"given_height": 2}, "smaller than a patch"),
        ({"given_frames": 2}, "2 given frames of 1"),
    ],
)
def test_what_does_not_go_together(comfy, changes, message):
    with pytest.raises(InputError, match=message):
        make(comfy, **changes)


def test_a_patch_that_is_not_there(comfy):
    with pytest.raises(InputError, match="no patch at frame 0, row 9, column 0"):
        comfy.node("MaliangShowPlan").execute(plan=make(comfy), mark=True, row=9, column=0, frame=0)
