"""Drawn maps as streams: sizes, pairs, resuming, painting, and what is refused."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.media.keypoints import open_landmarks, open_poses
from maliang_video.media.pixels import to_model
from maliang_video.media.reader import open_frames
from maliang_video.models.labels.faces import draw_face, face_box
from maliang_video.models.labels.frames import is_drawn
from maliang_video.models.labels.poses import draw_pose, pose_input
from maliang_video.models.vid2vid.config import FirstFrameConfig, GeneratorConfig
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.pipelines.drawings import (
    EdgeDrawing,
    FaceDrawing,
    FaceStyle,
    PoseDrawing,
    PoseStyle,
    write_drawing,
)
from maliang_video.pipelines.drawn_sources import DrawingOptions, is_drawn_source, open_drawing, open_footage
from maliang_video.pipelines.vid2vid import render_video
from maliang_video.training.worlds import open_world

HEIGHT, WIDTH, FRAMES = 120, 160, 4


def landmarks(t: int) -> list[tuple[int, int]]:
    """68 points on an ellipse and inside it, moving to the right."""
    jaw = [(80 + t - 20 * np.cos(a), 60 + 24 * np.sin(a)) for a in np.linspace(0, np.pi, 17)]
    rest = [(65 + t + (7 * n) % 30, 45 + (5 * n) % 25) for n in range(51)]
    return [(round(x), round(y)) for x, y in jaw + rest]


@pytest.fixture
def face_files(tmp_path) -> Path:
    folder = tmp_path / "landmarks"
    folder.mkdir()
    for t in range(FRAMES):
        (folder / f"{t}.txt").write_text("\n".join(f"{x},{y}" for x, y in landmarks(t)))
    return folder


@pytest.fixture
def pose_files(tmp_path) -> Path:
    folder = tmp_path / "openpose"
    folder.mkdir()
    for t in range(FRAMES):
        body = [v for n in range(25) for v in (40 + t + 3 * n, 20 + 3 * n, 0.9)]
        (folder / f"{t}.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": body}]}))
    return folder


def pictures(folder: Path, frames: int = FRAMES, size=(WIDTH, HEIGHT), densepose: bool = False) -> Path:
    folder.mkdir()
    for t in range(frames):
        values = np.random.default_rng(t).integers(0, 255, (15, 20, 3), dtype=np.uint8)
        picture = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)).copy()
        if densepose:
            picture[..., 2] %= 25
        Image.fromarray(picture).save(folder / f"{t}.png")
    return folder


def face_generator(first: bool = True) -> Vid2VidGenerator:
    torch.manual_seed(0)
    styled = FirstFrameConfig("styled", 15, 4, 2, 1, 0, 4, 2, 2)
    config = GeneratorConfig(
        palette="",
        label_classes=15,
        edges=False,
        things=(),
        style_names=(),
        label_frames=3,
        filters=4,
        foreground_filters=0,
        downsamplings=2,
        blocks=2,
        local_blocks=1,
        scales=1,
        flow=True,
        foreground=(),
        first_frame=styled if first else None,
    )
    return Vid2VidGenerator(config).eval()


def painted(path: Path) -> list[np.ndarray]:
    with open_frames(path) as clip:
        return [frame.pixels for frame in clip]


def test_faces_are_cut_to_the_first_frames_box(face_files, tmp_path):
    footage = open_footage(pictures(tmp_path / "img"))
    faces = FaceDrawing(open_landmarks(face_files), footage=footage, size=(64, 64))
    assert is_drawn(faces)
    assert (faces.channels, faces.height, faces.width, faces.frame_count) == (15, 64, 64, FRAMES)
    frames = list(faces.frames())
    assert frames[0].channels.shape == (15, 64, 64)
    assert frames[0].parts.shape == (64, 64)
    assert frames[0].picture.shape == (3, 64, 64)
    left, top, right, bottom = face_box(torch.tensor(landmarks(0)), HEIGHT, WIDTH)
    assert right - left == bottom - top == 100
    # the face moves one pixel a frame in the footage: 0.64 in the drawing, which the box does not follow
    centers = [float((f.parts > 0).float().sum(0) @ torch.arange(64.0) / (f.parts > 0).sum()) for f in frames]
    assert centers[3] - centers[0] == pytest.approx(3 * 0.64, abs=0.3)


def test_frames_from_anywhere_are_the_same(face_files, pose_files, tmp_path):
    clip = open_footage(pictures(tmp_path / "img"))
    for drawing in (
        FaceDrawing(open_landmarks(face_files), footage=clip, size=(64, 64)),
        PoseDrawing(open_poses(pose_files), footage=clip, style=PoseStyle(hide_face=True)),
        EdgeDrawing(clip),
    ):
        every, later = list(drawing.frames()), list(drawing.frames(2))
        assert len(later) == FRAMES - 2
        for a, b in zip(every[2:], later, strict=True):
            assert torch.equal(a.channels, b.channels)


def test_background_edges_need_footage_and_can_be_left_out(face_files, tmp_path):
    clip = open_footage(pictures(tmp_path / "img"))
    canvas = (HEIGHT, WIDTH)

    def lines(**options) -> torch.Tensor:
        return next(FaceDrawing(open_landmarks(face_files), size=(64, 64), **options).frames()).channels[0]

    alone = lines(canvas=canvas)
    assert torch.equal(lines(footage=clip, style=FaceStyle(background_edges=False)), alone)
    assert lines(footage=clip).sum() > alone.sum()
    assert not torch.equal(lines(canvas=canvas, style=FaceStyle(other_proportions=True)), alone)


def test_poses_with_densepose_have_six_channels(pose_files, tmp_path):
    parts = open_footage(pictures(tmp_path / "iuv", densepose=True))
    both = PoseDrawing(open_poses(pose_files), densepose=parts, size=(128, 128))
    frame = next(both.frames())
    assert (both.channels, both.frame_count) == (6, FRAMES)
    assert frame.channels.shape == (6, 128, 128)
    assert frame.channels.min() == -1
    assert frame.channels[2].max() == 1
    only = PoseDrawing(None, densepose=parts, size=(128, 128))
    assert torch.equal(next(only.frames()).channels, frame.channels[:3])
    half = PoseDrawing(
        open_poses(pose_files), densepose=parts, size=(128, 128), style=PoseStyle(central_half=True)
    )
    assert half.width == 64
    assert torch.equal(next(half.frames()).channels, frame.channels[:, :, 32:96])
    hidden = PoseDrawing(None, densepose=parts, size=(128, 128), style=PoseStyle(hide_face=True))
    assert next(hidden.frames()).channels[2].max() == pytest.approx(22 / 24 * 2 - 1)


def test_a_pose_without_a_size_is_its_canvas_in_multiples_of_32(pose_files):
    drawing = PoseDrawing(open_poses(pose_files), canvas=(HEIGHT, WIDTH))
    assert (drawing.height, drawing.width) == (128, 160)


def test_fingerprints_follow_everything_that_counts(face_files, tmp_path):
    clip = open_footage(pictures(tmp_path / "img"))
    faces = open_landmarks(face_files)
    prints = {
        FaceDrawing(faces, canvas=(HEIGHT, WIDTH)).fingerprint,
        FaceDrawing(faces, canvas=(HEIGHT, WIDTH), size=(64, 64)).fingerprint,
        FaceDrawing(faces, footage=clip).fingerprint,
        FaceDrawing(faces, footage=clip, style=FaceStyle(background_edges=False)).fingerprint,
        FaceDrawing(faces, canvas=(HEIGHT, WIDTH), frame_rate=Fraction(30)).fingerprint,
    }
    assert len(prints) == 5


def test_edges_of_footage(tmp_path):
    drawing = EdgeDrawing(open_footage(pictures(tmp_path / "img")), size=(64, 96))
    frame = next(drawing.frames())
    assert frame.channels.shape == (1, 64, 96)
    assert set(frame.channels.unique().tolist()) == {0.0, 1.0}
    write_drawing(drawing, tmp_path / "edges")
    assert len(list((tmp_path / "edges").iterdir())) == FRAMES


def test_what_does_not_pair_up_is_refused(face_files, pose_files, tmp_path):
    short = open_footage(pictures(tmp_path / "short", FRAMES - 1))
    with pytest.raises(InputError, match="4 frames of keypoints, but 3 pictures"):
        FaceDrawing(open_landmarks(face_files), footage=short)
    with pytest.raises(InputError, match="4 frames of keypoints, but 3 pictures"):
        PoseDrawing(open_poses(pose_files), densepose=short)
    with pytest.raises(InputError, match="nothing says how large"):
        FaceDrawing(open_landmarks(face_files))
    clip = open_footage(pictures(tmp_path / "img"))
    with pytest.raises(InputError, match="belongs to pictures of 100x50"):
        FaceDrawing(open_landmarks(face_files), footage=clip, canvas=(50, 100))
    with pytest.raises(InputError, match="keypoints, DensePose pictures, or both"):
        PoseDrawing(None)
    with pytest.raises(InputError, match="its third channel must hold parts 0 to 24"):
        next(PoseDrawing(None, densepose=clip).frames())


def test_a_source_is_what_its_files_are(face_files, pose_files, tmp_path):
    options = DrawingOptions(canvas=(HEIGHT, WIDTH))
    assert isinstance(open_drawing(str(face_files), options), FaceDrawing)
    assert open_drawing(str(face_files), options, channels=1).channels == 1
    assert isinstance(open_drawing(str(pose_files), options), PoseDrawing)
    clip = pictures(tmp_path / "img", densepose=True)
    assert isinstance(open_drawing(f"edges:{clip}", options), EdgeDrawing)
    assert open_drawing(str(clip), options, channels=3).channels == 3
    both = open_drawing(str(pose_files), DrawingOptions(densepose=clip), channels=6)
    assert both.channels == 6
    assert is_drawn_source(f"edges:{clip}")
    assert is_drawn_source(str(face_files))
    assert not is_drawn_source(str(clip))
    assert not is_drawn_source("world:street?seed=7")


def test_sources_that_are_refused(pose_files, tmp_path):
    with pytest.raises(InputError, match="take DensePose pictures beside"):
        open_drawing(str(pose_files), DrawingOptions(canvas=(9, 9)), channels=6)
    with pytest.raises(InputError, match="first frame shows no whole face"):
        open_drawing(str(pose_files), DrawingOptions(canvas=(9, 9)), channels=15)
    with pytest.raises(InputError, match="no such file or folder"):
        open_drawing(str(tmp_path / "none"), DrawingOptions())
    with pytest.raises(InputError, match="holds no keypoints"):
        open_drawing(str(pictures(tmp_path / "img")), DrawingOptions(), channels=15)
    with pytest.raises(InputError, match="label maps only"):
        open_drawing("world:street?seed=1&size=64x32", DrawingOptions(), channels=15)


def test_faces_are_painted_and_begin_like_their_footage(face_files, tmp_path):
    clip = open_footage(pictures(tmp_path / "img"))
    faces = FaceDrawing(open_landmarks(face_files), footage=clip, size=(32, 32))
    generator = face_generator()
    report = render_video(faces, generator, tmp_path / "a.mkv", codec="ffv1")
    assert report.frames == FRAMES
    first = painted(tmp_path / "a.mkv")
    other = pictures(tmp_path / "dark")
    for file in other.iterdir():
        Image.fromarray(np.full((HEIGHT, WIDTH, 3), 9, np.uint8)).save(file)
    plain = FaceStyle(background_edges=False)
    shown = []
    for name, folder in (("b", tmp_path / "img"), ("c", other)):
        drawing = FaceDrawing(
            open_landmarks(face_files), footage=open_footage(folder), size=(32, 32), style=plain
        )
        render_video(drawing, generator, tmp_path / f"{name}.mkv", codec="ffv1")
        shown.append(painted(tmp_path / f"{name}.mkv"))
    assert not np.array_equal(shown[0][0], shown[1][0])  # the same drawing in another style
    assert len(first) == FRAMES
    alone = FaceDrawing(open_landmarks(face_files), canvas=(HEIGHT, WIDTH), size=(32, 32))
    with pytest.raises(InputError, match="give the footage that the landmarks were"):
        render_video(alone, generator, tmp_path / "d.mkv", codec="ffv1")
    report = render_video(alone, generator, tmp_path / "d.mkv", codec="ffv1", first=[tmp_path / "img"])
    assert report.frames == FRAMES


def test_a_stopped_run_paints_the_same_pictures(face_files, tmp_path):
    faces = FaceDrawing(open_landmarks(face_files), canvas=(HEIGHT, WIDTH), size=(32, 32))
    generator = face_generator(first=False)

    def stop(done, total, preview=None):
        if done == 3:
            raise KeyboardInterrupt

    job = {"codec": "ffv1", "segment_frames": 2}
    with pytest.raises(KeyboardInterrupt):
        render_video(faces, generator, tmp_path / "a.mkv", progress=stop, **job)
    assert render_video(faces, generator, tmp_path / "a.mkv", **job).resumed_at == 2
    render_video(faces, generator, tmp_path / "b.mkv", **job)
    assert np.array_equal(painted(tmp_path / "a.mkv"), painted(tmp_path / "b.mkv"))


def test_live_edits_of_landmarks_paint_only_what_changed(face_files, tmp_path):
    generator = face_generator(first=False)
    job = {"codec": "ffv1", "segment_frames": 2, "keep": tmp_path / "kept"}

    def draw() -> FaceDrawing:
        return FaceDrawing(open_landmarks(face_files), canvas=(HEIGHT, WIDTH), size=(32, 32))

    render_video(draw(), generator, tmp_path / "a.mkv", **job)
    moved = [(x, y + 3) for x, y in landmarks(3)]
    (face_files / "3.txt").write_text("\n".join(f"{x},{y}" for x, y in moved))
    assert render_video(draw(), generator, tmp_path / "b.mkv", **job).resumed_at == 2


def test_weights_and_maps_of_different_kinds_are_refused(face_files, pose_files, tmp_path):
    generator = face_generator(first=False)
    poses = PoseDrawing(open_poses(pose_files), canvas=(HEIGHT, WIDTH))
    with pytest.raises(InputError, match="have 3 channels, these weights take 15"):
        render_video(poses, generator, tmp_path / "a.mkv")
    world = open_world("world:street?seed=1&frames=2&size=64x32")
    with pytest.raises(InputError, match="paint drawn maps"):
        render_video(world, generator, tmp_path / "a.mkv")
    faces = FaceDrawing(open_landmarks(face_files), canvas=(HEIGHT, WIDTH), size=(30, 32))
    with pytest.raises(InputError, match="multiples of 4"):
        render_video(faces, generator, tmp_path / "a.mkv")


def test_worlds_of_faces_and_puppets_are_drawn_as_networks_learn_them():
    faces = open_drawing("world:faces?seed=3&frames=3&size=96x64", DrawingOptions(), channels=15)
    assert (faces.height, faces.width, faces.frame_count) == (64, 96, 3)
    truth = list(open_world("world:faces?seed=3&frames=3&size=96x64").truth())
    frame = list(faces.frames(1))[1]
    expected = draw_face(torch.from_numpy(truth[2].landmarks), 64, 96, distance_maps=True)
    assert torch.equal(frame.channels, expected)
    assert torch.equal(frame.picture, to_model(truth[2].rgb))
    poses = open_drawing("world:puppets?seed=3&frames=2&size=64x96", DrawingOptions(), channels=6)
    truth = next(open_world("world:puppets?seed=3&frames=2&size=64x96").truth())
    surface = np.concatenate([(truth.surface * 255).round().astype(np.uint8), truth.ids[None]])
    expected = pose_input(torch.from_numpy(surface), draw_pose(truth.people, 96, 64))
    assert torch.equal(next(poses.frames()).channels, expected)
    alone = open_drawing("world:puppets?seed=3&frames=2&size=64x96", DrawingOptions(), channels=3)
    assert torch.equal(next(alone.frames()).channels, expected[3:])
