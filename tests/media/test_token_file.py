"""Token files keep what was written, go on where they stopped, grow, and refuse what is not theirs."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from maliang_video.errors import InputError
from maliang_video.media import outputs
from maliang_video.media.token_file import HEADER, TokenJob, create_tokens, open_tokens

JOB = TokenJob(
    model="sha of the model",
    tokenizer="sha of the tokenizer",
    seed=7,
    plan='{"order": "zeta"}',
    text="mountains",
    codes=100,
    side=2,
    grid=(1, 3, 4),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scroll.tokens"


def page(number):
    return np.array([[number, number + 1], [0, 99]])


def test_what_is_written_is_there_after_a_restart(path):
    with create_tokens(path, JOB) as tokens:
        tokens.write((0, 2, 1), page(5))
        assert tokens.made() == 1
        assert tokens.missing(0) == 11
    with open_tokens(path, JOB) as tokens:
        assert tokens.job == JOB
        assert tokens.read((0, 2, 1)).tolist() == page(5).tolist()
        assert tokens.read((0, 2, 2)) is None
        tokens.write((0, 0, 0), page(9))
    with open_tokens(path) as tokens:
        assert tokens.made() == 2
        made = np.stack(list(tokens.lines()))  # columns, frames, rows
        assert made.nonzero()[0].tolist() == [0, 1]
        assert made[1, 0].tolist() == [False, False, True]


def test_a_file_takes_the_room_that_is_said_but_not_before_it_is_written(path):
    job = replace(JOB, grid=(1, 512, 512), side=16)
    create_tokens(path, job).flush()
    assert path.stat().st_size == job.bytes == HEADER + 512 * 512 * 16 * 16 * 2
    assert path.stat().st_blocks * 512 < 1 << 20


def test_the_canvas_reads_any_part(path):
    canvas = np.arange(6 * 8).reshape(6, 8)
    with create_tokens(path, JOB) as tokens:
        for row in range(3):
            for column in range(4):
                if (row, column) != (1, 1):
                    tokens.write((0, row, column), canvas[row * 2 : row * 2 + 2, column * 2 : column * 2 + 2])
        canvas[2:4, 2:4] = -1
        read = tokens.canvas()
        assert read.shape == (6, 8)
        for part in (np.s_[:, :], np.s_[1:5, 3:4], np.s_[3:6, 0:7], np.s_[2:2, 0:3]):
            assert np.array_equal(read[part], canvas[part])


@pytest.mark.parametrize("grows", ["right", "left", "down", "up", "later"])
def test_it_grows_and_nothing_moves(path, grows):
    job = replace(JOB, grid=(2, 2, 2), grows=grows)
    places = [(t, r, c) for t in range(2) for r in range(2) for c in range(2)]
    with create_tokens(path, job) as tokens:
        for number, at in enumerate(places):
            tokens.write(at, page(number))
        tokens.extend(2, plan="a longer one")
        size = [2, 2, 2]
        size[tokens.job.axis] += 2
        assert tokens.job == replace(job, grid=tuple(size), plan="a longer one")
        shift = [0, 0, 0]
        if grows in ("left", "up"):
            shift[tokens.job.axis] = 2
        tokens.write(tuple(n - 1 if grows not in ("left", "up") else 0 for n in size), page(50))
    with open_tokens(path, replace(job, grid=tuple(size), plan="a longer one")) as tokens:
        assert tokens.made() == 9
        missing = [tokens.missing(frame) for frame in range(size[0])]
        assert sum(missing) == np.prod(size) - 9
        assert missing[0] == (
            0 if grows == "later" else missing[1] + (1 if grows not in ("left", "up") else -1)
        )
        for number, at in enumerate(places):
            moved = tuple(a + b for a, b in zip(at, shift, strict=True))
            assert tokens.read(moved).tolist() == page(number).tolist()


def test_large_codebooks_take_four_bytes(path):
    job = replace(JOB, codes=2**18)
    with create_tokens(path, job) as tokens:
        tokens.write((0, 0, 0), page(2**18 - 3))
        assert tokens.read((0, 0, 0)).max() == 2**18 - 2
    assert job.bytes - HEADER == 2 * (JOB.bytes - HEADER)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "another"}, "another model .sha of the model there, another asked for"),
        ({"tokenizer": "x"}, "another tokenizer"),
        ({"seed": 8}, r"another seed \(7 there, 8 asked for\)"),
        ({"plan": "{}"}, "another plan"),
        ({"text": "sea"}, r"another text \(mountains there, sea asked for\)"),
        ({"grid": (1, 3, 5)}, "another grid"),
    ],
)
def test_tokens_of_something_else_are_refused(path, changes, message):
    create_tokens(path, JOB).flush()
    with pytest.raises(InputError, match=message):
        open_tokens(path, replace(JOB, **changes))


class TestRefusals:
    def test_files_that_are_none(self, path, tmp_path):
        with pytest.raises(InputError, match="no such file of tokens"):
            open_tokens(path)
        path.write_bytes(b"hello")
        with pytest.raises(InputError, match="is no file of tokens"):
            open_tokens(path)
        create_tokens(tmp_path / "cut", JOB).flush()
        content = (tmp_path / "cut").read_bytes()
        path.write_bytes(content[:-3])
        with pytest.raises(InputError, match="cut short or damaged"):
            open_tokens(path)
        path.write_bytes(content.replace(b'"seed"', b'"sead"'))
        with pytest.raises(InputError, match="header is damaged"):
            open_tokens(path)
        path.write_bytes(content.replace(b'"format": 1', b'"format": 9'))
        with pytest.raises(InputError, match="is of version 9, this Maliang reads 1"):
            open_tokens(path)

    def test_a_file_that_is_there_is_not_overwritten(self, path):
        create_tokens(path, JOB).flush()
        with pytest.raises(InputError, match="exists already; go on with it"):
            create_tokens(path, JOB)

    def test_a_disk_that_is_too_small(self, path, monkeypatch):
        usage = shutil.disk_usage(path.parent)
        monkeypatch.setattr(outputs.shutil, "disk_usage", lambda folder: usage._replace(free=20 << 20))
        with pytest.raises(InputError, match="needs 8 MB, the disk has 20 MB free"):
            create_tokens(path, replace(JOB, grid=(1, 2**10, 2**10)))
        assert not path.exists()
        with create_tokens(path, JOB) as tokens, pytest.raises(InputError, match="MB free; free some"):
            tokens.extend(2**20, "longer")

    def test_jobs_that_make_no_sense(self):
        with pytest.raises(InputError, match="'inwards' is no direction"):
            replace(JOB, grows="inwards")
        with pytest.raises(InputError, match="can't be kept"):
            replace(JOB, grid=(1, 0, 3))

    def test_a_text_that_is_too_long(self, path):
        with pytest.raises(InputError, match="don't fit a file of tokens"):
            create_tokens(path, replace(JOB, plan="x" * HEADER))

    def test_calls_that_make_no_sense(self, path):
        with create_tokens(path, JOB) as tokens:
            with pytest.raises(ValueError, match=r"expected \[2, 2\] below 100"):
                tokens.write((0, 0, 0), page(98) + 2)
            with pytest.raises(ValueError, match=r"\(0, 3, 0\) is not on a canvas"):
                tokens.write((0, 3, 0), page(1))
            with pytest.raises(InputError, match="give 1 at least"):
                tokens.extend(0, "")
            with pytest.raises(InputError, match="has no frame 1; it has 1"):
                tokens.canvas(1)
