"""The generator: what is encoded once, what its variants leave out, what it refuses, and that all of it learns."""

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.fewshot import attention
from maliang_video.models.fewshot.config import small_config
from maliang_video.models.fewshot.generator import FewShotGenerator, encode_exemplars, step
from maliang_video.models.labels.body_parts import without_head


def test_what_no_frame_changes_is_encoded_once(make, exemplars, driver):
    given, labels = exemplars(3), driver(1)[0]
    for generator, fixed in ((make(mixing="average"), True), (make(), False), (make(attend_from=4), True)):
        encoded = encode_exemplars(generator, *given)
        assert (encoded.identity is not None, encoded.memory is None) == (fixed, fixed)
        reading, making = (
            counted(generator.exemplar_encoder.image.first),
            counted(generator.weights[0].norm_0),
        )
        step(generator, encoded, labels)
        assert not reading
        assert len(making) == (0 if fixed else 1), "weights are made anew only from what attention found"


def counted(part):
    """The sizes of batches that go through a part from now on."""
    sizes = []
    part.register_forward_hook(lambda _, inputs, output: sizes.append(len(output)))
    return sizes


def test_exemplars_are_read_one_at_a_time(make, exemplars):
    generator = make()
    sizes = counted(generator.exemplar_encoder.image.first)
    encode_exemplars(generator, *exemplars(4))
    assert sizes == [1, 1, 1, 1]


def test_attention_in_pieces_is_attention(make, exemplars, driver, monkeypatch):
    generator, given, labels = make(), exemplars(3), driver(1)[0]
    whole = step(generator, encode_exemplars(generator, *given), labels, tell_attention=True).frame
    monkeypatch.setattr(attention, "CHUNK_VALUES", 3 * 8 * 12 * 20)
    pieces = step(generator, encode_exemplars(generator, *given), labels, tell_attention=True).frame
    assert torch.allclose(whole.image, pieces.image, atol=1e-5)
    assert all(
        torch.allclose(a, b, atol=1e-4) for a, b in zip(whole.attention, pieces.attention, strict=True)
    )


def test_attention_looks_where_labels_are_alike(make, exemplars):
    """The exemplar that has the driving frame's own label map is chosen, wherever it stands."""
    generator = make()
    generator.attention.query.load_state_dict(generator.attention.key.state_dict())
    for parameters in (generator.attention.key, generator.attention.query):
        for layer in parameters.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight.data *= 3
        parameters.downs[-1].norm.weight.data *= 3
    labels, pictures = exemplars(3)
    for position in range(3):
        frame = step(generator, encode_exemplars(generator, labels, pictures), labels[position]).frame
        assert frame.chosen.item() == position


def test_without_attention_the_nearest_label_map_is_chosen(make, exemplars):
    generator = make(mixing="average")
    labels, pictures = exemplars(3)
    for position in range(3):
        driving = labels[position] + 0.05
        assert (
            step(generator, encode_exemplars(generator, labels, pictures), driving).frame.chosen == position
        )


def test_ablations_have_no_parts_that_they_do_not_use(make, exemplars, driver):
    names = {
        "attention": make(mixing="average"),
        "weights": make(generated_levels=0),
        "exemplar_encoder.label": make(generated_levels=0),
        "exemplar_embedder": make(warp_exemplar=False),
        "past_embedder": make(blending="linear", warped_levels=0),
    }
    for name, generator in names.items():
        assert not [entry for entry in generator.state_dict() if entry.startswith(f"{name}.")], name
        assert [entry for entry in make().state_dict() if entry.startswith(f"{name}.")], name
        frame = step(generator, encode_exemplars(generator, *exemplars(2)), driver(1)[0]).frame
        assert frame.image.shape == (1, 3, 32, 48)
    assert make(separate_flows=True).exemplar_flow is not None


def test_linear_blending_is_what_it_says(make, exemplars, driver):
    generator, clip = make(blending="linear", warped_levels=0), driver(2)
    encoded = encode_exemplars(generator, *exemplars(1))
    first = step(generator, encoded, clip[0])
    second = step(generator, encoded, clip[1], first.past).frame
    moved, before = second.exemplar, second.past
    expected = second.raw * moved.mask + moved.picture * (1 - moved.mask)
    expected = expected * before.mask + before.picture * (1 - before.mask)
    assert torch.allclose(second.image, expected, atol=1e-6)
    assert first.frame.past is None


def test_hidden_faces_are_not_seen(make, exemplars, driver):
    labels, pictures = exemplars(1)
    driving = driver(1)[0].clone()
    for maps in (labels[0], driving):
        maps[2, 4:12, 4:12] = 2 * 23 / 24 - 1  # a face in DensePose
    hiding = {hidden: make(hidden_faces=hidden) for hidden in ("none", "drivers", "all")}
    frames = {}
    for hidden, generator in hiding.items():
        made = step(generator, encode_exemplars(generator, labels, pictures), driving)
        frames[hidden] = made.frame.image
        shown = driving[None] if hidden == "none" else without_head(driving[None])
        assert torch.equal(made.past.labels, shown), "the next frame is given what this one saw"
    plain = hiding["none"]
    both = step(plain, encode_exemplars(plain, without_head(labels), pictures), without_head(driving[None]))
    assert torch.equal(both.frame.image, frames["all"])
    one = step(plain, encode_exemplars(plain, labels, pictures), without_head(driving[None]))
    assert torch.equal(one.frame.image, frames["drivers"])
    assert not torch.allclose(frames["drivers"], frames["all"], atol=1e-5)


@pytest.mark.parametrize(
    "changes", [{}, {"embedding_kernel": 1, "generated_cut": "halves"}, {"norm": "folded"}]
)
def test_frames_are_the_same_where_gradients_are_kept(make, exemplars, driver, changes):
    """Strips, doubled convolutions and maps that are kept small are ways to compute, in both layouts."""
    given, clip = exemplars(2), driver(2)
    frames = []
    for layout in (torch.contiguous_format, torch.channels_last):
        generator = make(**changes).to(memory_format=layout)
        encoded = encode_exemplars(generator, *given)
        first = step(generator, encoded, clip[0])
        frames.append(step(generator, encoded, clip[1], first.past).frame.image.detach())
        with torch.inference_mode():
            encoded = encode_exemplars(generator, *given)
            first = step(generator, encoded, clip[0])
            frames.append(step(generator, encoded, clip[1], first.past).frame.image)
    assert all(torch.allclose(frames[0], frame, atol=2e-4) for frame in frames[1:])
    assert frames[0].std() > 0.01


def test_everything_learns(exemplars, driver):
    generator = FewShotGenerator(small_config("pose", 6, filters=4, levels=3)).train()
    encoded = encode_exemplars(generator, *exemplars(2))
    first = step(generator, encoded, driver(1)[0])
    second = step(generator, encoded, driver(1, seed=4)[0], first.past).frame
    (second.image.mean() + second.exemplar.mask.mean() + second.past.mask.mean()).backward()
    idle = [name for name, p in generator.named_parameters() if p.grad is None]
    assert not idle


def test_a_small_network_is_small():
    with torch.device("meta"):
        parameters = sum(p.numel() for p in FewShotGenerator(small_config("street", 20)).parameters())
    assert 3.1e6 < parameters < 3.3e6


def test_half_precision_is_near(make, exemplars, driver):
    generator, given, labels = make(), exemplars(1), driver(1)[0]
    exact = step(generator, encode_exemplars(generator, *given), labels).frame.image
    half = generator.to(torch.bfloat16)
    frame = step(half, encode_exemplars(half, *given), labels).frame
    assert frame.image.dtype == frame.exemplar.flow.dtype == torch.float32
    assert (frame.image - exact).abs().mean() < 0.05


@pytest.mark.parametrize(
    ("labels", "pictures", "complaint"),
    [
        ((0, 6, 32, 48), (0, 3, 32, 48), "there are none"),
        ((2, 6, 32, 48), (1, 3, 32, 48), "one label map for each picture"),
        ((1, 6, 32, 48), (1, 3, 32, 40), "of its size"),
        ((1, 1, 32, 48), (1, 3, 32, 48), "label maps with 1 channels; this network is for pose, with 6"),
        ((1, 6, 36, 48), (1, 3, 36, 48), "48x36 does not fit this network"),
    ],
)
def test_exemplars_that_do_not_fit_are_refused(make, labels, pictures, complaint):
    with pytest.raises(InputError, match=complaint):
        encode_exemplars(make(), torch.zeros(labels), torch.zeros(pictures))
