import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maliang_video.errors import InputError
from maliang_video.media.instance_numbers import InstanceNumbers
from maliang_video.models.labels.encoding import instance_edges


def test_small_numbers_stay(tmp_path):
    numbers = InstanceNumbers(tmp_path / "n.json")
    assert numbers.apply(np.array([[0, 65535], [26_001, 7]])).tolist() == [[0, 65535], [26_001, 7]]
    assert numbers.apply(np.array([[7]])).dtype == np.uint16


def test_others_are_numbered_for_the_whole_clip(tmp_path):
    numbers = InstanceNumbers(tmp_path / "n.json")
    assert numbers.apply(np.array([[3, 1 << 29, -1]])).tolist() == [[3, 65534, 65535]]
    assert numbers.apply(np.array([[1 << 29, 70_000]])).tolist() == [[65534, 65533]]
    again = InstanceNumbers(tmp_path / "n.json")
    assert again.apply(np.array([[70_000, -1, 70_001]])).tolist() == [[65533, 65535, 65532]]


def test_too_many(tmp_path):
    numbers = InstanceNumbers(tmp_path / "n.json")
    numbers.apply(np.array([[65533, 100_000, 100_001]]))
    with pytest.raises(InputError, match="too many different instances in one clip"):
        numbers.apply(np.array([[100_002]]))
    with pytest.raises(InputError, match="too many"):
        InstanceNumbers(tmp_path / "m.json").apply(np.array([[65535, 100_000]]))


def test_an_empty_map(tmp_path):
    assert InstanceNumbers(tmp_path / "n.json").apply(np.zeros((0, 4), np.int32)).shape == (0, 4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0, 5, 65_000, 65_536, 1 << 29, -3]), min_size=1, max_size=12))
def test_edges_are_the_same(tmp_path_factory, values):
    before = np.array([values], np.int32)
    after = InstanceNumbers(tmp_path_factory.mktemp("n") / "n.json").apply(before)
    edges = [instance_edges(torch.from_numpy(m.astype(np.int64))[None]) for m in (before, after)]
    assert torch.equal(*edges)
