"""Token files become pictures, whole or in part, and say why not."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from maliang_video.errors import InputError
from maliang_video.media.pixels import to_file
from maliang_video.media.token_file import TokenJob, create_tokens
from maliang_video.models.infinity.tokenizer import Tokenizer
from maliang_video.models.infinity.tokenizer_config import TokenizerConfig
from maliang_video.models.infinity.windows import Box
from maliang_video.pipelines.infinity_pixels import decode_tokens, load_tokenizer, preview
from maliang_video.weights import save

CONFIG = TokenizerConfig((4, 8, 8), 1, False, True, 6, 32, 5, False, 2)
JOB = TokenJob("m", "the demo's", 1, "{}", "", codes=32, side=4, grid=(1, 2, 3))


@pytest.fixture
def tokenizer():
    torch.manual_seed(0)
    return Tokenizer(CONFIG).eval().requires_grad_(False)


@pytest.fixture
def codes():
    return torch.randint(0, 32, (8, 12), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def source(tmp_path, codes):
    path = tmp_path / "canvas.tokens"
    with create_tokens(path, JOB) as tokens:
        for row in range(2):
            for column in range(3):
                page = codes[row * 4 : row * 4 + 4, column * 4 : column * 4 + 4]
                tokens.write((0, row, column), page.numpy())
    return path


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_the_picture_is_what_the_codes_stand_for(tmp_path, tokenizer, codes, source, ending):
    out, seen = tmp_path / f"a.{ending}", []
    size = decode_tokens(source, tokenizer, out, tile=5, progress=lambda *step: seen.append(step))
    picture = np.asarray(Image.open(out)) if ending == "png" else tifffile.imread(out)
    assert size == (32, 48) == picture.shape[:2]
    expected = to_file(tokenizer.decode(codes[None])[0])
    assert np.abs(picture.astype(int) - expected).max() <= 1
    assert [step[:2] for step in seen] == [(n + 1, 6) for n in range(6)]
    assert seen[0][2]().shape == (20, 20, 3)


def test_a_part_is_cut_out_of_the_same_picture(tmp_path, tokenizer, source):
    decode_tokens(source, tokenizer, tmp_path / "all.png")
    size = decode_tokens(source, tokenizer, tmp_path / "part.png", region=Box(9, 4, 18, 31))
    assert size == (12, 28)
    everything, part = (np.asarray(Image.open(tmp_path / f"{n}.png")).astype(int) for n in ("all", "part"))
    assert np.abs(part - everything[8:20, 4:32]).max() <= 1


def test_previews_are_small():
    assert preview(np.zeros((100, 2000, 3), np.uint8)).shape == (26, 512, 3)


def test_refusals(tmp_path, tokenizer, source):
    out = tmp_path / "a.png"
    with pytest.raises(InputError, match="27x9 pixels at row 30, column 4 is not on a canvas of 48x32"):
        decode_tokens(source, tokenizer, out, region=Box(30, 4, 39, 31))
    other = Tokenizer(replace(CONFIG, codes=64))
    with pytest.raises(InputError, match="a tokenizer with 32 codes, this one has 64: choose the demo's"):
        decode_tokens(source, other, out)
    unfinished = tmp_path / "unfinished.tokens"
    create_tokens(unfinished, JOB).flush()
    with pytest.raises(InputError, match="6 of 6 patches are not made yet; go on with the run"):
        decode_tokens(unfinished, tokenizer, out)
    assert not out.exists()


def test_tokenizers_are_loaded_by_name(tmp_path, tokenizer, tiny_generator):
    save(tmp_path / "t.safetensors", tokenizer, licence="MIT", source="a test")
    assert load_tokenizer(tmp_path / "t.safetensors").config == CONFIG
    save(tmp_path / "g.safetensors", tiny_generator, licence="MIT", source="a test")
    with pytest.raises(InputError, match="holds a Vid2VidGenerator, not a picture tokenizer"):
        load_tokenizer(tmp_path / "g.safetensors")
