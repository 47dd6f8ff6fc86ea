"""Clips of faces and dancers: decided by their number, maps that belong to their pictures, people as styles."""

import pytest
import torch

from maliang_video.models.flow.warp import warp
from maliang_video.training.drawn_clips import FaceClips, PuppetClips
from maliang_video.training.recipes import find_recipe
from maliang_video.training.schedule import ClipShape
from maliang_video.training.world_clips import world_clips


class Same:
    def __init__(self, shape: ClipShape) -> None:
        self.shape = shape

    def __call__(self, index: int) -> ClipShape:
        return self.shape


KINDS = {
    "faces": (FaceClips, ClipShape(64, 64, 2, (1.0,)), 15),
    "puppets": (PuppetClips, ClipShape(64, 96, 2, (1.0,)), 6),
}


@pytest.mark.parametrize("name", KINDS)
def test_shapes_types_and_ranges(name):
    kind, shape, channels = KINDS[name]
    clip = kind(0, Same(shape), 3)[4]
    size = [shape.height, shape.width]
    assert {key: (list(value.shape), value.dtype) for key, value in clip.items()} == {
        "drawn": ([2, channels, *size], torch.float32),
        "pictures": ([2, 3, *size], torch.float32),
        "flow": ([2, 2, *size], torch.float32),
        "visible": ([2, 1, *size], torch.float32),
        "style": ([3], torch.float32),
    }
    low = -1 if name == "puppets" else 0
    assert low <= clip["drawn"].min() < clip["drawn"].max() <= 1
    assert sorted(clip["style"].tolist()) == [0, 0, 1]


@pytest.mark.parametrize("name", KINDS)
def test_a_clip_depends_on_seed_and_number_alone(name):
    kind, shape, _ = KINDS[name]
    once, again, other = kind(0, Same(shape), 2)[1], kind(0, Same(shape), 2)[1], kind(1, Same(shape), 2)[1]
    assert all(torch.equal(once[key], again[key]) for key in once)
    assert not torch.equal(once["pictures"], other["pictures"])


def test_pictures_move_with_the_flow():
    kind, shape, _ = KINDS["puppets"]
    clip = kind(0, Same(shape), 1)[2]
    now, before, visible = clip["pictures"][1:], clip["pictures"][:1], clip["visible"][1:]
    moved = ((now - warp(before, clip["flow"][1:])).abs() * visible).mean()
    assert moved < ((now - before).abs() * visible).mean()


def test_a_style_is_a_person(monkeypatch):
    seen = []
    monkeypatch.setattr(
        FaceClips, "render", lambda self, seed, look, shape, subject, t: seen.append((subject, look))
    )
    monkeypatch.setattr(
        FaceClips, "_frame", lambda self, *given: {"x": torch.tensor(self.render(*given) or 0)}
    )
    clips = FaceClips(0, Same(KINDS["faces"][1]), 3)
    people = [clips[n]["style"].argmax().item() for n in range(24)]
    assert set(people) == {0, 1, 2}
    assert [subject for subject, _ in seen[::2]] == people
    assert len({look for _, look in seen}) == 3


@pytest.mark.parametrize(
    ("name", "kind", "styles"),
    [("face-demo", FaceClips, 4), ("pose2body", PuppetClips, 0), ("dancer-demo", PuppetClips, 4)],
)
def test_recipes_bring_their_world(name, kind, styles):
    recipe = find_recipe(name)
    clips = world_clips(recipe)
    assert isinstance(clips, kind)
    assert clips.styles == styles
    clip = clips.shaped(ClipShape(32, 32, 1, (1.0,)))[0]
    assert clip["drawn"].shape[1] == recipe.generator.label_channels
    assert clip["style"].shape == (styles,)
