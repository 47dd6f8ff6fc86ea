"""The comparison of the method's parts: what each variant lacks, and a whole comparison of tiny ones."""

from dataclasses import asdict, replace

import pytest
import torch

from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.training.ablate import compare_variants, folder_of, train_variants
from maliang_video.training.ablation import (
    STREET_ABLATION,
    VARIANTS,
    frame_wise,
    no_flow,
    no_foreground,
    no_temporal,
)
from maliang_video.training.chunks import begin, paint_chunk
from maliang_video.training.loop import LoopOptions
from maliang_video.training.painting import paint
from maliang_video.training.recipe import check_recipe

OPTIONS = LoopOptions(torch.device("cpu"), workers=0, checkpoint_every=100, max_seconds=None)


def changed(a: object, b: object) -> set[str]:
    ours, theirs = asdict(a), asdict(b)
    return {name for name in ours if ours[name] != theirs[name]}


def test_all_variants_see_the_same_clips_as_often():
    assert list(VARIANTS)[-1] == "full"
    assert len({recipe.name for recipe in VARIANTS.values()}) == len(VARIANTS) == 5
    for recipe in VARIANTS.values():
        check_recipe(recipe)
        assert [(s.clips, s.shape, s.chunk, s.learning_rate) for s in recipe.stages] == [
            (s.clips, s.shape, s.chunk, s.learning_rate) for s in STREET_ABLATION.stages
        ]
        assert changed(recipe, STREET_ABLATION) <= {"name", "generator", "stages", "temporal"}


def test_each_variant_lacks_one_part():
    full = STREET_ABLATION
    losses = [stage.losses for stage in full.stages]
    assert any(each.temporal for each in losses)
    assert changed(no_flow(full).generator, full.generator) == {"flow"}
    assert no_flow(full).stages == full.stages
    assert changed(no_foreground(full).generator, full.generator) == {"foreground", "foreground_filters"}
    quiet = no_temporal(full)
    assert quiet.generator == full.generator
    assert not any(stage.losses.temporal for stage in quiet.stages)
    assert quiet.temporal.scales == 0
    assert all(
        changed(a.losses, b) <= {"temporal_gan", "temporal_matching"}
        for a, b in zip(quiet.stages, losses, strict=True)
    )
    alone = frame_wise(full)
    assert changed(alone.generator, full.generator) == {"label_frames", "flow"}
    assert (alone.generator.label_frames, alone.generator.past_frames) == (1, 0)
    assert not any(stage.losses.temporal or stage.losses.warp for stage in alone.stages)


@pytest.fixture(params=[False, True])
def alone(recipe, request) -> Vid2VidGenerator:
    torch.manual_seed(0)
    return Vid2VidGenerator(replace(frame_wise(recipe).generator, skips=request.param)).eval()


def test_a_frame_wise_network_knows_nothing_of_other_frames(alone, clips):
    clip = clips[0]
    whole = list(paint(alone, clip))
    for t in range(3):
        (single,) = paint(alone, {key: x if key == "style" else x[t : t + 1] for key, x in clip.items()})
        torch.testing.assert_close(single, whole[t])


def test_a_frame_wise_network_is_trained_without_a_frame_before(alone, clips):
    batch = {key: value[None] for key, value in clips[0].items()}
    chunk, carried = paint_chunk(alone, batch, range(2), begin(alone, batch, from_real=True), 1)
    assert chunk.started == (False, False)
    assert not chunk.before.any()
    assert chunk.frame.shape == (1, 2, 3, 32, 32)
    assert carried.past.painted == 2
    assert carried.past.frames[0].shape[1] == 0


@pytest.fixture
def tiny(recipe):
    """Two variants of one clip each."""
    whole = replace(recipe, stages=(replace(recipe.stages[1], clips=1),))
    return {"frame-wise": frame_wise(whole), "the full one": whole}


def test_trained_once_compared_as_often_as_one_likes(tiny, reader, tmp_path):
    seen = []
    assert not train_variants(tiny, tmp_path, replace(OPTIONS, max_seconds=0))
    assert not (tmp_path / "frame-wise").exists()
    assert train_variants(
        tiny, tmp_path, OPTIONS, lambda done, total, preview=None: seen.append((done, total))
    )
    assert seen == [(1, 2), (2, 2)]
    assert folder_of(tmp_path, "the full one").name == "the-full-one"
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == ["clips", "frame-wise", "the-full-one"]
    clips = {path.name for path in (tmp_path / "clips").iterdir()}
    assert len([name for name in clips if not name.startswith("-")]) == 1  # both learnt from the same clip
    assert train_variants(tiny, tmp_path, OPTIONS)
    rows = compare_variants(tiny, tmp_path, reader, clips=1, frames=3)
    assert [row.method for row in rows] == ["frame-wise", "the full one", "true frames"]
    assert rows[0].scores != rows[1].scores
    assert rows == compare_variants(tiny, tmp_path, reader, clips=1, frames=3)
