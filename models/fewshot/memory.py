"""How much memory exemplars and a frame take, so that whoever owns the device can make room, or say how many fit."""

from .attention import CHUNK_VALUES
from .config import FewShotConfig

MAPS_ALIVE = 32
"""Feature maps of the full size's width that are alive at once, at worst; measured, with a few to spare."""
LEARNING = 4
"""Times the activations of a frame that a frame takes which is learnt from, what likeness is seen with among them;
half of it was measured without the latter."""
COPIES = 3
"""Of an exemplar's features while they are put together with the others'."""


def frame_bytes(config: FewShotConfig, height: int, width: int, bytes_per_value: int) -> int:
    """Upper estimate of the activations of one frame; weights and exemplars come on top. It does not grow with K."""
    filters = max(config.channels(0), 32)  # inputs, flows and pictures weigh more than thinner maps
    places = _places(config, height, width)
    looked_up = min(4 * CHUNK_VALUES, 16 * places**2) if config.mixing == "attention" else 0
    return (MAPS_ALIVE * filters * height * width + looked_up) * bytes_per_value


def exemplar_bytes(config: FewShotConfig, height: int, width: int, bytes_per_value: int) -> int:
    """Upper estimate of what each exemplar takes while they are encoded; about a third of it stays."""
    channels = config.channels(config.mixing_level)
    features = channels * (1 if config.generated_levels == 0 else 2)
    keys = channels if config.mixing == "attention" else 0
    places = _places(config, height, width)
    given = (config.label_channels + 3) * height * width * 4
    return COPIES * places * (features + keys) * max(bytes_per_value, 4) + given


def learning_bytes(config: FewShotConfig, height: int, width: int, exemplars: int) -> int:
    """Upper estimate of the activations of a float32 frame that is learnt from, painted out of so many exemplars."""
    looked_up = 2 * _places(config, height, width) ** 2 if config.mixing == "attention" else 0
    each = exemplar_bytes(config, height, width, 4) + 4 * looked_up
    return LEARNING * frame_bytes(config, height, width, 4) + exemplars * each


def exemplars_that_fit(
    config: FewShotConfig, height: int, width: int, bytes_per_value: int, free: int
) -> int:
    """How many exemplars leave room for a frame in `free` bytes; 0: not even one does."""
    left = free - frame_bytes(config, height, width, bytes_per_value)
    return max(0, left // exemplar_bytes(config, height, width, bytes_per_value))


def _places(config: FewShotConfig, height: int, width: int) -> int:
    """Of one frame that attention tells apart."""
    return (height >> config.mixing_level) * (width >> config.mixing_level)
