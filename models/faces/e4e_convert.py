"""Published e4e encoders in our layout: `e4e_ffhq_encode.pt` and its kin, without the decoder that is in them.

How many rows a code has is counted, not read from the options: they are wrong in some files.
"""

from collections.abc import Mapping

from torch import Tensor

from ...errors import InputError
from ..published import Entries, State
from .e4e import E4EConfig
from .ir_se50 import PUBLISHED_TRUNK

PREFIX, DECODER, AVERAGE = "encoder.", "decoder.", "latent_avg"
RESOLUTION = 256
"""Of the pictures that the published encoders take."""
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def convert(states: Mapping[str, State]) -> tuple[E4EConfig, dict[str, Tensor]]:
    """One file, by its name, with the average code beside it -> config and state. InputError for something else."""
    if len(states) != 1:
        raise InputError(f"e4e is one file; got {', '.join(states) or 'none'}")
    file, state = next(iter(states.items()))
    if AVERAGE not in state:
        raise InputError(
            f"{file}: has no {AVERAGE}, the code that an e4e encoder starts from; get the file again"
        )
    average = state[AVERAGE]
    encoder = {
        name.removeprefix(PREFIX): value
        for name, value in state.items()
        if name != AVERAGE and not name.startswith(DECODER)
    }
    config, ours = from_encoder(file, encoder)
    return config, ours | {"average": average.expand(config.rows, config.w_width).clone()}


def from_encoder(file: str, state: State) -> tuple[E4EConfig, dict[str, Tensor]]:
    """The encoder's entries, without prefix -> config and state, which lacks the average."""
    if "styles.0.linear.weight" not in state or "body.0.res_layer.5.fc1.weight" not in state:
        raise InputError(
            f"{file}: not an e4e encoder: it has no IR-SE50 body with heads called styles.0, styles.1, ..."
        )
    entries = Entries(file, state)
    config = E4EConfig(
        resolution=RESOLUTION,
        rows=entries.count(r"styles\.(\d+)\.linear\.weight"),
        w_width=entries.shape("styles.0.linear.weight")[0],
        widths=PUBLISHED_TRUNK.widths,
        units=PUBLISHED_TRUNK.units,
    )
    take_trunk(entries, "trunk.")
    entries.move("latlayer1", "middle_lateral")
    entries.move("latlayer2", "fine_lateral")
    for row in range(config.rows):
        for step in range(config.head_side(row).bit_length() - 1):
            entries.move(f"styles.{row}.convs.{2 * step}", f"heads.{row}.convolutions.{step}")
        entries.move(f"styles.{row}.linear", f"heads.{row}.linear")
    return config, entries.finish()


def take_trunk(entries: Entries, prefix: str) -> None:
    """The entries of IR-SE50's trunk, under our names behind `prefix`."""
    leaves = {
        "input_layer.0": ("stem", ("weight",)),
        "input_layer.1": ("stem_norm", NORM),
        "input_layer.2": ("stem_activation", ("weight",)),
    }
    for index, (inputs, outputs, _) in enumerate(PUBLISHED_TRUNK.strides()):
        theirs, ours = f"body.{index}.res_layer", f"units.{index}"
        leaves |= {
            f"{theirs}.0": (f"{ours}.norm1", NORM),
            f"{theirs}.1": (f"{ours}.conv1", ("weight",)),
            f"{theirs}.2": (f"{ours}.activation", ("weight",)),
            f"{theirs}.3": (f"{ours}.conv2", ("weight",)),
            f"{theirs}.4": (f"{ours}.norm2", NORM),
            f"{theirs}.5.fc1": (f"{ours}.excitation.squeeze", ("weight",)),
            f"{theirs}.5.fc2": (f"{ours}.excitation.excite", ("weight",)),
        }
        if inputs != outputs:
            leaves[f"body.{index}.shortcut_layer.0"] = (f"{ours}.shortcut", ("weight",))
            leaves[f"body.{index}.shortcut_layer.1"] = (f"{ours}.shortcut_norm", NORM)
    for theirs, (module, names) in leaves.items():
        for leaf in names:
            entries.ours[f"{prefix}{module}.{leaf}"] = entries.take(f"{theirs}.{leaf}")
