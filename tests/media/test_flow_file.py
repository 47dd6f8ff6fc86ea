"""Flow on disk: what was written is read, any NumPy opens it, nothing half-written stays."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.media.flow_file import FlowFile, FlowWriter
from maliang_video.models.flow.field import Flow


def some_flow(t: int) -> Flow:
    random = torch.Generator().manual_seed(t)
    displacement = torch.randn(1, 2, 5, 7, generator=random) * 8
    return Flow(displacement, (torch.rand(1, 1, 5, 7, generator=random) > 0.5).float())


def written(path, count=12):
    with FlowWriter(path, 5, 7) as writer:
        for t in range(count):
            writer.write(some_flow(t))
    return FlowFile(path, Fraction(24))


def test_every_frame_comes_back(tmp_path):
    flow = written(tmp_path / "clip.npy")
    assert (flow.frame_count, flow.height, flow.width) == (12, 5, 7)
    for t, frame in enumerate(flow.frames()):
        assert frame.displacement.shape == (1, 2, 5, 7)
        assert torch.allclose(frame.displacement, some_flow(t).displacement, atol=1 / 64)
        assert torch.equal(frame.occlusion, some_flow(t).occlusion)
    assert t == 11


def test_reading_can_start_anywhere(tmp_path):
    flow = written(tmp_path / "clip.npy")
    late = list(flow.frames(10))
    assert len(late) == 2
    assert torch.allclose(late[0].displacement, some_flow(10).displacement, atol=1 / 64)


def test_any_numpy_opens_it(tmp_path):
    written(tmp_path / "clip.npy")
    array = np.load(tmp_path / "clip.npy")
    assert array.shape == (12, 3, 5, 7)
    assert array.dtype == np.float16


def test_a_failure_leaves_nothing(tmp_path):
    def stopped() -> None:
        with FlowWriter(tmp_path / "clip.npy", 5, 7) as writer:
            writer.write(some_flow(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list(tmp_path.iterdir()) == []


def test_another_size_is_refused(tmp_path):
    with (
        pytest.raises(InputError, match="expected one frame of 8x5"),
        FlowWriter(tmp_path / "c.npy", 5, 8) as writer,
    ):
        writer.write(some_flow(0))
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "text.npy").write_text("hello")
    with pytest.raises(InputError, match="not a file of flow"):
        list(FlowFile(tmp_path / "text.npy", Fraction(24)).frames())
    np.save(tmp_path / "other.npy", np.zeros((2, 2)))
    with pytest.raises(InputError, match=r"\[t 3 h w\], this file holds \[2, 2\]"):
        list(FlowFile(tmp_path / "other.npy", Fraction(24)).frames())
