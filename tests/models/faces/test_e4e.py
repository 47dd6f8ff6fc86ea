"""The encoder for StyleGAN2: its shape, its resizing, its published file."""

import json

import pytest
import torch
from golden_cases import DEFAULT

from maliang_video.errors import InputError
from maliang_video.models.faces.e4e import E4E, E4EConfig, check_belongs, encoder_input
from maliang_video.models.faces.e4e_convert import convert

SMALL = E4EConfig(resolution=32, rows=8, w_width=12, widths=(16, 16, 16, 24), units=(1, 1, 1, 1))


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    made = E4E(SMALL).eval()
    made.average.copy_(torch.randn(8, 12))
    return made


def pictures():
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_codes_of_a_batch(encoder):
    both = encoder(pictures())
    assert both.shape == (2, 8, 12)
    torch.testing.assert_close(encoder(pictures()[1:])[0], both[1])


def test_levels_have_a_quarter_an_eighth_a_sixteenth_of_the_size(encoder):
    pyramid = encoder.pyramid(encoder.taps(pictures()))
    assert [tuple(level.shape) for level in pyramid] == [(2, 24, 8, 8), (2, 24, 4, 4), (2, 24, 2, 2)]
    assert [SMALL.head_side(row) for row in range(8)] == [2, 2, 2, 4, 4, 4, 4, 8]


def test_each_row_adds_to_the_first(encoder):
    pyramid = encoder.pyramid(encoder.taps(pictures()))
    whole = encoder.offsets(pyramid)
    some = encoder.offsets(pyramid, rows=3)
    assert torch.equal(some[:, :3], whole[:, :3])
    assert torch.equal(some[:, 3:], whole[:, :1].expand(-1, 5, -1))
    delta = encoder.heads[7](pyramid.fine)
    torch.testing.assert_close(whole[:, 7], whole[:, 0] + delta)
    torch.testing.assert_close(encoder(pictures()), whole + encoder.average)


def test_resizing_as_stit_and_as_the_demo():
    picture = torch.zeros(1, 3, 64, 64)
    picture[..., 1::4, 1::4] = 16.0
    assert torch.equal(encoder_input(picture, 16, antialias=False), torch.full((1, 3, 16, 16), 4.0))
    picture = torch.zeros(1, 3, 64, 64)
    picture[..., ::4, ::4] = 16.0
    assert not encoder_input(picture, 16, antialias=False).any(), (
        "three of four rows and columns are not seen"
    )
    smooth = encoder_input(picture, 16, antialias=True)
    assert float(smooth.mean()) == pytest.approx(1.0, abs=0.05)


def test_wrong_pictures_are_refused(encoder):
    with pytest.raises(ValueError, match=r"expected \[b 3 32 32\], got \[1, 3, 64, 64\]"):
        encoder(torch.zeros(1, 3, 64, 64))


def test_encoder_and_generator_belong_together():
    check_belongs(SMALL, 8, 12, "the generator")
    with pytest.raises(
        InputError, match="the generator: takes codes of 18 rows of 512 numbers, but the encoder makes 8"
    ):
        check_belongs(SMALL, 18, 512, "the generator")


@pytest.fixture
def published():
    manifest = json.loads((DEFAULT / "face" / "e4e_ffhq_encode.json").read_text("utf-8"))
    state = {
        entry["name"]: torch.empty(
            entry["shape"], device="meta", dtype=getattr(torch, entry.get("dtype", "float32"))
        )
        for entry in manifest["tensors"]
    }
    return state | {"latent_avg": torch.randn(512)}


def test_the_published_file_fits_its_network_entry_for_entry(published):
    config, state = convert({"e4e_ffhq_encode": published})
    assert config == E4EConfig(256, 18, 512, (64, 128, 256, 512), (3, 4, 14, 3))
    with torch.device("meta"):
        network = E4E(config).state_dict()
    assert {n: t.shape for n, t in network.items()} == {n: t.shape for n, t in state.items()}
    assert torch.equal(state["average"], published["latent_avg"].expand(18, 512))


def test_rows_are_counted(published):
    fewer = {
        n: t for n, t in published.items() if not n.startswith(("encoder.styles.16.", "encoder.styles.17."))
    }
    assert convert({"church": fewer})[0].rows == 16


def test_other_files_are_refused(published):
    with pytest.raises(InputError, match="file: has no latent_avg"):
        convert({"file": {n: t for n, t in published.items() if n != "latent_avg"}})
    with pytest.raises(InputError, match="not an e4e encoder"):
        convert({"file": {"latent_avg": torch.ones(512), "conv.weight": torch.ones(1)}})
    with pytest.raises(InputError, match=r"1 entries that a published layout does not have \(extra\)"):
        convert({"file": published | {"encoder.extra": torch.ones(1)}})
    with pytest.raises(InputError, match="is one file; got none"):
        convert({})
