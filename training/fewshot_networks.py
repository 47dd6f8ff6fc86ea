"""What few-shot training changes: generator, discriminators, their optimisers, and the average that is the result."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim import Optimizer

from ..errors import InputError
from ..models.fewshot.config import FewShotConfig
from ..models.fewshot.discriminator import DiscriminatorConfig, FewShotDiscriminator
from ..models.fewshot.flow_network import FlowNetwork
from ..models.fewshot.generator import FewShotGenerator
from ..models.fewshot.layers import SLOPE
from ..models.fewshot.modulation import MapNorm
from ..models.fewshot.weight_generation import LevelWeights, RowNetwork
from ..weights import load
from ..weights.folders import typed
from .features import find_features
from .fewshot_recipe import DENSEPOSE_CHANNELS, FewShotRecipe
from .method import FACTOR
from .networks import AVERAGE, FACES, GENERATOR, PICTURES
from .perceptual import TEACHER, PerceptualFeatures, RandomFeatures

XAVIER_GAIN = 0.02
"""Of weights that are normalised spectrally afterwards."""
SMALL = 0.02
"""Standard deviation of weights that modulate, and that make weights: at first, the network is what it learns fastest
without them."""
STILL = 0.001
"""The same for flow, which starts near 0, where its gradients are useful."""


@dataclass(frozen=True, eq=False)
class FewShotNetworks:
    """See `method.Trainees`; the modules change as they learn."""

    generator: FewShotGenerator
    average: FewShotGenerator
    judges: dict[str, FewShotDiscriminator]
    optimizers: dict[str, Optimizer]
    features: PerceptualFeatures

    @property
    def modules(self) -> dict[str, nn.Module]:
        return {GENERATOR: self.generator, AVERAGE: self.average, **self.judges}

    @property
    def perception(self) -> str:
        return self.features.description


def build_fewshot(recipe: FewShotRecipe, device: torch.device) -> FewShotNetworks:
    """Fresh networks; `recipe.seed` decides every weight, whatever was drawn before."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(recipe.seed)
        generator = FewShotGenerator(recipe.generator)
        _initialise(generator, XAVIER_GAIN if recipe.spectral else None)
        if recipe.spectral:
            for layer in list(_normalised(generator)):
                spectral_norm(layer)
        judges = {name: FewShotDiscriminator(config) for name, config in _judges(recipe)}
        for judge in judges.values():
            judge.apply(_initialise_judge)
        average = FewShotGenerator(recipe.generator).requires_grad_(False)
    for network in (generator, average, *judges.values()):
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    copy_weights(average, generator)
    features = find_features(device) if recipe.features == "best" else RandomFeatures(TEACHER).to(device)
    return FewShotNetworks(generator, average, judges, _optimizers(recipe, generator, judges), features)


def _optimizers(
    recipe: FewShotRecipe, generator: FewShotGenerator, judges: dict[str, FewShotDiscriminator]
) -> dict[str, Optimizer]:
    rate = recipe.stages[0].learning_rate[0]
    own, told = recipe.rates

    def adam(network: nn.Module, factor: float) -> Optimizer:
        group = {"params": list(network.parameters()), FACTOR: factor}
        return torch.optim.Adam([group], rate * factor, recipe.betas, fused=True)

    return {GENERATOR: adam(generator, own)} | {name: adam(judge, told) for name, judge in judges.items()}


def _judges(recipe: FewShotRecipe) -> Iterator[tuple[str, DiscriminatorConfig]]:
    """The discriminators of a recipe; whether they have a say is a matter of its stages."""
    shape, losses = recipe.discriminator, [stage.losses for stage in recipe.stages]

    def judge(channels: int) -> DiscriminatorConfig:
        return DiscriminatorConfig(
            channels, shape.filters, shape.strided_layers, shape.copies, shape.family, spectral=True
        )

    if any(each.adversarial for each in losses):
        yield PICTURES, judge(2 * (recipe.generator.label_channels + 3 + has_foreground(recipe.generator)))
    if any(each.face for each in losses):
        yield FACES, judge(6)


def has_foreground(config: FewShotConfig) -> bool:
    """Whether label maps say where the subject is, as poses with DensePose do."""
    return not config.palette and config.label_channels == DENSEPOSE_CHANNELS


def learning(network: nn.Module) -> list[Parameter]:
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def begin_past(generator: FewShotGenerator) -> None:
    """What moves and embeds the past begins as what does so with exemplars; what it changes in the decoder begins at
    nothing (`_initialise`), so that nothing breaks when clips grow longer."""
    pairs = (generator.flow, generator.exemplar_flow), (generator.past_embedder, generator.exemplar_embedder)
    for ours, theirs in pairs:
        if ours is not None and theirs is not None:
            ours.load_state_dict(theirs.state_dict())


@torch.no_grad()
def copy_weights(average: FewShotGenerator, generator: FewShotGenerator, decay: float = 0.0) -> None:
    """average * decay + generator * (1 - decay), in place, of the weights as they are used."""
    generator.eval()  # reading spectrally normalised weights changes nothing
    ours, theirs = zip(*_weights(average, generator), strict=True)
    torch._foreach_lerp_(list(ours), list(theirs), 1 - decay)
    generator.train()


def _weights(average: FewShotGenerator, generator: FewShotGenerator) -> Iterator[tuple[Tensor, Tensor]]:
    for name, ours in average.named_parameters():
        place, _, entry = name.rpartition(".")
        theirs: Tensor = getattr(generator.get_submodule(place), entry)
        yield ours, theirs


def start_fewshot(networks: FewShotNetworks, weights: str) -> None:
    """Give the generator and its average the weights of a preset or a file; InputError for another network."""
    trained = load(typed(weights), "cpu", torch.float32)
    if not isinstance(trained, FewShotGenerator):
        raise InputError(
            f"{weights}: holds a {type(trained).__name__}, not a few-shot generator; start from other weights"
        )
    if trained.config != networks.generator.config:
        raise InputError(
            f"{weights}: is another network than the recipe's (labels, sizes, mixing ...); start from weights of this "
            "recipe, or without"
        )
    networks.average.load_state_dict(trained.state_dict())
    learnt = dict(networks.generator.named_parameters())
    with torch.no_grad():
        for name, values in trained.named_parameters():
            place, _, entry = name.rpartition(".")
            held = name if name in learnt else f"{place}.parametrizations.{entry}.original"
            learnt[held].copy_(values)


def _normalised(generator: FewShotGenerator) -> Iterator[nn.Conv2d | nn.Linear]:
    """All layers but those that modulate, and those whose outputs are pictures, flow and masks."""
    kept = {generator.to_image}
    for module in generator.modules():
        if isinstance(module, MapNorm):
            kept |= {part for part in module.children() if isinstance(part, nn.Conv2d)}
        if isinstance(module, FlowNetwork):
            kept |= {module.to_flow, module.to_mask}
    for module in generator.modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and module not in kept:
            yield module


def _initialise(generator: FewShotGenerator, gain: float | None) -> None:
    """gain: of Xavier's weights; None: weights that keep the strength of what passes through them (He)."""
    for module in generator.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            _draw(module, gain)
    for module in generator.modules():
        if isinstance(module, LevelWeights) and gain is None:
            for made in (module.norm_0, module.norm_1, module.norm_s):
                _draw_weights(made, SMALL)
            _draw_weights(module.embedding, math.sqrt(2 / (1 + SLOPE**2) / module.inputs / module.kernel**2))
        if isinstance(module, MapNorm):
            for part, spread in ((module.label, SMALL), (module.exemplar, SMALL), (module.past, 0.0)):
                if part is not None:
                    nn.init.normal_(part.weight, 0.0, spread)
        if isinstance(module, FlowNetwork):
            nn.init.normal_(module.to_flow.weight, 0.0, STILL)
            nn.init.normal_(module.to_mask.weight, 0.0, STILL)


def _draw(layer: nn.Conv2d | nn.Linear, gain: float | None) -> None:
    if gain is None:
        nn.init.kaiming_normal_(layer.weight, SLOPE)
    else:
        nn.init.xavier_normal_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _draw_weights(made: RowNetwork, spread: float) -> None:
    """Weights that are made begin as random ones of this spread, which hardly depend on the exemplars."""
    nn.init.normal_(made.out.weight, 0.0, SMALL / math.sqrt(made.out.in_features))
    nn.init.normal_(made.out.bias, 0.0, spread)


def _initialise_judge(module: nn.Module) -> None:
    """Of weights that are normalised, only the direction matters: PyTorch's."""
    if isinstance(module, nn.Conv2d) and not parametrize.is_parametrized(module):
        _draw(module, XAVIER_GAIN)
