"""Hostile and broken PyTorch checkpoints: nothing is run, nothing large is allocated, each has its sentence."""

import io
import os
import pickle
import resource
import struct
import tarfile
import zipfile
from argparse import Namespace
from collections import OrderedDict

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.weights import torch_file
from maliang_video.weights.torch_file import read_state

pytestmark = pytest.mark.filterwarnings("ignore:Detected pickle protocol")

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


class RunsCommand:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def saved(path, content, zipped=True):
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_state(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 400
    return str(caught.value)


def repacked(source, path, change, compression=zipfile.ZIP_STORED):
    """The torch zip `source` with `change(name, bytes)` as the bytes of each record."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", compression) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return path


@FORMATS
def test_a_state_dict_is_read(tmp_path, zipped):
    state = OrderedDict(a=torch.randn(3, 4), b=torch.arange(5), c=torch.randn(6).half())
    read = read_state(saved(tmp_path / "m.pth", state, zipped))
    assert list(read) == ["a", "b", "c"]
    for name, tensor in state.items():
        assert torch.equal(read[name], tensor)
        assert read[name].dtype == tensor.dtype


@FORMATS
def test_a_state_dict_beside_other_things_is_found(tmp_path, zipped):
    content = {"epoch": 3, "best_EPE": 1.5, "state_dict": {"w": torch.nn.Parameter(torch.ones(2))}}
    read = read_state(saved(tmp_path / "FlowNet2_checkpoint.pth.tar", content, zipped))
    assert list(read) == ["w"]
    assert not read["w"].requires_grad


@FORMATS
def test_options_beside_a_state_dict_may_be_a_namespace(tmp_path, zipped):
    options = Namespace(stylegan_size=1024, exp_dir="x")
    content = {"state_dict": {"w": torch.ones(2)}, "latent_avg": torch.zeros(3), "opts": options}
    assert list(read_state(saved(tmp_path / "e4e.pt", content, zipped))) == ["w", "latent_avg"]
    options.evil = RunsCommand(f"touch {tmp_path / 'ran'}")
    assert "nothing was run" in refusal(saved(tmp_path / "evil.pt", content, zipped))
    assert not (tmp_path / "ran").exists()
    assert Namespace not in torch.serialization.get_safe_globals(), "it is allowed here only"


@FORMATS
def test_a_hostile_pickle_is_not_run(tmp_path, zipped):
    marker = tmp_path / "ran"
    path = saved(tmp_path / "evil.pth", {"w": torch.ones(2), "x": RunsCommand(f"touch {marker}")}, zipped)
    text = refusal(path)
    assert f"it asks for {os.system.__module__}.system, which could run anything; nothing was run" in text
    assert not marker.exists()
    assert sorted(os.listdir(tmp_path)) == ["evil.pth"]
    torch.load(path, weights_only=False)
    assert marker.exists(), "the payload is a real one"


def test_a_bare_pickle_is_not_run(tmp_path):
    marker, path = tmp_path / "ran", tmp_path / "evil.pth"
    for protocol in range(5):
        path.write_bytes(pickle.dumps(RunsCommand(f"touch {marker}"), protocol=protocol))
        refusal(path)
        assert not marker.exists()


@pytest.mark.parametrize(
    "content", [[torch.ones(2)], {}, {"a": 3}, {3: torch.ones(2)}, {"a": {"b": torch.ones(1)}}, 5]
)
@FORMATS
def test_what_is_no_state_dict_is_named(tmp_path, content, zipped):
    text = refusal(saved(tmp_path / "m.pth", content, zipped))
    assert "not named tensors" in text or "not a tensor" in text


def test_a_whole_module_is_refused(tmp_path):
    assert "torch.nn.modules" in refusal(saved(tmp_path / "m.pth", torch.nn.Linear(2, 2)))


def test_odd_tensors_are_refused(tmp_path):
    for odd in (
        torch.eye(3).to_sparse(),
        torch.zeros(2, dtype=torch.complex64),
        torch.empty(3, device="meta"),
    ):
        assert "'w' is not a dense tensor of plain numbers" in refusal(saved(tmp_path / "m.pth", {"w": odd}))


@FORMATS
@pytest.mark.parametrize("fraction", [0.0, 0.02, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path, zipped, fraction):
    path = saved(tmp_path / "m.pth", {"w": torch.randn(500)}, zipped)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])
    text = refusal(path)
    assert "cut short" in text or "the file is empty" in text


def test_what_is_no_file_is_refused(tmp_path):
    assert "is a folder; name the checkpoint files in it" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("hello")
    assert "not a PyTorch checkpoint" in refusal(tmp_path / "text.pth")


HUGE = b"J" + struct.pack("<i", 2_000_000_000)
"""Pickle's way of writing an int of 32 bits."""


def test_a_storage_larger_than_its_record_is_refused(tmp_path):
    small = saved(tmp_path / "small.pth", {"w": torch.ones(4)})
    declared = tmp_path / "declared.pth"
    repacked(small, declared, lambda name, data: data.replace(b"K\x04tq", HUGE + b"tq"))
    assert "declared larger than what the file holds" in refusal(declared)
    reaching = tmp_path / "reaching.pth"
    repacked(declared, reaching, lambda name, data: data.replace(b"K\x04\x85", HUGE + b"\x85"))
    assert refusal(reaching)


def test_a_storage_larger_than_a_legacy_file_is_refused(tmp_path):
    path = saved(tmp_path / "m.pth", {"w": torch.ones(4)}, zipped=False)
    data = path.read_bytes()
    changed = data.replace(b"K\x04Nt", HUGE + b"Nt")
    assert changed != data
    path.write_bytes(changed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "declares more data than its" in refusal(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"


def test_a_legacy_file_that_asks_for_all_memory_there_is_is_refused(tmp_path):
    path = saved(tmp_path / "m.pth", {"w": torch.ones(4)}, zipped=False)
    endless = b"\x8a\x07" + (1 << 50).to_bytes(7, "little")
    path.write_bytes(path.read_bytes().replace(b"K\x04Nt", endless + b"Nt"))
    assert "asks for more memory than there is" in refusal(path)


def test_many_storages_together_cannot_be_larger_than_a_legacy_file(tmp_path):
    path = saved(tmp_path / "m.pth", {f"w{i}": torch.ones(4) for i in range(10)}, zipped=False)
    size = path.stat().st_size
    guard = torch_file._total_guard(size, "x")
    guard(torch.UntypedStorage(size - 8), "cpu")
    guard(torch.UntypedStorage(8), "cpu")
    with pytest.raises(InputError, match=f"declares more data than its {size} bytes"):
        guard(torch.UntypedStorage(1), "cpu")


@FORMATS
def test_a_view_that_would_grow_when_written_is_refused(tmp_path, zipped):
    path = saved(tmp_path / "m.pth", {"w": torch.ones(1).expand(100_000, 100_000)}, zipped)
    assert path.stat().st_size < 5000
    assert "its tensors are larger than the file's" in refusal(path)


def test_a_compressed_record_is_refused(tmp_path):
    plain = saved(tmp_path / "plain.pth", {"w": torch.zeros(1 << 22)})
    bomb = repacked(plain, tmp_path / "bomb.pth", lambda name, data: data, zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 50_000 < plain.stat().st_size
    assert "is compressed, as PyTorch never does" in refusal(bomb)


def test_a_huge_pickle_is_refused(tmp_path):
    plain = saved(tmp_path / "plain.pth", {"w": torch.zeros(2)})
    fat = repacked(
        plain, tmp_path / "fat.pth", lambda name, data: data + bytes(17 << 20) * name.endswith(".pkl")
    )
    assert "its pickle has" in refusal(fat)


def test_torchscript_is_refused(tmp_path):
    path = saved(tmp_path / "script.pt", {"w": torch.ones(2)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("script/constants.pkl", pickle.dumps(()))
    assert "a TorchScript program, not weights" in refusal(path)


@FORMATS
def test_no_damaged_byte_gets_past_with_another_error(tmp_path, zipped):
    path = saved(tmp_path / "m.pth", OrderedDict(a=torch.randn(3, 4), b=torch.arange(5)), zipped)
    data = path.read_bytes()
    generator = torch.Generator().manual_seed(0)
    for position in torch.randint(0, len(data), (100,), generator=generator).tolist():
        for value in (data[position] ^ 1, 0xFF):
            path.write_bytes(data[:position] + bytes([value]) + data[position + 1 :])
            try:
                state = read_state(path)
            except InputError:
                continue
            assert sum(tensor.nbytes for tensor in state.values()) <= len(data)
    assert sorted(os.listdir(tmp_path)) == ["m.pth"]


def test_a_legacy_tar_is_refused(tmp_path):
    path = tmp_path / "m.pth"
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("storages")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"\0\0\0\0"))
    assert "not a PyTorch checkpoint" in refusal(path)
