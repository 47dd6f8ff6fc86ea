"""`maliang flow`: flow of footage as a video, by either estimator."""

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.cli import main
from maliang_video.media.reader import open_frames
from maliang_video.models.flow.flownet2 import FlowNet2, FlowNet2Config
from maliang_video.weights import save

FRAMES, STEP = 3, 2


@pytest.fixture
def footage(tmp_path):
    """A picture that moves to the right."""
    random = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    picture = torch.nn.functional.interpolate(random, size=(64, 64), mode="bicubic").clamp(0, 1)
    pixels = (picture[0].permute(1, 2, 0) * 255).to(torch.uint8).numpy()
    (tmp_path / "clip").mkdir()
    for t in range(FRAMES):
        Image.fromarray(np.roll(pixels, STEP * t, 1)).save(tmp_path / "clip" / f"{t}.png")
    return tmp_path / "clip"


def run(*arguments):
    return main(["flow", *map(str, arguments)])


def test_flow_is_shown_and_kept(footage, tmp_path, capsys):
    out, kept = tmp_path / "flow.mp4", tmp_path / "flow.npy"
    assert run("--footage", footage, "--out", out, "--quality", "fast", "--keep", kept) == 0
    assert f"{FRAMES} frames" in capsys.readouterr().out
    flow = np.load(kept).astype(np.float32)
    assert flow.shape == (FRAMES, 3, 64, 64)
    assert not flow[0, :2].any()
    assert np.median(flow[1:, 0, 16:-16, 16:-16]) == pytest.approx(-STEP, abs=0.3)
    with open_frames(out) as clip:
        shown = [frame.pixels for frame in clip]
    assert len(shown) == FRAMES
    assert shown[0].min() > 250
    assert shown[2][32, 32, 0] < 200


def test_flownet2_is_an_estimator_for_who_brings_its_weights(footage, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MALIANG_MODELS", str(tmp_path / "models"))
    out = tmp_path / "flow.mp4"
    asked = ("--footage", footage, "--out", out, "--estimator", "flownet2", "--device", "cpu")
    assert run(*asked) == 2
    said = capsys.readouterr().err
    assert "maliang weights convert FlowNet2_checkpoint.pth.tar --kind flownet2" in said
    assert said.count("\n") == 1
    assert not out.exists()
    (tmp_path / "models").mkdir()
    network = FlowNet2(FlowNet2Config(filters=4)).eval()
    save(tmp_path / "models" / "flownet2.safetensors", network, licence="none", source="test")
    assert run(*asked) == 0
    with open_frames(out) as clip:
        assert len(list(clip)) == FRAMES
