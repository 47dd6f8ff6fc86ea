"""How the loop trains few-shot vid2vid."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..media.pixels import to_file
from ..models.fewshot.generator import FewShotGenerator, encode_exemplars
from ..models.fewshot.rollout import synthesize
from ..models.labels.drawn import show_drawn
from ..models.labels.frames import DrawnFrame
from ..models.labels.palette import builtin_palette
from ..models.labels.preview import colorize
from .averages import average_decay
from .clips import Batch, Clips, read_clip
from .fewshot import exemplar_labels, frame_labels, train_on_fewshot_clips
from .fewshot_networks import begin_past, build_fewshot, start_fewshot
from .fewshot_recipe import FewShotRecipe
from .team import Team


class FewShotMethod:
    """See `method.Method`."""

    def __init__(self, recipe: FewShotRecipe, team: Team) -> None:
        self.recipe, self._team = recipe, team
        self.networks = build_fewshot(recipe, team.device)

    def start(self) -> None:
        if self.recipe.weights:
            start_fewshot(self.networks, self.recipe.weights)

    def resume(self, stage: int) -> None:
        """All stages train the same networks."""

    def enter(self, earlier: int | None, stage: int) -> None:
        """Where clips get more than one frame, what knows the past begins as what knows exemplars."""
        stages = self.recipe.stages
        if earlier is not None and stages[earlier].shape.frames == 1 < stages[stage].shape.frames:
            begin_past(self.networks.generator)
            begin_past(self.networks.average)

    def update(self, clips: list[Batch], done: int) -> dict[str, Tensor]:
        decay = average_decay(self.recipe, done)
        losses = self.recipe.stage(done).losses
        return train_on_fewshot_clips(self.networks, self.recipe, losses, clips, decay, self._team)

    def preview(self, data: Clips, number: int) -> list[NDArray[np.uint8]]:
        return preview_fewshot(self.networks.average, data, number)


def preview_fewshot(generator: FewShotGenerator, clips: Clips, number: int) -> list[NDArray[np.uint8]]:
    """Every frame of a clip: an exemplar, labels, truth, generated, side by side, uint8 `[h 4*w 3]`."""
    try:
        clip = read_clip(clips, number).clip
    except InputError:
        shape = clips.shape_of(number)
        return [np.zeros((shape.height, 4 * shape.width, 3), np.uint8)]
    exemplar = to_file(clip["exemplar_pictures"][0])
    frames = enumerate(paint_fewshot(generator, clip))
    return [
        np.concatenate(
            [exemplar, _shown(generator, clip, t), to_file(clip["pictures"][t]), to_file(image)], 1
        )
        for t, image in frames
    ]


def paint_fewshot(generator: FewShotGenerator, clip: Batch) -> Iterator[Tensor]:
    """The generator's pictures of a clip without batch dimension: `[3 h w]` in -1..1 on the CPU for every frame."""
    on_device = {key: value[None].to(generator.device) for key, value in clip.items()}
    config, pictures = generator.config, on_device["exemplar_pictures"]
    exemplars = encode_exemplars(generator, exemplar_labels(config, on_device), pictures)
    labels = (frame_labels(config, on_device, t) for t in range(len(clip["pictures"])))
    for made in synthesize(generator, exemplars, labels):
        yield made.frame.image[0].cpu()


def _shown(generator: FewShotGenerator, clip: Batch, t: int) -> NDArray[np.uint8]:
    """What the generator is given at frame t, for people: uint8 `[h w 3]`."""
    if "drawn" in clip:
        return show_drawn(DrawnFrame(clip["drawn"][t], None, None))
    return colorize(clip["ids"][t], builtin_palette(generator.config.palette))
