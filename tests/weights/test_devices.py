import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.weights import devices
from maliang_video.weights.devices import choose_device, choose_dtype, fastest_layout


@pytest.fixture
def machine(monkeypatch):
    """`machine(cuda=2, mps=False, built=True)`: pretend that it is one."""

    def pretend(cuda=0, mps=False, built=True):
        monkeypatch.setattr(torch.version, "cuda", "13.0" if built else None)
        monkeypatch.setattr(torch.version, "hip", None)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


def test_auto_takes_the_fastest(machine):
    machine(cuda=1, mps=True)
    assert choose_device("auto") == torch.device("cuda")
    machine(mps=True)
    assert choose_device("auto") == torch.device("mps")
    machine()
    assert choose_device() == torch.device("cpu")


def test_a_device_can_be_chosen(machine):
    machine(cuda=2, mps=True)
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("cuda") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    assert choose_device("mps") == torch.device("mps")


@pytest.mark.parametrize(
    ("name", "having", "message"),
    [
        ("cuda", {"built": False}, "is built without CUDA; install one with it"),
        ("cuda", {}, "device 'cuda:0': 0 usable GPUs here"),
        ("cuda:2", {"cuda": 2}, "device 'cuda:2': 2 usable GPUs here, counted from 0"),
        ("mps", {}, "needs a Mac with Apple silicon"),
        ("tpu", {}, "device 'tpu' is not known; choose auto, cpu, cuda"),
        ("cuda:", {"cuda": 1}, "is not known"),
        ("cuda:-1", {"cuda": 1}, "is not known"),
    ],
)
def test_a_device_that_is_not_here_is_named(machine, name, having, message):
    machine(**having)
    with pytest.raises(InputError, match=message):
        choose_device(name)


def test_precisions():
    cpu = torch.device("cpu")
    assert [choose_dtype(name, cpu) for name in ("fp32", "bf16")] == [torch.float32, torch.bfloat16]
    with pytest.raises(InputError, match="precision 'fp8' is not known; choose fp32, bf16, fp16"):
        choose_dtype("fp8", cpu)


def test_a_precision_that_the_device_lacks_is_named(monkeypatch):
    def refuse(*args):
        raise RuntimeError("\"slow_conv2d_cpu\" not implemented for 'Half'")

    monkeypatch.setattr("maliang_video.weights.devices.F.conv2d", refuse)
    with pytest.raises(InputError, match="precision fp16 does not work on cpu here; choose fp32"):
        choose_dtype("fp16", torch.device("cpu"))


@pytest.mark.parametrize(
    ("device", "dtype", "layout"),
    [
        ("cpu", torch.float32, torch.channels_last),
        ("cpu", torch.bfloat16, torch.channels_last),
        ("cuda", torch.float16, torch.channels_last),
        ("cuda", torch.float32, torch.contiguous_format),
        ("mps", torch.float16, torch.contiguous_format),
    ],
)
def test_the_layout_suits_the_device(device, dtype, layout):
    assert fastest_layout(torch.device(device), dtype) == layout


def test_free_memory_is_what_the_system_says(monkeypatch, tmp_path):
    said = tmp_path / "meminfo"
    said.write_text("MemTotal:       900 kB\nMemAvailable:       12 kB\n", "ascii")
    monkeypatch.setattr(devices, "MEMORY", said)
    assert devices.free_bytes(torch.device("cpu")) == 12 * 1024
    said.write_text("nothing", "ascii")
    assert devices.free_bytes(torch.device("cpu")) is None
    monkeypatch.setattr(devices, "MEMORY", tmp_path / "missing")
    assert devices.free_bytes(torch.device("cpu")) is None
    assert devices.free_bytes(torch.device("mps")) is None
