"""The schedule of a few-shot recipe as a table."""

from .fewshot_recipe import FewShotRecipe, FewShotStage
from .markdown import markdown
from .plan import rate_range, varied

HEAD = ("stage", "clips", "size", "frames", "exemplars", "varied", "learning rate", "says")


def fewshot_plan_table(recipe: FewShotRecipe) -> str:
    """Markdown, one stage a row; below it what all stages share."""
    rows = (_row(number, stage) for number, stage in enumerate(recipe.stages, 1))
    return f"{markdown(HEAD, rows)}\n\n{_shared(recipe)}"


def _row(number: int, stage: FewShotStage) -> tuple[str, ...]:
    shape, (fewest, most), losses = stage.shape, stage.exemplars, stage.losses
    said = {"picture": losses.adversarial, "face": losses.face}
    return (
        str(number),
        str(stage.clips),
        f"{shape.width}x{shape.height}",
        str(shape.frames),
        str(most) if fewest == most else f"{fewest} to {most}",
        varied(shape),
        rate_range(*stage.learning_rate),
        ", ".join(name for name, says in said.items() if says) or "likeness alone",
    )


def _shared(recipe: FewShotRecipe) -> str:
    judge, (own, told) = recipe.discriminator, recipe.rates
    weights = f"goes on from the weights {recipe.weights}; " if recipe.weights else ""
    return (
        f"{recipe.name}: {recipe.clips} clips, {recipe.batch} an update, each frame learnt from by itself; exemplars "
        f"{recipe.apart[0]} to {recipe.apart[1]} frames away; {weights}learning rate times {own:g} for the generator, "
        f"{told:g} for discriminators ({judge.copies} of {judge.family}); average of the weights {recipe.ema}; seed "
        f"{recipe.seed}"
    )
