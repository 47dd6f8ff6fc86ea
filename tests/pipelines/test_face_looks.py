"""Looks of faces: collected, read from the published form, chosen part by part, and painted."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.labels.faces import PARTS
from maliang_video.models.labels.frames import DrawnFrame
from maliang_video.models.vid2vid.config import FirstFrameConfig, GeneratorConfig
from maliang_video.models.vid2vid.first_frame import StyledFirstFrame
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.pipelines.face_choice import Pick, parse_faces
from maliang_video.pipelines.face_looks import FaceLooks, collect_faces, face_style, published_looks
from maliang_video.pipelines.looks import choose, read_looks, save_looks, split_choice
from maliang_video.pipelines.openings import styled_opening
from maliang_video.pipelines.vid2vid import render_video

SIDE, CHANNELS = 16, 4


@pytest.fixture
def generator() -> Vid2VidGenerator:
    torch.manual_seed(0)
    config = GeneratorConfig(
        palette="",
        label_classes=1,
        edges=False,
        things=(),
        style_names=(),
        label_frames=3,
        filters=2,
        foreground_filters=0,
        downsamplings=1,
        blocks=1,
        local_blocks=0,
        scales=1,
        flow=False,
        foreground=(),
        first_frame=FirstFrameConfig("styled", 1, 2, 1, 1, 0, CHANNELS, 2, 1),
    )
    return Vid2VidGenerator(config).eval()


def face(seed: int, picture: bool = True) -> DrawnFrame:
    """Every part but the inner mouth, in stripes."""
    parts = torch.arange(6, dtype=torch.uint8).repeat_interleave(3)[:SIDE, None].repeat(1, SIDE)
    chance = torch.Generator().manual_seed(seed)
    shown = torch.rand(3, SIDE, SIDE, generator=chance) * 2 - 1
    return DrawnFrame(torch.rand(1, SIDE, SIDE, generator=chance), parts, shown if picture else None)


class Faces:
    """A clip of drawn faces."""

    channels, height, width, frame_rate = 1, SIDE, SIDE, 24
    frame_count, fingerprint = 3, "faces"

    def __init__(self, picture: bool) -> None:
        self.picture = picture

    def frames(self, start: int = 0):
        return (face(seed, self.picture) for seed in range(start, 3))


@pytest.fixture
def looks(generator) -> FaceLooks:
    return collect_faces(generator, [face(seed) for seed in range(4)])


def test_faces_are_what_the_encoder_sees_of_them(generator, looks):
    assert looks.styles.shape == (4, len(PARTS), CHANNELS)
    for seed in range(4):
        expected = face_style(generator.first_frame, face(seed)).detach()
        assert torch.allclose(torch.from_numpy(looks.styles[seed]).float(), expected, atol=1e-5)
    assert not looks.styles[:, PARTS.index("inner mouth")].any()


def test_many_faces_become_few(generator):
    some = collect_faces(generator, (face(seed % 5) for seed in (0, 1, 1, 2, 3, 4)), clusters=2)
    assert some.styles.shape == (2, len(PARTS), CHANNELS)
    with pytest.raises(InputError, match="there are no frames"):
        collect_faces(generator, [])


def test_looks_are_read_back(looks, tmp_path):
    save_looks(looks, tmp_path / "faces.json")
    back = read_looks(tmp_path / "faces.json")
    assert isinstance(back, FaceLooks)
    assert back.network == looks.network
    assert back.styles == pytest.approx(looks.styles, abs=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("[[[", "[[[0.5, "), "at most 256"),
        (lambda t: t.replace('"network"', '"net"'), "missing field 'network'"),
        (lambda t: t[:-9], "not readable JSON"),
    ],
)
def test_damaged_files_are_refused(looks, tmp_path, change, message):
    save_looks(looks, tmp_path / "f.json")
    (tmp_path / "f.json").write_text(change((tmp_path / "f.json").read_text()))
    with pytest.raises(InputError, match=r"f\.json: looks of faces") as caught:
        read_looks(tmp_path / "f.json")
    assert message in str(caught.value)


def published(path, looks: FaceLooks, extra: int = 1) -> None:
    """As NVIDIA's training writes them: part -> rows, each with the part's share of the picture at its end."""
    rows = {part: looks.styles[:, part].astype("f4") for part in range(len(PARTS))}
    rows = {part: np.concatenate([r, np.full((len(r), extra), 0.1, "f4")], 1) for part, r in rows.items()}
    rows[0] = np.concatenate([rows[0], rows[0][:1]])  # one part may be known more often
    np.save(path, rows, allow_pickle=True)


def test_the_published_file_chooses_as_our_own(generator, looks, tmp_path):
    published(tmp_path / "features.npy", looks)
    theirs = read_looks(tmp_path / "features.npy")
    assert theirs.styles.shape == (4, len(PARTS), CHANNELS + 1)
    for words in ("", "all=2 mouth=nearest", "all=draw:3"):
        ours = choose(looks, words).style(generator, face(3))
        assert torch.allclose(choose(theirs, words).style(generator, face(3)), ours, atol=1e-5)


def test_other_dictionaries_are_refused(looks, tmp_path, generator):
    np.save(tmp_path / "few.npy", {0: np.zeros((2, 3))}, allow_pickle=True)
    with pytest.raises(InputError, match="has arrays 0; a face has the parts 0 to 6"):
        published_looks(tmp_path / "few.npy")
    np.save(tmp_path / "odd.npy", {part: np.zeros((2, 3 + part % 2)) for part in range(7)}, allow_pickle=True)
    with pytest.raises(InputError, match="rows of as many numbers"):
        published_looks(tmp_path / "odd.npy")
    published(tmp_path / "wide.npy", looks, extra=2)
    with pytest.raises(InputError, match=f"6 numbers for a part of a face, these weights take {CHANNELS}"):
        parse_faces(published_looks(tmp_path / "wide.npy")).style(generator, face(0))


def test_a_choice_names_parts(looks):
    picks = dict(
        zip(PARTS, parse_faces(looks, "all=own, inner_mouth=3 mouth=nearest skin=1").picks, strict=True)
    )
    assert picks["skin"] == Pick("known", 1)
    assert picks["inner mouth"] == Pick("known", 3)
    assert picks["mouth"] == Pick("nearest")
    assert picks["nose"] == picks["background"] == Pick("own")
    assert set(parse_faces(looks).picks) == {Pick("nearest")}


def test_a_draw_is_one_face_and_the_seed_decides_it(looks):
    drawn = [parse_faces(looks, "all=draw", seed).picks for seed in range(40)]
    assert all(len(set(picks)) == 1 for picks in drawn)
    assert {picks[0].face for picks in drawn} == {0, 1, 2, 3}
    assert parse_faces(looks, "all=draw:9").picks == parse_faces(looks, "all=draw", 9).picks


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("hair=1", "a face has no 'hair'; it has all, background, skin"),
        ("mouth=4", "face 4 is not known; there are 0 to 3"),
        ("mouth=1@3", "'mouth=1@3' is no choice for a face"),
        ("mouth=1 mouth=2", "says twice"),
        ("mouth", "is no choice for a face"),
    ],
)
def test_wrong_words_are_one_sentence(looks, words, message):
    with pytest.raises(InputError) as caught:
        parse_faces(looks, words)
    assert message in str(caught.value)


def test_parts_look_as_they_were_chosen(generator, looks):
    own = face_style(generator.first_frame, face(2)).detach()
    style = parse_faces(looks, "all=own skin=1 mouth=3").style(generator, face(2))
    for part, name in enumerate(PARTS):
        expected = {"skin": looks.styles[1, part], "mouth": looks.styles[3, part]}.get(
            name, own[part].numpy()
        )
        assert style[part].detach().numpy() == pytest.approx(expected, abs=1e-5)


def test_nearest_is_the_face_that_was_seen(generator, looks):
    style = parse_faces(looks).style(generator, face(2))
    assert style.numpy() == pytest.approx(looks.styles[2], abs=1e-5)
    changed = looks.styles.copy()
    changed[2, PARTS.index("inner mouth")] = 9  # which this face doesn't show: it isn't compared
    style = parse_faces(replace(looks, styles=changed)).style(generator, face(2))
    assert style.numpy() == pytest.approx(changed[2], abs=1e-5)


def test_known_faces_need_no_picture(generator, looks):
    blind = face(2, picture=False)
    assert torch.allclose(
        parse_faces(looks, "all=1").style(generator, blind),
        parse_faces(looks, "all=1").style(generator, face(2)),
    )
    one = replace(looks, styles=looks.styles[1:2])  # the nearest of one is that one
    assert torch.allclose(
        parse_faces(one).style(generator, blind), parse_faces(looks, "all=1").style(generator, face(2))
    )
    for words in ("all=own", "all=1 mouth=nearest"):
        with pytest.raises(InputError, match="looks of known faces and which of them to take"):
            parse_faces(looks, words).style(generator, blind)


def test_the_opening_is_painted_in_the_chosen_style(generator, looks):
    plain = styled_opening(Faces(True), generator)
    own, other = (styled_opening(Faces(True), generator, parse_faces(looks, w)) for w in ("all=own", "all=3"))
    blind = styled_opening(Faces(False), generator, parse_faces(looks, "all=3"))
    assert torch.equal(plain, own)
    assert torch.equal(other, blind)
    assert not torch.equal(plain, other)


def test_the_whole_video_begins_so(generator, looks, tmp_path):
    chosen = parse_faces(looks, "all=3")
    report = render_video(Faces(False), generator, tmp_path / "a.mkv", features=chosen)
    assert report.frames == 3
    with pytest.raises(InputError, match="both say what the face looks like"):
        render_video(Faces(False), generator, tmp_path / "b.mkv", features=chosen, first=[tmp_path / "x.png"])


def test_looks_of_other_weights_are_refused(generator, looks, tiny_generator):
    assert isinstance(generator.first_frame, StyledFirstFrame)
    with torch.no_grad():
        generator.first_frame.style_encoder.to_style.weight.add_(1)
    with pytest.raises(InputError, match="collected with other weights"):
        split_choice(Faces(True), generator, parse_faces(looks))
    with pytest.raises(InputError, match="for weights that begin with a face"):
        split_choice(Faces(True), tiny_generator, parse_faces(looks))
