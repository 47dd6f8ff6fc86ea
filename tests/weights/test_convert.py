"""Published checkpoints, alone or in their zip, into one file; hostile archives."""

import os
import struct
import zipfile
import zlib

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.weights import convert as conversion
from maliang_video.weights.convert import convert_files
from maliang_video.weights.converters import Converter
from maliang_video.weights.file import read


@pytest.fixture
def converter(tiny):
    """For the tiny network, published as one file a layer."""

    def convert(states):
        names = sorted(states)
        state = {f"layers.{i}.{k}": v for i, name in enumerate(names) for k, v in states[name].items()}
        channels = next(iter(state.values())).shape[0]
        return tiny.Config(channels, len(names), "zeros"), state | {"steps": torch.tensor(7)}

    return Converter("test.tiny/1", convert, "CC-BY-NC-SA-4.0", "a paper")


@pytest.fixture
def published(tmp_path, tiny):
    """Two checkpoints, one a layer, in a folder of their own."""
    folder = tmp_path / "published"
    folder.mkdir()
    for i, layer in enumerate(tiny.make().layers):
        torch.save(layer.state_dict(), folder / f"latest_net_G{i}.pth", _use_new_zipfile_serialization=i == 0)
    return sorted(folder.iterdir())


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    return folder / "net.safetensors"


def archive_of(path, files, folder="label2city_1024_g1/", compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in files:
            archive.write(file, f"{folder}{file.name}")
        archive.writestr("readme.txt", "hello")
    return path


def refusal(files, out, converter, tiny, **options):
    with pytest.raises(InputError) as caught:
        convert_files(files, out, converter, architectures=tiny.table, **options)
    assert os.listdir(out.parent) == [], "nothing is left behind"
    assert len(str(caught.value)) < 500
    return str(caught.value)


def test_files_become_one(published, out, converter, tiny):
    seen = []
    info = convert_files(
        published,
        out,
        converter,
        architectures=tiny.table,
        progress=lambda done, total, _=None: seen.append(done),
    )
    assert (info.licence, info.source) == ("CC-BY-NC-SA-4.0", "a paper")
    assert info.notes == "converted from latest_net_G0, latest_net_G1"
    assert seen == [1, 2]
    assert os.listdir(out.parent) == [out.name]
    again = read(out, architectures=tiny.table)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), tiny.make().parameters(), strict=True))


def test_licence_source_and_precision_may_be_given(published, out, converter, tiny):
    info = convert_files(
        published, out, converter, licence="MIT", source="me", dtype=torch.float16, architectures=tiny.table
    )
    assert (info.licence, info.source, info.dtype) == ("MIT", "me", "fp16, int64")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_the_published_zip_is_taken_as_it_is(tmp_path, published, out, converter, tiny, compression):
    archive = archive_of(tmp_path / "models_g1.zip", published, compression=compression)
    info = convert_files([archive], out, converter, architectures=tiny.table)
    assert info.notes == "converted from label2city_1024_g1/latest_net_G0, label2city_1024_g1/latest_net_G1"
    again = read(out, architectures=tiny.table)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), tiny.make().parameters(), strict=True))
    assert os.listdir(out.parent) == [out.name]


def test_some_of_an_archive_can_be_chosen(tmp_path, published, out, converter, tiny):
    archive = archive_of(tmp_path / "all.zip", published)
    info = convert_files([archive], out, converter, only=["*G1*"], architectures=tiny.table)
    assert info.config.layers == 1
    out.unlink()
    text = refusal([archive], out, converter, tiny, only=["*2048*"])
    assert "holds no checkpoint matching *2048*; it holds 'label2city_1024_g1/latest_net_G0.pth'" in text


def test_member_names_lead_nowhere(tmp_path, published, out, converter, tiny):
    archive = archive_of(tmp_path / "models.zip", published, folder="../../../../tmp/escaped/")
    before = sorted(os.listdir(tmp_path))
    convert_files([archive], out, converter, architectures=tiny.table)
    assert sorted(os.listdir(tmp_path)) == before
    assert not os.path.exists("/tmp/escaped")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, out, converter, tiny):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("latest_net_G0.pth", bytes(64 << 20))
    data = bomb.read_bytes()
    assert len(data) < 80_000
    assert "would unpack to 67108864 bytes" in refusal([bomb], out, converter, tiny)


def test_a_zip_that_declares_gigabytes_is_refused(tmp_path, published, out, converter, tiny):
    archive = archive_of(tmp_path / "m.zip", published[:1])
    data = archive.read_bytes()
    directory = data.index(b"PK\x01\x02")
    archive.write_bytes(data[: directory + 24] + struct.pack("<I", 4_000_000_000) + data[directory + 28 :])
    assert "would unpack to 4000000000 bytes" in refusal([archive], out, converter, tiny)


def test_a_zip_that_declares_less_than_it_holds_gives_no_more_than_it_declares(
    tmp_path, out, converter, tiny, monkeypatch
):
    """The directory says 1000 bytes, the data goes on for 64 MB."""
    archive = tmp_path / "lie.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("latest_net_G0.pth", bytes(64 << 20))
    data = archive.read_bytes()
    directory = data.index(b"PK\x01\x02")
    sizes = []
    monkeypatch.setattr(
        conversion, "read_published", lambda path, _name: sizes.append(path.stat().st_size) or {}
    )
    for checksum in (zlib.crc32(bytes(1000)), 0):
        lie = struct.pack("<I", checksum) + data[directory + 20 : directory + 24] + struct.pack("<I", 1000)
        archive.write_bytes(data[: directory + 16] + lie + data[directory + 28 :])
        with pytest.raises((InputError, StopIteration)):
            convert_files([archive], out, converter, architectures=tiny.table)
        assert os.listdir(out.parent) == []
    assert sizes == [1000], "the second one fails by its checksum before it is read"


@pytest.mark.parametrize("fraction", [0.2, 0.6, 0.99])
def test_a_truncated_archive_is_refused(tmp_path, published, out, converter, tiny, fraction):
    archive = archive_of(tmp_path / "m.zip", published)
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * fraction)])
    assert "cut short or damaged" in refusal([archive], out, converter, tiny)


def test_an_archive_with_a_wrong_directory_is_refused(tmp_path, published, out, converter, tiny):
    archive = archive_of(tmp_path / "m.zip", published)
    data = archive.read_bytes()
    end = data.index(b"PK\x05\x06")
    (start,) = struct.unpack("<I", data[end + 16 : end + 20])
    archive.write_bytes(data[: end + 16] + struct.pack("<I", start + 100) + data[end + 20 :])
    assert "cut short or damaged (a member lies outside of it)" in refusal([archive], out, converter, tiny)


def test_an_encrypted_archive_is_refused(tmp_path, published, out, converter, tiny):
    archive = archive_of(tmp_path / "m.zip", published[:1])
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    assert "'label2city_1024_g1/latest_net_G0.pth' is encrypted or oddly compressed" in refusal(
        [archive], out, converter, tiny
    )


def test_an_odd_compression_is_refused(tmp_path, published, out, converter, tiny):
    archive = archive_of(tmp_path / "m.zip", published[:1], compression=zipfile.ZIP_LZMA)
    assert "oddly compressed; unpack the archive yourself" in refusal([archive], out, converter, tiny)


def test_an_archive_without_checkpoints_is_refused(tmp_path, out, converter, tiny):
    archive = archive_of(tmp_path / "m.zip", [])
    assert "holds no checkpoint (.pth.tar, .pth, .pt, .pkl, .npy, .ckpt); it holds 'readme.txt'" in refusal(
        [archive], out, converter, tiny
    )


def test_a_damaged_archive_never_fails_otherwise(tmp_path, published, out, converter, tiny):
    archive = archive_of(tmp_path / "m.zip", published)
    data = archive.read_bytes()
    generator = torch.Generator().manual_seed(0)
    for position in torch.randint(0, len(data), (60,), generator=generator).tolist():
        archive.write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
        try:
            convert_files([archive], out, converter, architectures=tiny.table)
        except InputError:
            assert os.listdir(out.parent) == []
        else:
            out.unlink()


def test_a_hostile_checkpoint_in_an_archive_is_named(tmp_path, out, converter, tiny):
    marker, evil = tmp_path / "ran", tmp_path / "latest_net_G0.pth"

    class Payload:
        def __reduce__(self):
            return os.system, (f"touch {marker}",)

    torch.save({"weight": Payload()}, evil)
    text = refusal([archive_of(tmp_path / "m.zip", [evil])], out, converter, tiny)
    assert "m.zip: label2city_1024_g1/latest_net_G0.pth: not plain weights" in text
    assert not marker.exists()


def test_numbers_that_are_not_finite_are_refused(published, out, converter, tiny):
    state = torch.load(published[1], weights_only=True)
    state["weight"][0, 0, 0, 0] = float("nan")
    torch.save(state, published[1])
    assert "'layers.1.weight' holds numbers that are not finite" in refusal(published, out, converter, tiny)


def test_a_converted_state_must_fit_its_network(published, out, converter, tiny):
    state = torch.load(published[1], weights_only=True)
    torch.save({"weight": state["weight"], "running_var": state["bias"]}, published[1])
    text = refusal(published, out, converter, tiny)
    assert "1 entry unknown ('layers.1.running_var'); 1 entry missing ('layers.1.bias')" in text


def test_files_of_the_same_name_are_named(published, out, converter, tiny):
    assert "two files are called latest_net_G0" in refusal([published[0]] * 2, out, converter, tiny)


def test_the_result_must_be_writable(tmp_path, published, converter, tiny):
    with pytest.raises(InputError, match=r"weights are written as \.safetensors"):
        convert_files(published, tmp_path / "net.pth", converter, architectures=tiny.table)
    with pytest.raises(InputError, match="no such folder; make it first"):
        convert_files(published, tmp_path / "none" / "net.safetensors", converter, architectures=tiny.table)


def test_an_unpacked_archive_needs_room(tmp_path, published, out, converter, tiny, monkeypatch):
    from maliang_video.weights import archive as archives

    usage = archives.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda folder: usage._replace(free=10))
    text = refusal([archive_of(tmp_path / "m.zip", published)], out, converter, tiny)
    assert "needs 0 MB, 0 MB are free; make room" in text
