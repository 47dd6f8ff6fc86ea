"""Groups of frames for the temporal discriminators: the right pictures with the right flow, over chunks."""

import pytest
import torch

from maliang_video.training.chunks import Chunk
from maliang_video.training.motion import empty_memory, motion_cases
from maliang_video.training.recipe import TemporalConfig

FRAMES = 12


@pytest.fixture
def batch():
    """Real pictures that show their number, flow of one pixel to the right a frame."""
    numbers = torch.arange(FRAMES, dtype=torch.float32)[None, :, None, None, None]
    flow = torch.zeros(1, FRAMES, 2, 8, 8)
    flow[:, :, 0] = 1
    return {"pictures": numbers.expand(1, -1, 3, 8, 8), "flow": flow}


def chunk(batch, frames: range) -> Chunk:
    """Generated pictures show their number plus 100."""
    generated = (batch["pictures"][:, frames.start : frames.stop] + 100).clone().requires_grad_()
    return Chunk(batch, frames, None, generated, generated, None, None, generated, ())


def numbers(case_input):
    """Which frames are shown, and how far the flow between them goes."""
    return case_input[:, 0:9:3, 0, 0].round().int().tolist(), (case_input[:, 9::2, 4, 4] * 20).tolist()


def test_groups_reach_back_over_chunks(batch):
    memory = empty_memory(TemporalConfig(3, 2, False), start=2)
    seen = []
    for frames in (range(2, 6), range(6, 10)):
        memory, cases = motion_cases(memory, chunk(batch, frames))
        seen.append([None if case is None else numbers(case.real) for case in cases])
    assert seen[0][0] == ([[3, 4, 5]], [[1.0, 1.0]])
    assert seen[0][1] is None  # seven frames are needed
    assert seen[1][0][0] == [[7, 8, 9], [4, 5, 6]]
    assert seen[1][1] == ([[3, 6, 9]], [[3.0, 3.0]])


def test_the_generated_ones_stand_beside_the_real_ones(batch):
    memory, (case, _) = motion_cases(
        empty_memory(TemporalConfig(3, 2, False), start=0), chunk(batch, range(3))
    )
    ((share, generated),) = case.generated
    assert share == 1
    assert numbers(generated) == ([[100, 101, 102]], [[1.0, 1.0]])
    assert torch.equal(generated[:, 9:], case.real[:, 9:])
    assert generated.requires_grad
    assert all(not frame.requires_grad for frame in memory.frames.values())


def test_only_frames_that_are_needed_are_kept(batch):
    memory = empty_memory(TemporalConfig(3, 2, False), start=0)
    for t in range(FRAMES):
        memory, _ = motion_cases(memory, chunk(batch, range(t, t + 1)))
    assert len(memory.frames) == 6
