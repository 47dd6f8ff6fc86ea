"""StyleGAN2: which numbers steer what, and what must be equal whichever way it is computed."""

import json

import pytest
import torch
from golden_cases import DEFAULT

from maliang_video.models.faces.stylegan2.config import StyleGAN2Config, published_channels
from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.models.faces.stylegan2.mapping import truncated
from maliang_video.models.layers.binomial import doubled

TINY = StyleGAN2Config(channels=(8, 6, 4), z_width=10, w_width=12, mapping_layers=2, clamp=None)


@pytest.fixture
def generator():
    torch.manual_seed(0)
    made = StyleGAN2(TINY).eval()
    with torch.no_grad():
        for name, value in made.named_parameters():
            if name.endswith("noise_strength"):
                value.fill_(0.3)
    made.mapping.average.copy_(torch.randn(12))
    return made


def codes(batch=2):
    return torch.randn(batch, TINY.rows, 12, generator=torch.Generator().manual_seed(1))


def test_the_published_generator_s_styles():
    manifest = json.loads((DEFAULT / "face" / "stylegan2_ada_ffhq1024.json").read_text("utf-8"))
    config = StyleGAN2Config(published_channels(1024), 512, 512, 8, None)
    parts = {"first": "conv0", "second": "conv1", "to_rgb": "torgb"}
    ours = [(f"synthesis.b{4 << v.block}.{parts[v.part]}", v.row, v.width) for v in config.style_vectors]
    assert ours == [(v["layer"], v["w_index"], v["dim"]) for v in manifest["style_layout"]]
    assert (config.resolution, config.rows) == (1024, 18)
    assert sum(v.width for v in config.style_vectors if v.part != "to_rgb") == 6048


def test_a_batch_is_its_pictures(generator):
    both = generator(codes())
    assert both.shape == (2, 3, 16, 16)
    for one, code in zip(both, codes(), strict=True):
        torch.testing.assert_close(one, generator(code[None])[0])


def test_rows_steer_their_layers_only(generator):
    changed = codes()
    changed[:, 3] += 1  # colours of 8 pixels, first convolution of 16
    before, after = (list(generator.stages(generator.styles(c))) for c in (codes(), changed))
    assert torch.equal(before[0].picture, after[0].picture)
    assert torch.equal(before[1].features, after[1].features)
    assert not torch.allclose(before[1].colours, after[1].colours)
    assert not torch.allclose(before[2].features, after[2].features)


def test_styles_say_all_that_a_code_does(generator):
    assert torch.equal(generator.synthesis_from_styles(generator.styles(codes())), generator(codes()))
    assert [s.shape[1] for s in generator.styles(codes())] == [8, 8, 8, 6, 6, 6, 4, 4]


def test_pictures_are_the_sum_of_what_blocks_add(generator):
    stages = list(generator.stages(generator.styles(codes())))
    assert torch.equal(stages[0].picture, stages[0].colours)
    assert [tuple(s.features.shape[1:]) for s in stages] == [(8, 4, 4), (6, 8, 8), (4, 16, 16)]
    torch.testing.assert_close(stages[2].picture, doubled(stages[1].picture) + stages[2].colours)


def test_noise(generator):
    stored, none = generator(codes()), generator(codes(), "none")
    assert not torch.allclose(stored, none)
    draws = [generator(codes(), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.allclose(draws[0], draws[2])
    with pytest.raises(ValueError, match="got 'random'"):
        generator(codes(), "random")
    with torch.no_grad():
        for name, value in generator.named_parameters():
            if name.endswith("noise_strength"):
                value.zero_()
    assert torch.equal(generator(codes()), none)


def test_layouts_in_memory_and_gradients_do_not_change_the_picture(generator):
    with torch.no_grad():
        plain = generator(codes())
    learning = generator(codes())
    assert learning.requires_grad
    torch.testing.assert_close(learning.detach(), plain)
    torch.testing.assert_close(generator.to(memory_format=torch.channels_last)(codes()), learning)


def test_gradients_reach_every_weight_but_the_mapping(generator):
    generator(codes()).square().mean().backward()
    without = {
        name for name, value in generator.named_parameters() if value.grad is None or not value.grad.any()
    }
    assert without == {name for name, _ in generator.named_parameters() if name.startswith("mapping.")}


def test_gradients_are_right():
    torch.manual_seed(0)
    network = StyleGAN2(StyleGAN2Config((3, 2), 3, 3, 1, None)).double()
    code = torch.randn(1, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network, [code], fast_mode=True)
    assert torch.autograd.gradgradcheck(network, [code], fast_mode=True)


def test_truncation(generator):
    z = torch.randn(3, 10, generator=torch.Generator().manual_seed(2))
    whole, average = generator.mapping(z), generator.mapping.average
    assert whole.shape == (3, 6, 12)
    assert torch.equal(whole[:, 0], whole[:, 5])
    torch.testing.assert_close(generator.mapping(z, truncation=0.0), average.expand(3, 6, 12))
    some = generator.mapping(z, truncation=0.5, cutoff=2)
    torch.testing.assert_close(some[:, :2], (whole[:, :2] + average) / 2)
    assert torch.equal(some[:, 2:], whole[:, 2:])
    assert truncated(whole, average, 1.0) is whole


def test_the_length_of_a_draw_does_not_matter(generator):
    z = torch.randn(1, 10, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(generator.mapping(z), generator.mapping(5 * z))


def test_clamp():
    torch.manual_seed(0)
    loose = StyleGAN2(TINY)
    tight = StyleGAN2(StyleGAN2Config((8, 6, 4), 10, 12, 2, clamp=0.1))
    tight.load_state_dict(loose.state_dict())
    stages = list(tight.stages(tight.styles(codes())))
    assert max(float(s.features.detach().abs().max()) for s in stages) == pytest.approx(0.1)
    assert max(float(s.colours.detach().abs().max()) for s in stages) <= 0.1 + 1e-6
    assert max(float(s.features.detach().abs().max()) for s in loose.stages(loose.styles(codes()))) > 1


def test_half_precision_gives_a_picture_in_full(generator):
    exact = generator(codes())
    rough = generator.to(torch.bfloat16)(codes().bfloat16())
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().mean() < 0.03 * exact.abs().mean()


@pytest.mark.parametrize("shape", [(2, 6, 11), (2, 5, 12), (6, 12)])
def test_codes_of_another_generator_are_refused(generator, shape):
    with pytest.raises(ValueError, match=r"expected \[b 6 12\] for a generator of 16 pixels, got"):
        generator(torch.zeros(shape))


def test_styles_of_another_generator_are_refused(generator):
    with pytest.raises(ValueError, match="expected 8 vectors"):
        generator.synthesis_from_styles(generator.styles(codes())[:-1])
