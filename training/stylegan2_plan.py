"""The schedule of a recipe of StyleGAN2 as a table."""

from .face_known import KNOWN
from .markdown import markdown
from .plan import rate_range
from .stylegan2_recipe import StyleGAN2Recipe, StyleGAN2Stage

HEAD = (
    "stage",
    "clips",
    "pictures of each",
    "pixels",
    "likeness",
    "adversarial",
    "learning rate",
    "of the mapping",
)


def stylegan2_plan_table(recipe: StyleGAN2Recipe) -> str:
    """Markdown, one stage a row; below it what all stages share."""
    rows = (_row(number, stage) for number, stage in enumerate(recipe.stages, 1))
    return f"{markdown(HEAD, rows)}\n\n{_shared(recipe)}"


def _row(number: int, stage: StyleGAN2Stage) -> tuple[str, ...]:
    return (
        str(number),
        str(stage.clips),
        str(stage.shape.frames),
        str(stage.side),
        f"{stage.likeness:g}",
        f"{stage.adversarial:g}",
        rate_range(*stage.learning_rate),
        f"{0.01 * stage.mapping_rate:g} times",
    )


def _shared(recipe: StyleGAN2Recipe) -> str:
    r1, path, width = recipe.r1, recipe.path, recipe.network.z_width
    told = any(stage.likeness for stage in recipe.stages)
    known = f"{len(KNOWN)} of the {width} numbers of a draw are what is known of a picture; " if told else ""
    return (
        f"{recipe.name}: {recipe.clips} clips, {recipe.batch} an update, of {recipe.people} people; {known}R1 "
        f"{r1.weight:g} at every {r1.every}th update, path lengths {path.weight:g} at every {path.every}th; "
        f"{100 * recipe.mixing:g} % of codes mixed; average of the weights {recipe.ema:.4g}; seed {recipe.seed}"
    )
