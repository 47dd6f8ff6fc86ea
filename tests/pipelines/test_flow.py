"""Jobs with flow: what is estimated, shown and warped, frame by frame."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.media.clip import ClipInfo, FrameReader, VideoFrame
from maliang_video.media.flow_file import FlowFile, FlowWriter
from maliang_video.media.pixels import to_model
from maliang_video.media.reader import open_frames
from maliang_video.models.flow.field import Flow
from maliang_video.models.flow.flownet2 import FlowNet2, FlowNet2Config
from maliang_video.models.flow.flownet2_estimate import flow_and_confidence
from maliang_video.pipelines.flow import (
    estimate_clip_flow,
    show_flow,
    usual_longest,
    warp_clip,
    world_flow,
)
from maliang_video.training.worlds import open_world


class Pictures(FrameReader):
    """Pictures in memory as a clip."""

    audio = None

    def __init__(self, pictures: list[np.ndarray]) -> None:
        self.pictures = pictures
        height, width = pictures[0].shape[:2]
        rate = Fraction(25)
        self.info = ClipInfo(width, height, rate, len(pictures), len(pictures) / rate, False, None, "memory")

    def frames(self, start: int = 0):
        for t, picture in enumerate(self.pictures[start:], start):
            yield VideoFrame(picture, t / self.info.frame_rate)

    def close(self) -> None:
        pass


def texture(height: int = 64, width: int = 96) -> np.ndarray:
    coarse = torch.rand(1, 3, height // 8, width // 8, generator=torch.Generator().manual_seed(5))
    fine = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (fine[0].permute(1, 2, 0) * 255).to(torch.uint8).numpy()


def moving_clip(frames: int = 4, step: int = 3) -> Pictures:
    return Pictures([np.roll(texture(), step * t, 1) for t in range(frames)])


def flow_to(
    path, displacement: tuple[float, float], frames: int, height: int = 64, width: int = 96
) -> FlowFile:
    with FlowWriter(path, height, width) as writer:
        for t in range(frames):
            moved = (
                torch.tensor(displacement if t else (0.0, 0.0))
                .reshape(1, 2, 1, 1)
                .expand(1, 2, height, width)
            )
            writer.write(Flow(moved, torch.zeros(1, 1, height, width)))
    return FlowFile(path, Fraction(25))


def pixels_of(path) -> list[np.ndarray]:
    with open_frames(path) as clip:
        return [frame.pixels for frame in clip]


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean difference away from the left and right border, in 0..255."""
    return float(np.abs(a.astype(int) - b.astype(int))[:, 16:-16].mean())


def test_estimated_flow_of_a_clip(tmp_path):
    seen = []
    flow = estimate_clip_flow(
        moving_clip(),
        tmp_path / "flow.npy",
        "fast",
        lambda done, total, preview: seen.append((done, total, preview())),
    )
    fields = list(flow.frames())
    assert flow.frame_rate == 25
    assert len(fields) == 4
    assert fields[0].displacement.abs().max() == 0
    for field in fields[1:]:
        assert field.displacement[0, 0, 8:-8, 8:-8].median().item() == pytest.approx(-3, abs=0.3)
    assert [s[:2] for s in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert seen[1][2].shape == (64, 96, 3)


def test_flow_of_a_clip_by_flownet2(tmp_path):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = FlowNet2(FlowNet2Config(filters=4)).eval()
    clip = moving_clip(frames=3)
    fields = list(estimate_clip_flow(clip, tmp_path / "flow.npy", network).frames())
    assert len(fields) == 3
    assert fields[0].occlusion.min() == 1
    before, now = (to_model(picture)[None] for picture in clip.pictures[1:])
    displacement, confidence = flow_and_confidence(network, now, before)
    assert torch.allclose(fields[2].displacement, displacement, atol=2e-2)  # flow is kept in half precision
    assert torch.allclose(fields[2].occlusion, 1 - confidence, atol=1e-2)


def test_the_flow_of_a_world_is_its_truth(tmp_path):
    world = open_world("world:street?seed=2&frames=3&size=64x32")
    flow = world_flow(world, tmp_path / "flow.npy")
    truth = list(world.truth())
    fields = list(flow.frames())
    assert fields[0].occlusion.min() == 1
    for t in (1, 2):
        assert np.allclose(fields[t].displacement[0].numpy(), truth[t].flow, rtol=1e-3, atol=1e-2)
        assert np.array_equal(fields[t].occlusion[0, 0].numpy() == 1, truth[t].occlusion)


def test_shown_flow_has_the_colour_of_its_direction(tmp_path):
    flow = flow_to(tmp_path / "flow.npy", (4.0, 0.0), 3)
    show_flow(flow, tmp_path / "flow.mp4", longest=4)
    pictures = pixels_of(tmp_path / "flow.mp4")
    assert len(pictures) == 3
    assert np.abs(pictures[0][20, 40].astype(int) - (255, 255, 255)).max() <= 6
    assert np.abs(pictures[2][20, 40].astype(int) - (255, 0, 0)).max() <= 12


def test_the_longest_is_found_in_the_whole_clip(tmp_path):
    assert usual_longest(flow_to(tmp_path / "flow.npy", (3.0, -4.0), 3)) == pytest.approx(5, abs=0.01)
    assert usual_longest(flow_to(tmp_path / "still.npy", (0.0, 0.0), 3)) == 1


def test_warping_rebuilds_each_frame_from_the_one_before(tmp_path):
    clip = moving_clip(step=3)
    warp_clip(clip, flow_to(tmp_path / "flow.npy", (-3.0, 0.0), 4), tmp_path / "out.mp4")
    rebuilt = pixels_of(tmp_path / "out.mp4")
    assert len(rebuilt) == 4
    for t in (1, 2, 3):
        assert distance(rebuilt[t], clip.pictures[t]) < 0.3 * distance(clip.pictures[t - 1], clip.pictures[t])


def test_carrying_moves_the_first_picture_through_the_clip(tmp_path):
    picture = texture()
    flow = flow_to(tmp_path / "flow.npy", (-4.0, 0.0), 4)
    warp_clip(Pictures([picture]), flow, tmp_path / "out.mp4", carry=True)
    carried = pixels_of(tmp_path / "out.mp4")
    assert len(carried) == 4
    assert distance(carried[3], np.roll(picture, 12, 1)) < 0.3 * distance(picture, np.roll(picture, 12, 1))


def test_frames_of_another_size_are_refused(tmp_path):
    flow = flow_to(tmp_path / "flow.npy", (0.0, 0.0), 2, 32, 32)
    with pytest.raises(InputError, match="the frames are 96x64, the flow is 32x32"):
        warp_clip(moving_clip(), flow, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_stopping_leaves_no_file(tmp_path):
    def stop(done, total, preview=None):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        estimate_clip_flow(moving_clip(), tmp_path / "flow.npy", "fast", stop)
    assert list(tmp_path.iterdir()) == []
