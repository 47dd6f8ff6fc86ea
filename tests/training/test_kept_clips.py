"""Clips on disk: made once, whole, and the same as without."""

import torch

from maliang_video.training.clips import Batch, Clips
from maliang_video.training.kept_clips import KeptClips
from maliang_video.training.schedule import ClipShape


class Counted(Clips):
    """Says how often a clip was made."""

    def __init__(self, clips: Clips) -> None:
        super().__init__(clips.seed, clips.shape_of)
        self.inner, self.made = clips, []

    def __getitem__(self, index: int) -> Batch:
        self.made.append((index, self.shape_of(index).width))
        return self.inner.shaped(self.shape_of(index))[index]


def same(a: Batch, b: Batch) -> bool:
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and torch.equal(a[k], b[k]) for k in a)


def test_clips_are_made_once(clips, tmp_path):
    counted = Counted(clips)
    for _ in range(2):
        kept = KeptClips(counted, tmp_path / "clips")
        for number in (0, 3, -1):
            assert same(kept[number], clips[number])
    assert [index for index, _ in counted.made] == [0, 3, -1]
    assert len(list((tmp_path / "clips").iterdir())) == 3


def test_another_shape_is_another_clip(clips, tmp_path):
    counted = Counted(clips)
    kept, other = KeptClips(counted, tmp_path), ClipShape(64, 32, 2, (1.0,))
    assert kept[0]["pictures"].shape[-1] == 32
    assert same(kept.shaped(other)[0], clips.shaped(other)[0])
    assert same(kept[0], clips[0])
    assert counted.made == [(0, 32), (0, 64)]


def test_a_damaged_file_is_made_again(clips, tmp_path):
    kept = KeptClips(clips, tmp_path)
    made = kept[0]
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    assert same(kept[0], made)
    assert file.stat().st_size > 1000
