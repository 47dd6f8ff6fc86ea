"""Rollout: exemplars and a stream of driving label maps in, a stream of pictures out.

Memory: the encoded exemplars, the frame before, and the activations of one frame; the length of the clip plays no part.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from ...errors import InputError
from .frame import Exemplars, Past
from .generator import FewShotGenerator, Step, step


@torch.inference_mode()
def synthesize(
    generator: FewShotGenerator,
    exemplars: Exemplars,
    labels: Iterable[Tensor],
    *,
    past: Past | None = None,
    tell_attention: bool = False,
) -> Iterator[Step]:
    """One picture for every driving label map, in order, as soon as it is made, with the state after it.

    exemplars: of `encode_exemplars`; labels: `[c h w]` (for several clips at once `[b c h w]`) on any device, of the
    exemplars' size; past: go on after the frame that gave it, with the label map of the next one; tell_attention: say
    for each frame where it looked. InputError for label maps of another kind or size, with the number of the frame.
    """
    past = None if past is None else past.to(generator.device)
    for index, driving in enumerate(labels):
        try:
            made = step(
                generator, exemplars, driving.to(generator.device), past, tell_attention=tell_attention
            )
        except InputError as error:
            raise InputError(f"frame {index}: {error}") from error
        past = made.past
        yield made
