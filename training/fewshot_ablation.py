"""What each part of few-shot vid2vid is worth, and how many subjects it takes: the same short training of one network.

Source: Wang et al. 2019, figure 7 (a) and 3.2. Faces at 64x64; all variants of the network see the same clips.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from .fewshot_demos import FACE_FEWSHOT
from .fewshot_recipe import FewShotRecipe, FewShotStage, with_fewshot_size

SIZE = (64, 64)
SUBJECT_COUNTS = (4, 32, 256, 2048)
"""Of which the last one is that of the whole method."""


def _short(recipe: FewShotRecipe) -> FewShotRecipe:
    """360 clips of three frames, 60 of six."""
    learn, refine = recipe.stages

    def part(stage: FewShotStage, clips: int, frames: int) -> FewShotStage:
        return replace(stage, clips=clips, shape=replace(stage.shape, frames=frames, zooms=(1.0,)))

    stages = part(learn, 360, 3), part(refine, 60, 6)
    whole = replace(
        recipe, name="face-fewshot-ablation", stages=stages, ema=0.99, subjects=SUBJECT_COUNTS[-1]
    )
    return with_fewshot_size(whole, SIZE)


FACE_FEWSHOT_ABLATION = _short(FACE_FEWSHOT)
"""The whole method, short."""


def average(recipe: FewShotRecipe) -> FewShotRecipe:
    """No attention: the mean of what exemplars show, wherever it is in them."""
    generator = replace(recipe.generator, mixing="average")
    return replace(recipe, name=f"{recipe.name}-average", generator=generator)


def fixed(recipe: FewShotRecipe) -> FewShotRecipe:
    """No weight generation: exemplars say what the decoder begins with, all of its weights are learnt."""
    return replace(
        recipe, name=f"{recipe.name}-fixed", generator=replace(recipe.generator, generated_levels=0)
    )


def of_subjects(recipe: FewShotRecipe, count: int) -> FewShotRecipe:
    """Another number of subjects, as many clips."""
    return replace(recipe, name=f"{recipe.name}-{count}-subjects", subjects=count)


FULL, NO_ATTENTION, NO_GENERATION = "ours", "no attention (average of exemplars)", "no weight generation"
PARTS: Mapping[str, FewShotRecipe] = MappingProxyType(
    {
        FULL: FACE_FEWSHOT_ABLATION,
        NO_ATTENTION: average(FACE_FEWSHOT_ABLATION),
        NO_GENERATION: fixed(FACE_FEWSHOT_ABLATION),
    }
)
"""By the names that the table gives them."""
BY_SUBJECTS: Mapping[int, FewShotRecipe] = MappingProxyType(
    {
        count: FACE_FEWSHOT_ABLATION
        if count == FACE_FEWSHOT_ABLATION.subjects
        else of_subjects(FACE_FEWSHOT_ABLATION, count)
        for count in SUBJECT_COUNTS
    }
)
FEWSHOT_VARIANTS: Mapping[str, FewShotRecipe] = MappingProxyType(
    {recipe.name: recipe for recipe in (*PARTS.values(), *BY_SUBJECTS.values())}
)
"""All that are trained, each once, by the names of recipes."""
