"""Windows share a canvas fairly: their weights add up to one, none counts where its edge spoils it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.models.infinity.windows import Box, WindowedField, axis, tiles, whole


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.integers(4, 40), st.data())
def test_weights_add_up_and_leave_the_edges_out(length, size, data):
    overlap = data.draw(st.integers(3, size - 1))
    reach = data.draw(st.integers(0, (overlap - 1) // 2))
    windows = axis(length, size, overlap, reach)
    assert windows.starts[0] == 0
    assert windows.starts[-1] + windows.size == length
    total = torch.zeros(length * 2)
    for number, start in enumerate(windows.starts):
        weights = windows.weights(number, start, start + windows.size, 2)
        total[start * 2 : (start + windows.size) * 2] += weights
        assert (weights >= 0).all()
        if number:
            assert not weights[: 2 * reach].any(), "a cut edge has no weight"
        if number + 1 < len(windows.starts):
            assert not weights[len(weights) - 2 * reach :].any()
    torch.testing.assert_close(total, torch.ones_like(total))


def test_windows_that_leave_nothing_are_refused():
    with pytest.raises(ValueError, match="windows of 16 that overlap by 8 can't leave 4 at their edges out"):
        axis(100, 16, 8, 4)


def field(rows, columns, scale=1):
    """Of a smooth function, counting how often each window is computed."""
    computed = []

    def compute(box):
        computed.append(box)
        y = torch.arange(box.top * scale, box.bottom * scale, dtype=torch.float64)[:, None]
        x = torch.arange(box.left * scale, box.right * scale, dtype=torch.float64)
        return torch.stack([y * 3 + x, y - x])[None]

    return WindowedField(compute, rows, columns, 12, 6, 2, scale), computed


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("canvas", [(9, 12), (9, 40), (31, 25)])
def test_any_part_of_a_field_is_that_of_the_whole(canvas, scale):
    blended, _ = field(*canvas, scale)
    everything = blended.read(whole(*canvas))
    y, x = torch.meshgrid(*(torch.arange(n * scale, dtype=torch.float64) for n in canvas), indexing="ij")
    torch.testing.assert_close(everything[0], torch.stack([y * 3 + x, y - x]), atol=1e-4, rtol=1e-6)
    for size in (1, 4, 7, 50):
        fresh, _ = field(*canvas, scale)
        for box in tiles(whole(*canvas), size, size):
            part = box.of(everything, whole(*canvas), scale)
            torch.testing.assert_close(fresh.read(box), part, atol=1e-9, rtol=1e-9)


def test_a_walk_computes_each_window_once():
    for canvas in ((31, 80), (80, 31)):
        blended, computed = field(*canvas)
        for box in tiles(whole(*canvas), 5, 5):
            blended.read(box)
        assert len(computed) == len(set(computed)) > 10


def test_tiles_cover_a_canvas_once_shorter_side_first():
    boxes = list(tiles(Box(0, 0, 3, 5), 2, 2))
    assert boxes[:3] == [(0, 0, 2, 2), (2, 0, 3, 2), (0, 2, 2, 4)]
    counts = torch.zeros(3, 5)
    for box in boxes:
        box.of(counts, whole(3, 5)).add_(1)
    assert (counts == 1).all()
    assert [b.top for b in tiles(whole(5, 3), 2, 2)] == [0, 0, 2, 2, 4, 4]
