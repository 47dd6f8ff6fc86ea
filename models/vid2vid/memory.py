"""How much memory a frame takes, so that whoever owns the device can make room before the work begins."""

from .config import GeneratorConfig

MAPS_ALIVE = 32
"""Feature maps of the finest scale's width that are alive at once, at worst; measured, with a few to spare."""


def frame_bytes(config: GeneratorConfig, height: int, width: int, bytes_per_value: int) -> int:
    """Upper estimate of the activations of one frame; the weights and the past frames come on top.

    The finest scale decides: each coarser one has a quarter of the pixels and twice the filters.
    """
    filters = max(config.scale(config.scales - 1).filters, 32)  # label planes weigh more than thinner maps
    return MAPS_ALIVE * filters * height * width * bytes_per_value
