"""Few-shot jobs on tiny networks with random weights: video, resuming, views, and what is refused."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from maliang_video.errors import InputError
from maliang_video.media.keypoints import LandmarkClip
from maliang_video.media.pixels import to_file, to_model
from maliang_video.media.reader import open_frames
from maliang_video.models.fewshot.config import small_config
from maliang_video.models.fewshot.generator import FewShotGenerator, encode_exemplars
from maliang_video.models.fewshot.memory import exemplar_bytes, frame_bytes
from maliang_video.models.fewshot.rollout import synthesize
from maliang_video.models.labels.drawn import show_drawn
from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.pipelines.fewshot import (
    Given,
    check_given,
    encode,
    give,
    layout_of,
    load_few_shot,
    network_inputs,
    render_few_shot,
    usual_size,
)
from maliang_video.pipelines.fewshot_faces import FaceDriver, FaceExemplar
from maliang_video.pipelines.fewshot_options import InputOptions
from maliang_video.pipelines.fewshot_sources import NetworkInputs
from maliang_video.pipelines.fewshot_streets import StreetExemplar, street_driver
from maliang_video.pipelines.fewshot_views import attention_sheets, view_size, warp_sheets, write_view
from maliang_video.pipelines.fewshot_weights import (
    generated_weights,
    weight_rows,
    weights_picture,
    weights_table,
)
from maliang_video.progress import Preview

SIDE = 32
CANVAS = (60, 80)
FACES = NetworkInputs("face", 1)
OPTIONS = InputOptions((SIDE, SIDE), layout="even")
Maker = Callable[..., FewShotGenerator]


def face(x: float = 40.0, seed: int = 0) -> torch.Tensor:
    jaw = np.linspace(np.pi, 0, 17)
    inside = np.random.default_rng(seed).uniform(-0.6, 0.6, (51, 2))
    points = np.concatenate([np.stack([np.cos(jaw), 1.2 * np.sin(jaw)], 1), inside])
    return torch.from_numpy(points * 14 + (x, 25.0))


def picture(seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (*CANVAS, 3), dtype=np.uint8)


def subject(count: int = 2, seed: int = 0) -> Given:
    exemplars = [FaceExemplar(picture(seed + k), face(38 + k, k), f"picture {k}") for k in range(count)]
    return give(exemplars, FACES, OPTIONS)


def driver(given: Given, frames: int = 6, changed_from: int = 99) -> FaceDriver:
    points = [face(36 + t, 3 if t < changed_from else 4) for t in range(frames)]
    return FaceDriver(LandmarkClip(points, CANVAS, "driver"), replace(given.options, shape="own"))


def pixels_of(path: Path) -> NDArray[np.uint8]:
    with open_frames(path) as frames:
        return np.stack([frame.pixels for frame in frames])


class StoppedError(Exception):
    """What a door raises to stop the work."""


@dataclass
class StopAt:
    """A progress that stops the work after a frame."""

    frame: int

    def __call__(self, done: int, total: int | None, preview: Preview | None = None) -> None:
        if done == self.frame:
            raise StoppedError


def test_the_video_holds_every_frame_of_the_rollout(tmp_path: Path, tiny_few_shot: Maker) -> None:
    generator, given = tiny_few_shot(), subject()
    seen: list[tuple[int, int | None]] = []
    report = render_few_shot(
        driver(given),
        generator,
        given.prepared,
        tmp_path / "out.mkv",
        codec="ffv1",
        progress=lambda done, total, preview: seen.append((done, total)),
    )
    images, labels = given.prepared
    with torch.inference_mode():
        exemplars = encode_exemplars(generator, labels, images)
    planes = [frame.channels for frame in driver(given).frames()]
    expected = [to_file(made.frame.image[0]) for made in synthesize(generator, exemplars, planes)]
    assert np.array_equal(pixels_of(tmp_path / "out.mkv"), np.stack(expected))
    assert (report.frames, report.resumed_at, report.width, report.height) == (6, 0, SIDE, SIDE)
    assert seen == [(n, 6) for n in range(1, 7)]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]


def test_a_stopped_run_goes_on_bit_by_bit(tmp_path: Path, tiny_few_shot: Maker) -> None:
    generator, given = tiny_few_shot(), subject()
    once, again = tmp_path / "once.mkv", tmp_path / "again.mkv"
    options = {"codec": "ffv1", "segment_frames": 2}
    render_few_shot(driver(given), generator, given.prepared, once, **options)
    with pytest.raises(StoppedError):
        render_few_shot(driver(given), generator, given.prepared, again, progress=StopAt(5), **options)
    assert not again.exists()
    report = render_few_shot(driver(given), generator, given.prepared, again, **options)
    assert (report.frames, report.resumed_at) == (6, 4)
    assert np.array_equal(pixels_of(once), pixels_of(again))


def test_other_exemplars_begin_anew(tmp_path: Path, tiny_few_shot: Maker) -> None:
    generator, given = tiny_few_shot(), subject()
    out = tmp_path / "out.mkv"
    with pytest.raises(StoppedError):
        render_few_shot(
            driver(given), generator, given.prepared, out, segment_frames=2, progress=StopAt(3), codec="ffv1"
        )
    other = subject(seed=50)
    report = render_few_shot(driver(other), generator, other.prepared, out, segment_frames=2, codec="ffv1")
    assert report.resumed_at == 0


def test_kept_pieces_serve_a_driver_that_changes_later(tmp_path: Path, tiny_few_shot: Maker) -> None:
    generator, given = tiny_few_shot(), subject()
    options = {"codec": "ffv1", "segment_frames": 2, "keep": tmp_path / "kept"}
    render_few_shot(driver(given), generator, given.prepared, tmp_path / "a.mkv", **options)
    changed = driver(given, changed_from=5)
    report = render_few_shot(changed, generator, given.prepared, tmp_path / "b.mkv", **options)
    assert report.resumed_at == 4
    plain = render_few_shot(changed, generator, given.prepared, tmp_path / "c.mkv", codec="ffv1")
    assert np.array_equal(pixels_of(tmp_path / "b.mkv"), pixels_of(plain.path))


def test_the_style_of_a_street_from_exemplars(tmp_path: Path, tiny_few_shot: Maker) -> None:
    generator = tiny_few_shot("street", 35, "cityscapes")
    palette = builtin_palette("cityscapes")
    ids = torch.randint(0, 34, (3, SIDE, 2 * SIDE), dtype=torch.uint8)
    exemplar = StreetExemplar(np.full((SIDE, 2 * SIDE, 3), 99, np.uint8), ids[0], palette, "street")
    options = InputOptions((SIDE, 2 * SIDE))
    given = give([exemplar], network_inputs(generator.config), options)
    labels = street_driver(LabelFrames(ids, palette), palette, options)
    report = render_few_shot(labels, generator, given.prepared, tmp_path / "street.mkv", codec="ffv1")
    assert (report.frames, report.width, report.height) == (3, 2 * SIDE, SIDE)
    shown = next(warp_sheets(labels, generator, given.prepared))
    assert tuple(shown[:2, :2, 0].shape) == (2, 2)
    faces = subject()
    with pytest.raises(InputError, match="driver holds drawn maps, but these weights paint street from"):
        render_few_shot(driver(faces), generator, given.prepared, tmp_path / "x.mkv")
    bad = LabelFrames(torch.full((1, SIDE, 2 * SIDE), 60, dtype=torch.uint8), palette)
    with pytest.raises(InputError, match="class id 60; the network knows 0 to 34"):
        render_few_shot(bad, generator, given.prepared, tmp_path / "x.mkv", codec="ffv1")
    assert not (tmp_path / "x.mkv").exists()


def test_drivers_of_another_kind_are_refused(tmp_path: Path, tiny_few_shot: Maker) -> None:
    given, out = subject(), tmp_path / "out.mkv"
    labels = LabelFrames(torch.zeros(1, SIDE, SIDE, dtype=torch.uint8), builtin_palette("cityscapes"))
    with pytest.raises(InputError, match="holds label maps, but these weights paint face from drawn maps"):
        render_few_shot(labels, tiny_few_shot(), given.prepared, out)
    with pytest.raises(InputError, match="have 1 channels, these weights paint pose and take 3"):
        render_few_shot(driver(given), tiny_few_shot("pose", 3), given.prepared, out)
    larger = give(given.exemplars, FACES, replace(OPTIONS, size=(64, 64)))
    with pytest.raises(InputError, match="driver's maps are 32x32, the exemplars 64x64"):
        render_few_shot(driver(given), tiny_few_shot(), larger.prepared, out)
    with pytest.raises(InputError, match="made for weights that paint face from 1 channels, but these paint"):
        check_given(given, small_config("pose", 3))
    assert not list(tmp_path.iterdir())


def test_wrong_exemplars_are_one_sentence() -> None:
    with pytest.raises(InputError, match="there are none; give at least one picture of the subject's face"):
        give([], FACES, OPTIONS)
    with pytest.raises(InputError, match="hill: shows no whole face"):
        give([FaceExemplar(picture(), None, "hill")], FACES, OPTIONS)
    wide = FaceExemplar(picture(), face(), "wide")
    with pytest.raises(InputError, match="wide: is 80x60, which would be stretched to 32x32"):
        give([wide], FACES, replace(OPTIONS, framing="whole"))
    as_wide = give([wide], FACES, replace(OPTIONS, framing="whole", size=(24, 32)))
    assert as_wide.prepared.images.shape == (1, 3, 24, 32)


def test_more_exemplars_than_fit_are_counted(tiny_few_shot: Maker) -> None:
    generator, given = tiny_few_shot(), subject(3)
    free = frame_bytes(generator.config, SIDE, SIDE, 4) + 2 * exemplar_bytes(generator.config, SIDE, SIDE, 4)
    with pytest.raises(InputError, match=r"3 exemplars of 32x32 don't fit .*: 2 fit; give fewer"):
        encode(generator, given.prepared, free)
    with pytest.raises(InputError, match="not even one fits"):
        encode(generator, given.prepared, 1000)
    assert encode(generator, subject(2).prepared, free).count == 2


def test_attention_is_shown_frame_by_frame(tmp_path: Path, tiny_few_shot: Maker) -> None:
    generator, given = tiny_few_shot(), subject(3)
    sheets = list(attention_sheets(driver(given, 4), generator, given.prepared))
    assert [sheet.shape[:2] for sheet in sheets] == [view_size("attention", given.prepared)] * 4
    assert sheets[0].shape[:2] == (2 * SIDE + 4, 4 * SIDE + 12)  # 5 pictures, 4 in a row
    shown = show_drawn(next(driver(given).frames()))
    assert np.array_equal(sheets[0][:SIDE, :SIDE], to_file(to_model(shown)))
    later = next(attention_sheets(driver(given, 4), generator, given.prepared, start=2))
    assert np.array_equal(later, sheets[2])
    write_view("attention", driver(given, 4), generator, given.prepared, tmp_path / "a.mkv", codec="ffv1")
    assert np.array_equal(pixels_of(tmp_path / "a.mkv"), np.stack(sheets))


def test_networks_without_attention_say_so(tiny_few_shot: Maker) -> None:
    given = subject(1)
    with pytest.raises(InputError, match="have no attention"):
        next(attention_sheets(driver(given), tiny_few_shot(mixing="average"), given.prepared))
    with pytest.raises(InputError, match="with 1 exemplar these weights look nothing up; give 2 or more"):
        next(attention_sheets(driver(given), tiny_few_shot(attend_from=2), given.prepared))


def test_warps_are_shown_frame_by_frame(tmp_path: Path, tiny_few_shot: Maker) -> None:
    generator, given = tiny_few_shot(blending="linear", warped_levels=0), subject()
    sheets = list(warp_sheets(driver(given, 3), generator, given.prepared))
    assert sheets[0].shape[:2] == view_size("warp", given.prepared) == (3 * SIDE + 8, 4 * SIDE + 12)
    step = SIDE + 4
    assert not sheets[0][2 * step :].any()
    assert sheets[1][2 * step :].any()
    render_few_shot(driver(given, 3), generator, given.prepared, tmp_path / "v.mkv", codec="ffv1")
    frames = pixels_of(tmp_path / "v.mkv")
    assert np.array_equal(sheets[1][:SIDE, 2 * step : 2 * step + SIDE], frames[1])
    assert np.array_equal(sheets[1][2 * step :, :SIDE], frames[0])
    assert np.array_equal(sheets[1][step : step + SIDE, :SIDE], to_file(given.prepared.images[0])) or (
        np.array_equal(sheets[1][step : step + SIDE, :SIDE], to_file(given.prepared.images[1]))
    )


@pytest.mark.parametrize("mixing", ["attention", "average"])
def test_generated_weights_tell_subjects_apart(tiny_few_shot: Maker, mixing: str) -> None:
    generator = tiny_few_shot(mixing=mixing)
    one, two = (generated_weights(generator, subject(2, seed).prepared) for seed in (0, 70))
    same, other = weight_rows(one, one), weight_rows(one, two)
    assert [(row.level, row.part) for row in same[:4]] == [
        (0, "norm 0"),
        (0, "norm 1"),
        (0, "norm s"),
        (0, "label embedding"),
    ]
    assert all(row.distance == 0 for row in same)
    assert all(row.distance is not None and 0 < row.distance < 2 for row in other)
    assert same[0].numbers == 2 * 8 * 4 + 2 * 8  # gains and shifts of 8 channels from 4, and biases
    assert same[0].norm == pytest.approx(float(one[0, "norm 0"].norm()))
    table = weights_table(other).splitlines()
    assert table[0].endswith("| norm | distance |")
    assert len(table) == 2 + len(other)
    assert "distance" not in weights_table(weight_rows(one))
    assert weights_picture(one, two).shape == (2 * 96, 4 * 176, 3)


def test_networks_that_make_no_weights_say_so(tiny_few_shot: Maker) -> None:
    with pytest.raises(InputError, match="make no others out of exemplars"):
        generated_weights(tiny_few_shot(generated_levels=0), subject().prepared)


def test_a_config_says_how_its_inputs_are_made(tiny_few_shot: Maker) -> None:
    own = small_config("pose", 6)
    assert (layout_of(own), usual_size(own)) == ("even", (192, 128))
    nvlabs = replace(own, generated_cut="halves")
    assert (layout_of(nvlabs), usual_size(nvlabs)) == ("nvlabs", (512, 256))
    imaginaire = replace(small_config("face", 1), exemplar_kernel=1)
    assert (layout_of(imaginaire), usual_size(imaginaire)) == ("imaginaire", (512, 512))
    assert network_inputs(small_config("room", 7, "cityscapes")).kind == "street"
    with pytest.raises(InputError, match="paint 'hand' from drawn maps that Maliang doesn't make"):
        network_inputs(small_config("hand", 2))


def test_weights_of_another_kind_are_refused() -> None:
    with pytest.raises(InputError, match="street: holds a Vid2VidGenerator, not a few-shot generator"):
        load_few_shot("street")
