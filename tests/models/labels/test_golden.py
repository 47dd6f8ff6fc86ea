"""Label encoding, label sampling and size rules are NVIDIA/vid2vid's, number for number.

The files in tests/golden/vid2vid were computed by the reference; the checks take any file of the same kind.
"""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from maliang_video.models.labels.encoding import encode_labels, foreground_mask, pyramid
from maliang_video.models.labels.resize import network_size, resize_nearest

GOLDEN = Path(__file__).parents[2] / "golden" / "vid2vid"
RULES = {"scaleWidth": "scale_width", "scaleHeight": "scale_height", "resize": "resize", "none": "none"}


def read_case(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    with safe_open(path, "pt") as case:
        return case.metadata(), {name: case.get_tensor(name) for name in case.keys()}  # noqa: SIM118


def check_label_encoding(path: Path) -> None:
    """Kind `vid2vid.label_encoding`: one-hot and edges, pyramid, foreground masks, network input; all exact."""
    metadata, case = read_case(path)
    options = json.loads(metadata["args"])
    instances = case["instances"] if options["use_instance"] else None
    planes = encode_labels(case["labels"], instances, options["label_nc"])
    torch.testing.assert_close(planes, case["encoded"][0].float(), rtol=0, atol=0)
    levels = pyramid(planes, options["n_scales_spatial"])
    foreground = [int(i) for i in options["fg_labels"].split(",")]
    for scale, level in enumerate(levels):
        if scale:
            torch.testing.assert_close(level, case[f"pyramid.{scale}"][0], rtol=0, atol=0)
        mask = foreground_mask(level[-1:], foreground)
        torch.testing.assert_close(mask, case[f"mask.{scale}"], rtol=0, atol=0)
    window = planes[-options["n_frames_G"] :].flatten(0, 1)[None]  # [1 t*c h w]
    torch.testing.assert_close(window[:, :, :: int(metadata["row_step"])], case["input.0"], rtol=0, atol=0)


def check_street_input(path: Path) -> None:
    """Kind `vid2vid.street_input`: label and instance maps at the size of the network; exact."""
    metadata, case = read_case(path)
    labels = case["labels"]
    size = network_size(*labels.shape, RULES[metadata["resize_or_crop"]], int(metadata["loadSize"]))
    torch.testing.assert_close(resize_nearest(labels, *size).float(), case["A_last"], rtol=0, atol=0)
    instances = resize_nearest(case["instances_u8"], *size).float()
    torch.testing.assert_close(instances, case["inst_last"], rtol=0, atol=0)


@pytest.mark.parametrize("name", ["labels_scene", "labels_noise"])
def test_label_encoding(name):
    check_label_encoding(GOLDEN / f"{name}.safetensors")


def test_street_input():
    check_street_input(GOLDEN / "city_input.safetensors")


def test_size_rules():
    rows = json.loads((GOLDEN / "resize_rules.json").read_text("utf-8"))["rows"]
    assert len(rows) == 140
    for row in rows:
        width, height = row["size_w_h"]
        size = network_size(height, width, RULES[row["resize_or_crop"]], row["loadSize"])
        assert list(size[::-1]) == row["new_size_w_h"], row
