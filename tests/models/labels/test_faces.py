"""Drawn faces: curves, parts, crops, and what is refused."""

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.labels.drawn import fit_planes, show_drawn
from maliang_video.models.labels.face_proportions import with_other_proportions
from maliang_video.models.labels.faces import (
    CHANNELS,
    PARTS,
    draw_face,
    face_box,
    sketch_face,
    with_skull,
)
from maliang_video.models.labels.frames import DrawnFrame


def face(x: float = 60, y: float = 60, size: float = 30) -> torch.Tensor:
    """68 landmarks of a plain face around (x, y), `size` from its middle to its ear."""

    def arc(n: int, cx: float, cy: float, rx: float, ry: float, start: float, stop: float) -> np.ndarray:
        t = np.deg2rad(np.linspace(start, stop, n))
        return np.stack([cx + rx * np.cos(t), cy + ry * np.sin(t)], 1)

    points = [
        arc(17, 0, 0, 1, 1.1, 180, 0),
        arc(5, -0.45, -0.3, 0.25, 0.12, 180, 360),
        arc(5, 0.45, -0.3, 0.25, 0.12, 180, 360),
        np.stack([np.zeros(4), np.linspace(-0.1, 0.25, 4)], 1),
        arc(5, 0, 0.3, 0.2, 0.05, 180, 0),
        arc(6, -0.4, -0.1, 0.18, 0.08, 180, 480),
        arc(6, 0.4, -0.1, 0.18, 0.08, 180, 480),
        arc(12, 0, 0.65, 0.35, 0.15, 180, 510),
        arc(8, 0, 0.65, 0.25, 0.07, 180, 495),
    ]
    return torch.from_numpy((np.concatenate(points) * size + (x, y)).round())


def test_shapes_and_ranges():
    drawn = draw_face(face(), 128, 120, distance_maps=True)
    assert drawn.shape == (CHANNELS, 128, 120)
    assert drawn.dtype == torch.float32
    assert (drawn.min(), drawn.max()) == (0, 1)
    assert draw_face(face(), 128, 120).shape == (1, 128, 120)


def test_lines_run_through_the_landmarks():
    lines = draw_face(face(), 128, 128)[0]
    jaw = face()[:17].long()
    assert lines[jaw[:, 1] - 1, jaw[:, 0] - 1].gt(0).float().mean() > 0.9


def test_distances_are_nought_on_the_curve_and_grow_away_from_it():
    drawn = sketch_face(face(), 128, 128).channels
    skin = drawn[1].int()
    assert skin[93, 60] == 0  # the chin
    assert skin[110, 60] in (5, 6)


def test_distances_in_a_box_are_those_of_the_whole_picture():
    box = (70, 60, 120, 128)
    everywhere, inside = (sketch_face(face(), 128, 128, box=b).channels for b in (None, box))
    assert torch.equal(inside[:, 60:128, 70:120], everywhere[:, 60:128, 70:120])
    assert torch.equal(inside[0], everywhere[0])


def test_parts_lie_over_each_other():
    parts = sketch_face(face(), 128, 128).parts
    assert [PARTS[int(i)] for i in torch.unique(parts)] == list(PARTS)
    assert PARTS[int(parts[80, 60])] == "inner mouth"
    assert PARTS[int(parts[5, 5])] == "background"
    assert PARTS[int(parts[66, 60])] == "nose"


def test_edges_of_the_background_stay_outside_of_the_face():
    edges = torch.ones(128, 128, dtype=torch.bool)
    plain, filled = (sketch_face(face(), 128, 128, background_edges=e) for e in (None, edges))
    outside = plain.parts == 0
    assert torch.equal(filled.channels[0][~outside], plain.channels[0][~outside])
    lines = plain.channels[0] > 0
    assert (filled.channels[0][outside & ~lines] == 255).all()
    assert (filled.channels[0][outside & lines] == 254).all()  # sic: bytes wrap around


def test_the_skull_is_the_jaw_turned_over():
    points = with_skull(face().numpy())
    assert points.shape == (83, 2)
    chin, crown = points[8], points[68 + 7]
    assert crown[0] == chin[0]
    assert crown[1] == 60 - (chin[1] - 60) * 2 // 3


def test_other_proportions_make_a_narrower_face_with_a_smaller_mouth():
    before = with_skull(face().numpy())
    after = with_other_proportions(before)
    width = [np.ptp(p[:17, 0]) for p in (before, after)]
    mouth = [np.ptp(p[48:60, 0]) for p in (before, after)]
    assert width[1] == pytest.approx(0.9 * width[0])
    assert mouth[1] == pytest.approx(0.9 * mouth[0])


def test_the_box_is_two_and_a_half_faces_wide_and_inside():
    left, top, right, bottom = face_box(face(200, 200), 480, 640)
    assert right - left == bottom - top == 150
    assert (left, right) == (125, 275)
    assert face_box(face(40, 40), 480, 640)[:2] == (0, 0)
    assert face_box(face(620, 460), 480, 640)[2:] == (640, 480)
    assert face_box(face(60, 60, 50), 120, 130) == (0, 0, 120, 120)


def test_scaling_cuts_first():
    planes = torch.zeros(1, 8, 8, dtype=torch.uint8)
    planes[0, 2:4, 2:4] = 200
    assert fit_planes(planes, (2, 2, 4, 4), 6, 6, smooth=True).unique().tolist() == [200]


def test_shown_faces_are_lines():
    shown = show_drawn(DrawnFrame(draw_face(face(), 64, 96, distance_maps=True)))
    assert shown.shape == (64, 96, 3)
    assert set(np.unique(shown)) == {0, 255}


@pytest.mark.parametrize(
    ("landmarks", "message"),
    [
        (torch.zeros(67, 2), "expected 68 points"),
        (torch.full((68, 2), float("nan")), "not a number"),
        (torch.full((68, 2), 1e9), "more than 100,000 pixels away"),
    ],
)
def test_landmarks_that_cant_be_drawn(landmarks, message):
    with pytest.raises(InputError, match=message):
        draw_face(landmarks, 64, 64)


def test_a_face_without_width_has_no_box():
    with pytest.raises(InputError, match="no face to crop to"):
        face_box(torch.full((68, 2), 9.0), 64, 64)


def test_edges_of_another_size():
    with pytest.raises(InputError, match=r"expected \[64 64\]"):
        draw_face(face(), 64, 64, background_edges=torch.zeros(3, 3, dtype=torch.bool))
