"""A discriminator of the reference as one of ours."""

import re
from typing import Any

from synthetic_checkpoint import checkpoint


def our_name(entry: str, copies: int) -> str:
    """The reference numbers the copies of `copies` from the coarsest, we from the finest."""
    found = re.fullmatch(r"scale(\d+)_layer(\d+)\.(.+)", entry)
    assert found is not None, entry
    scale, layer, rest = found.groups()
    return f"copies.{copies - 1 - int(scale)}.layers.{layer}.{rest}"


def reference_discriminator(manifest: dict[str, Any]) -> Any:
    """Our module with the weights of a manifest; its sizes are read off the shapes."""
    from maliang_video.models.vid2vid.discriminator import DiscriminatorConfig, MultiscaleDiscriminator

    state = checkpoint(manifest)
    copies = 1 + max(int(entry.removeprefix("scale").partition("_")[0]) for entry in state)
    layers = 1 + max(int(found[1]) for entry in state if (found := re.match(r"scale0_layer(\d+)", entry)))
    filters, channels = state[f"scale{copies - 1}_layer0.0.weight"].shape[:2]
    built = MultiscaleDiscriminator(DiscriminatorConfig(channels, filters, copies, layers - 2))
    used = {  # the published networks normalise by the batch at hand and never use the rest
        our_name(entry, copies): tensor
        for entry, tensor in state.items()
        if not re.search(r"running_|num_batches", entry)
    }
    built.load_state_dict(used, strict=True)
    return built
