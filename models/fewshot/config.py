"""What a few-shot generator is made of: everything that is needed to build it, stored beside its weights.

Two families were published, which differ in kernels, norms and in how generated weights are laid out:
"nvlabs", NVlabs/few-shot-vid2vid at 009e23f, and "imaginaire", NVlabs/imaginaire at c6f7484 (fs_vid2vid). Their
values stand beside the fields; our own networks choose freely.
"""

from dataclasses import dataclass
from typing import Literal

from ...errors import InputError


@dataclass(frozen=True)
class FlowConfig:
    """The network that says where pixels come from."""

    filters: int
    """Channels after the first convolution; 32."""
    downsamplings: int
    """3."""
    blocks: int
    """Residual blocks at the smallest size; 6."""
    gain: float
    """Pixels for an output of 1; 20."""


@dataclass(frozen=True)
class FewShotConfig:
    """The generator of Wang et al. 2019."""

    kind: str
    """What the labels show: "face", "pose", "street", or another name that drivers and exemplars agree on."""
    palette: str
    """What label ids mean, one channel a class: name of a palette; "" for drawn maps."""
    label_channels: int
    """Of a label map: 1 for the published faces, 6 for poses, 20 for streets."""
    hidden_faces: Literal["none", "drivers", "all"]
    """Whose DensePose face parts the network doesn't see: "all" for poses of nvlabs, "drivers" of imaginaire."""
    filters: int
    """Channels at full size, twice as many at each smaller size; 32."""
    most_filters: int
    """At any size; 1024."""
    levels: int
    """Halvings of the size from the picture to the bottleneck; 5."""
    norm: Literal["folded", "instance"]
    """folded: batch norm with stored statistics, which convolutions before it have taken in (nvlabs). instance: by the
    statistics of each frame (imaginaire, and all training)."""
    exemplar_kernel: int
    """Of the convolutions that read exemplars; 3 for nvlabs, 1 for imaginaire."""
    exemplar_label_eps: float
    """Added to the variance in the branch that reads exemplars' labels; 1e-5, or 0.1 for imaginaire without averaged
    weights. Elsewhere it is 1e-5."""
    mixing: Literal["attention", "average"]
    """How several exemplars become one. Networks published for one exemplar have no attention; several are averaged
    then, which these networks never saw."""
    attend_from: int
    """With attention: number of exemplars from which on it is used; 2 where published, 1 to always bring what an
    exemplar shows into the driving frame's shape."""
    mixing_level: int
    """Halvings after which exemplars are mixed; 2."""
    generated_levels: int
    """Sizes of the decoder, from the largest, whose weights are made from the exemplars; 4. 0: all are learnt."""
    hidden_layers: int
    """Of the networks that make weights; 2."""
    generated_cut: Literal["halves", "whole"]
    """How a generated vector is read: gains and shifts one after the other, biases ignored (nvlabs), or all weights,
    then all biases (imaginaire)."""
    embedding_kernel: int
    """Of the label embedder's generated convolutions; 1 for nvlabs, 3 for imaginaire."""
    summary_pixels: float | None
    """Summaries of exemplars are sums over their pixels, scaled as if the bottleneck had this many. None: not scaled,
    which ties a network to the size that it was trained at. 256 for what was trained at 512x512."""
    warp_exemplar: bool
    """An exemplar is warped to the driving frame; not so for the published streets."""
    blending: Literal["embedding", "linear"]
    """Warped pictures modulate the decoder, or are blended with what it paints (published streets)."""
    warped_levels: int
    """Sizes of the decoder, from the largest, that warped pictures modulate; 2. 0 with linear blending."""
    flow: FlowConfig
    separate_flows: bool
    """Exemplar and past frame are moved by a network each; the published networks share one."""

    @property
    def size_multiple(self) -> int:
        """Height and width must be multiples of this, a power of two."""
        return 1 << max(self.levels, self.flow.downsamplings)

    def channels(self, level: int) -> int:
        """Feature channels at 1/2^level of the size."""
        return int(min(self.filters << min(level, self.levels), self.most_filters))

    def check_size(self, height: int, width: int) -> None:
        """InputError for a frame size that the network can't take, naming the nearest that it can."""
        m = self.size_multiple
        least = m if self.norm == "folded" else 2 * m  # the norm of a single pixel would be zero
        if height % m or width % m or height < m or width < m or height * width < least * m:
            near = [max(least, round(side / m) * m) for side in (width, height)]
            raise InputError(
                f"{width}x{height} does not fit this network, whose width and height must be multiples of {m}, with "
                f"more than one such square; the nearest size is {near[0]}x{near[1]}"
            )


def small_config(
    kind: str, label_channels: int, palette: str = "", filters: int = 16, levels: int = 4
) -> FewShotConfig:
    """Of a network that learns on small pictures and runs on a CPU: 3.2 million numbers with 16 filters.

    It is tied to no size, and brings every exemplar into the frame's shape, also a single one. For ablations replace
    `mixing` by "average", or `generated_levels` by 0.
    """
    return FewShotConfig(
        kind=kind,
        palette=palette,
        label_channels=label_channels,
        hidden_faces="none",
        filters=filters,
        most_filters=6 * filters,
        levels=levels,
        norm="instance",
        exemplar_kernel=3,
        exemplar_label_eps=0.1,
        mixing="attention",
        attend_from=1,
        mixing_level=2,
        generated_levels=levels - 1,
        hidden_layers=2,
        generated_cut="whole",
        embedding_kernel=3,
        summary_pixels=64.0,
        warp_exemplar=True,
        blending="embedding",
        warped_levels=2,
        flow=FlowConfig(filters=filters, downsamplings=3, blocks=3, gain=20.0),
        separate_flows=False,
    )
