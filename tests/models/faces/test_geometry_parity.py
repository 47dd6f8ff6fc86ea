"""Agreement with the published pipeline: alignment, crop, paste, masks."""

import re

import pytest
import torch
from golden_cases import Agree, Case
from torch import Tensor

from maliang_video.media.pixels import to_file, to_model
from maliang_video.models.faces.alignment import Placement, Smoothing, place_face, quad_of, smooth_placements
from maliang_video.models.faces.crop import crop_face, paste_face, paste_map
from maliang_video.models.faces.landmarks import five_points
from maliang_video.models.faces.masks import (
    BISENET_NAMES,
    MaskOptions,
    enlarged,
    face_masks,
    feathered,
    foreground_of,
    masks_for,
)
from maliang_video.models.labels.palette import LabelClass, Palette

PARTS = Palette("bisenet", tuple(LabelClass(i, name, (0, 0, 0)) for i, name in enumerate(BISENET_NAMES)))


def stacked(points: list) -> Tensor:
    return torch.stack([torch.from_numpy(p) for p in points])


def quads(places: list[Placement], smoothing: Smoothing) -> Tensor:
    return stacked([quad_of(place) for place in smooth_placements(places, smoothing)])


@pytest.mark.parity("face.alignment")
def test_squares(case: Case, agree: Agree) -> None:
    theirs = case.tensors()
    *_, scale, center, axes, floats = theirs["params"].tolist()
    landmarks = theirs["landmarks68"].double().numpy()
    places = [place_face(points, scale) for points in landmarks]
    smoothing = Smoothing(center, axes)
    ours = {
        "c": stacked([place.center for place in places]),
        "x": stacked([place.x for place in places]),
        "y": stacked([place.y for place in places]),
        "landmarks5": stacked([five_points(points) for points in landmarks]),
        "quads_unsmoothed": stacked([quad_of(place) for place in places]),
        "quads": quads(places, smoothing),
    }
    tolerance = 5e-5 if floats else 1e-9
    agree(ours, {name: theirs[name] for name in ours}, lambda name: tolerance)
    few = [place_face(points, scale) for points in theirs["landmarks5"].numpy()]
    agree({"quads": quads(few, smoothing)}, {"quads": theirs["quads"]}, lambda name: tolerance)


@pytest.mark.parity("face.alignment")
def test_crop_and_paste(case: Case, agree: Agree) -> None:
    theirs = case.tensors()
    size = int(theirs["params"][2])
    ours: dict[str, Tensor] = {}
    for k in (name.removeprefix("frame_") for name in theirs if name.startswith("frame_")):
        quad = theirs["quads"][int(k)].numpy()
        frame, edited = (to_model(theirs[f"{name}_{k}"].numpy())[None] for name in ("frame", "edited"))
        coefficients = theirs["paste_coefficients"][int(k)]
        torch.testing.assert_close(
            torch.from_numpy(paste_map(quad, size)).flatten(), coefficients[:6], atol=1e-9, rtol=0
        )
        assert coefficients[6:].abs().max() < 1e-12
        ours[f"crop_{k}"] = shown(crop_face(frame, quad, size, exact=True))
        masks = {f"pasted_{kind}_{k}": theirs[f"mask_{kind}_{k}"] for kind in ("soft", "hard")}
        for name in theirs:
            found = re.fullmatch(rf"feather_mask(\d+)_{k}", name)
            if found:
                faded = feathered(theirs[f"mask_hard_{k}"][None, None] / 255, int(found[1]))
                ours[name] = (faded[0, 0] * 255).round().to(torch.uint8)
                masks[f"pasted_feather{found[1]}_{k}"] = theirs[name]
        ours[f"pasted_{k}"] = shown(paste_face(frame, edited, quad, exact=True))
        for name, mask in masks.items():
            ours[name] = shown(paste_face(frame, edited, quad, mask[None, None] / 255, exact=True))
    wanted = {name: theirs[name][..., :3] if name.startswith("pasted") else theirs[name] for name in ours}
    agree(
        ours,
        wanted,
        lambda name: 3 if "pasted_feather" in name else 2 if "soft" in name or "hard" in name else 1,
    )


@pytest.mark.parity("face.masks_small")
def test_masks(case: Case, agree: Agree) -> None:
    theirs = case.tensors()
    ours = {"foreground": foreground_of(theirs["labels"], PARTS)}
    for setting in {name.partition(".")[0] for name in theirs if "." in name}:
        border, inner, outer, whole = (int(number) for number in re.findall(r"\d+", setting))
        masks = face_masks(ours["foreground"], inner, outer, border, bool(whole))
        ours |= {f"{setting}.{name}": mask for name, mask in masks._asdict().items()}
    agree(ours, {name: theirs[name] for name in theirs if name != "labels"}, lambda name: 0)


@pytest.mark.parity("face.masks_full")
def test_masks_of_a_large_crop(case: Case, agree: Agree) -> None:
    theirs = case.tensors()
    foreground = foreground_of(theirs.pop("labels"), PARTS)
    options = MaskOptions(
        int(case.metadata["inner_mask_dilation"]), int(case.metadata["outer_mask_dilation"])
    )
    masks = {**masks_for(foreground, 1024, options)._asdict(), "naive_mask": enlarged(foreground, 1024)}
    ours: dict[str, Tensor] = {}
    for name, mask in masks.items():
        plane = mask[0, 0]
        ours |= {
            f"{name}_sub": mask[..., 4::8, 4::8],
            f"{name}_row600": plane[600],
            f"{name}_col100": plane[:, 100],
            f"{name}_pil_row600": (plane[600] * 255).to(torch.uint8),
            f"{name}_sum": plane.double().sum().float(),
        }

    def tolerance(name: str) -> float:
        return 1e-6 * float(theirs[name]) if name.endswith("sum") else 1 if "pil" in name else 1e-6

    agree(ours, theirs, tolerance)


def shown(picture: Tensor) -> Tensor:
    return torch.from_numpy(to_file(picture[0]))
