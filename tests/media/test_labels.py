"""Label maps from every kind of file, and every kind of file that is none."""

import io
import shutil
import warnings
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.media.label_colors import ColorTable, all_in_palette
from maliang_video.media.label_folder import LabelFolderWriter
from maliang_video.media.labels import open_labels, read_palette
from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.labels.palette import LabelClass, Palette, builtin_palette

GARDEN = Palette(
    "garden",
    (
        LabelClass(0, "lawn", (60, 140, 40)),
        LabelClass(3, "path", (200, 180, 150)),
        LabelClass(4, "gravel", (200, 180, 150)),
        LabelClass(7, "gnome", (200, 40, 40), thing=True),
    ),
)
MEADOW = Palette("meadow", (*GARDEN.classes, LabelClass(300, "pond", (20, 60, 200))))
CITY = builtin_palette("cityscapes")


def scene(number=0, ids=(0, 3, 7), size=(32, 48)):
    """Ids in blocks of 8 pixels, as a codec can keep them apart."""
    rng = np.random.default_rng(number)
    blocks = rng.choice(ids, (size[0] // 8, size[1] // 8))
    return blocks.repeat(8, 0).repeat(8, 1).astype(np.int64)


def colors(ids, palette=GARDEN):
    return palette.colors[ids]


def save_all(folder, images, names=None):
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images):
        image.save(folder / (names[number] if names else f"{number}.png"))
    return folder


def grey(ids):
    return Image.fromarray(ids.astype(np.uint8 if ids.max() < 256 else np.uint16))


def read(source, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return list(open_labels(source, **options).frames())


def assert_ids(frames, expected):
    assert len(frames) == len(expected)
    for frame, ids in zip(frames, expected, strict=True):
        assert torch.equal(frame.ids.long(), torch.from_numpy(ids).long())


SCENES = [scene(n) for n in range(3)]


def test_a_folder_of_grey_pictures(tmp_path):
    labels = open_labels(save_all(tmp_path / "maps", map(grey, SCENES)), palette=GARDEN)
    assert (labels.height, labels.width, labels.frame_count, labels.frame_rate) == (32, 48, 3, 24)
    frames = list(labels.frames())
    assert_ids(frames, SCENES)
    assert frames[0].ids.dtype == torch.uint8
    assert frames[0].instances is None
    assert_ids(list(labels.frames(2)), SCENES[2:])
    assert list(labels.frames(3)) == []


def test_names_sort_by_number(tmp_path):
    names = ["map10.png", "map9.png", "map1.png"]
    frames = read(save_all(tmp_path / "maps", map(grey, SCENES), names), palette=GARDEN)
    assert_ids(frames, [SCENES[2], SCENES[1], SCENES[0]])


def test_16_bit_ids(tmp_path):
    maps = [scene(n, (0, 7, 300)) for n in range(2)]
    frames = read(save_all(tmp_path / "maps", map(grey, maps)), palette=MEADOW)
    assert_ids(frames, maps)
    assert frames[0].ids.dtype == torch.int16


def test_one_picture_and_another_rate(tmp_path):
    grey(SCENES[0]).save(tmp_path / "one.png")
    labels = open_labels(tmp_path / "one.png", palette=GARDEN, frame_rate=Fraction(17))
    assert_ids(list(labels.frames()), SCENES[:1])
    assert (labels.frame_rate, labels.frame_count) == (17, 1)


def test_rgb_pictures(tmp_path):
    """Path and gravel share a colour: the lower id is meant."""
    maps = [scene(n, (0, 4, 7)) for n in range(2)]
    expected = [np.where(ids == 4, 3, ids) for ids in maps]
    pictures = [Image.fromarray(colors(ids)) for ids in maps]
    assert_ids(read(save_all(tmp_path / "rgb", pictures), palette=GARDEN), expected)
    pictures = [picture.convert("RGBA") for picture in pictures]
    assert_ids(read(save_all(tmp_path / "rgba", pictures), palette=GARDEN), expected)


def palette_picture(indices, table):
    picture = Image.fromarray(indices.astype(np.uint8))
    picture.putpalette(np.asarray(table, np.uint8).tobytes())
    return picture


def test_palette_pictures_of_ids(tmp_path):
    """In the palette's colours, where path and gravel stay apart; and in colours that mean nothing."""
    maps = [scene(n, (0, 3, 4, 7)) for n in range(2)]
    shown = [palette_picture(ids, GARDEN.colors) for ids in maps]
    assert_ids(read(save_all(tmp_path / "shown", shown), palette=GARDEN), maps)
    random_colors = np.random.default_rng(0).integers(0, 255, (256, 3))
    odd = [palette_picture(ids, random_colors) for ids in maps]
    assert_ids(read(save_all(tmp_path / "odd", odd), palette=GARDEN), maps)


def test_palette_pictures_whose_order_a_program_changed(tmp_path):
    """Image editors sort and shorten palettes; the colours still tell."""
    order = np.array([7, 0, 3])
    table = colors(order)
    shuffled = [palette_picture(np.argsort(order)[np.searchsorted([0, 3, 7], ids)], table) for ids in SCENES]
    assert all(
        np.array_equal(np.array(p.convert("RGB")), colors(i)) for p, i in zip(shuffled, SCENES, strict=True)
    )
    assert_ids(read(save_all(tmp_path / "maps", shuffled), palette=GARDEN), SCENES)


def write_video(path, codec, form, arrays, **options):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options=options.get("options", {}))
        stream.height, stream.width = arrays[0].shape[:2]
        stream.pix_fmt = form
        for array in arrays:
            source = "rgb24" if array.ndim == 3 else "gray" if array.dtype == np.uint8 else "gray16le"
            frame = av.VideoFrame.from_ndarray(array, format=source)
            container.mux(stream.encode(frame.reformat(format=form)))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [
        ("a.mkv", "ffv1", "gray"),
        ("a.mov", "png", "gray"),
        ("a.mkv", "ffv1", "bgr0"),
        ("a.mov", "png", "rgb24"),
        ("a.mov", "qtrle", "rgb24"),
        ("a.avi", "huffyuv", "rgb24"),
        ("a.mp4", "libx264rgb", "rgb24"),
    ],
)
def test_lossless_videos(tmp_path, name, codec, form):
    arrays = [ids.astype(np.uint8) if form == "gray" else colors(ids) for ids in SCENES]
    options = {"crf": "0"} if codec == "libx264rgb" else {}
    path = write_video(tmp_path / name, codec, form, arrays, options=options)
    labels = open_labels(path, palette=GARDEN)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_ids(list(labels.frames()), SCENES)
        assert_ids(list(labels.frames(1)), SCENES[1:])
    assert labels.frame_rate == 24


def test_16_bit_video(tmp_path):
    maps = [scene(n, (0, 7, 300)) for n in range(3)]
    path = write_video(tmp_path / "a.mkv", "ffv1", "gray16le", [ids.astype(np.uint16) for ids in maps])
    assert_ids(read(path, palette=MEADOW), maps)


def test_our_own_lossless_writers(tmp_path, write_clip):
    pictures = [colors(ids) for ids in SCENES]
    for name, codec in (("a.mkv", "ffv1"), ("folder", "png")):
        path = write_clip(tmp_path / name, pictures, codec=codec)
        assert_ids(read(path, palette=GARDEN), SCENES)


def test_a_lossy_video_says_how_many_pixels_were_off(tmp_path, write_clip):
    path = write_clip(tmp_path / "a.mp4", [colors(ids) for ids in SCENES])
    labels = open_labels(path, palette=GARDEN)
    with pytest.warns(
        UserWarning, match=r"a\.mp4: [\d,]+ of 4,608 pixels \(\d+\.\d\d %\) had a colour"
    ) as caught:
        frames = list(labels.frames())
    for frame, ids in zip(frames, SCENES, strict=True):
        assert (frame.ids.numpy() == ids).mean() > 0.97
    off = int(str(caught[0].message).split(": ")[1].split()[0].replace(",", ""))
    assert off > 1000


def test_the_count_of_off_palette_pixels_is_right(tmp_path):
    pixels = colors(SCENES[0]).copy()
    pixels[0, :5] += 3
    pixels[9, 7] = (199, 42, 41)  # nearly a gnome
    labels = open_labels(save_all(tmp_path / "maps", [Image.fromarray(pixels)]), palette=GARDEN)
    with pytest.warns(UserWarning, match=r"maps/0.png: 6 of 1,536 pixels \(0\.39 %\).*palette 'garden'"):
        frames = list(labels.frames())
    assert frames[0].ids[9, 7] == 7
    assert_ids([LabelFrame(frames[0].ids[1:9])], [SCENES[0][1:9]])


def test_an_open_video_file_and_a_window(tmp_path, write_clip):
    maps = [scene(n) for n in range(24)]
    path = write_clip(tmp_path / "a.mkv", [colors(ids) for ids in maps], codec="ffv1")
    source = io.BytesIO(path.read_bytes())
    labels = open_labels(source, palette=GARDEN, start_time=0.5, duration=0.25)
    assert_ids(list(labels.frames()), maps[12:18])
    folder = save_all(tmp_path / "maps", map(grey, maps))
    assert_ids(read(folder, palette=GARDEN, start_time=0.5, duration=0.25), maps[12:18])
    assert (
        labels.fingerprint == open_labels(source, palette=GARDEN, start_time=0.5, duration=0.25).fingerprint
    )


# Which palette, which files


def test_the_palette_is_read_off_the_colours(tmp_path):
    ade = builtin_palette("ade20k")
    ids = scene(0, [c.id for c in ade.classes[3:9]])
    rgb = save_all(tmp_path / "rgb", [Image.fromarray(ade.colors[ids])])
    assert open_labels(rgb).palette.name == "ade20k"
    shown = save_all(tmp_path / "shown", [palette_picture(ids, ade.colors[:256])])
    assert open_labels(shown).palette.name == "ade20k"
    street = scene(0, (7, 11, 26))
    for name, picture in (("g", grey(street)), ("c", Image.fromarray(CITY.colors[street]))):
        labels = open_labels(save_all(tmp_path / name, [picture]))
        assert labels.palette.name == "cityscapes"
        assert_ids(list(labels.frames()), [street])


def test_cityscapes_twins(tmp_path):
    ids, numbers = scene(0, (7, 11, 26)), scene(1, (7, 11, 26001, 26002))
    train = np.where(ids == 7, 0, np.where(ids == 11, 2, 13))
    stem = "aachen_000001_000019_gtFine_"
    kinds = {
        "labelIds": grey(ids),
        "instanceIds": grey(numbers),
        "color": Image.fromarray(CITY.colors[ids]),
        "labelTrainIds": grey(train),
    }
    folder = save_all(tmp_path / "gtFine", kinds.values(), [f"{stem}{kind}.png" for kind in kinds])
    (folder / f"{stem}polygons.json").write_text("{}")
    frames = read(folder)
    assert_ids(frames, [ids])
    assert torch.equal(frames[0].instances, torch.from_numpy(numbers).int())
    assert_ids(read(folder, palette=builtin_palette("cityscapes_train")), [train])
    for kind in ("labelIds", "labelTrainIds", "instanceIds"):
        (folder / f"{stem}{kind}.png").unlink()
    assert_ids(read(folder), [ids])


def test_nested_folders(tmp_path):
    save_all(tmp_path / "seg_maps" / "seq0001", map(grey, SCENES))
    assert_ids(read(tmp_path / "seg_maps", palette=GARDEN), SCENES)
    save_all(tmp_path / "seg_maps" / "seq0002", map(grey, SCENES))
    with pytest.raises(InputError, match=r"several folders; name one of them: seq0001, seq0002"):
        open_labels(tmp_path / "seg_maps")


def test_what_the_label_writer_writes_is_read_back(tmp_path):
    with LabelFolderWriter(tmp_path / "out", GARDEN, job="job") as writer:
        for number, ids in enumerate(SCENES):
            instances = torch.from_numpy(scene(number + 9, (1, 2, 40_000))).int()
            writer.write(LabelFrame(torch.from_numpy(ids).to(torch.uint8), instances))
    frames = read(tmp_path / "out", palette=GARDEN)
    assert_ids(frames, SCENES)
    assert torch.equal(frames[2].instances, torch.from_numpy(scene(11, (1, 2, 40_000))).int())


@pytest.mark.parametrize("kind", ["grey", "rgb", "video", "picture"])
def test_instances_from_elsewhere(tmp_path, kind):
    maps = save_all(tmp_path / "maps", map(grey, SCENES))
    numbers = [scene(n + 5, (0, 1, 900, 60_000)) for n in range(3)]
    place = tmp_path / "instances"
    if kind == "grey":
        save_all(place, map(grey, numbers))
    elif kind == "rgb":
        channels = [np.stack([n % 256, n // 256, 0 * n], -1).astype(np.uint8) for n in numbers]
        save_all(place, map(Image.fromarray, channels))
    elif kind == "video":
        place = write_video(tmp_path / "i.mkv", "ffv1", "gray16le", [n.astype(np.uint16) for n in numbers])
    else:
        maps, place, numbers = maps / "0.png", tmp_path / "i.png", numbers[:1]
        grey(numbers[0]).save(place)
    frames = read(maps, palette=GARDEN, instances=place)
    for frame, expected in zip(frames, numbers, strict=True):
        assert frame.instances.dtype == torch.int32
        assert torch.equal(frame.instances, torch.from_numpy(expected).int())


def test_fingerprints_change_with_what_matters(tmp_path):
    maps = save_all(tmp_path / "maps", map(grey, SCENES))
    first = open_labels(maps, palette=GARDEN).fingerprint
    assert open_labels(maps, palette=GARDEN).fingerprint == first
    assert open_labels(maps, palette=MEADOW).fingerprint != first
    assert open_labels(maps, palette=GARDEN, instances=maps).fingerprint != first
    assert open_labels(maps, palette=GARDEN, frame_rate=Fraction(10)).fingerprint != first
    grey(SCENES[0]).save(maps / "1.png")
    assert open_labels(maps, palette=GARDEN).fingerprint != first


# What can be wrong


@pytest.fixture
def maps(tmp_path):
    return save_all(tmp_path / "maps", map(grey, SCENES))


def refused(source, sentence, **options):
    with pytest.raises(InputError, match=sentence):
        read(source, **({"palette": GARDEN} | options))


def test_differing_sizes(maps):
    grey(scene(0, size=(48, 32))).save(maps / "2.png")
    refused(maps, r"maps/2.png: 32x48 pixels, but 0.png has 48x32; all frames of a clip must have one size")


def test_unknown_ids(maps):
    grey(scene(0, (0, 5))).save(maps / "1.png")
    refused(maps, r"maps/1.png: class id 5 is not in the palette 'garden'; give the palette that")
    grey(scene(0, (0, 26_001))).save(maps / "0.png")
    refused(maps, r"maps/0.png: class id 26001 is not in the palette 'garden'; it looks like an instance map")


def test_an_unknown_id_in_a_video(tmp_path):
    path = write_video(
        tmp_path / "a.mkv", "ffv1", "gray", [SCENES[0].astype(np.uint8), np.full((32, 48), 9, np.uint8)]
    )
    refused(path, r"a.mkv at 0.042 seconds: class id 9 is not in the palette 'garden'")


def test_empty_and_missing(tmp_path):
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", r"empty: the folder is empty")
    refused(tmp_path / "gone", r"gone: no such file")
    refused(tmp_path / "gone.png", r"gone.png: no such file")


def test_a_video_without_frames(tmp_path):
    path = tmp_path / "empty.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        container.start_encoding()
    refused(path, r"empty.mkv: a video without frames")


def test_files_of_another_kind(tmp_path, maps):
    (tmp_path / "weights.safetensors").write_bytes(b"\x10" + bytes(300))
    refused(
        tmp_path / "weights.safetensors", r"weights.safetensors: not a video or sound file that can be read"
    )
    (maps / "1.png").write_text("words")
    refused(maps, r"maps/1.png: not a picture that can be read, or damaged")


def test_photographs_are_no_label_maps(tmp_path, write_clip):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :96]
    photo = np.stack([x * 2, y * 3, 255 - x], -1) + rng.integers(0, 30, (64, 96, 1))
    photo = photo.clip(0, 255).astype(np.uint8)
    save_all(tmp_path / "photos", [Image.fromarray(photo)])
    refused(
        tmp_path / "photos",
        r"photos/0.png: no label map in the colours of the palette 'garden'; most of its pixels",
    )
    refused(write_clip(tmp_path / "a.mp4", [photo]), r"a.mp4 at 0.000 seconds: no label map in the colours")


def test_grey_that_a_codec_changed_is_refused(tmp_path, maps):
    quiet = {"x265-params": "log-level=none"}
    arrays = [scene(n, size=(64, 96)).astype(np.uint8) for n in range(3)]
    path = write_video(tmp_path / "a.mkv", "libx265", "gray", arrays, options=quiet)
    refused(
        path,
        r"a.mkv: a grey hevc video, whose numbers the codec may have changed; save the label maps as PNG",
    )
    grey(SCENES[0]).save(tmp_path / "a.jpg")
    refused(tmp_path / "a.jpg", r"a.jpg: JPEG changes the numbers of a grey label map; save it as PNG")


def test_instances_that_do_not_fit(tmp_path, maps):
    few = save_all(tmp_path / "few", map(grey, SCENES[:2]))
    refused(maps, r"few: 2 instance maps for 3 label maps in .*maps; give one for each", instances=few)
    small = save_all(tmp_path / "small", [grey(scene(n, size=(16, 24))) for n in range(3)])
    refused(maps, r"small: instance maps of 24x16 pixels for label maps of 48x32", instances=small)


def test_files_that_go_while_they_are_read(maps):
    labels = open_labels(maps, palette=GARDEN)
    frames = labels.frames()
    next(frames)
    shutil.rmtree(maps)
    with pytest.raises(InputError, match=r"maps/1.png: no such file"):
        next(frames)


# Palettes and colours


def test_read_palette(tmp_path):
    assert read_palette("cityscapes") is CITY
    (tmp_path / "mine.json").write_text(GARDEN.to_json())
    assert read_palette(tmp_path / "mine.json") == GARDEN
    with pytest.raises(InputError, match=r"no palette 'mine'; there are: .*cityscapes"):
        read_palette("mine")
    with pytest.raises(InputError, match=r"gone.json: the palette can't be read \(No such file"):
        read_palette(tmp_path / "gone.json")
    for name, content in (("words.json", b"words"), ("bytes.json", b"\xff\xfe\x00")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            read_palette(tmp_path / name)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=40))
def test_the_nearest_colour_is_the_nearest(table, palette_colors):
    pixels = np.array(palette_colors, np.uint8)[None]
    found = table.ids(pixels)
    distances = ((pixels[0].astype(int)[:, None] - CITY.colors.astype(int)) ** 2).sum(-1)
    known = [c.id for c in CITY.classes]
    best = distances[:, known].min(1)
    assert np.array_equal(distances[np.arange(len(best)), found.ids[0]], best)
    assert found.off_palette == np.count_nonzero(best)


@pytest.fixture(scope="module")
def table():
    return ColorTable(CITY)


def test_classes_of_one_colour_mean_the_lowest_id(table):
    assert table.ids(np.array([[[0, 0, 0], [0, 0, 142], [1, 0, 0]]], np.uint8)).ids.tolist() == [[0, 26, 0]]


def test_all_in_palette():
    assert all_in_palette(CITY.colors[[7, 11]], CITY)
    assert not all_in_palette(np.array([[1, 2, 3]], np.uint8), CITY)
