import json
import os
import struct

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from maliang_video.errors import InputError
from maliang_video.weights.architectures import Architecture
from maliang_video.weights.file import TensorInfo, inspect, read, save


@pytest.fixture
def saved(tmp_path, tiny):
    path = tmp_path / "net.safetensors"
    save(path, tiny.make(), licence="Apache-2.0", source="a test", notes="n", architectures=tiny.table)
    return path


def parts(path):
    """(metadata, tensors) of a safetensors file, to write a changed one."""
    with safe_open(path, framework="pt") as file:
        return file.metadata(), {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118


def rewritten(path, metadata=(), tensors=(), without=()):
    old_metadata, old_tensors = parts(path)
    state = {k: v for k, v in (old_tensors | dict(tensors)).items() if k not in without}
    save_file(state, path, {k: v for k, v in (old_metadata | dict(metadata)).items() if k not in without})


def refusal(path, tiny):
    with pytest.raises(InputError) as caught:
        read(path, architectures=tiny.table)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500
    return str(caught.value)


def test_a_network_comes_back_as_it_was(saved, tiny):
    module = tiny.make()
    again = read(saved, architectures=tiny.table)
    assert again.config == module.config
    assert not again.training
    assert all(p.requires_grad for p in again.parameters())
    for name, tensor in module.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
        assert again.state_dict()[name].dtype == tensor.dtype
    picture = torch.randn(1, 2, 5, 5)
    assert torch.allclose(again(picture), module(picture), atol=1e-6)
    assert again.layers[0].weight.is_contiguous(memory_format=torch.channels_last)  # the fastest on a CPU


def test_a_loaded_network_can_be_trained_without_changing_the_file(saved, tiny):
    before = saved.read_bytes()
    module = read(saved, architectures=tiny.table)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    assert saved.read_bytes() == before


def test_the_file_says_what_it_is(saved, tiny):
    info = inspect(saved, architectures=tiny.table)
    assert (info.architecture, info.config) == ("test.tiny/1", tiny.Config(2, 2, "zeros"))
    assert (info.licence, info.source, info.notes) == ("Apache-2.0", "a test", "n")
    assert info.tensors["layers.0.weight"] == TensorInfo("fp32", (2, 2, 3, 3))
    assert info.parameters == 2 * (36 + 2) + 1
    assert info.dtype == "fp32, int64"
    assert info.bytes == saved.stat().st_size
    metadata, _ = parts(saved)
    assert metadata["format_version"] == "1"
    assert json.loads(metadata["config"]) == {"channels": 2, "layers": 2, "padding": "zeros"}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_precision_is_chosen_when_saving_or_when_loading(tmp_path, saved, tiny, dtype):
    module = tiny.make()
    small = tmp_path / "small.safetensors"
    save(small, module, licence="", source="", dtype=dtype, architectures=tiny.table)
    assert small.stat().st_size < saved.stat().st_size
    for loaded in (
        read(small, architectures=tiny.table),
        read(saved, "cpu", dtype, architectures=tiny.table),
    ):
        assert torch.equal(loaded.layers[1].weight, module.layers[1].weight.to(dtype))
        assert loaded.steps.dtype == torch.int64
    assert read(small, "cpu", torch.float32, architectures=tiny.table).layers[0].bias.dtype == torch.float32


def test_a_new_file_is_as_readable_as_any_other(saved, tmp_path):
    other = tmp_path / "other"
    other.write_text("")
    assert saved.stat().st_mode == other.stat().st_mode


def test_views_and_shared_memory_are_written_as_plain_tensors(tmp_path, tiny):
    module = tiny.make()
    both = torch.randn(3, 2, 2, 3, 3)
    module.load_state_dict(
        {
            "layers.0.weight": both[0],
            "layers.1.weight": both[1].transpose(-1, -2),
            "layers.0.bias": both[2, 0, 0, 0, :2],
            "layers.1.bias": both[2, 0, 0, 0, :2],
            "steps": torch.tensor(1),
        },
        assign=True,
    )
    save(tmp_path / "x.safetensors", module, licence="", source="", architectures=tiny.table)
    again = read(tmp_path / "x.safetensors", architectures=tiny.table)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), module.parameters(), strict=True))


def test_a_diverged_network_is_not_saved_and_the_old_file_stays(saved, tiny):
    before = saved.read_bytes()
    module = tiny.make()
    module.layers[1].weight.data[0, 0, 1, 1] = float("nan")
    with pytest.raises(InputError, match=r"'layers\.1\.weight' holds numbers that are not finite"):
        save(saved, module, licence="", source="", architectures=tiny.table)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_numbers_too_large_for_the_precision_are_named(saved, tmp_path, tiny):
    module = tiny.make()
    module.layers[0].bias.data[0] = 1e6
    with pytest.raises(
        InputError, match=r"'layers\.0\.bias' holds numbers too large for torch\.float16; choose bf16"
    ):
        save(
            tmp_path / "y.safetensors",
            module,
            licence="",
            source="",
            dtype=torch.float16,
            architectures=tiny.table,
        )
    assert not (tmp_path / "y.safetensors").exists()


@pytest.fixture
def small_files_only():
    """The system refuses to write more than 50 kB into a file, as a full disk would."""
    resource = pytest.importorskip("resource")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_a_full_disk_leaves_nothing_behind(tmp_path, tiny, small_files_only):
    path = tmp_path / "big.safetensors"
    with pytest.raises(InputError, match=r"big\.safetensors: could not be written .*; is the disk full\?"):
        save(path, tiny.make(channels=60), licence="", source="", architectures=tiny.table)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path, tiny):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "none", tmp_path / "file"):
        path = folder / "net.safetensors"
        with pytest.raises(InputError, match=r"net\.safetensors: can't be written \((No such|Not a)"):
            save(path, tiny.make(), licence="", source="", architectures=tiny.table)


def test_unknown_entries_are_named(saved, tiny):
    rewritten(saved, tensors={f"odd.{i}": torch.zeros(1) for i in range(5)})
    assert "5 entries unknown ('odd.0', 'odd.1', 'odd.2' and 2 more)" in refusal(saved, tiny)


def test_missing_entries_are_named(saved, tiny):
    rewritten(saved, without=["layers.1.bias"])
    assert "1 entry missing ('layers.1.bias')" in refusal(saved, tiny)


def test_wrong_shapes_are_named(saved, tiny):
    rewritten(saved, tensors={"layers.0.bias": torch.zeros(3)})
    assert "1 entry of the wrong shape ('layers.0.bias' is [3], should be [2])" in refusal(saved, tiny)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused(saved, tiny, bad):
    weight = parts(saved)[1]["layers.0.weight"]
    weight[1, 1, 2, 2] = bad
    rewritten(saved, tensors={"layers.0.weight": weight})
    assert "'layers.0.weight' holds numbers that are not finite" in refusal(saved, tiny)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("layers.0.bias", torch.int64),
        ("layers.0.bias", torch.complex64),
        ("layers.0.bias", torch.float8_e4m3fn),
        ("steps", torch.float32),
        ("steps", torch.uint8),
    ],
)
def test_another_sort_of_numbers_is_refused(saved, tiny, name, dtype):
    rewritten(saved, tensors={name: parts(saved)[1][name].to(dtype)})
    assert f"{name!r} holds {dtype}, should hold torch." in refusal(saved, tiny)


def test_a_config_of_another_network_is_refused(saved, tiny):
    rewritten(saved, {"config": json.dumps({"channels": 2, "layers": 2, "padding": "zeros", "flow": True})})
    assert 'config: unknown field "flow"' in refusal(saved, tiny)
    rewritten(saved, {"config": json.dumps({"channels": 3, "layers": 2, "padding": "zeros"})})
    assert "4 entries of the wrong shape" in refusal(saved, tiny)


@pytest.mark.parametrize(
    ("channels", "layers", "message"),
    [
        (2, 10**9, "its config describes a far larger network than the file holds"),
        (10**6, 2, "4 entries of the wrong shape"),
        (10**9, 2, "its config describes no network that can be built"),
        (10**30, 2, "config.channels: expected a number of 64 bits"),
        (-1, 2, "its config describes no network that can be built"),
        (2, 0, "4 entries unknown"),
    ],
)
def test_a_forged_config_cannot_fill_the_memory(saved, tiny, channels, layers, message):
    rewritten(saved, {"config": json.dumps({"channels": channels, "layers": layers, "padding": "zeros"})})
    assert message in refusal(saved, tiny)
    assert torch.is_grad_enabled()


def test_an_unknown_architecture_is_named(saved, tiny):
    rewritten(saved, {"architecture": "test.tiny/2"})
    assert (
        "holds 'test.tiny/2', which this version of Maliang does not know; it knows test.tiny/1"
        in refusal(saved, tiny)
    )


def test_a_newer_format_is_named(saved, tiny):
    rewritten(saved, {"format_version": "2"})
    assert "written in format version 2, this version of Maliang reads 1" in refusal(saved, tiny)


def test_metadata_must_be_complete(saved, tiny):
    rewritten(saved, without=["licence", "source"])
    assert "its metadata lacks licence, source" in refusal(saved, tiny)


def test_a_metadata_bomb_is_refused(saved, tiny):
    rewritten(saved, {"notes": "x" * 70_000})
    assert "metadata 'notes' has 70000 characters, more than 65536" in refusal(saved, tiny)
    rewritten(saved, {"notes": ""} | {f"k{i}": "" for i in range(100)})
    assert "metadata entries, more than 64" in refusal(saved, tiny)
    rewritten(saved, {"huge": "x" * (9 << 20)})
    assert "its header has" in refusal(saved, tiny)


def test_metadata_too_long_to_be_read_back_is_not_written(tmp_path, tiny):
    with pytest.raises(InputError, match="'notes' has 70000 characters"):
        save(
            tmp_path / "a.safetensors",
            tiny.make(),
            licence="",
            source="",
            notes="x" * 70_000,
            architectures=tiny.table,
        )
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_another_kind_is_refused(tmp_path, tiny):
    path = tmp_path / "sd15.safetensors"
    save_file({"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(4, 4)}, path, {"format": "pt"})
    assert "a safetensors file of another kind" in refusal(path, tiny)
    save_file({"first_stage_model.a": torch.zeros(4)}, path)
    assert "a safetensors file of another kind" in refusal(path, tiny)


@pytest.mark.parametrize("cut", [1, 7, 8, 9, 40, -1])
def test_a_truncated_file_is_refused(saved, tiny, cut):
    saved.write_bytes(saved.read_bytes()[:cut])
    assert "cut short" in refusal(saved, tiny)


def test_garbage_is_refused(saved, tiny):
    data = saved.read_bytes()
    saved.write_bytes(data + b"more")
    assert "cut short or damaged" in refusal(saved, tiny)
    saved.write_bytes(struct.pack("<Q", 40) + b"{" + b"\xff" * 100)
    assert "cut short or damaged" in refusal(saved, tiny)
    saved.write_bytes(struct.pack("<Q", 1 << 62) + b"{" + data[9:])
    assert "not a safetensors file, or cut short" in refusal(saved, tiny)
    saved.write_bytes(b"<html>404</html>" * 10)
    assert "not a safetensors file" in refusal(saved, tiny)


def test_what_is_no_file_is_refused(tmp_path, tiny):
    assert "is a folder" in refusal(tmp_path, tiny)
    assert "no such file" in refusal(tmp_path / "none.safetensors", tiny)
    (tmp_path / "empty.safetensors").touch()
    assert "the file is empty" in refusal(tmp_path / "empty.safetensors", tiny)


@pytest.mark.parametrize("new_format", [True, False])
def test_a_pickle_is_never_opened_as_weights(tmp_path, tiny, new_format):
    path = tmp_path / "model.safetensors"
    torch.save({"a": torch.zeros(2)}, path, _use_new_zipfile_serialization=new_format)
    assert f"maliang weights convert {path} --out NEW.safetensors" in refusal(path, tiny)


def test_no_damaged_byte_gets_past_with_another_error(saved, tiny):
    data = saved.read_bytes()
    generator = torch.Generator().manual_seed(1)
    for position in torch.randint(0, len(data) - 300, (80,), generator=generator).tolist():
        for value in (0x00, 0x7B, 0xFF):
            saved.write_bytes(data[:position] + bytes([value]) + data[position + 1 :])
            try:
                module = read(saved, architectures=tiny.table)
            except InputError:
                continue
            assert module.config.layers == 2


def test_a_network_that_keeps_tensors_out_of_its_files_is_our_own_mistake(tmp_path, saved, tiny):
    class Forgetful(tiny.Module):
        def __init__(self, config):
            super().__init__(config)
            self.register_buffer("kernel", torch.ones(3), persistent=False)

    table = {"test.tiny/1": lambda: Architecture(tiny.Config, Forgetful)}
    with pytest.raises(TypeError, match="Forgetful keeps \\['kernel'\\] out of its state dict"):
        read(saved, architectures=table)
    with pytest.raises(TypeError, match="Tiny is not in the table"):
        save(tmp_path / "b.safetensors", tiny.make(), licence="", source="", architectures=table)
