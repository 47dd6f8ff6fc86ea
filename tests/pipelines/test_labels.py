import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.media.folders import file_state
from maliang_video.media.reader import open_frames
from maliang_video.models.labels.frames import LabelFrames
from maliang_video.models.labels.palette import LabelClass, Palette, builtin_palette
from maliang_video.models.labels.preview import colorize, with_legend
from maliang_video.pipelines.labels import segment_clip, survey, write_labels, write_preview

CITY = builtin_palette("cityscapes")
IDS = torch.tensor([[[7, 7, 23], [7, 26, 23]], [[7, 7, 7], [7, 26, 26]]], dtype=torch.uint8)
INSTANCES = torch.tensor([[[0, 0, 0], [0, 4, 0]], [[0, 0, 0], [0, 4, 5]]], dtype=torch.int32)


def ids_in(folder):
    return [np.array(Image.open(p)).tolist() for p in sorted(folder.glob("*.png"))]


class BrightnessSegmenter:
    """Stands in for a network: dark is road, bright is sky."""

    palette = CITY
    fingerprint = "brightness"

    def __init__(self):
        self.seen = 0

    def __call__(self, pixels):
        self.seen += 1
        return torch.from_numpy(np.where(pixels.mean(-1) < 128, 7, 23).astype(np.uint8))


def footage(folder, count=4):
    folder.mkdir()
    for n in range(count):
        picture = np.zeros((4, 6, 3), np.uint8)
        picture[:, : n + 1] = 255
        Image.fromarray(picture).save(folder / f"{n}.png")
    return folder


def stop_at(frame):
    def progress(done, total, preview=None):
        if done == frame:
            raise KeyboardInterrupt

    return progress


def test_labels_to_a_folder(tmp_path):
    told = []
    report = write_labels(
        LabelFrames(IDS, CITY, INSTANCES), tmp_path / "out", lambda *told_now: told.append(told_now)
    )
    assert (report.path, report.frames, report.resumed_at) == (tmp_path / "out", 2, 0)
    assert ids_in(tmp_path / "out") == IDS.tolist()
    assert ids_in(tmp_path / "out" / "instances") == INSTANCES.tolist()
    assert [(done, total) for done, total, _ in told] == [(1, 2), (2, 2)]
    assert np.array_equal(told[1][2](), colorize(IDS[1], CITY))


def test_writing_labels_goes_on(tmp_path):
    clip = LabelFrames(IDS, CITY)
    with pytest.raises(KeyboardInterrupt):
        write_labels(clip, tmp_path / "out", stop_at(1))
    assert write_labels(clip, tmp_path / "out").resumed_at == 1
    assert ids_in(tmp_path / "out") == IDS.tolist()


def test_footage_to_labels(tmp_path):
    clip, segmenter = footage(tmp_path / "clip"), BrightnessSegmenter()
    report = segment_clip(clip, segmenter, tmp_path / "out")
    assert report.frames == segmenter.seen == 4
    assert ids_in(tmp_path / "out")[2] == [[23, 23, 23, 7, 7, 7]] * 4


def test_segmenting_goes_on_where_it_stopped(tmp_path):
    clip, segmenter = footage(tmp_path / "clip"), BrightnessSegmenter()
    with pytest.raises(KeyboardInterrupt):
        segment_clip(clip, segmenter, tmp_path / "out", stop_at(3))
    report = segment_clip(clip, segmenter, tmp_path / "out")
    assert (report.frames, report.resumed_at, segmenter.seen) == (4, 3, 4)
    assert ids_in(tmp_path / "out")[3] == [[23, 23, 23, 23, 7, 7]] * 4


def test_changed_footage_is_segmented_anew(tmp_path):
    clip, segmenter = footage(tmp_path / "clip"), BrightnessSegmenter()
    with pytest.raises(KeyboardInterrupt):
        segment_clip(clip, segmenter, tmp_path / "out", stop_at(3))
    Image.new("RGB", (6, 4), "white").save(clip / "0.png")
    assert segment_clip(clip, segmenter, tmp_path / "out").resumed_at == 0
    assert ids_in(tmp_path / "out")[0] == [[23] * 6] * 4


def test_file_state(tmp_path):
    clip = footage(tmp_path / "clip", 2)
    before = file_state(clip)
    (clip / "notes.txt").write_text("not a picture")
    assert file_state(clip) == before
    (clip / "1.png").unlink()
    assert file_state(clip) != before
    one = file_state(clip / "0.png")
    Image.new("RGB", (9, 9)).save(clip / "0.png")
    assert file_state(clip / "0.png") != one


def test_survey():
    found = survey(LabelFrames(IDS, CITY, INSTANCES))
    assert found.frames == 2
    assert list(found.shares.items()) == [(7, 7 / 12), (26, 3 / 12), (23, 2 / 12)]
    assert (found.off_palette, found.most_instances) == (0, 3)


def test_survey_counts_what_the_palette_lacks():
    narrow = Palette("narrow", (LabelClass(7, "road", (1, 2, 3)),))
    found = survey(LabelFrames(IDS, narrow))
    assert (found.off_palette, found.most_instances) == (5, None)


def test_preview_pictures(tmp_path):
    write_preview(LabelFrames(IDS, CITY), tmp_path / "plain")
    with open_frames(tmp_path / "plain") as reader:
        shown = [frame.pixels for frame in reader]
    assert [np.array_equal(p, colorize(i, CITY)) for p, i in zip(shown, IDS, strict=True)] == [True, True]


def test_preview_with_legend(tmp_path):
    write_preview(LabelFrames(IDS, CITY), tmp_path / "legend", listed=[7, 23, 26])
    with open_frames(tmp_path / "legend") as reader:
        shown = [frame.pixels for frame in reader]
    assert np.array_equal(shown[1], with_legend(IDS[1], CITY, [7, 23, 26]))


def test_preview_video(tmp_path):
    ids = torch.full((3, 64, 96), 26, dtype=torch.uint8)
    ids[:, :32] = 23
    write_preview(LabelFrames(ids, CITY), tmp_path / "p.mp4")
    with open_frames(tmp_path / "p.mp4") as reader:
        frames = [frame.pixels.astype(int) for frame in reader]
    assert len(frames) == 3
    assert abs(frames[2] - colorize(ids[2], CITY)).mean() < 4


def test_no_frames(tmp_path):
    with pytest.raises(InputError, match="there are no frames to write"):
        write_labels(LabelFrames(IDS[:0], CITY), tmp_path / "out")
    assert survey(LabelFrames(IDS[:0], CITY)).shares == {}
