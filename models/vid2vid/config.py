"""What a vid2vid generator is made of: everything that is needed to build it, stored beside its weights."""

from dataclasses import dataclass, field
from typing import Literal

from ...errors import InputError
from ..flow.warp import Resampling
from ..layers.positions import WAVES


@dataclass(frozen=True)
class FirstFrameConfig:
    """A pix2pixHD-style network that paints the first two pictures from one label map each."""

    kind: Literal["global", "enhancer", "styled"]
    """Plain, with a local enhancer at full size, or with a style map (faces)."""
    channels: int
    """Input channels: label classes without the edge map, or drawn channels."""
    filters: int
    """Channels after the first convolution of the global network."""
    downsamplings: int
    blocks: int
    enhancer_blocks: int
    """Residual blocks at half size (`enhancer` only, else 0)."""
    style_channels: int
    """Channels of the style map (`styled` only, else 0)."""
    encoder_filters: int
    """Channels of the style encoder's first convolution (`styled` only, else 0)."""
    encoder_downsamplings: int

    @property
    def size_multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 1 << (self.downsamplings + (self.kind == "enhancer"))


@dataclass(frozen=True)
class ScaleConfig:
    """One scale of the coarse-to-fine generator, derived from a `GeneratorConfig`."""

    label_channels: int
    """Of all label frames, and of the position."""
    styles: int
    past_channels: int
    filters: int
    foreground_filters: int
    downsamplings: int
    encoder_blocks: int
    decoder_blocks: int
    foreground_blocks: int
    flow: bool
    flow_gain: float
    """Pixels of this scale for a flow output of 1."""
    resampling: Resampling
    skips: bool


@dataclass(frozen=True)
class FeatureConfig:
    """Numbers that say what each instance looks like: inputs of the generator beside its label maps.

    Source: Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", 2018, 3.4.
    """

    channels: int
    """Numbers of an instance; 3 in the papers."""
    filters: int
    """Channels of the encoder's first convolution; 16 in the published encoder."""
    downsamplings: int
    """Of the encoder; 4 in the published one."""


@dataclass(frozen=True)
class GeneratorConfig:
    """The sequential generator of Wang et al. 2018 (NVIDIA/vid2vid at 2e6d137, `models/networks.py`)."""

    palette: str
    """What the label ids mean: name of a palette; "" for drawn maps (sketches, poses)."""
    label_classes: int
    """One-hot channels of a label frame, or channels of a drawn map."""
    edges: bool
    """An instance edge map is appended to each label frame."""
    things: tuple[int, ...]
    """Classes whose outlines stand in for the instance edges where no instance map is given."""
    style_names: tuple[str, ...]
    """Looks to choose from, by modulation of the decoders' norms. () for the published networks."""
    label_frames: int
    """Label frames that the generator sees at once: the frame and those before it, whose pictures it sees, too. 1: it
    paints every frame by itself, like pix2pixHD (then without flow, which has nothing to warp)."""
    filters: int
    """Channels after the first convolution of the coarsest scale."""
    foreground_filters: int
    """The same for its foreground branch; 0 without foreground classes."""
    downsamplings: int
    blocks: int
    """Residual blocks of the coarsest scale: half (rounded up) before the branches part, half after."""
    local_blocks: int
    """Residual blocks of each branch at each finer scale."""
    scales: int
    flow: bool
    """False: every frame is painted anew, nothing is warped."""
    foreground: tuple[int, ...]
    """Classes painted by the foreground branch and never warped."""
    first_frame: FirstFrameConfig | None
    """None: the history starts empty."""
    instance_features: FeatureConfig | None = field(default=None, metadata={"absent_if_default": True})
    """What instances look like is an input, too. None: the network alone decides."""
    resampling: Resampling = field(default="bilinear", metadata={"absent_if_default": True})
    """Of the past frame that is warped; bilinear in the published networks."""
    skips: bool = field(default=False, metadata={"absent_if_default": True})
    """Features of the encoders are added to those of the decoders at every size (Ronneberger et al., "U-Net", 2015):
    small networks keep the edges of the labels sharp. The published networks have no skips."""
    positions: int = field(default=0, metadata={"absent_if_default": True})
    """Octaves of waves that tell the network where a pixel is (`position_waves`): a fixed camera's background, of which
    sketches and poses say nothing, has its place. 0, as in the published networks: it isn't told."""

    @property
    def label_channels(self) -> int:
        """Channels of the labels of a frame."""
        return self.label_classes + self.edges

    @property
    def feature_channels(self) -> int:
        """Numbers that say what an instance looks like; 0 without them."""
        return 0 if self.instance_features is None else self.instance_features.channels

    @property
    def encoded_channels(self) -> int:
        """Channels of one encoded label frame: its labels, then what its instances look like."""
        return self.label_channels + self.feature_channels

    @property
    def past_frames(self) -> int:
        """Generated frames that are fed back."""
        return self.label_frames - 1

    @property
    def size_multiple(self) -> int:
        """Height and width must be multiples of this, a power of two."""
        first = 1 if self.first_frame is None else self.first_frame.size_multiple
        features = 0 if self.instance_features is None else self.instance_features.downsamplings
        return max(first, 1 << (self.scales - 1 + self.downsamplings), 1 << features)

    def scale(self, index: int) -> ScaleConfig:
        """Scale `index`, 0 is the coarsest."""
        coarsest = index == 0
        shared = (self.blocks + 1) // 2
        return ScaleConfig(
            label_channels=self.label_frames * self.encoded_channels + WAVES * self.positions,
            styles=len(self.style_names),
            past_channels=3 * self.past_frames,
            filters=self.filters // 2**index,
            foreground_filters=self.foreground_filters // 2**index,
            downsamplings=self.downsamplings if coarsest else 1,
            encoder_blocks=shared if coarsest else 0,
            decoder_blocks=self.blocks - shared if coarsest else self.local_blocks,
            foreground_blocks=self.blocks if coarsest else self.local_blocks,
            flow=self.flow,
            flow_gain=20.0 * 2**index,
            resampling=self.resampling,
            skips=self.skips,
        )

    def check_size(self, height: int, width: int) -> None:
        """InputError for a frame size that the network can't take, naming the nearest that it can."""
        m = self.size_multiple
        if height % m or width % m or height < 2 * m or width < 2 * m:
            near = [max(2 * m, round(side / m) * m) for side in (width, height)]
            raise InputError(
                f"label maps: {width}x{height} does not fit this network, whose width and height must be multiples "
                f"of {m} and at least {2 * m}; the nearest size is {near[0]}x{near[1]}"
            )
