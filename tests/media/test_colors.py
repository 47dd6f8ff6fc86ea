"""Colours stay what they are: through every codec, by tags, without tags."""

import av
import numpy as np
import pytest

from maliang_video.media.colors import from_rgb, has_alpha, is_rgb, over_black, to_rgb
from maliang_video.media.reader import open_frames

PAINTS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128), (20, 200, 130)]
WORST = {"h264": 3, "h265": 3, "vp9": 3, "av1": 3, "prores": 3, "ffv1": 0, "gif": 1, "png": 0}


def plain(color, height=64, width=96):
    return np.full((height, width, 3), color, np.uint8)


def test_paint_comes_back(codec, clip_path, write_clip):
    write_clip(clip_path, [plain(paint) for paint in PAINTS], codec=codec)
    with open_frames(clip_path) as reader:
        for paint, frame in zip(PAINTS, reader, strict=True):
            error = np.abs(frame.pixels.astype(int) - plain(paint)).max()
            assert error <= WORST[codec], (paint, frame.pixels[0, 0])


def test_red_survives_at_every_resolution_that_changes_untagged_readers(tmp_path, write_clip):
    for height in (720, 480):
        path = write_clip(tmp_path / f"{height}.mp4", [plain((255, 0, 0), height, 64)])
        with open_frames(path) as reader:
            assert np.abs(next(iter(reader)).pixels.astype(int) - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("codec", ["h264", "h265", "vp9", "av1", "prores"], indirect=True)
def test_tags_say_bt709(codec, clip_path, write_clip):
    write_clip(clip_path, [plain((255, 0, 0))] * 2, codec=codec)
    with av.open(str(clip_path)) as container:
        frame = next(container.decode(video=0))
        assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)
        context = container.streams.video[0].codec_context
        assert (int(context.color_primaries), int(context.color_trc)) == (1, 1)
        luma = np.frombuffer(frame.planes[0], np.uint16 if codec == "prores" else np.uint8)[0]
        assert abs(luma / (4 if codec == "prores" else 1) - 63) <= 1  # red in BT.709; 81 in BT.601


def test_an_edge_stays_where_it_is(tmp_path, write_clip):
    """Chroma that is read from where it was not written moves edges by half a pixel."""
    half = np.zeros((64, 64, 3), np.uint8)
    half[:, :32] = (200, 40, 40)
    half[:, 32:] = (40, 40, 200)
    with open_frames(write_clip(tmp_path / "edge.mp4", [half])) as reader:
        pixels = next(iter(reader)).pixels.astype(int)
    left, right = np.abs(pixels - half)[:, 31].mean(), np.abs(pixels - half)[:, 32].mean()
    assert abs(left - right) < 12
    assert np.abs(pixels - half)[:, :28].max() <= 6


def tagged(color, matrix, scaler, full):
    """A 4:4:4 frame of that colour as another program would make it."""
    frame = av.VideoFrame.from_ndarray(plain(color, 16, 16), format="rgb24").reformat(
        format="yuv444p",
        src_colorspace=1 if scaler == 5 else 5,
        dst_colorspace=scaler,
        src_color_range=2,
        dst_color_range=2 if full else 1,
    )
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    return frame


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("matrix", "scaler"), [(1, 1), (5, 5), (6, 5), (7, 7), (9, 9)])
def test_frames_are_read_by_their_tags(matrix, scaler, full):
    pixels = to_rgb(tagged((200, 30, 90), matrix, scaler, full))
    assert np.abs(pixels.astype(int) - (200, 30, 90)).max() <= 2


@pytest.mark.parametrize(("height", "matrix"), [(720, "BT.709"), (718, "BT.601")])
def test_untagged_frames_go_by_their_height(height, matrix):
    frame = av.VideoFrame(16, height, "yuv444p")
    for plane, value in zip(
        frame.planes, (63, 102, 240) if matrix == "BT.709" else (81, 90, 240), strict=True
    ):
        plane.update(bytes([value]) * plane.buffer_size)
    assert np.abs(to_rgb(frame)[0, 0].astype(int) - (255, 0, 0)).max() <= 2


def test_untagged_grey_is_full_range():
    shades = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(to_rgb(av.VideoFrame.from_ndarray(shades, format="gray"))[..., 1], shades)


@pytest.mark.parametrize("form", ["bgr0", "gbrp", "rgba", "bgra", "rgb48le", "gbrp16le"])
def test_rgb_formats_are_exact(form, moving):
    pixels = moving(3, 61, 33)
    assert np.array_equal(to_rgb(from_rgb(pixels, form)), pixels)


def test_results_are_contiguous_at_odd_widths(moving):
    pixels = to_rgb(from_rgb(moving(1, 33, 17), "gbrp"))
    assert pixels.flags.c_contiguous
    assert pixels.shape == (17, 33, 3)


def test_alpha_is_blended_over_black():
    pixels = np.array([[[200, 100, 50, 255], [200, 100, 50, 0], [200, 100, 50, 51]]], np.uint8)
    assert over_black(pixels).tolist() == [[[200, 100, 50], [0, 0, 0], [40, 20, 10]]]
    wide = pixels.repeat(16, 0).repeat(16, 1)
    frame = av.VideoFrame.from_ndarray(wide, format="rgba")
    assert to_rgb(frame)[0, [0, 20, 40]].tolist() == [[200, 100, 50], [0, 0, 0], [40, 20, 10]]


def test_kinds_of_formats():
    forms = {name: av.VideoFormat(name) for name in ("bgr0", "pal8", "gray", "yuv420p", "yuva444p", "bgra")}
    assert [name for name, form in forms.items() if is_rgb(form)] == ["bgr0", "pal8", "bgra"]
    assert [name for name, form in forms.items() if has_alpha(form)] == ["yuva444p", "bgra"]
