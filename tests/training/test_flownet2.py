"""FlowNet2 out of a model folder, or a sentence that says how to put it there."""

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.features.vgg19 import VGG19, VGG19Config
from maliang_video.models.flow.flownet2 import FlowNet2, FlowNet2Config
from maliang_video.training.flownet2 import load_flownet2
from maliang_video.weights import save


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MALIANG_MODELS", str(tmp_path))
    torch.manual_seed(0)
    return tmp_path


def test_it_is_found_and_frozen(folder):
    network = FlowNet2(FlowNet2Config(filters=4))
    save(folder / "flownet2.safetensors", network, licence="research only", source="a test")
    found = load_flownet2("cpu")
    pairs = zip(found.parameters(), network.parameters(), strict=True)
    assert all(torch.equal(a, b) and not a.requires_grad for a, b in pairs)


def test_without_it_the_way_to_get_it_is_told():
    with pytest.raises(InputError, match=r"weights convert FlowNet2_checkpoint\.pth\.tar --kind flownet2"):
        load_flownet2()


def test_another_network_of_that_name_is_refused(folder):
    save(folder / "flownet2.safetensors", VGG19(VGG19Config(filters=4)), licence="BSD", source="a test")
    with pytest.raises(InputError, match="holds a VGG19; rename it"):
        load_flownet2()
