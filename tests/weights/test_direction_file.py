"""Directions: published files of every kind into one of ours, and back as they were."""

import pickle

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.faces.directions import Direction
from maliang_video.weights.convert import convert_files
from maliang_video.weights.converters import CONVERTERS
from maliang_video.weights.direction_file import choose_direction, read_directions, save_directions
from maliang_video.weights.file import inspect
from maliang_video.weights.loading import load

RANDOM = np.random.default_rng(0)
ROW = RANDOM.normal(size=512)


def refusal(call, *arguments, **options):
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def out(tmp_path):
    (tmp_path / "models").mkdir()
    return tmp_path / "models" / "directions.safetensors"


def kind(name):
    return CONVERTERS[name]()


def test_directions_come_back_as_they_were(tmp_path):
    rows = torch.randn(18, 512, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    given = [
        Direction("smile", "w", rows, "as found", "a tool", "Apache-2.0", (4, 8), 0.5, "a" * 64),
        Direction("lipstick", "style", rows[0, :9].float(), "as found", "text", "Apache-2.0"),
    ]
    save_directions(tmp_path / "d.safetensors", given, "a note")
    read = read_directions(tmp_path / "d.safetensors")
    assert torch.equal(read[0].vector, rows)
    assert torch.equal(read[1].vector, rows[0, :9].float().double())
    for before, after in zip(given, read, strict=True):
        for name in ("name", "space", "unit", "rows", "reference_scale", "generator", "licence"):
            assert getattr(after, name) == getattr(before, name), name
        assert after.source == "a tool; text"
    assert choose_direction(read, "lipstick", "x") is read[1]
    assert refusal(choose_direction, read, "age", "x") == "x: has no direction 'age'; it has smile, lipstick"
    info = inspect(tmp_path / "d.safetensors")
    assert (info.architecture, info.notes, info.licence) == ("faces.directions/1", "a note", "Apache-2.0")


def test_none_and_two_of_one_name_are_refused(tmp_path):
    one = Direction("smile", "w", torch.ones(1, 4), "", "", "")
    assert "no direction to store" in refusal(save_directions, tmp_path / "d.safetensors", [])
    assert "two directions are called 'smile'" in refusal(
        save_directions, tmp_path / "d.safetensors", [one, one]
    )
    assert list(tmp_path.iterdir()) == []


def test_other_weights_are_no_directions():
    from maliang_video.weights.folders import demo_folder

    assert "holds vid2vid.generator/1, not directions" in refusal(
        read_directions, demo_folder() / "street.safetensors"
    )


def test_the_directions_of_stit_keep_its_strength(tmp_path, out):
    for name, factor in (("age", 1.0), ("smile", 2.0)):
        np.save(tmp_path / f"{name}.npy", np.repeat(factor * ROW[None], 18, 0))
    info = convert_files([tmp_path / "age.npy", tmp_path / "smile.npy"], out, None)
    assert info.licence == "CC-BY-NC"
    age, smile = read_directions(out)
    assert (age.name, smile.name) == ("age", "smile")
    assert age.vector.tolist() == [ROW.tolist()]
    assert smile.vector.tolist() == [(2 * ROW).tolist()]
    assert age.strength_of(8) == 4
    assert "takes 0.5 of its strength" in age.unit
    assert "distillation" in age.source
    assert load(out).config.directions[0].name == "age"


@pytest.mark.parametrize("form", ["npy", "pt", "older pt"])
def test_a_unit_vector_is_read_in_every_form(tmp_path, out, form):
    unit = (ROW / np.linalg.norm(ROW)).astype(np.float32)[None]
    path = tmp_path / ("smile.npy" if form == "npy" else "smile.pt")
    if form == "npy":
        np.save(path, unit)
    else:
        torch.save(torch.from_numpy(unit), path, _use_new_zipfile_serialization=form == "pt")
    convert_files([path], out, kind("interfacegan"))
    (smile,) = read_directions(out)
    assert torch.equal(smile.vector, torch.from_numpy(unit).double())
    assert smile.strength_of(3) == 3
    assert "1 long" in smile.unit
    convert_files([path], out, None)
    assert inspect(out).licence == "", "one of one's own has the licence that one gives it"
    np.save(tmp_path / "long.npy", 2 * unit)
    assert "2 long; InterFaceGAN's directions are one row of length 1" in refusal(
        convert_files, [tmp_path / "long.npy"], out, kind("interfacegan")
    )


@pytest.mark.parametrize("order", ["<f8", ">f8", "<f4", "<f2"])
def test_arrays_of_every_precision_and_order_are_read(tmp_path, out, order):
    values = np.asfortranarray(np.arange(12.0).reshape(3, 4).astype(order))
    np.save(tmp_path / "mine.npy", values)
    convert_files([tmp_path / "mine.npy"], out, None, licence="CC0-1.0", source="me")
    (mine,) = read_directions(out)
    assert mine.vector.tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert (mine.licence, mine.source, mine.space) == ("CC0-1.0", "me", "w")
    np.save(tmp_path / "styles.npy", np.arange(9.0))
    convert_files([tmp_path / "styles.npy"], out, None)
    assert read_directions(out)[0].space == "style"


def test_principal_components_are_in_standard_deviations(tmp_path, out):
    components = torch.randn(60, 1, 8, generator=torch.Generator().manual_seed(0))
    state = {"comp": components, "mean": torch.zeros(1, 8), "std": torch.arange(1.0, 61)}
    torch.save(state, tmp_path / "ffhq_pca.pt")
    convert_files([tmp_path / "ffhq_pca.pt"], out, None)
    read = read_directions(out)
    assert [each.name for each in read[:2]] == ["component-0", "component-1"]
    assert torch.allclose(read[3].vector, 4 * components[3].double())
    smile = choose_direction(read, "smile", "x")
    assert torch.equal(smile.vector, read[46].vector)
    assert smile.rows == (4, 5)
    assert "goes to -20" in smile.unit
    torch.save(state, tmp_path / "cars_pca.pt")
    convert_files([tmp_path / "cars_pca.pt"], out, None)
    assert len(read_directions(out)) == 60, "the names are those of faces"
    torch.save(state | {"std": torch.ones(59)}, tmp_path / "ffhq_pca.pt")
    assert "59 deviations; they don't belong together" in refusal(
        convert_files, [tmp_path / "ffhq_pca.pt"], out, None
    )


def styleclip(tmp_path, styles=(4, 4, 4, 4, 2), table_styles=14, protocol=4):
    table = RANDOM.normal(size=(table_styles, 5)).astype(np.float32)
    table = np.concatenate([table, np.zeros((80, 5), np.float32)])
    np.save(tmp_path / "fs3.npy", table)
    moved = (*styles, 80)
    arrays = [[(k + np.arange(n)).astype(np.float32) for k, n in enumerate(moved)] for _ in range(2)]
    (tmp_path / "S_mean_std").write_bytes(pickle.dumps(arrays, protocol))
    return table, [tmp_path / "fs3.npy", tmp_path / "S_mean_std"]


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_the_table_of_styleclip_knows_the_styles_of_convolutions(tmp_path, out, protocol):
    table, files = styleclip(tmp_path, (4, 3, 4, 4, 3), 12, protocol)
    info = convert_files(files, out, None)
    assert info.architecture == "faces.style_table/1"
    assert info.licence.startswith("MIT (the generator")
    assert (info.config.styles, info.config.features, info.config.statistics) == (92, 5, True)
    read = load(out)
    assert torch.equal(read.table, torch.from_numpy(table))
    expected = [*range(4), *range(2, 6), *range(3, 7), *range(5, 85)]
    assert read.mean.tolist() == read.deviation.tolist() == expected, "layers 1 and 4 lead to colours"
    info = convert_files(files[:1], out, None)
    assert not info.config.statistics
    assert len(load(out).mean) == 0


def test_a_table_and_statistics_of_two_generators_are_refused(tmp_path, out):
    _, files = styleclip(tmp_path, (4, 3, 4, 4, 3), 11)
    assert "tell of 91 and of 92 styles; they don't belong together" in refusal(
        convert_files, files, out, None
    )
    assert "not StyleCLIP's: give fs3.npy" in refusal(convert_files, files[1:], out, kind("styleclip"))
    assert list(out.parent.iterdir()) == []


class Runs:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_nothing_is_run_and_what_is_no_direction_is_named(tmp_path, out):
    ran = tmp_path / "ran"
    np.save(tmp_path / "objects.npy", np.array([Runs(ran)], object), allow_pickle=True)
    (tmp_path / "S_mean_std").write_bytes(pickle.dumps([[np.zeros(2)], [Runs(ran)]]))
    np.save(tmp_path / "whole.npy", np.arange(4))
    np.save(tmp_path / "nan.npy", np.array([[1.0, np.nan]]))
    np.save(tmp_path / "zero.npy", np.zeros((1, 4)))
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "nan.npy").read_bytes()[:-1])
    (tmp_path / "lists").write_bytes(pickle.dumps([[1], [2]]))
    huge = (tmp_path / "nan.npy").read_bytes().replace(b"(1, 2)", b"(9, 9**9)"[:6].ljust(6))
    (tmp_path / "huge.npy").write_bytes(huge)
    for name, message in (
        ("objects.npy", "holds Python objects, not floating-point numbers; refused, nothing was run"),
        ("S_mean_std", "which could run anything; nothing was run"),
        ("whole.npy", "holds numbers of type int64"),
        ("nan.npy", "or not finite"),
        ("zero.npy", "all zero"),
        ("cube.npy", "is [2, 2, 2]"),
        ("cut.npy", "cut short or damaged"),
        ("huge.npy", "cut short or damaged"),
        ("lists", "something else than two lists of arrays"),
    ):
        assert message in refusal(convert_files, [tmp_path / name], out, None), name
    assert not ran.exists()
    assert list(out.parent.iterdir()) == []
