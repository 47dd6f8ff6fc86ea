"""What comes into a network takes the dtype and the layout of its weights."""

import pytest
import torch

from maliang_video.models.layers.storage import full_precision, stored_like

LAYOUTS = (torch.contiguous_format, torch.channels_last)


@pytest.mark.parametrize("ours", LAYOUTS)
@pytest.mark.parametrize("theirs", LAYOUTS)
def test_the_weight_decides(ours, theirs):
    x = torch.randn(1, 3, 4, 5).contiguous(memory_format=ours)
    weight = torch.empty(2, 3, 7, 7, dtype=torch.bfloat16).contiguous(memory_format=theirs)
    y = stored_like(x, weight)
    assert y.dtype == torch.bfloat16
    assert y.is_contiguous(memory_format=theirs)
    assert torch.equal(y, x.to(torch.bfloat16))


def test_nothing_is_copied_where_nothing_changes():
    x = torch.randn(1, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    assert stored_like(x, torch.empty(2, 3, 7, 7).contiguous(memory_format=torch.channels_last)) is x


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_half_precision_becomes_full(given, expected):
    assert full_precision(torch.ones(1, dtype=given)).dtype == expected
