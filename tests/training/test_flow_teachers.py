"""Who teaches motion: OpenCV's search, and FlowNet2 where somebody has brought its weights."""

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.media.pixels import to_model
from maliang_video.models.flow.estimators import estimate_flow
from maliang_video.models.flow.flownet2 import FlowNet2, FlowNet2Config
from maliang_video.models.flow.flownet2_estimate import flow_and_confidence
from maliang_video.training.flow_teachers import dense_inverse_search, flownet2
from maliang_video.weights.file import save

CPU = torch.device("cpu")


@pytest.fixture
def pictures():
    texture = np.random.default_rng(0).integers(0, 255, (64, 70, 3), np.uint8)
    return texture[:, 3:67], texture[:, :64]


def test_dense_inverse_search_can_be_used_in_other_processes(pictures):
    teacher = dense_inverse_search()
    assert not teacher.on_device
    ours, theirs = teacher.estimate(*pictures), estimate_flow(*pictures)
    assert torch.equal(ours.displacement, theirs.displacement)


def test_flownet2_of_a_model_folder(tmp_path, monkeypatch, pictures):
    torch.manual_seed(0)
    network = FlowNet2(FlowNet2Config(4)).eval()
    save(tmp_path / "flownet2.safetensors", network, licence="Apache-2.0", source="a test")
    monkeypatch.setenv("MALIANG_MODELS", str(tmp_path))
    teacher = flownet2(CPU)
    assert teacher.on_device
    flow = teacher.estimate(*pictures)
    now, before = (to_model(picture)[None] for picture in pictures)
    expected, confidence = flow_and_confidence(network, now, before)
    assert torch.allclose(flow.displacement, expected, atol=1e-5)
    assert torch.equal(flow.occlusion, 1 - confidence)


def test_flownet2_that_nobody_brought(tmp_path, monkeypatch):
    monkeypatch.setenv("MALIANG_MODELS", str(tmp_path))
    with pytest.raises(InputError, match="flownet2"):
        flownet2(CPU)
