"""The main job with chosen instance features: what is painted, resumed and painted again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from maliang_video.errors import InputError
from maliang_video.media.pixels import to_file
from maliang_video.media.reader import open_frames
from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.models.vid2vid.config import FeatureConfig
from maliang_video.models.vid2vid.feature_tables import ClassLooks, FeatureCluster, FeatureTable
from maliang_video.models.vid2vid.generator import Vid2VidGenerator, without_flow
from maliang_video.models.vid2vid.rollout import synthesize
from maliang_video.pipelines.feature_choice import FeatureCurve, FeaturedLabels, parse_choice
from maliang_video.pipelines.feature_tables import encoder_signs
from maliang_video.pipelines.flow import predict_flow
from maliang_video.pipelines.vid2vid import render_video

NOON = torch.tensor([[1.0, 0.0]])


@pytest.fixture
def generator(tiny_generator: Vid2VidGenerator) -> Vid2VidGenerator:
    torch.manual_seed(2)
    made = Vid2VidGenerator(
        replace(
            tiny_generator.config, instance_features=FeatureConfig(channels=2, filters=2, downsamplings=1)
        )
    )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(0, 0.3)
    return made.eval()


@pytest.fixture
def choose(generator: Vid2VidGenerator) -> Callable[[str], FeatureCurve]:
    clusters = (FeatureCluster(0.5, (0.9, -0.9), (0.1, 0.1)), FeatureCluster(0.5, (-0.9, 0.9), (0.1, 0.1)))
    classes = (ClassLooks(7, "road", clusters), ClassLooks(26, "car", clusters))
    table = FeatureTable(
        "maliang.features/1", "cityscapes", encoder_signs(generator.feature_encoder), 2, classes
    )
    return lambda text: parse_choice(table, text)


@pytest.fixture
def labels() -> LabelFrames:
    """Two cars that stay, eight frames."""
    ids = torch.full((8, 16, 32), 7, dtype=torch.uint8)
    numbers = torch.zeros(8, 16, 32, dtype=torch.int32)
    for number, place in enumerate((np.s_[:, 4:12, 2:12], np.s_[:, 4:12, 18:30]), 1):
        ids[place], numbers[place] = 26, number
    return LabelFrames(ids, builtin_palette("cityscapes"), numbers)


def pixels_of(path: Path) -> NDArray[np.uint8]:
    with open_frames(path) as frames:
        return np.stack([frame.pixels for frame in frames])


def test_the_video_is_the_rollout_of_the_chosen_features(tmp_path, generator, choose, labels):
    curve = choose("all=0 car#2=1@2 car#2=0@6")
    render_video(labels, generator, tmp_path / "out.mkv", features=curve, codec="ffv1")
    rollout = synthesize(generator, FeaturedLabels(labels, curve).frames(), style=NOON)
    expected = np.stack([to_file(painted.frame[0]) for painted in rollout])
    assert np.array_equal(pixels_of(tmp_path / "out.mkv"), expected)
    render_video(labels, generator, tmp_path / "plain.mkv", codec="ffv1")
    assert (pixels_of(tmp_path / "plain.mkv") != expected).mean() > 0.5


class StoppedError(Exception):
    """What a door raises to stop the work."""


def stop_at(frame: int) -> Callable[..., None]:
    def stop(done: int, *_: object) -> None:
        if done == frame:
            raise StoppedError

    return stop


@pytest.mark.parametrize(("again", "resumed_at"), [("car=draw:3", 6), ("car=draw:4", 0), (None, 0)])
def test_a_stopped_run_goes_on_with_the_same_choice_only(
    tmp_path, generator, choose, labels, again, resumed_at
):
    settings = {"codec": "ffv1", "segment_frames": 2}
    with pytest.raises(StoppedError):
        render_video(
            labels,
            generator,
            tmp_path / "out.mkv",
            features=choose("car=draw:3"),
            progress=stop_at(7),
            **settings,
        )
    curve = None if again is None else choose(again)
    report = render_video(labels, generator, tmp_path / "out.mkv", features=curve, **settings)
    assert report.resumed_at == resumed_at
    render_video(labels, generator, tmp_path / "whole.mkv", features=curve, **settings)
    assert np.array_equal(pixels_of(tmp_path / "out.mkv"), pixels_of(tmp_path / "whole.mkv"))


def test_with_kept_pieces_only_what_a_choice_changes_is_painted_again(tmp_path, generator, choose, labels):
    settings = {"codec": "ffv1", "segment_frames": 2, "keep": tmp_path / "kept"}
    render_video(labels, generator, tmp_path / "a.mkv", features=choose("all=0 car=0@5 car=1@6"), **settings)
    later = choose("all=0 car=0@6 car=1@7")
    report = render_video(labels, generator, tmp_path / "b.mkv", features=later, **settings)
    assert report.resumed_at == 6
    render_video(labels, generator, tmp_path / "whole.mkv", features=later, codec="ffv1")
    assert np.array_equal(pixels_of(tmp_path / "b.mkv"), pixels_of(tmp_path / "whole.mkv"))


def test_the_flow_is_that_of_the_chosen_features(tmp_path, generator, choose, labels):
    flows = [
        list(predict_flow(labels, generator, tmp_path / f"{name}.npy", features=curve).frames())[
            5
        ].displacement
        for name, curve in (("plain", None), ("chosen", choose("all=0")))
    ]
    assert (flows[0] - flows[1]).abs().max() > 1e-3


def test_features_are_for_networks_that_take_them(tmp_path, tiny_generator, choose, labels):
    with pytest.raises(InputError, match="take no instance features"):
        render_video(labels, tiny_generator, tmp_path / "out.mkv", features=choose(""))
    assert not list(tmp_path.iterdir())


def test_ids_that_no_class_has_are_named(tmp_path, generator, choose, labels):
    wrong = replace(labels, ids=labels.ids.to(torch.int16))
    wrong.ids[1, 0, 0] = -1
    with pytest.raises(InputError, match="label frame 1 holds class id -1"):
        render_video(wrong, generator, tmp_path / "out.mkv", features=choose(""))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_paints_nearly_the_same(tmp_path, generator, choose, labels, dtype):
    curve = choose("all=0 car#1=1")
    shown = []
    for number, precision in enumerate((torch.float32, dtype)):
        out = tmp_path / f"{number}.mkv"
        render_video(labels, generator, out, features=curve, codec="ffv1", dtype=precision)
        shown.append(pixels_of(out)[0].astype(int))
    assert np.abs(shown[0] - shown[1]).mean() < 8


def test_without_flow_the_features_stay(generator, choose, labels):
    frame = next(FeaturedLabels(labels, choose("all=0")).frames())
    told, untold = (
        next(synthesize(without_flow(generator), [each], style=NOON)).frame
        for each in (frame, replace(frame, features=None))
    )
    assert not torch.equal(told, untold)
