"""Edits by text: sentences, a table, and CLIP's text tower from a folder."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from maliang_video.errors import InputError, MissingExtraError
from maliang_video.models.faces.style_table import StyleTable, StyleTableConfig
from maliang_video.pipelines.face_texts import (
    described_edit,
    load_style_table,
    load_text_encoder,
    sentences,
)
from maliang_video.weights.file import save


@pytest.fixture
def table() -> StyleTable:
    made = StyleTable(StyleTableConfig(styles=3, features=2, encoder="letters", statistics=False))
    made.table.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.5], [0.05, 0.0]]))
    return made


def letters(texts: Sequence[str]) -> Tensor:
    """How often a text has x, and z."""
    return torch.tensor([[1.0 + text.count("x"), 1.0 + text.count("z")] for text in texts])


def test_a_description_is_put_into_many_different_sentences() -> None:
    texts = sentences("old face")
    assert len(set(texts)) == len(texts) > 40
    assert all(text.endswith(" old face") for text in texts)


def test_styles_that_go_along_with_the_words_move(table: StyleTable) -> None:
    direction = described_edit(table, letters, "face xxxx", "face", 0.1, "here")
    assert (direction.name, direction.space, direction.generator) == ("text", "style", "here")
    along, against, hardly = direction.vector.tolist()
    assert (along, hardly) == (1, 0)
    assert against < 0
    assert described_edit(table, letters, "face zzzz", "face", 0.1, None).vector[0] < 0


def test_words_that_say_nothing_are_refused(table: StyleTable) -> None:
    with pytest.raises(InputError, match="needs two descriptions"):
        described_edit(table, letters, " ", "face", 0.1, None)
    with pytest.raises(InputError, match="the two descriptions mean the same"):
        described_edit(table, letters, "face", "face", 0.1, None)
    with pytest.raises(InputError, match="choose a lower beta"):
        described_edit(table, letters, "xx", "face", 5.0, None)


def test_a_file_of_something_else_is_no_table(tmp_path: Path, table: StyleTable, tiny_stylegan2) -> None:
    save(tmp_path / "table.safetensors", table, licence="MIT", source="a test")
    assert torch.equal(load_style_table(tmp_path / "table.safetensors").table, table.table)
    save(tmp_path / "face.safetensors", tiny_stylegan2(), licence="MIT", source="a test")
    with pytest.raises(InputError, match="holds a StyleGAN2, not a table of styles"):
        load_style_table(tmp_path / "face.safetensors")


def test_clip_is_read_from_a_folder(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    letters = [*"abcdefghijklmnopqrstuvwxyz"]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    (tmp_path / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    transformers.CLIPTokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt")).save_pretrained(
        tmp_path
    )
    torch.manual_seed(0)
    config = transformers.CLIPTextConfig(
        vocab_size=len(words), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
        projection_dim=6, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    transformers.CLIPTextModelWithProjection(config).save_pretrained(tmp_path)
    encode = load_text_encoder(str(tmp_path))
    features = encode(["a face", "a smiling face", "a face"])
    assert features.shape == (3, 6)
    assert torch.equal(features[0], features[2])
    assert not torch.equal(features[0], features[1])


def test_without_clip_or_transformers_it_is_said_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="no CLIP that can be loaded is there"):
        load_text_encoder(str(tmp_path / "nothing"))
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match="editing by text needs an optional dependency"):
        load_text_encoder(str(tmp_path))
