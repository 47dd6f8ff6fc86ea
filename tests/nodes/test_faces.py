"""Nodes of faces on the recording fake: a world's face is followed, cut out, masked, and put back."""

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.media.reader import open_frames

FRAMES = 2


def run(comfy, node_id: str, **inputs):
    return comfy.node(node_id).execute(**inputs).args


@pytest.fixture
def world(comfy):
    sizes = {"frames": FRAMES, "width": 64, "height": 64}
    return run(
        comfy,
        "MaliangPeopleWorld",
        people="faces",
        seed=4,
        subject=2,
        look="studio",
        frame_rate=24.0,
        **sizes,
    )[2]


@pytest.fixture
def footage(comfy, world):
    return run(comfy, "MaliangWorldFootage", world=world)[0]


def find(comfy, footage, keypoints, **changes):
    points = {"point_x": -1, "point_y": -1, "point_frame": 0}
    given = {"detector": "none", "face": -1, "max_gap": 8, "cuts": True, "frame_rate": 24.0, **points}
    return run(comfy, "MaliangFindFaceTrack", frames=footage, keypoints=keypoints, **{**given, **changes})


def align(comfy, footage, track, **changes):
    given = {
        "size": 64,
        "steady_place": 1.0,
        "steady_size": 3.0,
        "scale": 1.0,
        "exact": False,
        "frame_rate": 24.0,
    }
    return run(comfy, "MaliangAlignFace", frames=footage, track=track, **{**given, **changes})


def mask(comfy, aligned, crops, **changes):
    given = {
        "parts": "outline",
        "download": False,
        "inner": 0,
        "outer": 50,
        "whole_border": False,
        "steady": 0.0,
    }
    return run(comfy, "MaliangFaceMask", aligned=aligned, crops=crops, **{**given, **changes})


def paste(comfy, footage, aligned, crops, **changes):
    given = {"blend": "alpha", "feather": 0, "codec": "ffv1", "frame_rate": 24.0}
    inputs = {"frames": footage, "aligned": aligned, "crops": crops, **given, **changes}
    return run(comfy, "MaliangPasteFaceBack", **inputs)[0]


def pixels(video) -> list[np.ndarray]:
    with open_frames(video.get_stream_source()) as clip:
        return [frame.pixels.astype(int) for frame in clip]


def test_a_face_is_cut_out_masked_and_put_back(comfy, world, footage):
    track, preview = find(comfy, footage, world)
    assert preview.shape == (1, 64, 64, 3)
    crops, aligned = align(comfy, footage, track)
    assert [crop.shape for crop in pixels(crops)] == [(64, 64, 3)] * FRAMES
    masks, shown = mask(comfy, aligned, crops, world=world)
    assert len(pixels(shown)) == FRAMES
    for changes in ({}, {"mask": masks}, {"mask": masks, "blend": "change"}):
        back = pixels(paste(comfy, footage, aligned, crops, **changes))
        differences = [np.abs(a - b).mean() for a, b in zip(back, pixels(footage), strict=True)]
        assert max(differences) < (1.5 if changes.get("blend") != "change" else 1e-9)
    assert comfy.seen.progress[-1] == (FRAMES, FRAMES)


def test_edited_crops_reach_the_frame_through_the_mask(comfy, world, footage):
    track, _ = find(comfy, footage, world)
    crops, aligned = align(comfy, footage, track)
    square = torch.zeros(1, 64, 64)
    square[:, 24:40, 24:40] = 1
    masks, _ = mask(comfy, aligned, crops, masks=square, outer=0)
    white = torch.ones(FRAMES, 32, 32, 3)  # of another size than the crops
    back, before = pixels(paste(comfy, footage, aligned, white, mask=masks)), pixels(footage)
    changed = [(a != b).any(-1) for a, b in zip(back, before, strict=True)]
    assert all(0.02 < c.mean() < 0.25 for c in changed)
    y, x = aligned.alignment.quads[1].mean(0).round().astype(int)[::-1]
    assert back[1][y, x].tolist() == [255, 255, 255]


def test_keypoints_of_other_nodes(comfy, world, footage):
    landmarks = np.stack([frame.landmarks for frame in world.truth()])
    face = np.concatenate([landmarks, np.ones((FRAMES, 68, 1))], 2)
    posed = [
        {
            "people": [{"pose_keypoints_2d": [0.0] * 75, "face_keypoints_2d": f.ravel().tolist()}],
            "canvas_width": 64,
            "canvas_height": 64,
        }
        for f in face
    ]
    ours, same = find(comfy, footage, world)[0], find(comfy, footage, posed)[0]
    np.testing.assert_allclose(ours.track.landmarks, same.track.landmarks, atol=1e-4)
    mesh = np.zeros((478, 2)) + np.random.default_rng(0).uniform(20, 40, (478, 2))
    meshes = {"image_size": (64, 64), "frames": [[{"landmarks_xy": mesh}]] * FRAMES}
    assert find(comfy, footage, meshes)[0].track.landmarks.shape == (FRAMES, 68, 2)


def test_mistakes_are_one_sentence(comfy, world, footage):
    with pytest.raises(InputError, match="connect keypoints, or bring face_detection_yunet"):
        find(comfy, footage, None)
    with pytest.raises(InputError, match="there is no face 3: 1 face found"):
        find(comfy, footage, world, face=3)
    with pytest.raises(InputError, match="no face at 1,2 in frame 1"):
        find(comfy, footage, world, point_x=1, point_y=2, point_frame=1, face=-1)
    with pytest.raises(InputError, match="not what ComfyUI's MediaPipe nodes give"):
        find(comfy, footage, {"frames": []})
    track, _ = find(comfy, footage, world)
    crops, aligned = align(comfy, footage, track)
    with pytest.raises(InputError, match="another clip than the face was found in"):
        align(comfy, torch.zeros(FRAMES, 64, 64, 3), track)
    with pytest.raises(InputError, match="5 crops, but 2 frames show the face"):
        paste(comfy, footage, aligned, torch.zeros(5, 64, 64, 3))
    with pytest.raises(InputError, match="crops of this face are 64x64, as they were cut"):
        mask(comfy, aligned, torch.zeros(FRAMES, 32, 32, 3))
    with pytest.raises(InputError, match="frame 0: mask: empty"):
        mask(comfy, aligned, crops, masks=torch.zeros(1, 64, 64))
    masks, _ = mask(comfy, aligned, crops)
    other = align(comfy, footage, track, scale=1.2)[1]
    with pytest.raises(InputError, match="the masks are those of other crops"):
        paste(comfy, footage, other, crops, mask=masks)
