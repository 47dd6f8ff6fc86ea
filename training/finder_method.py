"""How the loop trains the network that finds faces of the world."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import InputError
from ..media.pixels import to_file
from ..models.faces.finder import FaceFinder, Found
from ..weights.config_json import from_json
from .checkpoint import fill_state, read_state
from .clips import Batch, Clips, read_clip
from .finder_recipe import FinderRecipe
from .team import Team

FINDER = "finder"
"""Name in checkpoints."""


@dataclass(frozen=True, eq=False)
class FinderNetworks:
    """See `method.Trainees`; the modules change as they learn."""

    finder: FaceFinder
    optimizers: dict[str, Optimizer]
    perception: str = ""

    @property
    def modules(self) -> dict[str, nn.Module]:
        return {FINDER: self.finder}


class FinderMethod:
    """See `method.Method`."""

    def __init__(self, recipe: FinderRecipe, team: Team) -> None:
        self.recipe, self._team = recipe, team
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(recipe.seed)
            finder = FaceFinder(recipe.network)
        finder = finder.to(team.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        adam = torch.optim.Adam(finder.parameters(), recipe.learning_rate(0), fused=True)
        self.networks = FinderNetworks(finder, {FINDER: adam})

    def start(self) -> None:
        """From the weights that chance gave."""

    def resume(self, stage: int) -> None:
        """All stages train the same network."""

    def enter(self, earlier: int | None, stage: int) -> None:
        """Likewise."""

    def update(self, clips: list[Batch], done: int) -> dict[str, Tensor]:
        pictures, points, there = (
            torch.cat([clip[key][0] for clip in clips]) for key in ("pictures", "points", "there")
        )
        finder, team = self.networks.finder, self._team
        with team.precision():
            found = finder(pictures)
        terms = {
            "points": point_loss(found, points, there),
            "sure": F.binary_cross_entropy_with_logits(found.sure, there),
        }
        team.backward(terms["points"] + self.recipe.sure * terms["sure"], list(finder.parameters()))
        team.update(list(self.networks.optimizers.values()))
        return {name: term.detach() for name, term in terms.items()}

    def preview(self, data: Clips, number: int) -> list[NDArray[np.uint8]]:
        """Pictures of a clip side by side, the true landmarks in green, those that are found in white."""
        self.networks.finder.eval()
        row = preview_finding(self.networks.finder, data, number)
        self.networks.finder.train()
        return [row]


def point_loss(found: Found, points: Tensor, there: Tensor) -> Tensor:
    """How far landmarks are from the true ones `[b p 2]`, in pixels (squared within one), where there is one `[b]`."""
    far = F.smooth_l1_loss(found.points, points, reduction="none").mean((1, 2))
    return (far * there).sum() / there.sum().clamp_min(1)


@torch.inference_mode()
def preview_finding(finder: FaceFinder, data: Clips, number: int) -> NDArray[np.uint8]:
    """uint8 `[h n*w 3]`; black in place of what can't be read."""
    side = finder.config.side
    try:
        clip = read_clip(data, number).clip
    except InputError:
        return np.zeros((side, side, 3), np.uint8)
    found = finder(clip["pictures"].to(finder.heat.weight))
    shown = [to_file(picture) for picture in clip["pictures"]]
    for picture, points, true, there in zip(
        shown, found.points.cpu(), clip["points"], clip["there"], strict=True
    ):
        if there:
            _dot(picture, true, (0, 255, 0))
        _dot(picture, points, (255, 255, 255))
    return np.concatenate(shown, axis=1)


def _dot(picture: NDArray[np.uint8], points: Tensor, color: tuple[int, int, int]) -> None:
    x, y = points.round().long().clamp(0, len(picture) - 1).unbind(1)
    picture[y.numpy(), x.numpy()] = color


def read_finder(path: Path) -> FaceFinder:
    """The network of a checkpoint."""
    metadata, tensors = read_state(path, f"{FINDER}/")
    recipe = from_json(FinderRecipe, metadata["recipe"], f"{path}: recipe")
    finder = FaceFinder(recipe.network)
    fill_state(path, tensors, {FINDER: finder}, {})
    return finder.eval().requires_grad_(False)
