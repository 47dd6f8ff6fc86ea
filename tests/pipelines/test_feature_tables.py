"""Tables of looks: collected as a stream, clustered, kept in a file that is read strictly."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.models.labels.frames import LabelFrame, LabelFrames
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.vid2vid.config import FeatureConfig
from maliang_video.models.vid2vid.features import find_instances, instance_means
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.pipelines import feature_tables, looks
from maliang_video.pipelines.feature_tables import (
    Moment,
    check_table,
    cluster_features,
    collect_features,
    example_table,
    footage_moments,
)
from maliang_video.pipelines.looks import read_looks, save_looks
from maliang_video.training.worlds import open_world

CITY = builtin_palette("cityscapes")
HEIGHT, WIDTH = 16, 32


@pytest.fixture
def generator(tiny_generator: Vid2VidGenerator) -> Vid2VidGenerator:
    torch.manual_seed(1)
    features = FeatureConfig(channels=3, filters=2, downsamplings=1)
    return Vid2VidGenerator(replace(tiny_generator.config, instance_features=features)).eval()


def frame() -> LabelFrame:
    """Two cars on a road, and a sign that is too small to show anything but its surroundings."""
    ids = torch.full((HEIGHT, WIDTH), 7, dtype=torch.uint8)
    numbers = torch.zeros(HEIGHT, WIDTH, dtype=torch.int32)
    for number, place in enumerate((np.s_[4:12, 2:10], np.s_[4:12, 18:30]), 1):
        ids[place], numbers[place] = 26, number
    return LabelFrame(ids, numbers)


def pictures(count: int) -> torch.Tensor:
    return torch.rand(count, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_a_table_holds_what_the_encoder_sees_of_every_instance(generator):
    picture = pictures(1)[0]
    table = collect_features(generator, CITY, [Moment(frame(), picture)])
    found = find_instances(frame().ids[None], frame().instances[None])
    with torch.no_grad():
        means = instance_means(generator.feature_encoder(picture[None]), found)
    assert [(looks.id, looks.name, len(looks.clusters)) for looks in table.classes] == [
        (7, "road", 1),
        (26, "car", 2),
    ]
    assert table.classes[0].clusters[0].mean == pytest.approx(means[0].tolist(), abs=1e-5)
    cars = np.array([c.mean for c in table.classes[1].clusters])  # in the order of their numbers
    assert cars == pytest.approx(means[1:].numpy(), abs=1e-5)
    assert {c.share for c in table.classes[1].clusters} == {0.5}
    assert (table.palette, table.channels) == ("cityscapes", 3)
    table.check("table")
    check_table(table, generator)


def test_instances_that_are_too_small_are_left_out(generator, monkeypatch):
    labels = frame()
    labels.ids[0, 0] = 20
    monkeypatch.setattr(feature_tables, "SMALLEST", 100)
    table = collect_features(generator, CITY, [Moment(labels, pictures(1)[0])])
    assert [looks.name for looks in table.classes] == ["road", "car"]


def test_many_frames_become_few_clusters(generator):
    seen = []
    moments = [Moment(frame(), picture) for picture in pictures(12)]
    table = collect_features(
        generator,
        CITY,
        moments,
        clusters=4,
        total=12,
        progress=lambda done, total, *_: seen.append((done, total)),
    )
    assert [len(looks.clusters) for looks in table.classes] == [4, 4]
    assert seen[-1] == (12, 12)
    table.check("table")
    for each in table.classes:
        assert [c.share for c in each.clusters] == sorted((c.share for c in each.clusters), reverse=True)


def test_clusters_are_where_the_features_are():
    draw = np.random.default_rng(1)
    centres = np.array([[0.5, 0.5], [-0.5, 0.5], [0, -0.5]])
    features = np.concatenate(
        [c + 0.02 * draw.standard_normal((n, 2)) for c, n in zip(centres, (60, 30, 10), strict=True)]
    )
    clusters = cluster_features(draw.permutation(features), 3)
    assert [c.share for c in clusters] == [0.6, 0.3, 0.1]
    assert np.abs(np.array([c.mean for c in clusters]) - centres).max() < 0.02
    assert np.array([c.deviation for c in clusters]) == pytest.approx(0.02, abs=0.012)
    assert cluster_features(draw.permutation(features), 3)[0].share == 0.6


def test_memory_is_bounded_and_the_draw_even(monkeypatch):
    monkeypatch.setattr(feature_tables, "MAX_SAMPLES", 500)
    samples = feature_tables.Samples(1)
    for start in range(0, 10_000, 40):
        samples.add(np.arange(start, start + 40, dtype=float)[:, None])
        assert len(samples.features) <= 500
    assert len(np.unique(samples.features)) == 500
    assert np.histogram(samples.features, 4, (0, 10_000))[0].min() > 90


def test_a_table_is_read_back(generator, tmp_path):
    table = collect_features(generator, CITY, [Moment(frame(), picture) for picture in pictures(3)])
    path = tmp_path / "looks" / "street.json"
    save_looks(table, path)
    assert read_looks(path) == table
    assert [p.name for p in path.parent.iterdir()] == ["street.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[:-9], "not readable JSON"),
        (lambda t: t.replace("features/1", "features/2"), 'expected "maliang.features/1"'),
        (lambda t: t.replace('"palette"', '"pallete"'), "unknown field \"pallete\", missing field 'palette'"),
        (lambda t: t.replace('"channels": 3', '"channels": 2'), "must have 2 means"),
        (lambda t: t.replace('"share": 1.0', '"share": NaN'), "NaN is not a number"),
        (lambda t: "\xff\xfe", "not readable JSON"),
    ],
)
def test_what_is_no_table_is_refused(generator, tmp_path, change, message):
    save_looks(collect_features(generator, CITY, [Moment(frame(), pictures(1)[0])]), tmp_path / "t.json")
    text = (tmp_path / "t.json").read_text("utf-8")
    (tmp_path / "t.json").write_text(change(text), "utf-8")
    with pytest.raises(InputError, match=r"t\.json") as caught:
        read_looks(tmp_path / "t.json")
    assert message in str(caught.value)


def test_files_that_are_none_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no such file of features"):
        read_looks(tmp_path / "none.json")
    (tmp_path / "t.json").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        read_looks(tmp_path / "t.json")
    monkeypatch.setattr(looks, "MAX_FILE", 1)
    with pytest.raises(InputError, match="at most 1 bytes"):
        read_looks(tmp_path / "t.json")


def test_a_table_of_other_weights_is_refused(generator, tiny_generator):
    table = collect_features(generator, CITY, [Moment(frame(), pictures(1)[0])])
    check_table(table, generator.to(torch.bfloat16))
    other = Vid2VidGenerator(generator.config)
    with pytest.raises(InputError, match="made with other weights"):
        check_table(table, other)
    with pytest.raises(InputError, match="3 numbers an instance and palette 'ade20k'"):
        check_table(replace(table, palette="ade20k"), other)
    with pytest.raises(InputError, match="take no instance features"):
        check_table(table, tiny_generator)


def test_pictures_are_brought_to_the_label_maps_size(generator, tmp_path):
    Image.fromarray(np.full((40, 60, 3), 51, np.uint8)).save(tmp_path / "a.png")
    labels = LabelFrames(frame().ids[None], CITY, frame().instances[None], Fraction(24))
    (moment,) = footage_moments(labels, tmp_path / "a.png")
    assert moment.picture.shape == (3, HEIGHT, WIDTH)
    assert torch.allclose(moment.picture, torch.tensor(-0.6))
    table = example_table(generator, labels, tmp_path / "a.png")
    assert [len(looks.clusters) for looks in table.classes] == [1, 2]


def test_label_maps_and_pictures_must_pair_up(tmp_path):
    Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).save(tmp_path / "a.png")
    labels = LabelFrames(frame().ids.repeat(2, 1, 1), CITY)
    with pytest.raises(InputError, match="there is no picture 1"):
        list(footage_moments(labels, tmp_path / "a.png"))
    with pytest.raises(InputError, match="give the footage"):
        list(footage_moments(labels, None))


def test_a_world_brings_its_pictures():
    world = open_world("world:street?seed=3&frames=2&size=64x32")
    moments = list(footage_moments(world, None))
    assert len(moments) == 2
    truth = list(world.truth())[1]
    assert torch.equal(moments[1].labels.ids, torch.from_numpy(truth.ids))
    assert moments[1].picture[0, 5, 9].item() == pytest.approx(truth.rgb[5, 9, 0] / 127.5 - 1)


def test_other_palettes_and_no_pictures_are_refused(generator):
    with pytest.raises(InputError, match="'ade20k', the network knows 'cityscapes'"):
        collect_features(generator, builtin_palette("ade20k"), [])
    with pytest.raises(InputError, match="no pictures with label maps"):
        collect_features(generator, CITY, [])
