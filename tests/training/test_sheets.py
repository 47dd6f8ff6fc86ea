"""Contact sheets: what stands where, and files that appear whole."""

from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.training.networks import build_networks
from maliang_video.training.painting import paint
from maliang_video.training.sheets import (
    contact_sheet,
    prepare_sheet,
    preview_clip,
    preview_shape,
    save_sheet,
)


def test_a_preview_row_is_labels_truth_and_generated(recipe, clips):
    generator = build_networks(recipe, torch.device("cpu")).average
    sheet = contact_sheet(partial(preview_clip, generator, clips), (0, 1))
    assert sheet.shape == (2 * 32, 3 * 32, 3)
    clip = clips[1]
    labels, truth, ours = np.split(sheet[32:], 3, axis=1)
    assert np.array_equal(labels, builtin_palette("cityscapes").colors[clip["ids"][-1].numpy()])
    assert abs(truth - to_bytes(clip["pictures"][-1])).max() <= 0.51
    *_, painted = paint(generator, clip)
    assert abs(ours - to_bytes(painted[0])).max() <= 0.51


def to_bytes(picture: torch.Tensor) -> np.ndarray:
    return (picture.clamp(-1, 1).movedim(0, -1).numpy() + 1) * 127.5


def test_previews_are_of_a_stage_at_full_view(recipe):
    first = recipe.stages[0]
    shape = preview_shape(first, None)
    assert (shape.width, shape.height, shape.zooms, shape.frames) == (32, 32, (1.0,), 4)
    assert preview_shape(first, 3).frames == 3


def test_a_clip_is_painted_frame_by_frame_in_its_style(recipe, clips):
    generator = build_networks(recipe, torch.device("cpu")).average
    clip = clips[0]
    for layer in generator.scales[0].image.style:
        torch.nn.init.normal_(layer.weight)
    pictures = list(paint(generator, clip))
    assert [list(picture.shape) for picture in pictures] == [[1, 3, 32, 32]] * 3
    other = list(paint(generator, clip | {"style": torch.eye(4)[3]}))
    assert not torch.equal(pictures[-1], other[-1])


@pytest.mark.parametrize("ending", [".png", ".jpg", ".JPEG", ".webp"])
def test_a_sheet_is_saved_in_the_format_of_its_name(tmp_path, ending):
    path = tmp_path / "new" / f"sheet{ending}"
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:, 12:] = (200, 100, 50)
    prepare_sheet(path)
    save_sheet(path, pixels)
    read = np.array(Image.open(path).convert("RGB"))
    assert abs(read[4:12, 16:].astype(int) - (200, 100, 50)).max() <= 3
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_names_that_no_sheet_can_have(tmp_path):
    with pytest.raises(
        InputError, match=r"sheet\.gif: a picture's name ends in \.jpg, \.jpeg, \.png, \.webp"
    ):
        prepare_sheet(tmp_path / "sheet.gif")
    (tmp_path / "sheet.png").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        prepare_sheet(tmp_path / "sheet.png")
