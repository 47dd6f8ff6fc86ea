"""Published directions, and tables to make some by text, in our layout.

A file arrives as named tensors, under names that its reader gives by their form: "direction" `[r w]` or `[s]`,
"repeated direction" `[1 w]` (all rows were equal), "table" `[s d]`, "comp", "mean", "std" of a PCA, and "mean.0",
"std.0", ... of a generator's styles, layer by layer.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from ...errors import InputError
from ..published import State
from .direction_table import DirectionTableConfig, tabulate
from .directions import Direction
from .style_table import StyleTableConfig

Table = tuple[DirectionTableConfig, dict[str, Tensor]]

E4E_EXAMPLES = {
    "eye_openness": (54, (7, 8), 20),
    "smile": (46, (4, 5), -20),
    "trimmed_beard": (58, (7, 9), 20),
    "white_hair": (57, (7, 10), -24),
    "lipstick": (34, (10, 11), 20),
}
"""Principal component, rows and strength that encoder4editing's example takes with `ffhq_pca.pt`."""


def convert(states: Mapping[str, State]) -> Table:
    """Files with one direction each, called after their file. 1 adds the vector as it is."""
    return tabulate([_direction(file, _vector(file, state)) for file, state in states.items()])


def convert_stit(states: Mapping[str, State]) -> Table:
    """STIT's `w_directions/*.npy`, of whose strength it takes a half."""
    return tabulate([_direction(file, _vector(file, state), scale=0.5) for file, state in states.items()])


def convert_interfacegan(states: Mapping[str, State]) -> Table:
    """Normals of InterFaceGAN's planes, `[1 w]` of length 1. InputError for vectors of another length."""
    directions = []
    for file, state in states.items():
        vector = _vector(file, state)
        if len(vector) != 1 or abs(_length(vector) - 1) > 1e-3:
            raise InputError(
                f"{file}: is {list(vector.shape)} and {_length(vector):.3g} long; InterFaceGAN's directions are one "
                "row of length 1: say --kind directions if it is something else"
            )
        directions.append(_direction(file, vector))
    return tabulate(directions)


def convert_ganspace(states: Mapping[str, State]) -> Table:
    """Principal components of a generator's codes (`ffhq_pca.pt`): "comp" `[k 1 w]`, "std" `[k]`.

    1 is one standard deviation. encoder4editing takes its number for where a face shall come to, ours is how far it
    moves from where it is. Of FFHQ's, the components of its example are there a second time, by name and rows.
    """
    (file, state), *others = states.items()
    if others or not {"comp", "std"} <= set(state):
        raise InputError(
            f"{', '.join(states)}: not the one file with comp, mean and std of GANSpace's components"
        )
    components, deviations = state["comp"], state["std"].flatten()
    if components.dim() < 2 or len(components) != len(deviations):
        raise InputError(
            f"{file}: has components {list(components.shape)} and {len(deviations)} deviations; they don't belong "
            "together"
        )
    vectors = components.flatten(1).double() * deviations.double()[:, None]
    unit = "one standard deviation of the component"
    directions = [
        Direction(f"component-{k}", "w", vector[None], unit, "", "") for k, vector in enumerate(vectors)
    ]
    if "ffhq" in file.lower() and len(vectors) > max(component for component, _, _ in E4E_EXAMPLES.values()):
        directions += [
            Direction(
                name,
                "w",
                vectors[component][None],
                f"one standard deviation of component {component}; encoder4editing's example goes to {strength}",
                "",
                "",
                rows,
            )
            for name, (component, rows, strength) in E4E_EXAMPLES.items()
        ]
    return tabulate(directions)


def convert_styleclip(states: Mapping[str, State]) -> tuple[StyleTableConfig, dict[str, Tensor]]:
    """`fs3.npy`, and `S_mean_std` if it is there."""
    tables = [state["table"] for state in states.values() if "table" in state]
    statistics = [state for state in states.values() if "mean.0" in state]
    if len(tables) != 1 or len(statistics) > 1 or len(states) != 1 + len(statistics):
        raise InputError(f"{', '.join(states)}: not StyleCLIP's: give fs3.npy, and S_mean_std if you have it")
    table = tables[0].float()
    styles, features = table.shape
    none = torch.zeros(0)
    mean, deviation = (
        _of_convolutions(statistics[0], name) if statistics else none for name in ("mean", "std")
    )
    if statistics and not len(mean) == len(deviation) == styles:
        raise InputError(
            f"{' and '.join(states)}: tell of {styles} and of {len(mean)} styles; they don't belong together"
        )
    config = StyleTableConfig(styles, features, "CLIP ViT-B/32", bool(statistics))
    return config, {"table": table, "mean": mean, "deviation": deviation}


def _of_convolutions(state: State, name: str) -> Tensor:
    """Styles come block by block: one convolution and toRGB, then twice a convolution and toRGB, ..."""
    layers = sum(entry.startswith(f"{name}.") for entry in state)
    return torch.cat([state[f"{name}.{k}"].flatten().float() for k in range(layers) if k % 3 != 1])


def _vector(file: str, state: State) -> Tensor:
    vector = next((state[name] for name in ("direction", "repeated direction") if name in state), None)
    if vector is None or len(state) != 1:
        raise InputError(f"{file}: not a direction, which is one array of rows and numbers")
    return vector.double()


def _direction(file: str, vector: Tensor, scale: float = 1.0) -> Direction:
    name = file.rpartition("/")[2]
    unit = f"the vector as published, {_length(vector):.3g} long in each row"
    if scale != 1:
        unit += f"; the original program takes {scale:g} of its strength"
    return Direction(name, "w" if vector.dim() == 2 else "style", vector, unit, "", "", None, scale)


def _length(vector: Tensor) -> float:
    """Of one row; of several their mean."""
    return float(torch.linalg.vector_norm(vector, dim=-1).mean())
