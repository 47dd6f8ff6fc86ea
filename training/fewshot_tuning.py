"""Fine-tuning of a few-shot generator on the exemplars of one subject: what is asked for, and which weights it changes.

Source: Wang et al. 2019; NVlabs/few-shot-vid2vid at 009e23f, `models/vid2vid_model.py` (finetune); NVlabs/imaginaire at
c6f7484, `inference_args.finetune` of fs_vid2vid. Both paint an exemplar, moved a little and half the time mirrored, out
of all of them, itself included, for 100 steps. Different here: it is painted out of the others, where there are others,
which are mirrored with it; nothing that comes in at the borders is learnt from; weights change by a product of thin
matrices unless asked otherwise; and there is no discriminator, which files of weights don't hold.
"""

from dataclasses import dataclass
from typing import Literal

from torch.nn import Parameter

from ..errors import InputError
from ..models.fewshot.config import FewShotConfig
from ..models.fewshot.generator import FewShotGenerator

Layers = Literal["imaginaire", "nvlabs"]
"""Which layers are tuned. imaginaire: those that make weights out of exemplars, the decoder, and its last convolution.
nvlabs: also every other layer on a way up: of the exemplar encoder, the embedders and the flow networks."""

_BEGINNINGS = ("weights.", "blocks.", "to_image.")
_WAYS_UP = ("narrowing", "ups")


@dataclass(frozen=True)
class Tuning:
    """Everything that decides what comes out, beside the network and the exemplars."""

    layers: Layers
    rank: int
    """Of the changes. 0: every number of a weight changes by itself, as both published code bases have it."""
    steps: int
    """Exemplars painted and learnt from; 100 where published."""
    learning_rate: float
    """Of Adam, constant; 2e-4 (nvlabs) or 1e-4 (imaginaire) where published, for whole changes."""
    shift: float
    """How far a painted exemplar is moved, up or down and to a side, at most: share of its height and width; 1/16."""
    colour: float
    """Gain and offset of each colour channel, of one picture alone and what is painted from it, change at most by so
    much; several exemplars keep their colours."""
    seed: int


DEFAULT = Tuning("imaginaire", rank=4, steps=100, learning_rate=5e-4, shift=1 / 16, colour=0.1, seed=0)


def check_tuning(tuning: Tuning) -> None:
    """InputError for numbers that nothing can be tuned with."""
    if tuning.steps < 1:
        raise InputError("steps: give 1 or more")
    if tuning.rank < 0:
        raise InputError("rank: give 1 or more, or 0 to change whole weights")
    if not 0 < tuning.learning_rate <= 1:
        raise InputError(
            f"learning rate: {tuning.learning_rate:g} is none; give one between 0 and 1, such as 0.0005"
        )
    if not (0 <= tuning.shift < 0.5 and 0 <= tuning.colour < 1):
        raise InputError("shift and colour: give shares from 0 on, below a half and below 1")


def mirrors_alike(config: FewShotConfig) -> bool:
    """Whether a picture turned left to right goes with its label map turned so: not where these tell left limbs from
    right ones. (nvlabs turns them all the same.)"""
    return bool(config.palette) or config.kind != "pose"


def tuned_parameters(generator: FewShotGenerator, layers: Layers) -> dict[str, Parameter]:
    """What is tuned, by name. What knows the frame before is left alone, as single pictures say nothing about it."""
    return {
        name: parameter
        for name, parameter in generator.named_parameters()
        if _is_tuned(name, layers, past_flow=_of_past_alone(generator))
    }


def _is_tuned(name: str, layers: Layers, past_flow: bool) -> bool:
    """past_flow: whether the flow network of the frame before sees nothing else."""
    parts = name.split(".")
    if "past" in parts or "past_embedder" in parts or (parts[0] == "flow" and past_flow):
        return False
    return name.startswith(_BEGINNINGS) or (layers == "nvlabs" and any(part in _WAYS_UP for part in parts))


def _of_past_alone(generator: FewShotGenerator) -> bool:
    """Whether what moves the frame before never moves an exemplar."""
    return generator.exemplar_flow is not None or not generator.config.warp_exemplar
