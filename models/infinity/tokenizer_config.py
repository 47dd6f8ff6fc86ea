"""What a picture tokenizer is made of, and how far its parts see."""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class TokenizerConfig:
    """A VQGAN: convolutional encoder, codebook, convolutional decoder."""

    widths: tuple[int, ...]
    """Channels of every level, the finest first; each level after the first has half the resolution."""
    blocks: int
    """Residual blocks of a level in the encoder; the decoder has one more."""
    deepest_attention: bool
    """Attention after every residual block of the deepest level."""
    middle_attention: bool
    """Attention between the two residual blocks in the middle."""
    latent_channels: int
    """Between encoder and codebook, and between codebook and decoder."""
    codes: int
    """Entries of the codebook."""
    code_channels: int
    """Length of a code."""
    unit_codes: bool
    """Latents and codes are brought to length 1 before they are compared, and such codes are decoded (LlamaGen)."""
    groups: int
    """Of the group norms; divides every width."""

    @property
    def factor(self) -> int:
        """Pixels along a side of a cell, which one code stands for."""
        return 1 << (len(self.widths) - 1)

    @property
    def decoder_halo(self) -> int:
        """Cells around a tile that the decoder's part above the cells' resolution sees."""
        steps = [1 << level for level in range(len(self.widths) - 1)]
        pixels = 1 + sum((1 + 2 * (self.blocks + 1)) * step for step in steps)
        return ceil(pixels / self.factor)

    @property
    def encoder_halo(self) -> int:
        """Cells around a tile that the encoder's part above the cells' resolution sees."""
        steps = [1 << level for level in range(len(self.widths) - 1)]
        pixels = 1 + sum((2 * self.blocks + 2) * step for step in steps)
        return ceil(pixels / self.factor)

    @property
    def latent_reach(self) -> int:
        """Cells that the convolutions at the cells' resolution see to each side; attention sees everything."""
        return 1 + 4 + 2 * (self.blocks + 1)


def published_config(codes: int, code_channels: int, unit_codes: bool = False) -> TokenizerConfig:
    """The f16 network of taming-transformers, which LlamaGen's VQ-16 has, too; 72 to 76 million parameters."""
    return TokenizerConfig(
        widths=(128, 128, 256, 256, 512),
        blocks=2,
        deepest_attention=True,
        middle_attention=True,
        latent_channels=256,
        codes=codes,
        code_channels=code_channels,
        unit_codes=unit_codes,
        groups=32,
    )
