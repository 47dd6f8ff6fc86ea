"""The comparison of few-shot vid2vid's parts: what each variant lacks, and that all see as much and can be run."""

from dataclasses import asdict, replace

import pytest
import torch

from maliang_video.models.fewshot.config import FlowConfig
from maliang_video.models.fewshot.generator import FewShotGenerator
from maliang_video.training import ablate_fewshot as module
from maliang_video.training.ablate import CLIPS
from maliang_video.training.ablate_fewshot import subjects_name, train_fewshot_variants
from maliang_video.training.clips import Clips
from maliang_video.training.fewshot_ablation import (
    BY_SUBJECTS,
    FACE_FEWSHOT_ABLATION,
    FEWSHOT_VARIANTS,
    FULL,
    NO_ATTENTION,
    NO_GENERATION,
    PARTS,
    SUBJECT_COUNTS,
)
from maliang_video.training.fewshot_clips import FaceSubjects
from maliang_video.training.fewshot_recipe import check_fewshot
from maliang_video.training.kept_clips import KeptClips
from maliang_video.training.loop import LoopOptions
from maliang_video.training.recipes import FEWSHOT_RECIPES

OPTIONS = LoopOptions(torch.device("cpu"), workers=0, checkpoint_every=100, max_seconds=None)


def changed(a: object, b: object) -> set[str]:
    ours, theirs = asdict(a), asdict(b)
    return {name for name in ours if ours[name] != theirs[name]}


def test_each_variant_lacks_one_part_and_learns_as_much():
    full = PARTS[FULL]
    assert full is FACE_FEWSHOT_ABLATION is BY_SUBJECTS[SUBJECT_COUNTS[-1]]
    assert changed(PARTS[NO_ATTENTION], full) == changed(PARTS[NO_GENERATION], full) == {"name", "generator"}
    assert changed(PARTS[NO_ATTENTION].generator, full.generator) == {"mixing"}
    assert changed(PARTS[NO_GENERATION].generator, full.generator) == {"generated_levels"}
    for count, recipe in BY_SUBJECTS.items():
        assert recipe.subjects == count
        assert changed(recipe, full) <= {"name", "subjects"}
    assert len(FEWSHOT_VARIANTS) == 6
    for name, recipe in FEWSHOT_VARIANTS.items():
        check_fewshot(recipe)
        assert FEWSHOT_RECIPES[name] is recipe


def test_networks_without_a_part_lack_its_layers():
    layers = {name: FewShotGenerator(recipe.generator) for name, recipe in PARTS.items()}
    assert layers[FULL].attention is not None
    assert len(layers[FULL].weights) > 0
    assert layers[NO_ATTENTION].attention is None
    assert len(layers[NO_GENERATION].weights) == 0


def test_only_clips_that_several_learn_from_are_kept(tmp_path):
    shared = module._clips(FACE_FEWSHOT_ABLATION, tmp_path / CLIPS)
    assert isinstance(shared, KeptClips)
    alone = module._clips(BY_SUBJECTS[4], tmp_path / CLIPS)
    assert isinstance(alone, FaceSubjects)
    assert alone.subjects == 4


class Grey(Clips):
    """Nothing to see, at once."""

    def __getitem__(self, index):
        shape = self.shape_of(index)
        size, frames = (shape.height, shape.width), shape.frames
        return {
            "pictures": torch.zeros(frames, 3, *size),
            "drawn": torch.zeros(frames, 1, *size),
            "flow": torch.zeros(frames, 2, *size),
            "visible": torch.ones(frames, 1, *size),
            "exemplar_pictures": torch.zeros(1, 3, *size),
            "exemplar_drawn": torch.zeros(1, 1, *size),
        }


def test_all_are_trained_once_and_a_second_call_goes_on(tmp_path, monkeypatch):
    tiny = {}
    for name, recipe in list(FEWSHOT_VARIANTS.items())[:2]:
        flow = FlowConfig(4, 1, 1, 4.0)
        generator = replace(
            recipe.generator,
            filters=4,
            most_filters=8,
            levels=2,
            mixing_level=1,
            generated_levels=1,
            flow=flow,
        )
        shape = replace(recipe.stages[0].shape, frames=1, width=16, height=16)
        short = replace(recipe.stages[0], clips=1, exemplars=(1, 1), shape=shape)
        tiny[name] = replace(recipe, generator=generator, stages=(short,))
    monkeypatch.setattr(module, "FEWSHOT_VARIANTS", tiny)
    monkeypatch.setattr(
        module, "_clips", lambda recipe, folder: KeptClips(Grey(recipe.seed, recipe.shape), folder)
    )
    seen = []
    assert not train_fewshot_variants(tmp_path, replace(OPTIONS, max_seconds=0.0))
    assert train_fewshot_variants(
        tmp_path, OPTIONS, lambda done, total, preview=None: seen.append((done, total))
    )
    assert seen[-1] == (2, 2)
    assert {path.name for path in tmp_path.iterdir()} == {*tiny, CLIPS}
    for recipe in tiny.values():
        network = module._result(tmp_path, recipe)
        assert network.config == recipe.generator


@pytest.mark.parametrize(("count", "name"), [(4, "4 subjects"), (2048, "2048 subjects")])
def test_rows_are_named_by_their_subjects(count, name):
    assert subjects_name(count) == name
