"""Edits by text: two descriptions become a direction of a generator's styles, by CLIP and a table of the styles.

Source: Patashnik et al. 2021, "StyleCLIP", section 6. Each description is put into many sentences, whose features are
averaged (Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", 3.1.4). The
sentences are ours: directions are near those of the published list, not the same.
"""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError, MissingExtraError
from ..models.faces.directions import Direction
from ..models.faces.style_table import StyleTable
from ..models.faces.text_edits import text_direction
from ..weights.loading import load_as

TEXT_ENCODER = "openai/clip-vit-base-patch32"
"""The one that the published table was measured with."""
NAME = "text"
"""Of the direction, for `strengths.parse_strengths`."""

_PICTURES = (
    "photo",
    "close-up photo",
    "bright photo",
    "dark photo",
    "blurry photo",
    "cropped photo",
    "picture",
)
_OTHERS = ("drawing", "painting", "sketch", "rendering")
_WHOSE = ("a", "the", "one", "my")

Encode = Callable[[Sequence[str]], Tensor]
"""Sentences -> features `[t d]`."""


def sentences(description: str) -> list[str]:
    """The description in different pictures."""
    return [f"a {kind} of {whose} {description}" for kind, whose in product((*_PICTURES, *_OTHERS), _WHOSE)]


def described_edit(
    table: StyleTable, encode: Encode, target: str, neutral: str, beta: float, generator: str | None
) -> Direction:
    """From `neutral` ("face") to `target` ("face with lipstick"), named `NAME`.

    beta: relevance up to which a style stays as it is, 0..1; published: 0.1 to 0.2; generator: `latent_space` of
    the one that the table was measured for. InputError for descriptions that are empty or mean the same,
    and for a beta that leaves nothing.
    """
    if not target.strip() or not neutral.strip():
        raise InputError(
            "an edit by text needs two descriptions: what the face shall be, and what it is ('face')"
        )
    there, here = (encode(sentences(description.strip())) for description in (target, neutral))
    return text_direction(NAME, table.table, there, here, beta, generator)


def load_style_table(weights: str | Path) -> StyleTable:
    """InputError for weights that are no table of styles."""
    what = "not a table of styles; give StyleCLIP's (maliang weights convert makes ours of fs3.npy)"
    return load_as(StyleTable, what, weights, "cpu", torch.float32)


def load_text_encoder(repository: str = TEXT_ENCODER, *, download: bool = False) -> Encode:
    """CLIP's text tower, from a folder or the Hub's cache; from the Hub itself if `download` allows it.

    MissingExtraError without transformers; InputError where it can't be had.
    """
    try:
        from transformers import AutoTokenizer, CLIPTextModelWithProjection
    except ImportError as error:
        raise MissingExtraError("editing by text", "annotators") from error
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(repository, local_files_only=not download)
        network: Any = CLIPTextModelWithProjection.from_pretrained(repository, local_files_only=not download)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{repository}: no CLIP that can be loaded is there; give the folder of one, or allow its download "
            f"({TEXT_ENCODER}, 600 MB)"
        ) from error

    @torch.inference_mode()
    def encode(texts: Sequence[str]) -> Tensor:
        tokens = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        features: Tensor = network.eval()(**tokens).text_embeds
        return features.float()

    return encode
