"""Agreement with NVIDIA/vid2vid: drawn faces and poses, pixel for pixel."""

import numpy as np
import pytest
import torch
from golden_cases import Agree, Case
from torch import Tensor

from maliang_video.models.labels.drawn import fit_planes
from maliang_video.models.labels.edges import canny, gray
from maliang_video.models.labels.face_proportions import with_other_proportions
from maliang_video.models.labels.faces import CURVES, curves_of, face_box, sketch_face, with_skull
from maliang_video.models.labels.people import Person
from maliang_video.models.labels.poses import central_columns, draw_pose, pose_input
from maliang_video.models.labels.resize import network_size, resize_nearest
from maliang_video.models.labels.strokes import stroke

SIZE_RULES = {"scaleWidth": "scale_width", "scaleHeight": "scale_height", "resize": "resize", "none": "none"}


def outputs(tensors: dict[str, Tensor], *inputs: str) -> dict[str, Tensor]:
    return {name: value for name, value in tensors.items() if not name.startswith(inputs)}


@pytest.mark.parity("vid2vid.face_drawing")
def test_faces(case: Case, agree: Agree) -> None:
    tensors, flags = case.tensors(), case.metadata["flags"].split()
    picture, landmarks = tensors["image_last"].numpy(), tensors["keypoints"]
    height, width = picture.shape[:2]
    reshape = with_other_proportions if "--random_scale_points" in flags else None
    edges = None if "--no_canny_edge" in flags else torch.from_numpy(canny(gray(picture)))
    box = face_box(landmarks[0], height, width)
    sketch = sketch_face(
        landmarks[-1],
        height,
        width,
        background_edges=edges,
        distance_maps="--no_dist_map" not in flags,
        reshape=reshape,
        box=box,
    )
    rule = SIZE_RULES[case.metadata.get("resize_or_crop", "scaleWidth")]
    size = network_size(box[3] - box[1], box[2] - box[0], rule, case.metadata["loadSize"])
    points = with_skull(landmarks[-1].double().numpy())
    points = points if reshape is None else reshape(points)
    lines = np.zeros((height, width), np.uint8)
    for curve in (curve for numbers in CURVES for curve in curves_of(points, numbers)):
        stroke(lines, curve)
    ours = {
        "A_last_u8": fit_planes(sketch.channels, box, *size, smooth=True),
        "parts_last": fit_planes(sketch.parts[None], box, *size, smooth=False)[0],
        "parts_full_last": sketch.parts,
        "keypoints_used_last": torch.from_numpy(points),
        "drawn_edges_last": torch.from_numpy(lines),
    }
    agree(ours, outputs(tensors, "keypoints", "image") | kept(tensors), lambda name: 0)
    if "crop_min_y_max_y_min_x_max_x" in case.metadata:
        assert [box[1], box[3], box[0], box[2]] == case.metadata["crop_min_y_max_y_min_x_max_x"]


def kept(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """An output whose name begins like an input's."""
    return {name: tensors[name] for name in ("keypoints_used_last",) if name in tensors}


@pytest.mark.parity("vid2vid.pose_drawing")
def test_poses(case: Case, agree: Agree) -> None:
    tensors = case.tensors()
    width, height = case.metadata["size_w_h"]
    count = len({name.partition(".")[0] for name in tensors if name.startswith("person")})
    parts = ("pose", "face", "hand_left", "hand_right")
    people = [Person(*(tensors.get(f"person{i}.{part}") for part in parts)) for i in range(count)]
    drawn = draw_pose(people, height, width, basic_points=bool(case.metadata["basic_point_only"]))
    agree({"image": drawn.permute(1, 2, 0)}, outputs(tensors, "person"), lambda name: 0)


@pytest.mark.parity("vid2vid.pose_input")
def test_pose_input(case: Case, agree: Agree) -> None:
    tensors, flags = case.tensors(), case.metadata["flags"].split()
    source_width, source_height = case.metadata["source_size_w_h"]
    rule = SIZE_RULES[case.metadata["resize_or_crop"]]
    height, width = network_size(source_height, source_width, rule, case.metadata["loadSize"])

    def planes(name: str, without: str) -> Tensor | None:
        if without in flags or name not in tensors:
            return None
        return resize_nearest(tensors[name].permute(2, 0, 1), height, width)

    densepose, drawing = planes("densepose", "--openpose_only"), planes("openpose_drawn", "--densepose_only")
    ours = {"A_last": pose_input(densepose, drawing)[:, :, central_columns(width)]}
    agree(ours, {"A_last": tensors["A_last"]}, lambda name: 1e-6)
