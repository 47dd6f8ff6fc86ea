"""Arrays on disk: made once, within bounds, made again where they are damaged."""

import errno
import os

import numpy as np
import pytest
import torch

from maliang_video.models.flow.field import Flow
from maliang_video.training.cache import ArrayCache
from maliang_video.training.flow_teachers import FlowTeacher, kept_flow


def files(cache):
    return sorted(cache.folder.glob("*/*.npy"))


def test_what_is_kept_is_not_made_again(tmp_path):
    made = []

    def make():
        made.append(1)
        return np.arange(6, dtype=np.float16).reshape(2, 3)

    for cache in (ArrayCache(tmp_path / "cache", 10**6), ArrayCache(tmp_path / "cache", 10**6)):
        assert cache.get("a", make).tolist() == [[0, 1, 2], [3, 4, 5]]
        assert cache.get("a", make).dtype == np.float16
    assert len(made) == 1
    cache.get("b", make)
    assert len(made) == 2
    assert len(files(cache)) == 2


@pytest.mark.parametrize("damage", [b"", b"half of an array"])
def test_a_damaged_file_is_made_again(tmp_path, damage):
    cache = ArrayCache(tmp_path, 10**6)
    cache.get("a", lambda: np.zeros(3))
    files(cache)[0].write_bytes(damage)
    assert cache.get("a", lambda: np.ones(3)).tolist() == [1, 1, 1]
    assert cache.get("a", lambda: np.zeros(3)).tolist() == [1, 1, 1]


def test_the_folder_stays_within_its_bounds_and_keeps_what_was_read_last(tmp_path):
    cache = ArrayCache(tmp_path, 10_000)
    for n in range(20):
        cache.get(f"{n}", lambda: np.zeros(900, np.uint8))
        for age, path in enumerate(sorted(files(cache), key=lambda p: p.stat().st_mtime_ns)):
            os.utime(path, ns=(age * 10**9, age * 10**9))
        cache.get("0", lambda: np.ones(1))
    assert sum(path.stat().st_size for path in files(cache)) <= 10_000
    assert cache.get("0", lambda: np.ones(1)).size == 900
    assert cache.get("3", lambda: np.ones(1)).size == 1


def test_a_full_disk_keeps_nothing_and_stops_nothing(tmp_path, monkeypatch):
    def full(*arguments, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    cache = ArrayCache(tmp_path, 10**6)
    assert cache.get("a", lambda: np.ones(2)).tolist() == [1, 1]
    assert not list(tmp_path.glob("*/*"))


def test_flow_is_estimated_once_for_each_teacher_size_and_pair(tmp_path):
    asked = []

    def estimate(current, previous):
        asked.append(current.shape)
        height, width = current.shape[:2]
        return Flow(torch.full((1, 2, height, width), 1.5), torch.ones(1, 1, height, width))

    cache, small, large = (
        ArrayCache(tmp_path, 10**6),
        np.zeros((4, 6, 3), np.uint8),
        np.zeros((8, 6, 3), np.uint8),
    )
    for teacher in (FlowTeacher("one", estimate), FlowTeacher("two", estimate)):
        for picture in (small, large, small):
            flow = kept_flow(teacher, cache, "clip 1", picture, picture)
            assert flow.displacement.shape == (1, 2, *picture.shape[:2])
            assert flow.displacement.unique().tolist() == [1.5]
            assert flow.occlusion.min() == 1
    assert len(asked) == 4
    kept_flow(FlowTeacher("one", estimate), None, "clip 1", small, small)
    assert len(asked) == 5
