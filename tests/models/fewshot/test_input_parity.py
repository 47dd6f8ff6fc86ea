"""Agreement with both published code bases: what their few-shot networks are given."""

import numpy as np
import pytest
import torch
from golden_cases import Agree, Case
from torch import Tensor
from torch.nn.functional import max_pool2d

from maliang_video.models.fewshot.boxes import body_box, mapped_body_box
from maliang_video.models.fewshot.face_shape import (
    mean_shape,
    ratios,
    reshape,
    reshape_causally,
    shape_of,
    steady_late,
)
from maliang_video.models.fewshot.stages import (
    Framed,
    Stage,
    face_framed,
    face_plane,
    imaginaire_face_framed,
    imaginaire_face_plane,
    imaginaire_scaled,
    only_person,
)
from maliang_video.models.labels.body_parts import (
    foreground,
    group_masks,
    head_mask,
    head_square,
    without_head,
)
from maliang_video.models.labels.convert import map_classes
from maliang_video.models.labels.drawn import fit_planes
from maliang_video.models.labels.faces import Box, with_skull
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.labels.people import Person, tallest
from maliang_video.models.labels.planes import label_planes
from maliang_video.models.labels.pose_lines import FEWSHOT, IMAGINAIRE, seen_body
from maliang_video.models.labels.poses import draw_pose, pose_input
from maliang_video.models.labels.resize import resize_nearest

DRAWN = ("ref_map_full", "driver_map_full", "map_full", "label_full", "ref_label_full", "openpose_drawn")
SCALED = ("ref_label", "driver_label", "label", "valid_label")
"""Names of outputs: drawn at full size, and scaled down from that."""


def outputs(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("out."): t for name, t in tensors.items() if name.startswith("out.")}


def comparable(
    ours: dict[str, Tensor], theirs: dict[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What is drawn as one number: the share of its pixels that differ, 1 where one isn't beside a drawn pixel.

    What is scaled down from that: the mean difference.
    """
    numbers = {}
    for name, theirs_here in theirs.items():
        if name.startswith(DRAWN) and name in ours:
            numbers[name] = strays(ours[name], theirs_here)
        elif name.startswith(SCALED) and name in ours:
            assert ours[name].shape == theirs_here.shape
            numbers[name] = (ours[name] - theirs_here).abs().mean()
    return ours | numbers, theirs | {name: torch.zeros(()) for name in numbers}


def strays(ours: Tensor, theirs: Tensor) -> Tensor:
    """Share of drawn pixels that differ; 1 where one that differs has no drawn pixel around it. `[... h w (c)]`"""
    if ours.shape[-1] == 3:
        ours, theirs = (t.permute(2, 0, 1) for t in (ours, theirs))
    assert ours.shape == theirs.shape
    differ = ours != theirs
    far = differ & (max_pool2d(theirs.float()[None], 3, 1, 1)[0] == 0)
    return differ.sum() / theirs.count_nonzero() + far.any()


def tolerance(name: str) -> float:
    if name.startswith(DRAWN):
        return 0.02
    if name.startswith(SCALED):
        return 2e-3
    return 1e-5 if "keypoints" in name else 1e-6 if name == "image_64" else 0


def yyxx(box: Box) -> Tensor:
    left, top, right, bottom = box
    return torch.tensor([top, bottom, left, right])


@pytest.mark.parity("fewshot.face_input")
def test_faces(case: Case, agree: Agree) -> None:
    tensors, options = case.tensors(), case.metadata["options"]
    exemplars, driver = (tensors[f"in.{n}_landmarks"].numpy() for n in ("ref", "driver"))
    size = options["height"], options["width"]
    framed = face_framed(exemplars[0]), face_framed(driver[0])

    def inside(faces: np.ndarray, frame: Framed) -> list[np.ndarray]:
        moved = [frame.window.onto(points, frame.stage.box) for points in faces]
        return [with_skull(points) for points in moved] if options["add_upper_face"] else moved

    exemplars, driver = (inside(f, b) for f, b in zip((exemplars, driver), framed, strict=True))
    by = ratios(mean_shape(exemplars), mean_shape(driver))
    driver = [reshape(points, by) for points in driver]
    ours = {}
    for name, faces, frame in (("ref", exemplars, framed[0]), ("driver", driver, framed[1])):
        x, y, width, height = (int(v) for v in frame.window)
        ours[f"{name}_crop_y0y1x0x1"] = torch.tensor([y, y + height, x, x + width])
        ours[f"{name}_keypoints"] = torch.from_numpy(np.stack(faces))
        ours[f"{name}_label_64"] = torch.cat([face_plane(points, frame.stage, size) for points in faces])
        ours[f"{name}_map_full"] = torch.cat(
            [face_plane(points, frame.stage, frame.stage.surface) * 255 for points in faces]
        )
    agree(*comparable(ours, outputs(tensors)), tolerance)


@pytest.mark.parity("fewshot.imaginaire_face_input")
def test_faces_of_imaginaire(case: Case, agree: Agree) -> None:
    tensors, options = case.tensors(), case.metadata["options"]
    exemplar, driver = tensors["in.ref_landmarks"].numpy(), tensors["in.driver_landmarks"].numpy()
    canvas, size = tuple(tensors["in.image"].shape[-2:]), (options["height"], options["width"])
    framed = imaginaire_face_framed(exemplar, canvas, None), imaginaire_face_framed(driver[0], canvas, None)
    moved = reshape_causally(driver, shape_of(exemplar), options["normalize_momentum"])
    drawn = list(steady_late(moved, options["smooth_kernel_size"]))

    def plane(points: np.ndarray, stage: Stage, size: tuple[int, int]) -> Tensor:
        return imaginaire_face_plane(points, stage, size, skull=options["add_upper_face"])

    whole = Stage(canvas, (0, 0, canvas[1], canvas[0]))
    ours = {
        "drawn_keypoints": torch.from_numpy(np.stack(drawn)),
        "driver_crop_y0y1x0x1": yyxx(framed[1].stage.box),
        "ref_crop_y0y1x0x1": yyxx(framed[0].stage.box),
        "labels_64": torch.stack([plane(points, framed[1].stage, size) for points in drawn]),
        "ref_label_64": plane(exemplar, framed[0].stage, size)[None],
        "label_full_0": plane(drawn[0], whole, canvas)[0] * 255,
        "label_full_6": plane(drawn[6], whole, canvas)[0] * 255,
        "ref_label_full": plane(exemplar, whole, canvas)[0] * 255,
    }
    ours["image_64"] = imaginaire_scaled(tensors["in.image"][0], framed[1].stage.box, size, smooth=True)[None]
    agree(*comparable(ours, outputs(tensors)), tolerance)


@pytest.mark.parity("fewshot.street_input")
def test_streets(case: Case, agree: Agree) -> None:
    tensors, options = case.tensors(), case.metadata["options"]
    palette = builtin_palette("cityscapes_fewshot")
    mapping = map_classes(builtin_palette("cityscapes"), palette)
    ids = mapping.apply(tensors["in.label_ids_35"])[None]
    small = resize_nearest(ids, options["height"], options["width"])
    ours = {
        "table_35_to_20": mapping.table[:35],
        "train_ids_full": ids,
        "train_ids_32x64": small,
        "one_hot_32x64": label_planes(small, None, options["label_nc"], torch.float32).dense(),
    }
    agree(*comparable(ours, outputs(tensors)), tolerance)


@pytest.mark.parity("fewshot.pose_input")
def test_poses(case: Case, agree: Agree) -> None:
    tensors, options = case.tensors(), case.metadata["options"]
    canvas = options["image_height"], options["image_width"]
    size = options["height"], options["width"]
    rules = FEWSHOT.without_face() if options["remove_face_labels"] else FEWSHOT
    ours = {}
    for n in range(options["documents"]):
        person = tallest(people_of(tensors, f"in.doc{n}."))
        drawing = draw_pose([person], *canvas, rules=rules, basic_points=options["basic_point_only"])
        box = body_box(seen_body(person.pose.numpy()), *canvas, options["aspect_ratio"])
        densepose = tensors[f"in.densepose_rgb_{n}"].permute(2, 0, 1)
        planes = (fit_planes(p, box, *size, smooth=False) for p in (densepose, drawing))
        label = pose_input(*planes)[None]
        ours |= {
            f"map_full_{n}": drawing.permute(1, 2, 0),
            f"crop_x0y0x1y1_{n}": torch.tensor(box),
            f"label_{n}": label,
            f"valid_label_{n}": without_head(label) if options["remove_face_labels"] else label,
            f"face_mask_{n}": head_mask(label),
            f"part_mask_{n}": group_masks(label),
            f"fg_mask_{n}": foreground(label),
        }
        by_lines = not (options["remove_face_labels"] or options["basic_point_only"])
        ours[f"face_box_yyxx_{n}"] = yyxx(head_square(label, by_lines=by_lines))
    agree(*comparable(ours, outputs(tensors)), tolerance)


def people_of(tensors: dict[str, Tensor], prefix: str) -> list[Person]:
    """The people of one document."""
    names = sorted({name.split(".")[2] for name in tensors if name.startswith(prefix)})
    parts = ("pose", "face", "hand_left", "hand_right")
    return [Person(*(tensors[f"{prefix}{name}.{p}_keypoints_2d"] for p in parts)) for name in names]


@pytest.mark.parity("fewshot.imaginaire_pose_input")
def test_poses_of_imaginaire(case: Case, agree: Agree) -> None:
    tensors, options = case.tensors(), case.metadata["options"]
    size = options["height"], options["width"]
    points = tensors["in.openpose_npy_0"]
    person = Person(*torch.split(points, [25, 70, 21, 21]))
    canvas = tensors["in.instance_map"].shape[-2:]
    rules = IMAGINAIRE.without_face() if options["remove_face_labels"] else IMAGINAIRE
    drawn = draw_pose([person], *canvas, rules=rules, basic_points=options["basic_points_only"])
    ours = {"openpose_drawn_0": drawn.permute(1, 2, 0)}
    planes = tensors["in.pose_map_01"][0]
    numbers = tensors["in.instance_map"][0, 0]
    planes = only_person(planes, (planes[3:] > 0).any(0), numbers)
    ref = tensors["in.ref_pose_map_01"][0]
    aspect = size[1] / size[0]
    for name, p in (("", planes), ("ref_", ref)):
        box = mapped_body_box(p[:3], aspect)
        ours[f"{name}crop_y0y1x0x1"] = yyxx(box)
        cut = imaginaire_scaled(p, box, size, smooth=False)
        label = pose_input(cut[:3], cut[3:])
        ours[f"{name}label_preprocessed"] = label[None, None]
        if not name:
            ours["label_cropped_01"] = cut[None].float() / 255
            ours["label_valid"] = without_head(label[None])
            ours["fg_mask"] = foreground(label[None])
            ours["face_box_yyxx"] = yyxx(head_square(label[None]))
        else:
            ours["ref_label_valid"] = label[None, None]
    agree(*comparable(ours, outputs(tensors)), tolerance)
