"""One step of the generator, and the state that goes in and comes out."""

import pytest
import torch
from safetensors.torch import load, save

from maliang_video.errors import InputError
from maliang_video.models.labels.encoding import instance_edges, one_hot
from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.vid2vid.generator import (
    Past,
    Step,
    Vid2VidGenerator,
    without_flow,
    without_foreground,
)

SIZE = (16, 24)


def pictures(batch: int = 1, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, 2, 3, *SIZE, generator=generator, dtype=dtype) * 2 - 1


def step(generator: Vid2VidGenerator, frames: list[LabelFrame], past: Past, **options: object) -> Step:
    with torch.inference_mode():
        return generator.step([generator.encode(frame) for frame in frames], past, **options)


def together(first: list[LabelFrame], second: list[LabelFrame]) -> list[LabelFrame]:
    """Two clips as one of batch two."""
    pairs = zip(first, second, strict=True)
    return [
        LabelFrame(torch.stack([a.ids, b.ids]), torch.stack([a.instances, b.instances])) for a, b in pairs
    ]


def test_a_batch_of_two_is_two_of_one(make, clip):
    generator, clips = make(), (clip(3, seed=1), clip(3, seed=2, classes=4))
    past = pictures(2)
    both = step(generator, together(*clips), generator.past_from(past))
    for i, frames in enumerate(clips):
        alone = step(generator, frames, generator.past_from(past[i : i + 1]), skip_unseen_foreground=False)
        assert torch.allclose(both.frame[i : i + 1], alone.frame, atol=1e-5)
        assert torch.allclose(both.scales[-1].flow[i : i + 1], alone.scales[-1].flow, atol=1e-4)
        for ours, theirs in zip(both.past.frames, alone.past.frames, strict=True):
            assert torch.allclose(ours[i : i + 1], theirs, atol=1e-5)


def test_two_clips_can_take_turns(make, clip):
    generator, clips = make(), (clip(7, seed=1), clip(7, seed=2))

    def roll(turns: list[int]) -> dict[int, list[torch.Tensor]]:
        pasts, painted = [generator.blank_past(SIZE)] * 2, {0: [], 1: []}
        for i in turns:
            t = len(painted[i])
            made = step(generator, clips[i][t : t + 3], pasts[i])
            pasts[i] = made.past
            painted[i].append(made.frame)
        return painted

    one_after_the_other, in_turns = roll([0] * 5 + [1] * 5), roll([0, 1, 1, 0, 0, 1, 0, 1, 1, 0])
    for i in (0, 1):
        assert all(torch.equal(a, b) for a, b in zip(one_after_the_other[i], in_turns[i], strict=True))


def test_each_scale_keeps_its_own_past(make, clip):
    generator = make()
    made = step(generator, clip(3), generator.past_from(pictures()))
    assert [tuple(frames.shape) for frames in made.past.frames] == [(1, 2, 3, 8, 12), (1, 2, 3, 16, 24)]
    for frames, out in zip(made.past.frames, made.scales, strict=True):
        assert torch.equal(frames[:, -1], out.frame)
    assert torch.equal(made.past.frames[-1][:, 0], pictures()[:, 1])
    assert made.past.painted == 3


def test_the_past_survives_a_file(make, clip):
    generator = make()
    past = step(generator, clip(3), generator.blank_past(SIZE)).past
    again = Past.from_tensors(load(save(past.to_tensors())))
    assert again.painted == 1
    assert all(torch.equal(a, b) for a, b in zip(again.frames, past.frames, strict=True))


def test_leaving_out_an_unseen_foreground_changes_nothing(make, clip):
    generator, frames = make(), clip(3, classes=5)
    past = generator.past_from(pictures())
    quick, whole = step(generator, frames, past), step(generator, frames, past, skip_unseen_foreground=False)
    assert quick.scales[0].foreground is None
    assert whole.scales[0].foreground is not None
    assert torch.equal(quick.frame, whole.frame)


def test_a_foreground_in_sight_is_painted(make, clip):
    generator, frames = make(), clip(3)
    assert (frames[-1].ids == 5).any()
    out = step(generator, frames, generator.past_from(pictures())).scales[-1]
    seen = (frames[-1].ids == 5).expand(1, 3, *SIZE)
    assert torch.equal(out.frame[seen], out.foreground[seen])


def test_only_the_newest_frame_shows_the_foreground(make, clip):
    generator, frames = make(), clip(3)
    gone = LabelFrame(frames[-1].ids.clamp(max=4), frames[-1].instances)
    assert step(generator, [*frames[:2], gone], generator.past_from(pictures())).scales[-1].foreground is None


def test_outlines_of_things_stand_in_for_missing_instances(make, clip):
    ids = clip(1)[0].ids
    things = torch.where(ids >= 4, ids, 0)
    encoded = make().encode(LabelFrame(ids))[0].dense()
    assert torch.equal(encoded[:, 6:], instance_edges(things[None]))
    assert torch.equal(encoded[:, :6], one_hot(ids[None], 6))


def test_without_edges_instances_do_not_matter(make, clip):
    generator, frame = make(edges=False), clip(1)[0]
    assert torch.equal(generator.encode(frame)[0].dense(), generator.encode(LabelFrame(frame.ids))[0].dense())


def test_a_label_frame_is_encoded_for_every_scale(make, clip):
    assert [planes.size for planes in make(scales=3).encode(clip(1)[0])] == [(16, 24), (8, 12), (4, 6)]


def test_drawn_maps_of_the_wrong_depth_are_refused(make):
    generator = make(label_classes=3, edges=False, foreground=(), foreground_filters=0)
    assert torch.equal(generator.encode_drawn(torch.ones(1, 3, 16, 24))[1].dense(), torch.ones(1, 3, 8, 12))
    with pytest.raises(InputError, match=r"drawn maps: expected \[b 3 h w\], got \[1, 4, 16, 24\]"):
        generator.encode_drawn(torch.ones(1, 4, 16, 24))


def test_a_size_that_does_not_fit_is_refused_before_any_work(make, clip):
    with pytest.raises(InputError, match=r"22x16 .* the nearest size is 24x16"):
        make().encode(clip(1, width=22)[0])


@pytest.mark.parametrize("shape", [(1, 3, 3, 16, 24), (1, 2, 1, 16, 24)])
def test_a_past_of_the_wrong_shape_is_refused(make, shape):
    with pytest.raises(InputError, match=r"first pictures: expected \[b 2 3 h w\]"):
        make().past_from(torch.zeros(shape))


def test_a_style_is_needed_where_there_are_styles_and_shows(make, clip):
    generator, frames = make(style_names=("day", "night")), clip(3)
    for decoder in (scale.image for scale in generator.scales):
        decoder.style[0].weight.data.normal_(generator=torch.Generator().manual_seed(3))
    past = generator.past_from(pictures())
    with pytest.raises(InputError, match="needs a style, one of: day, night"):
        step(generator, frames, past)
    day, night = (step(generator, frames, past, style=torch.eye(2)[i : i + 1]).frame for i in (0, 1))
    assert (day - night).abs().mean() > 0.05


def test_positions_come_after_the_labels_and_show(make, clip):
    settings = {"foreground": (), "foreground_filters": 0}
    told, untold = make(positions=2, **settings), make(**settings)
    weights, waves = told.state_dict(), 8
    stems = [f"scales.{s}.labels.stem.conv.weight" for s in range(2)]
    untold.load_state_dict(weights | {name: weights[name][:, :-waves] for name in stems})
    frames, past = clip(3), told.past_from(pictures())
    shown, hidden = step(told, frames, past).frame, step(untold, frames, past).frame
    assert (shown - hidden).abs().mean() > 0.01
    for name in stems:
        weights[name][:, -waves:] = 0
    assert torch.allclose(step(told, frames, past).frame, hidden, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_paints_nearly_the_same(make, clip, dtype):
    full = step(make(), clip(3), make().past_from(pictures()))
    generator = make().to(dtype)
    half = step(generator, clip(3), generator.past_from(pictures()))
    assert generator.encode(clip(1)[0])[0].values.dtype == dtype
    assert {half.frame.dtype, half.scales[0].flow.dtype, half.past.frames[0].dtype} == {torch.float32}
    assert (half.frame - full.frame).abs().mean() < 0.05


def test_channels_last_weights_make_channels_last_features_and_the_same_picture(make, clip):
    plain, last = make(), make().to(memory_format=torch.channels_last)
    past = plain.past_from(pictures())
    a, b = (step(generator, clip(3), past) for generator in (plain, last))
    assert torch.allclose(a.frame, b.frame, atol=1e-5)
    for features in (b.scales[0].features.image, b.scales[0].features.flow, b.scales[0].features.foreground):
        assert features.is_contiguous(memory_format=torch.channels_last)
    assert a.scales[0].features.image.is_contiguous()


def test_every_weight_gets_a_gradient(make, clip):
    generator = make().train()
    window = [generator.encode(frame) for frame in clip(3)]
    made = generator.step(window, generator.past_from(pictures()))
    (made.frame.square().mean() + made.scales[-1].raw.mean()).backward()
    without = [name for name, p in generator.named_parameters() if p.grad is None]
    assert not [name for name in without if not name.startswith("scales.0.")]
    assert all(
        name.partition(".to_")[1] for name in without
    )  # only the coarse scale's own pictures go unused


def test_gradients_of_a_step(make, clip):
    generator = make(blocks=1, label_frames=2, filters=2, foreground_filters=2).double()
    window = [generator.encode(frame) for frame in clip(2, height=8, width=8)]
    past = (pictures(dtype=torch.float64)[:, :1, :, :8, :8] * 0.9).requires_grad_()
    bias = generator.scales[1].flow.to_flow.bias

    def paint(pictures: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return generator.step(window, generator.past_from(pictures)).frame

    assert torch.autograd.gradcheck(paint, (past, bias), atol=1e-4, fast_mode=True)


def test_without_flow_shares_the_weights_and_paints_the_raw_frame(make, clip):
    generator = make()
    plain = without_flow(generator)
    assert plain.scales[0].to_image.weight.data_ptr() == generator.scales[0].to_image.weight.data_ptr()
    past = generator.past_from(pictures())
    raw = step(generator, clip(3), past).scales[0].raw
    assert torch.equal(step(plain, clip(3), past).scales[0].frame, raw)


def test_without_foreground_shares_the_weights_and_paints_all_classes_alike(make, clip):
    generator = make()
    plain = without_foreground(generator)
    assert plain.scales[0].to_image.weight.data_ptr() == generator.scales[0].to_image.weight.data_ptr()
    past, frames = generator.past_from(pictures()), clip(3)
    ours, theirs = (step(network, frames, past).scales[0] for network in (plain, generator))
    in_front = generator.encode(frames[-1])[-1].share(generator.config.foreground)
    changed = (theirs.frame != ours.frame).any(1, keepdim=True)
    assert ours.foreground is None
    assert changed.any()
    assert not changed[in_front == 0].any()
