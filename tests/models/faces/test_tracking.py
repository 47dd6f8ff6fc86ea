import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.models.faces.alignment import NO_SMOOTHING, Smoothing, place_face
from maliang_video.models.faces.track import (
    ABSENT,
    FILLED,
    SEEN,
    align_track,
    alignment_from_tensors,
    join_tracks,
    track_from_tensors,
)
from maliang_video.models.faces.tracking import (
    FoundFace,
    Sight,
    TrackingRules,
    choose_track,
    overlap,
    track_faces,
)

FACE = np.array([[-4.0, -4.0], [4.0, -4.0], [0.0, 0.0], [-3.0, 5.0], [3.0, 5.0]])
ANNA, BERTA = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def face(x: float, y: float = 50.0, who: np.ndarray | None = None) -> FoundFace:
    return FoundFace(FACE + np.array([x, y]), 0.9, who)


def sights(*frames: list[FoundFace], cuts: tuple[int, ...] = ()) -> list[Sight]:
    return [Sight(faces, sum(cut <= n for cut in cuts)) for n, faces in enumerate(frames)]


def test_two_faces_that_pass_each_other_stay_apart() -> None:
    tracks = track_faces(sights(*([face(30 + 2 * n, 40), face(90 - 2 * n, 75)] for n in range(30))))
    assert len(tracks) == 2
    np.testing.assert_allclose(tracks[0].landmarks[:, 2, 0], 30 + 2 * np.arange(30))
    np.testing.assert_allclose(tracks[1].landmarks[:, 2, 0], 90 - 2 * np.arange(30))


def test_a_short_gap_is_filled_with_a_straight_line() -> None:
    frames = [[face(40 + n)] if n not in (4, 5, 6) else [] for n in range(12)]
    (track,) = track_faces(sights(*frames))
    assert track.presence.tolist() == [SEEN] * 4 + [FILLED] * 3 + [SEEN] * 5
    np.testing.assert_allclose(track.landmarks[:, 2, 0], 40 + np.arange(12))
    assert track.confidence[5] == 0
    assert list(track.runs()) == [range(12)]


def test_a_long_gap_ends_the_track() -> None:
    frames = [[face(40)] if not 4 <= n < 10 else [] for n in range(14)]
    before, after = track_faces(sights(*frames), TrackingRules(max_gap=5))
    assert (before.start, before.stop, after.start, after.stop) == (0, 4, 10, 14)
    (whole,) = track_faces(sights(*frames), TrackingRules(max_gap=6))
    assert whole.stop == 14


def test_a_cut_ends_the_track_and_the_smoothing() -> None:
    frames = [[face(40 if n < 6 else 44)] for n in range(12)]
    tracks = track_faces(sights(*frames, cuts=(6,)))
    assert [(t.start, t.stop) for t in tracks] == [(0, 6), (6, 12)]
    joined = join_tracks(tracks)
    assert list(joined.runs()) == [range(6), range(6, 12)]
    centers = [place.center[0] for place in joined.placements(Smoothing(3, 3))]
    np.testing.assert_allclose(centers, [40] * 6 + [44] * 6)
    assert align_track(joined, 32, NO_SMOOTHING).runs.tolist() == [0] * 6 + [1] * 6


def test_identities_keep_faces_apart_and_bring_them_together() -> None:
    swapped = [[face(40, who=ANNA), face(90, who=BERTA)]] * 4 + [
        [face(40, who=BERTA), face(90, who=ANNA)]
    ] * 4
    left, right = track_faces(sights(*swapped, cuts=(4,)))
    assert left.landmarks[[0, -1], 2, 0].tolist() == [40, 90]
    assert right.landmarks[[0, -1], 2, 0].tolist() == [90, 40]
    replaced = [[face(40, who=ANNA)]] * 4 + [[face(40, who=BERTA)]] * 4
    assert len(track_faces(sights(*replaced))) == 2


def test_flashes_are_no_tracks_but_short_clips_are() -> None:
    frames = [[face(40), face(100)] if n == 3 else [face(40)] for n in range(8)]
    assert len(track_faces(sights(*frames))) == 1
    assert len(track_faces(sights([face(40)]))) == 1
    assert track_faces(sights([], [])) == []


def test_landmarks_in_one_point_are_passed_over() -> None:
    nothing = FoundFace(np.ones((5, 2)))
    (track,) = track_faces(sights(*[[nothing, face(40)]] * 4))
    assert track.landmarks[0, 2, 0] == 40


def test_choosing() -> None:
    tracks = track_faces(sights(*[[face(30), face(90)]] * 4))
    assert choose_track(tracks, [1]) == (1,)
    assert choose_track(tracks, [1, 0, 1]) == (1, 0)
    assert choose_track(tracks, at=(2, 93.0, 52.0)) == (1,)
    assert choose_track(tracks[:1]) == (0,)
    with pytest.raises(InputError, match=r"2 faces found \(0: frames 0 to 3, 1: frames 0 to 3\); choose one"):
        choose_track(tracks)
    with pytest.raises(InputError, match="no face was found in any frame"):
        choose_track([])
    with pytest.raises(InputError, match="there is no face 2: 2 faces found"):
        choose_track(tracks, [2])
    with pytest.raises(InputError, match="no face at 60,50 in frame 0"):
        choose_track(tracks, at=(0, 60.0, 50.0))
    with pytest.raises(InputError, match="in frame 9"):
        choose_track(tracks, at=(9, 30.0, 50.0))
    with pytest.raises(InputError, match="a frame shows both"):
        join_tracks(tracks)


def test_tracks_and_alignments_survive_a_file() -> None:
    frames = [[face(40 + n)] if n not in (4, 9, 10, 11) else [] for n in range(14)]
    track = join_tracks(track_faces(sights(*frames), TrackingRules(max_gap=1, shortest=1)))
    again = track_from_tensors(track.to_tensors())
    assert again.frames.tolist() == track.frames.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13]
    assert again.landmarks_at(12)[2].tolist() == [52, 50]
    assert again.landmarks_at(10) is again.landmarks_at(99) is again.landmarks_at(-1) is None
    assert again.presence[9] == ABSENT
    alignment = align_track(track, 32, Smoothing())
    same = alignment_from_tensors(alignment.to_tensors())
    assert same.size == 32
    for name in ("frames", "quads", "runs", "landmarks"):
        np.testing.assert_array_equal(getattr(same, name), getattr(alignment, name))
    with pytest.raises(InputError, match="at least 16 pixels"):
        align_track(track, 8, Smoothing())


def test_overlap() -> None:
    a, b, c = (place_face(FACE + x) for x in (0.0, 0.0, 1000.0))
    assert overlap(a, b) == pytest.approx(1)
    assert overlap(a, c) == 0
    side = 2 * float(np.linalg.norm(a.x))
    half = place_face(FACE + np.array([side / 2, 0.0]))
    assert overlap(a, half) == pytest.approx(1 / 3)
