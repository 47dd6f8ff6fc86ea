"""The main job: labels in, video out, on a tiny network with random weights."""

import gc
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.media.pixels import to_file, to_model
from maliang_video.media.reader import open_frames
from maliang_video.models.labels.frames import LabelFrame, LabelFrames
from maliang_video.models.labels.palette import Palette, builtin_palette
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.models.vid2vid.rollout import synthesize
from maliang_video.pipelines.vid2vid import first_pictures, render_video
from maliang_video.progress import Preview

HEIGHT, WIDTH = 16, 32


@pytest.fixture
def generator(tiny_generator: Vid2VidGenerator) -> Vid2VidGenerator:
    return tiny_generator


def clip(frames: int = 11, seed: int = 0) -> LabelFrames:
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 34, (frames, HEIGHT // 4, WIDTH // 4), generator=random)
    ids = ids.repeat_interleave(4, 1).repeat_interleave(4, 2).to(torch.uint8)
    return LabelFrames(ids, builtin_palette("cityscapes"), ids.to(torch.int32), Fraction(25))


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


def test_the_video_holds_every_frame_of_the_rollout(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    labels = clip()
    report = render_video(labels, generator, tmp_path / "out.mkv", codec="ffv1")
    expected = [
        to_file(s.frame[0]) for s in synthesize(generator, labels.frames(), style=torch.tensor([[1.0, 0.0]]))
    ]
    assert np.array_equal(pixels_of(tmp_path / "out.mkv"), np.stack(expected))
    assert (report.frames, report.resumed_at, report.width, report.height) == (11, 0, WIDTH, HEIGHT)
    with open_frames(tmp_path / "out.mkv") as frames:
        assert frames.info.frame_rate == 25
    assert [p.name for p in tmp_path.iterdir()] == ["out.mkv"]


def test_progress_gets_every_frame_and_its_picture(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    seen: list[tuple[int, int | None, NDArray[np.uint8]]] = []

    def watch(done: int, total: int | None, preview: Preview | None = None) -> None:
        assert preview is not None
        seen.append((done, total, preview()))

    render_video(clip(4), generator, tmp_path / "out.mkv", codec="ffv1", progress=watch)
    assert [(done, total) for done, total, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert np.array_equal(np.stack([picture for _, _, picture in seen]), pixels_of(tmp_path / "out.mkv"))


@pytest.mark.parametrize("codec", ["ffv1", "h264", "png"])
def test_a_stopped_run_goes_on_and_makes_the_same_video(
    tmp_path: Path, generator: Vid2VidGenerator, codec: str
) -> None:
    name = {"ffv1": "out.mkv", "h264": "out.mp4", "png": "out"}[codec]
    whole, parts = tmp_path / "whole" / name, tmp_path / "parts" / name
    for folder in (whole.parent, parts.parent):
        folder.mkdir()
    first_done: list[int] = []
    render_video(clip(), generator, whole, codec=codec, segment_frames=3)
    with pytest.raises(StoppedError):
        render_video(clip(), generator, parts, codec=codec, segment_frames=3, progress=StopAt(8))
    assert not parts.exists()
    report = render_video(
        clip(),
        generator,
        parts,
        codec=codec,
        segment_frames=3,
        progress=lambda done, *_: first_done.append(done),
    )
    assert report.resumed_at == 6
    assert first_done == [7, 8, 9, 10, 11]
    assert report.frames == 11
    assert np.array_equal(pixels_of(parts), pixels_of(whole))
    assert [p.name for p in parts.parent.iterdir()] == [name]


def test_a_run_stopped_twice_makes_the_same_video(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    render_video(clip(), generator, tmp_path / "whole.mkv", codec="ffv1", segment_frames=2)
    for stop in (1, 5, 8):
        with pytest.raises(StoppedError):
            render_video(
                clip(), generator, tmp_path / "out.mkv", codec="ffv1", segment_frames=2, progress=StopAt(stop)
            )
    report = render_video(clip(), generator, tmp_path / "out.mkv", codec="ffv1", segment_frames=2)
    assert report.resumed_at == 8
    assert np.array_equal(pixels_of(tmp_path / "out.mkv"), pixels_of(tmp_path / "whole.mkv"))


def test_given_first_pictures_survive_a_stop_among_them(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), 200, np.uint8)).save(tmp_path / "b.png")
    first = (tmp_path / "a.png", tmp_path / "b.png")
    settings = {"first": first, "codec": "ffv1", "segment_frames": 1}
    render_video(clip(5), generator, tmp_path / "whole.mkv", **settings)
    with pytest.raises(StoppedError):
        render_video(clip(5), generator, tmp_path / "out.mkv", progress=StopAt(1), **settings)
    render_video(clip(5), generator, tmp_path / "out.mkv", **settings)
    made = pixels_of(tmp_path / "out.mkv")
    assert np.array_equal(made, pixels_of(tmp_path / "whole.mkv"))
    assert (made[0] == 90).all()
    assert (made[1] == 200).all()


@pytest.mark.parametrize("change", ["style", "labels", "weights", "first"])
def test_another_job_starts_anew(tmp_path: Path, generator: Vid2VidGenerator, change: str) -> None:
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)).save(tmp_path / "a.png")
    out = tmp_path / "out.mkv"
    with pytest.raises(StoppedError):
        render_video(clip(), generator, out, codec="ffv1", segment_frames=2, progress=StopAt(7))
    if change == "weights":
        with torch.no_grad():
            generator.scales[0].to_image.bias.add_(0.1)  # type: ignore[union-attr, operator]
    report = render_video(
        clip(seed=1 if change == "labels" else 0),
        generator,
        out,
        style="night" if change == "style" else None,
        first=[tmp_path / "a.png"] if change == "first" else [],
        codec="ffv1",
        segment_frames=2,
    )
    assert report.resumed_at == 0
    assert len(pixels_of(out)) == 11


class Watched:
    """A label stream that knows how many of its frames are alive, and whether it was closed."""

    palette: Palette = builtin_palette("cityscapes")
    height, width, frame_rate, frame_count, fingerprint = HEIGHT, WIDTH, Fraction(24), None, "watched"

    def __init__(self, frames: list[torch.Tensor]) -> None:
        self.maps = frames
        self.closed = 0

    def frames(self, start: int = 0) -> Iterator[LabelFrame]:
        try:
            for ids in self.maps[start:]:
                yield LabelFrame(ids)
        finally:
            self.closed += 1


def test_what_was_open_is_closed_when_the_work_stops(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    labels = Watched(list(clip(6).ids))
    gc.disable()
    try:
        with pytest.raises(StoppedError):
            render_video(labels, generator, tmp_path / "out.mkv", codec="ffv1", progress=StopAt(3))
    finally:
        gc.enable()
    assert labels.closed == 1


def test_frames_are_taken_one_at_a_time(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    taken = 0
    maps = list(clip(9).ids)

    class Lazy(Watched):
        def frames(self, start: int = 0) -> Iterator[LabelFrame]:
            nonlocal taken
            for ids in self.maps[start:]:
                taken += 1
                yield LabelFrame(ids)

    ahead: list[int] = []
    render_video(
        Lazy(maps),
        generator,
        tmp_path / "out.mkv",
        codec="ffv1",
        progress=lambda done, *_: ahead.append(taken - done),
    )
    assert ahead == [0] * 9


def test_an_unknown_class_is_named_and_leaves_nothing(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    ids = clip(3).ids.clone()
    ids[2, 5, 5] = 77
    with pytest.raises(InputError, match=r"label frame 2 holds class id 77; the network knows 0 to 34"):
        render_video(
            LabelFrames(ids, builtin_palette("cityscapes")), generator, tmp_path / "out.mkv", codec="ffv1"
        )
    assert not (tmp_path / "out.mkv").exists()


def test_a_size_that_does_not_fit_is_refused_with_the_nearest(
    tmp_path: Path, generator: Vid2VidGenerator
) -> None:
    ids = torch.zeros(1, 18, 35, dtype=torch.uint8)
    with pytest.raises(InputError, match=r"35x18 does not fit .* nearest size is 36x16"):
        render_video(LabelFrames(ids, builtin_palette("cityscapes")), generator, tmp_path / "out.mkv")
    assert list(tmp_path.iterdir()) == []


def test_label_maps_of_differing_sizes_are_refused(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    maps = [torch.zeros(HEIGHT, WIDTH, dtype=torch.uint8), torch.zeros(HEIGHT, 2 * WIDTH, dtype=torch.uint8)]
    with pytest.raises(InputError, match="label frame 1 is 64x16, the frames before it are 32x16"):
        render_video(Watched(maps), generator, tmp_path / "out.mkv", codec="ffv1")
    assert not (tmp_path / "out.mkv").exists()


def test_no_frames_at_all_are_refused(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    with pytest.raises(InputError, match="the label maps hold no frames"):
        render_video(Watched([]), generator, tmp_path / "out.mkv", codec="ffv1")
    assert list(tmp_path.iterdir()) == []


def test_another_palette_is_refused(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    labels = replace(clip(2), palette=builtin_palette("ade20k"))
    with pytest.raises(InputError, match=r"'ade20k'.*'cityscapes'"):
        render_video(labels, generator, tmp_path / "out.mkv")


def test_a_network_for_drawn_maps_is_refused(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    drawn = Vid2VidGenerator(replace(generator.config, palette="", label_classes=1))
    with pytest.raises(
        InputError, match=r"these weights paint drawn maps \(sketches, poses\), not label maps"
    ):
        render_video(clip(2), drawn, tmp_path / "out.mkv")


def test_first_pictures_are_scaled_and_the_last_is_repeated(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8, 3), 51, np.uint8)).save(tmp_path / "only.png")
    pictures = first_pictures([tmp_path / "only.png"], 2, 4, 6)
    assert pictures.shape == (1, 2, 3, 4, 6)
    assert torch.equal(pictures, to_model(np.full((4, 6, 3), 51, np.uint8)).expand(1, 2, 3, 4, 6))


def changed(labels: LabelFrames, frame: int) -> LabelFrames:
    """The same clip with road in a corner from one frame on."""
    ids = labels.ids.clone()
    ids[frame:, :4, :4] = 7
    return replace(labels, ids=ids)


@pytest.mark.parametrize("codec", ["ffv1", "png"])
def test_after_an_edit_only_what_it_changes_is_painted_again(
    tmp_path: Path, generator: Vid2VidGenerator, codec: str
) -> None:
    name = {"ffv1": "out.mkv", "png": "out"}[codec]
    keep, out = tmp_path / "keep", tmp_path / name
    settings = {"codec": codec, "segment_frames": 3, "keep": keep}
    assert render_video(clip(), generator, out, **settings).resumed_at == 0
    painted = pixels_of(out)
    edited = changed(clip(), 7)
    seen: list[int] = []
    resumed = []
    for labels in (edited, clip(), clip()):
        shutil.rmtree(out) if out.is_dir() else out.unlink()
        report = render_video(labels, generator, out, progress=lambda done, *_: seen.append(done), **settings)
        resumed.append(report.resumed_at)
        whole = tmp_path / f"whole-{len(resumed)}.mkv"
        render_video(labels, generator, whole, codec="ffv1")
        assert np.array_equal(pixels_of(out), pixels_of(whole))
    assert resumed == [6, 6, 9]
    assert seen == [7, 8, 9, 10, 11, 7, 8, 9, 10, 11, 10, 11]
    assert np.array_equal(pixels_of(out), painted)


def test_another_network_makes_nothing_of_what_was_kept(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    settings = {"codec": "ffv1", "segment_frames": 3, "keep": tmp_path / "keep"}
    render_video(clip(), generator, tmp_path / "a.mkv", **settings)
    with torch.no_grad():
        next(generator.parameters()).add_(1)
    assert render_video(clip(), generator, tmp_path / "b.mkv", **settings).resumed_at == 0
    assert render_video(clip(), generator, tmp_path / "c.mkv", style="night", **settings).resumed_at == 0


def test_a_shorter_clip_and_damaged_pieces_start_from_what_is_left(
    tmp_path: Path, generator: Vid2VidGenerator
) -> None:
    settings = {"codec": "ffv1", "segment_frames": 3, "keep": tmp_path / "keep"}
    render_video(clip(), generator, tmp_path / "whole.mkv", **settings)
    short = replace(clip(), ids=clip().ids[:8], instances=clip().instances[:8])
    assert render_video(short, generator, tmp_path / "short.mkv", **settings).resumed_at == 6
    assert np.array_equal(pixels_of(tmp_path / "short.mkv"), pixels_of(tmp_path / "whole.mkv")[:8])
    render_video(clip(), generator, tmp_path / "again.mkv", **settings)
    next((tmp_path / "keep").glob("part-00000003*")).write_bytes(b"")
    assert render_video(clip(), generator, tmp_path / "last.mkv", **settings).resumed_at == 3
    assert np.array_equal(pixels_of(tmp_path / "last.mkv"), pixels_of(tmp_path / "whole.mkv"))


def test_a_folder_of_other_files_is_not_used_to_keep_pieces(
    tmp_path: Path, generator: Vid2VidGenerator
) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"sun")
    with pytest.raises(InputError, match="holds other files"):
        render_video(clip(), generator, tmp_path / "out" / "a.mkv", codec="ffv1", keep=tmp_path)
    assert (tmp_path / "holiday.jpg").read_bytes() == b"sun"


def test_looks_that_change_over_time(tmp_path: Path, generator: Vid2VidGenerator) -> None:
    """Before the first key as without any; a stopped run goes on in the middle of a change."""
    settings = {"codec": "ffv1", "segment_frames": 3}
    render_video(clip(), generator, tmp_path / "noon.mkv", **settings)
    render_video(clip(), generator, tmp_path / "both.mkv", style="noon@4 night@8", **settings)
    noon, both = pixels_of(tmp_path / "noon.mkv"), pixels_of(tmp_path / "both.mkv")
    assert np.array_equal(noon[:5], both[:5])
    assert all(not np.array_equal(noon[t], both[t]) for t in range(5, 11))
    with pytest.raises(StoppedError):
        render_video(
            clip(), generator, tmp_path / "cut.mkv", style="noon@4 night@8", progress=StopAt(7), **settings
        )
    assert (
        render_video(clip(), generator, tmp_path / "cut.mkv", style="noon@4,night@8", **settings).resumed_at
        == 6
    )
    assert np.array_equal(pixels_of(tmp_path / "cut.mkv"), both)


def test_of_a_changed_look_only_what_changes_is_painted_again(
    tmp_path: Path, generator: Vid2VidGenerator
) -> None:
    settings = {"codec": "ffv1", "segment_frames": 3, "keep": tmp_path / "keep"}
    render_video(clip(), generator, tmp_path / "a.mkv", **settings)
    style = "noon@7 night@10"
    assert render_video(clip(), generator, tmp_path / "b.mkv", style=style, **settings).resumed_at == 6
    render_video(clip(), generator, tmp_path / "whole.mkv", codec="ffv1", style=style)
    assert np.array_equal(pixels_of(tmp_path / "b.mkv"), pixels_of(tmp_path / "whole.mkv"))
