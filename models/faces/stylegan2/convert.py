"""Published StyleGAN2 generators in our layout: NVlabs's (ada, or TensorFlow's), rosinality's, an e4e file's decoder.

The tensors are the same in all, only their names and dimensions of one differ. rosinality divides the weights by the
square root of their inputs before demodulation, which undoes it but for the small number that keeps it from dividing
by zero: pictures differ by 1e-5.
"""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from ....errors import InputError
from ...layers.binomial import binomial_kernel
from ...published import Entries, State
from .config import SMALLEST, StyleGAN2Config
from .mapping import Mapping as MappingNetwork
from .tensorflow import MARK as TENSORFLOW_MARK
from .tensorflow import to_nvlabs

AVERAGE = "latent_avg"
"""What rosinality's and e4e's files call the average row, beside their networks."""
CLAMP = "synthesis.conv_clamp"
"""An option of NVlabs's that no tensor tells: readers of such files add it as one `[]`, where it isn't None."""
AVERAGE_DRAWS = 4096
"""Draws to take it from where a file doesn't tell."""

_DIMENSIONS = {"bias": 1, "style.bias": 1, "style.weight": 2, "noise": 2, "noise_strength": 0}
"""Of our tensors; weights of convolutions have four."""


def convert(states: Mapping[str, State]) -> tuple[StyleGAN2Config, dict[str, Tensor]]:
    """One file, by its name -> config and state. InputError for files that are something else."""
    if len(states) != 1:
        raise InputError(f"StyleGAN2 is one file; got {', '.join(states) or 'none'}")
    file, state = next(iter(states.items()))
    if TENSORFLOW_MARK in state:
        return from_nvlabs(file, to_nvlabs(state))
    if any(name.startswith("synthesis.b4.") for name in state):
        clamp = state.get(CLAMP)
        tensors = {name: tensor for name, tensor in state.items() if name != CLAMP}
        return from_nvlabs(file, tensors, None if clamp is None else float(clamp))
    if "style.1.weight" in state:
        return from_rosinality(file, state)
    if "decoder.style.1.weight" in state:
        decoder = {
            name.removeprefix("decoder."): v for name, v in state.items() if name.startswith("decoder.")
        }
        return from_rosinality(file, decoder | {n: v for n, v in state.items() if n == AVERAGE})
    raise InputError(f"{file}: not a StyleGAN2 generator: neither NVlabs's names nor rosinality's are in it")


def from_nvlabs(
    file: str, state: State, clamp: float | None = None
) -> tuple[StyleGAN2Config, dict[str, Tensor]]:
    """`G_ema` of stylegan2-ada-pytorch -> config and state.

    clamp: `conv_clamp` of the pickle's `synthesis_kwargs`, which no tensor tells (original networks: None, those that
    were trained with ada: 256).
    """
    if "mapping.embed.weight" in state:
        raise InputError(f"{file}: makes pictures of labelled classes; only generators without classes fit")
    entries = Entries(file, state)
    _drop_filters(entries, "resample_filter", gain=1.0)
    blocks = entries.count(r"synthesis\.b(\d+)\.torgb\.weight")
    config = StyleGAN2Config(
        channels=tuple(entries.shape(f"synthesis.b{SMALLEST << k}.torgb.weight")[1] for k in range(blocks)),
        z_width=entries.shape("mapping.fc0.weight")[1],
        w_width=entries.shape("mapping.fc0.weight")[0],
        mapping_layers=entries.count(r"mapping\.fc(\d+)\.weight"),
        clamp=clamp,
    )
    return config, _renamed(entries, nvlabs_names(config))


def from_rosinality(file: str, state: State) -> tuple[StyleGAN2Config, dict[str, Tensor]]:
    """`g_ema` of stylegan2-pytorch, and `latent_avg` beside it -> config and state.

    latent_avg `[w]`, or `[rows w]` of equal rows; where there is none, it is the average of seeded draws.
    """
    entries = Entries(file, state)
    _drop_filters(entries, "kernel", gain=4.0)
    later = entries.count(r"to_rgbs\.(\d+)\.conv\.weight")
    config = StyleGAN2Config(
        channels=(
            entries.shape("to_rgb1.conv.modulation.weight")[0],
            *(entries.shape(f"to_rgbs.{k}.conv.modulation.weight")[0] for k in range(later)),
        ),
        z_width=entries.shape("style.1.weight")[1],
        w_width=entries.shape("style.1.weight")[0],
        mapping_layers=entries.count(r"style\.(\d+)\.weight"),
        clamp=None,
    )
    names = rosinality_names(config)
    if entries.has(AVERAGE):
        return config, _renamed(entries, names | {"mapping.average": AVERAGE})
    ours = _renamed(entries, names)
    return config, ours | {"mapping.average": average_row(config, ours)}


def nvlabs_names(config: StyleGAN2Config) -> dict[str, str]:
    """Our name -> theirs, for every entry of a generator."""
    leaves = {
        "weight": "weight",
        "bias": "bias",
        "noise_strength": "noise_strength",
        "noise": "noise_const",
        "style.weight": "affine.weight",
        "style.bias": "affine.bias",
    }
    parts = {"first": "conv0", "second": "conv1", "to_rgb": "torgb"}
    names = {"constant": "synthesis.b4.const", "mapping.average": "mapping.w_avg"}
    names |= _mapping_names(config, lambda layer: f"mapping.fc{layer}")
    for block, part, leaf in _leaves(config):
        names[f"blocks.{block}.{part}.{leaf}"] = (
            f"synthesis.b{SMALLEST << block}.{parts[part]}.{leaves[leaf]}"
        )
    return names


def rosinality_names(config: StyleGAN2Config) -> dict[str, str]:
    """Our name -> theirs, for every entry but the average row, which they keep beside the network."""
    leaves = {
        "weight": "conv.weight",
        "bias": "activate.bias",
        "noise_strength": "noise.weight",
        "style.weight": "conv.modulation.weight",
        "style.bias": "conv.modulation.bias",
    }
    names = {"constant": "input.input"}
    names |= _mapping_names(config, lambda layer: f"style.{layer + 1}")
    for block, part, leaf in _leaves(config):
        number = 2 * block - (part == "first")  # of the convolution
        if leaf == "noise":
            theirs = f"noises.noise_{number}"
        elif part == "to_rgb":
            module = f"to_rgbs.{block - 1}" if block else "to_rgb1"
            theirs = f"{module}.{'bias' if leaf == 'bias' else leaves[leaf]}"
        else:
            theirs = f"{f'convs.{number - 1}' if number else 'conv1'}.{leaves[leaf]}"
        names[f"blocks.{block}.{part}.{leaf}"] = theirs
    return names


def average_row(config: StyleGAN2Config, state: State) -> Tensor:
    """What the mapping network says on average: `[w]`, of draws that are always the same."""
    with torch.device("meta"):
        mapping = MappingNetwork(config)
    weights = {n.removeprefix("mapping."): v for n, v in state.items() if n.startswith("mapping.")}
    mapping.load_state_dict(weights | {"average": torch.zeros(config.w_width)}, assign=True)
    draws = torch.randn(AVERAGE_DRAWS, config.z_width, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return mapping.row(draws.to(mapping.layers[0].weight.dtype)).mean(0)  # type: ignore[arg-type]


def _mapping_names(config: StyleGAN2Config, theirs: Callable[[int], str]) -> dict[str, str]:
    return {
        f"mapping.layers.{layer}.{leaf}": f"{theirs(layer)}.{leaf}"
        for layer in range(config.mapping_layers)
        for leaf in ("weight", "bias")
    }


def _leaves(config: StyleGAN2Config) -> Iterator[tuple[int, str, str]]:
    """Block, part and leaf of everything that is in blocks."""
    for vector in config.style_vectors:
        yield from (
            (vector.block, vector.part, leaf) for leaf in ("weight", "bias", "style.weight", "style.bias")
        )
        if vector.part != "to_rgb":
            yield from ((vector.block, vector.part, leaf) for leaf in ("noise_strength", "noise"))


def _drop_filters(entries: Entries, leaf: str, gain: float) -> None:
    """Filters are no weights: they must be the one that the network has built in."""
    expected = binomial_kernel(gain)
    for name in [name for name in entries.left if name.endswith(f".{leaf}")]:
        given = entries.take(name)
        if given.shape != expected.shape or not torch.allclose(given.float(), expected, atol=1e-6):
            raise InputError(f"{entries.file}: {name} is not the filter 1-3-3-1; trained with other options")


def _renamed(entries: Entries, names: Mapping[str, str]) -> dict[str, Tensor]:
    for ours, theirs in names.items():
        entries.ours[ours] = _unwrapped(ours, entries.take(theirs))
    return entries.finish()


def _unwrapped(ours: str, tensor: Tensor) -> Tensor:
    """Without the leading dimensions (and those after a bias's) that only one of the layouts has."""
    if ours == "mapping.average":
        return tensor.reshape(-1, tensor.shape[-1])[0]
    if ours.startswith("mapping."):
        return tensor
    leaf = ours.split(".", 3)[-1]
    wanted = 3 if ours == "constant" else _DIMENSIONS.get(leaf, 4)
    if leaf == "bias" and tensor.ndim > 1:
        tensor = tensor.reshape(1, -1)
    while tensor.ndim > wanted and tensor.shape[0] == 1:
        tensor = tensor[0]
    return tensor
