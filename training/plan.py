"""The schedule of a recipe as a table."""

from .markdown import markdown
from .recipe import Recipe, Stage
from .schedule import ClipShape

HEAD = (
    "stage",
    "clips",
    "size",
    "frames",
    "varied",
    "scales",
    "trained",
    "D scales",
    "frames an update",
    "unrolled",
    "learning rate",
    "says",
)


_STARTS = {"real": "from real pictures", "blank": "from nothing", "both": "half from real pictures"}


def plan_table(recipe: Recipe) -> str:
    """Markdown, one stage a row; below it what all stages share."""
    rows = (_row(number, recipe.generator.scales, stage) for number, stage in enumerate(recipe.stages, 1))
    return f"{markdown(HEAD, rows)}\n\n{_shared(recipe)}"


def _row(number: int, scales: int, stage: Stage) -> tuple[str, ...]:
    shape, (first, last) = stage.shape, stage.learning_rate
    return (
        str(number),
        str(stage.clips),
        f"{shape.width}x{shape.height}",
        str(shape.frames),
        varied(shape),
        f"{stage.scales} of {scales}",
        stage.trained,
        str(stage.discriminator_scales),
        str(stage.chunk),
        str(stage.unrolled),
        rate_range(first, last),
        _discriminators(stage),
    )


def rate_range(first: float, last: float) -> str:
    """`4e-04`, or `4e-04 to 2e-04`."""
    return f"{first:.2g}" if first == last else f"{first:.2g} to {last:.2g}"


def varied(shape: ClipShape) -> str:
    """How clips differ from what they show."""
    ways = {
        "mirrored": shape.mirrored,
        f"{min(shape.zooms):g} to {max(shape.zooms):g} times as large": max(shape.zooms) > 1,
        f"1 to {shape.longest_step} times as fast": shape.longest_step > 1,
    }
    return ", ".join(way for way, wanted in ways.items() if wanted) or "-"


def _discriminators(stage: Stage) -> str:
    """Which discriminators have a say."""
    losses = stage.losses
    said = {"picture": losses.adversarial, "motion": losses.temporal, "face": losses.face}
    return ", ".join(name for name, says in said.items() if says) or "likeness alone"


def _shared(recipe: Recipe) -> str:
    starts = [_STARTS[recipe.start]]
    starts += [
        f"in stage {n} {_STARTS[stage.start]}" for n, stage in enumerate(recipe.stages, 1) if stage.start
    ]
    weights = f"goes on from the weights {recipe.weights}; " if recipe.weights else ""
    strides = ", ".join(str(recipe.temporal.frames**scale) for scale in range(recipe.temporal.scales))
    return (
        f"{recipe.name}: {recipe.clips} clips, {recipe.batch} an update, starting {', '.join(starts)}; "
        f"{weights}motion is judged over {recipe.temporal.frames} frames at strides {strides or 'none'}; "
        f"average of the weights {recipe.ema}; seed {recipe.seed}"
    )
