"""Detect, align, mask and paste on a small clip: a picture that glides over a wall, with a face's landmarks on it."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.media.pixels import to_model
from maliang_video.media.reader import open_frames
from maliang_video.media.writer import open_writer
from maliang_video.models.faces.alignment import Smoothing
from maliang_video.models.faces.bisenet import BiSeNet, BiSeNetConfig, normalized
from maliang_video.models.faces.landmarks import Points
from maliang_video.models.faces.masks import MaskOptions
from maliang_video.models.faces.tracking import TrackingRules
from maliang_video.pipelines import face_finder
from maliang_video.pipelines.drawings import Footage
from maliang_video.pipelines.face_clips import clip_record, content_of, open_face_clip
from maliang_video.pipelines.face_crops import PasteOptions
from maliang_video.pipelines.face_finder import YuNet, open_face_source
from maliang_video.pipelines.face_masks import Given, Outlined, masks_of, open_foregrounds, parsed
from maliang_video.pipelines.face_stages import (
    align_face,
    detect_faces,
    mask_face,
    paste_face_back,
    read_alignment,
    read_tracks,
)
from maliang_video.pipelines.face_views import show_crops, show_masks, show_tracks
from maliang_video.pipelines.face_workfolder import FaceWorkFolder, find_workfolder, open_workfolder

HEIGHT, WIDTH, FRAMES = 60, 80, 14
RATE = Fraction(24000, 1001)


def landmarks_at(number: int, x: float = 38.0) -> Points:
    """68 points on two ellipses, eyes and a mouth, gliding to the right."""
    angle = np.linspace(0, np.pi, 17)
    points = np.zeros((68, 2))
    points[:17] = np.stack([-11 * np.cos(angle), 14 * np.sin(angle)], 1)
    points[17:27] = np.stack([np.linspace(-9, 9, 10), np.full(10, -6.0)], 1)
    points[27:36] = np.stack([np.zeros(9), np.linspace(-2, 5, 9)], 1)
    ring = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    for first, middle in ((36, -4.5), (42, 4.5)):
        points[first : first + 6] = np.stack([middle + 2 * np.cos(ring), -2 + np.sin(ring)], 1)
    ring = np.linspace(np.pi, 3 * np.pi, 20, endpoint=False)
    points[48:68] = np.stack([4 * np.cos(ring), 8 + 2 * np.sin(ring)], 1)
    points[54] = (4.0, 8.0)
    return points + np.array([x + 0.8 * number, 28.0 + 0.1 * number])


def write_landmarks(folder: Path, frames: int = FRAMES) -> Path:
    folder.mkdir()
    for number in range(frames):
        lines = (f"{x:.4f},{y:.4f}" for x, y in landmarks_at(number))
        (folder / f"{number:04d}.txt").write_text("\n".join(lines))
    return folder


def openpose(*faces: Points | None) -> str:
    people = []
    for face in faces:
        numbers = [] if face is None else np.concatenate([face, np.ones((68, 1))], 1).ravel().tolist()
        people.append({"pose_keypoints_2d": [0.0] * 75, "face_keypoints_2d": numbers})
    return json.dumps({"people": people, "canvas_width": WIDTH, "canvas_height": HEIGHT})


def write_clip(path: Path, frames: int = FRAMES, seed: int = 0) -> Path:
    rough = np.random.default_rng(seed).integers(40, 216, (10, 13, 3)).astype(np.float32)
    wall = torch.nn.functional.interpolate(
        torch.from_numpy(rough).movedim(-1, 0)[None], (HEIGHT, WIDTH), mode="bicubic"
    )
    with open_writer(path, width=WIDTH, height=HEIGHT, frame_rate=RATE, codec="ffv1") as writer:
        for number in range(frames):
            picture = torch.roll(wall[0], number, -1).clamp(0, 255).round().to(torch.uint8)
            writer.write(np.ascontiguousarray(picture.movedim(0, -1).numpy()))
    return path


class Work:
    """A clip with its work folder, before detection."""

    def __init__(self, root: Path) -> None:
        self.clip = write_clip(root / "clip.mkv")
        self.landmarks = write_landmarks(root / "landmarks")
        self.footage = open_face_clip(self.clip)
        self.folder = open_workfolder(root / "work", clip_record(self.footage, self.clip))

    def detect(self, landmarks: Path | None = None, **options):
        source = open_face_source(self.footage, landmarks or self.landmarks)
        return detect_faces(self.folder, self.footage, source, **options)

    def align(self, **options):
        return align_face(self.folder, self.footage, **{"size": 48, **options})

    def aligned(self) -> "Work":
        self.detect()
        self.align()
        return self


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


def pixels(path: Path) -> list[np.ndarray]:
    with open_frames(path) as clip:
        return [frame.pixels for frame in clip]


def test_there_and_back_changes_nothing_that_is_seen(work: Work, tmp_path: Path) -> None:
    work.aligned()
    assert mask_face(work.folder, Outlined(), steady=1.5).made == FRAMES
    source = np.stack(pixels(work.clip)).astype(int)
    for masked, blend, worst in ((True, "alpha", 6), (False, "alpha", 6), (False, "change", 0)):
        out = tmp_path / f"{masked}{blend}.mkv"
        report = paste_face_back(
            work.folder, work.footage, out, masked=masked, options=PasteOptions(blend), codec="ffv1"
        )
        assert report.frames == FRAMES
        assert np.abs(np.stack(pixels(out)).astype(int) - source).max() <= worst
    with open_frames(out) as clip:
        assert clip.info.frame_rate == RATE


def test_crops_lie_where_the_squares_say(work: Work) -> None:
    work.aligned()
    alignment = read_alignment(work.folder)
    assert alignment.frames.tolist() == list(range(FRAMES))
    assert alignment.quads.shape == (FRAMES, 4, 2)
    side = np.linalg.norm(alignment.quads[3, 3] - alignment.quads[3, 0])
    assert side == pytest.approx(2 * max(9 * 2, 10 * 1.8), rel=0.02)
    assert (work.folder.file("crops.mkv")).is_file()
    assert pixels(work.folder.file("crops.mkv"))[0].shape == (48, 48, 3)


def test_what_is_there_is_not_made_again_and_what_is_stale_is_refused(work: Work, tmp_path: Path) -> None:
    assert work.detect().made == FRAMES
    assert work.detect().made == 0
    assert work.align().made == FRAMES
    assert work.align().made == 0
    mask_face(work.folder, Outlined())
    assert mask_face(work.folder, Outlined()).made == 0
    assert mask_face(work.folder, Outlined(), MaskOptions(outer=20)).made == FRAMES
    work.align(scale=1.1)
    with pytest.raises(
        InputError, match=r"'masks' was made of another 'crops'.* run maliang faces mask again"
    ):
        paste_face_back(work.folder, work.footage, tmp_path / "out.mkv")
    assert work.detect(rules=TrackingRules(max_gap=2)).made == FRAMES  # other options, the same tracks
    mask_face(work.folder, Outlined())
    paste_face_back(work.folder, work.footage, tmp_path / "out.mkv")


def test_files_that_somebody_changed_are_noticed(work: Work) -> None:
    work.aligned()
    crops = work.folder.file("crops.mkv")
    crops.write_bytes(crops.read_bytes()[:-3] + b"abc")
    fresh = find_workfolder(work.folder.path)
    with pytest.raises(InputError, match="'crops' has been changed since it was made"):
        mask_face(fresh, Outlined())
    crops.unlink()
    with pytest.raises(
        InputError, match=r"'crops' is incomplete, crops.mkv is missing; run maliang faces align again"
    ):
        mask_face(fresh, Outlined())


def test_a_work_folder_of_another_clip(work: Work, tmp_path: Path) -> None:
    other = write_clip(tmp_path / "other.mkv", seed=5)
    with (
        open_face_clip(other).clip,
        pytest.raises(InputError, match=r"work folder of another clip .*clip\.mkv"),
    ):
        open_workfolder(work.folder.path, clip_record(open_face_clip(other), other))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        open_workfolder(tmp_path / "full", work.folder.clip)
    with pytest.raises(InputError, match="is a file"):
        open_workfolder(work.clip, work.folder.clip)
    with pytest.raises(InputError, match="no work folder of a face"):
        find_workfolder(tmp_path / "nothing")
    (work.folder.path / "clip.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        find_workfolder(work.folder.path)


def test_a_clip_that_was_moved_is_the_same_clip(work: Work, tmp_path: Path) -> None:
    moved = work.clip.rename(tmp_path / "moved.mkv")
    footage = open_face_clip(moved)
    again = open_workfolder(work.folder.path, clip_record(footage, moved))
    assert Path(again.clip.source) == moved
    assert again.clip.digest == work.folder.clip.digest == content_of(moved)


@pytest.mark.parametrize("stage", ["align", "mask", "paste"])
def test_a_stopped_run_goes_on_and_makes_the_same(
    work: Work, tmp_path: Path, stage: str, monkeypatch
) -> None:
    monkeypatch.setattr("maliang_video.pipelines.face_stages.SEGMENT_FRAMES", 4)
    whole, out = Work(make(tmp_path / "whole")), tmp_path / "out.mkv"
    for each in (whole, work):
        each.detect()
        if stage != "align":
            each.align()

    def run(each: Work, **options):
        if stage == "align":
            return each.align(**options), each.folder.file("crops.mkv")
        if stage == "mask":
            return mask_face(each.folder, Outlined(), steady=1.0, **options), each.folder.file("masks.mkv")
        path = out if each is work else tmp_path / "whole.mkv"
        return paste_face_back(each.folder, each.footage, path, masked=False, codec="ffv1", **options), path

    def stop(done: int, total: int | None, preview=None) -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(work, progress=stop)
    report, path = run(work)
    assert report.made == FRAMES - 8
    for ours, same in zip(pixels(path), pixels(run(whole)[1]), strict=True):
        np.testing.assert_array_equal(ours, same)


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_frames_without_the_face_pass_through(work: Work, tmp_path: Path) -> None:
    folder = make(tmp_path / "poses")
    for number in range(FRAMES):
        faces = [landmarks_at(number)] if number not in (6, 7, 8) else []
        (folder / f"{number:02d}.json").write_text(openpose(*faces))
    work.detect(folder, rules=TrackingRules(max_gap=0))
    work.align(faces=(0, 1))
    alignment = read_alignment(work.folder)
    assert alignment.frames.tolist() == [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13]
    assert alignment.runs.tolist() == [0] * 6 + [1] * 5
    black = write_black(tmp_path / "black.mkv", 11)
    out = tmp_path / "out.mkv"
    paste_face_back(work.folder, work.footage, out, crops=open_face_clip(black), masked=False, codec="ffv1")
    source = pixels(work.clip)
    changed = [
        n for n, (ours, theirs) in enumerate(zip(pixels(out), source, strict=True)) if (ours != theirs).any()
    ]
    assert changed == alignment.frames.tolist()


def write_black(path: Path, frames: int, size: int = 32) -> Path:
    with open_writer(path, width=size, height=size, frame_rate=RATE, codec="ffv1") as writer:
        for _ in range(frames):
            writer.write(np.zeros((size, size, 3), np.uint8))
    return path


def test_two_faces_when_one_was_asked_for(work: Work, tmp_path: Path) -> None:
    folder = make(tmp_path / "poses")
    for number in range(FRAMES):
        (folder / f"{number:02d}.json").write_text(
            openpose(landmarks_at(number, 15.0), landmarks_at(number, 55.0))
        )
    work.detect(folder)
    with pytest.raises(
        InputError, match=r"2 faces found .*choose one of them by its number, or by a point in it"
    ):
        work.align()
    work.align(at=(3, 57.0, 28.0))
    by_point = read_alignment(work.folder).quads
    work.align(faces=[1])
    np.testing.assert_array_equal(read_alignment(work.folder).quads, by_point)
    tracks, frames = read_tracks(work.folder)
    assert (len(tracks), frames) == (2, FRAMES)


def test_no_face_at_all(work: Work, tmp_path: Path) -> None:
    folder = make(tmp_path / "poses")
    for number in range(FRAMES):
        (folder / f"{number:02d}.json").write_text(openpose())
    with pytest.raises(InputError, match=f"no face was found in any of its {FRAMES} frames"):
        work.detect(folder)
    with pytest.raises(InputError, match="'track' is missing; run maliang faces detect first"):
        work.align()


def test_a_face_half_outside_of_the_frame_is_told_of(work: Work, tmp_path: Path) -> None:
    folder = make(tmp_path / "poses")
    for number in range(FRAMES):
        (folder / f"{number:02d}.json").write_text(openpose(landmarks_at(number, 0.0)))
    work.detect(folder)
    (note,) = work.align().notes
    assert note.startswith("in 10 of 14 frames, the first of them 0, up to ")
    assert "lies outside of the picture" in note
    mask_face(work.folder, Outlined())
    masks = masks_of(pixels(work.folder.file("masks.mkv"))[0])
    assert all(float(mask[..., :12].sum()) == 0 for mask in masks)
    assert float(masks.content.sum()) > 50


def test_a_face_that_leaves_the_frame_altogether_is_no_mistake(work: Work, tmp_path: Path) -> None:
    folder = make(tmp_path / "poses")
    for number in range(FRAMES):
        (folder / f"{number:02d}.json").write_text(openpose(landmarks_at(number, 30.0 - 12 * number)))
    work.detect(folder, rules=TrackingRules(overlap=0.1))
    work.align(smoothing=Smoothing(0, 0))
    mask_face(work.folder, Outlined(), steady=0)
    out = tmp_path / "out.mkv"
    crops = open_face_clip(write_black(tmp_path / "black.mkv", FRAMES))
    paste_face_back(work.folder, work.footage, out, crops=crops, codec="ffv1")
    changed = [(a != b).any() for a, b in zip(pixels(out), pixels(work.clip), strict=True)]
    assert changed[0]
    assert not any(changed[8:])


@pytest.mark.parametrize(
    ("frames", "sentence"), [(FRAMES - 1, "ends before frame 13"), (FRAMES + 2, "goes on after")]
)
def test_landmarks_of_another_clip(work: Work, tmp_path: Path, frames: int, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        work.detect(write_landmarks(tmp_path / "other", frames))


def test_masks_of_ones_own(work: Work, tmp_path: Path) -> None:
    work.aligned()
    with open_writer(tmp_path / "mask.mkv", width=48, height=48, frame_rate=RATE, codec="ffv1") as writer:
        for number in range(FRAMES):
            picture = np.zeros((48, 48, 3), np.uint8)
            picture[10:30, 10 + number : 30 + number] = 255
            writer.write(picture)
    masks = open_face_clip(tmp_path / "mask.mkv")
    source = open_foregrounds(work.folder.clip, masks=masks)
    mask_face(work.folder, source, MaskOptions(outer=0), steady=0)
    content = masks_of(pixels(work.folder.file("masks.mkv"))[5]).content[0, 0]
    assert content[20, 16:33].min() == 1
    assert content[:9].max() == content[:, :13].max() == content[:, 37:].max() == 0

    whole = open_face_clip(work.clip)  # as large as the frames, bright everywhere
    mask_face(work.folder, Given(whole.clip, whole.fingerprint, whole.size), MaskOptions(outer=0), steady=0)

    black = open_face_clip(write_black(tmp_path / "black.mkv", FRAMES, 48))
    with pytest.raises(InputError, match="frame 0: mask: empty, no face was found in the crop"):
        mask_face(work.folder, Given(black.clip, "", whole.size))
    few = open_face_clip(write_clip(tmp_path / "few.mkv", 3))
    with pytest.raises(InputError, match="3 masks, but 14 crops"):
        mask_face(work.folder, Given(few.clip, "few", (48, 48)), steady=3.0)


def test_crops_that_are_not_those_of_the_face(work: Work, tmp_path: Path) -> None:
    work.aligned()
    out = tmp_path / "out.mkv"

    def paste(crops: Footage) -> None:
        paste_face_back(work.folder, work.footage, out, crops=crops, masked=False)

    with pytest.raises(InputError, match="crops of this face are square"):
        paste(work.footage)
    with pytest.raises(InputError, match="5 crops, but 14 frames show the face"):
        paste(open_face_clip(write_black(tmp_path / "five.mkv", 5)))
    with pytest.raises(InputError, match="more crops than the 14 frames"):
        paste(open_face_clip(write_black(tmp_path / "fifteen.mkv", 15)))
    assert not out.exists()


def test_a_parser_of_ones_own_finds_the_parts_by_their_names(work: Work, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = BiSeNet(BiSeNetConfig(("background", "skin", "hat"), 4)).eval()
    weights.save(tmp_path / "parser.safetensors", network, licence="CC0-1.0", source="random numbers")
    source = parsed(tmp_path / "parser.safetensors")
    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    (found,) = source.foregrounds(iter([crop]), None, 0)
    with torch.inference_mode():
        ids = network(normalized(to_model(crop)[None]))[0].argmax(0)
    assert torch.equal(found[0, 0], (ids == 1).float())
    assert 0 < found.mean() < 1
    with pytest.raises(InputError, match="holds a LabelReader, which finds no parts of faces"):
        parsed("street-segmenter")


def test_five_landmarks_have_no_outline(work: Work) -> None:
    work.aligned()
    alignment = read_alignment(work.folder)
    few = replace(alignment, landmarks=alignment.landmarks[:, :5])
    with pytest.raises(InputError, match="five landmarks have no outline"):
        next(Outlined().foregrounds(iter([np.zeros((48, 48, 3), np.uint8)]), few, 0))


def test_previews(work: Work, tmp_path: Path) -> None:
    work.aligned()
    mask_face(work.folder, Outlined())
    tracks, _ = read_tracks(work.folder)
    show_tracks(work.footage, tracks, tmp_path / "tracks.png")
    show_tracks(work.footage, tracks, tmp_path / "tracks.mkv")
    drawn, source = pixels(tmp_path / "tracks.png")[0], pixels(work.clip)[0]
    x, y = landmarks_at(0)[30].round().astype(int)
    assert drawn[y, x].tolist() == [255, 210, 60]
    assert (drawn[-1] == source[-1]).all()
    assert len(pixels(tmp_path / "tracks.mkv")) == FRAMES
    show_crops(work.folder, tmp_path / "crops.png")
    np.testing.assert_array_equal(pixels(tmp_path / "crops.png")[0], pixels(work.folder.file("crops.mkv"))[0])
    show_masks(work.folder, tmp_path / "masks.png")
    shown, crop = pixels(tmp_path / "masks.png")[0].astype(int), pixels(tmp_path / "crops.png")[0].astype(int)
    assert (shown[0, 0] < crop[0, 0]).all()
    assert shown[24, 24, 1] > crop[24, 24, 1] - 60


class StandInForYuNet:
    """What `cv2.FaceDetectorYN.create` gives: a face at fixed places of the 640 pixel square."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def detect(self, picture: np.ndarray) -> tuple[int, np.ndarray | None]:
        self.seen.append(picture)
        if len(self.seen) == 2:
            return 0, None
        return 1, np.array(
            [[200, 100, 80, 90, 240, 160, 280, 160, 260, 190, 244, 210, 276, 210, 0.75]], np.float32
        )


def test_yunet_sees_a_square_and_answers_in_pixels_of_the_frame(monkeypatch, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    stand_in = StandInForYuNet()
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *_: stand_in)
    weights = tmp_path / "face_detection_yunet_2023mar.onnx"
    weights.write_bytes(b"weights")
    frame = np.zeros((80, 160, 3), np.uint8)
    frame[..., 0] = 200
    found, nothing = YuNet(weights).faces(iter([frame, frame]))
    square = stand_in.seen[0]
    assert square.shape == (640, 640, 3)
    assert square[100, 300].tolist() == [0, 0, 200]  # BGR
    assert square[330].max() == 0  # 160 x 80 becomes 640 x 320
    assert found[0].confidence == 0.75
    np.testing.assert_allclose(found[0].landmarks[0], [240.5 / 4 - 0.5, 160.5 / 4 - 0.5])
    assert nothing == []


def test_finders_that_are_not_there(work: Work, tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("cv2")
    monkeypatch.setattr(face_finder, "search_folders", lambda folders: (tmp_path, *folders))
    with pytest.raises(
        InputError, match="nothing says where the faces are; give landmarks of them, or bring"
    ):
        open_face_source(work.footage)
    with pytest.raises(InputError, match="no such file; bring"):
        open_face_source(work.footage, weights=tmp_path / "none.onnx")
    wrong = tmp_path / "face_detection_yunet_2026may.onnx"
    wrong.write_bytes(b"no network")
    with pytest.raises(InputError, match="no weights of YuNet that OpenCV can use"):
        open_face_source(work.footage)
    (tmp_path / "face_detection_yunet_2023mar.onnx").write_bytes(b"older")
    assert face_finder.yunet_file() == wrong


def test_a_world_of_faces_knows_everything(tmp_path: Path) -> None:
    spec = "world:faces?seed=4&frames=1&size=64x64"
    footage = open_face_clip(spec)
    folder = open_workfolder(tmp_path / "work", clip_record(footage, spec))
    detect_faces(folder, footage, open_face_source(footage))
    align_face(folder, footage, size=64, smoothing=Smoothing(0, 0))
    mask_face(folder, open_foregrounds(folder.clip), steady=0)
    content = masks_of(pixels(folder.file("masks.mkv"))[0]).content
    assert content[0, 0, 28:44, 24:40].min() == 1  # the middle of the face
    assert 0.25 < float(content.mean()) < 0.9
    with pytest.raises(InputError, match="has no end"):
        open_face_clip("world:faces?frames=endless")


def test_a_folder_needs_its_stages_in_order(work: Work) -> None:
    folder: FaceWorkFolder = work.folder
    with pytest.raises(InputError, match="'crops' is missing; run maliang faces align first"):
        mask_face(folder, Outlined())
    work.aligned()
    planned = folder.plan("codes", ("crops",), {"batch": 4}, {"encoder": "abc"})
    folder.file("codes.safetensors").write_bytes(b"codes")
    folder.finish(planned, ["codes.safetensors"])
    assert folder.holds(folder.plan("codes", ("crops",), {"batch": 4}, {"encoder": "abc"}))
    assert not folder.holds(folder.plan("codes", ("crops",), {"batch": 4}, {"encoder": "abd"}))
    assert not folder.holds(folder.plan("codes", ("crops",), {"batch": 5}, {"encoder": "abc"}))
    work.align(size=32)
    with pytest.raises(InputError, match="'codes' was made of another 'crops' than is there now; run"):
        folder.require("codes")
