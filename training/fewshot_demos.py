"""Recipes of the demo weights: a face, a dancer, a street out of one to three pictures, on two cores in two hours.

Small networks that mix exemplars by attention and blend what they paint with the warped exemplar and the warped frame
before, so that backgrounds and clothes come from pictures rather than from weights. They learn from the truth of a
procedural world, by thousands of subjects, also where each pixel is in an exemplar, without discriminators: there is
little that exemplars leave open.
"""

from dataclasses import replace

from ..models.fewshot.config import FewShotConfig, FlowConfig
from ..models.fewshot.published import STREET_PALETTE
from .fewshot_recipe import FewShotLosses, FewShotRecipe, FewShotStage, JudgeShape
from .recipe import World
from .schedule import ClipShape

SUBJECTS = 4096
"""That are trained on."""
APART = (14, 300)
"""Frames between an exemplar and the clip."""

GENERATOR = FewShotConfig(
    kind="face",
    palette="",
    label_channels=1,
    hidden_faces="none",
    filters=16,
    most_filters=128,
    levels=4,
    norm="instance",
    exemplar_kernel=3,
    exemplar_label_eps=1e-5,
    mixing="attention",
    attend_from=1,
    mixing_level=3,
    generated_levels=2,
    hidden_layers=1,
    generated_cut="whole",
    embedding_kernel=1,
    summary_pixels=64.0,
    warp_exemplar=True,
    blending="linear",
    warped_levels=0,
    flow=FlowConfig(filters=12, downsamplings=3, blocks=3, gain=8.0),
    separate_flows=True,
)

LOSSES = FewShotLosses(
    gan=0.0,
    feature_matching=0.0,
    perceptual=20.0,
    direction=4.0,
    flow=2.0,
    flow_warp=10.0,
    mask=0.0,
    warp=0.5,
    parts=0.0,
    raw=0.5,
    face_gan=0.0,
    face_matching=0.0,
)
"""As for the other drawn demos; what is blended, and where, follows from what can be seen."""


def _recipe(
    name: str, world: World, generator: FewShotConfig, size: tuple[int, int], clips: tuple[int, int]
) -> FewShotRecipe:
    rate = 6e-4
    short, long = (ClipShape(*size, frames, (1.0, 1.0, 1.25)) for frames in (4, 8))
    learn = FewShotStage(clips[0], short, (rate, rate), (1, 3), LOSSES)
    return FewShotRecipe(
        name=name,
        stages=(learn, replace(learn, clips=clips[1], shape=long, learning_rate=(rate, 0.0))),
        batch=1,
        ema=0.999,
        seed=0,
        world=world,
        subjects=SUBJECTS,
        apart=APART,
        layout="even",
        generator=generator,
        spectral=False,
        betas=(0.5, 0.999),
        rates=(1.0, 1.0),
        discriminator=JudgeShape(16, 1, 3, "nvlabs"),
        features="random",
        perceptual_scales=1,
    )


FACE_FEWSHOT = _recipe("face-fewshot-demo", "faces", GENERATOR, (128, 128), (2000, 600))
DANCER_FEWSHOT = _recipe(
    "dancer-fewshot-demo",
    "puppets",
    replace(GENERATOR, kind="pose", label_channels=6),
    (128, 192),
    (1600, 500),
)
STREET_FEWSHOT = _recipe(
    "street-fewshot-demo",
    "street",
    replace(GENERATOR, kind="street", palette=STREET_PALETTE, label_channels=20),
    (256, 128),
    (1200, 400),
)

FEWSHOT_DEMOS = (FACE_FEWSHOT, DANCER_FEWSHOT, STREET_FEWSHOT)
