"""A rollout is a value that goes on: cut, resumed, beside others, with exemplars in any order."""

from itertools import zip_longest

import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.models.fewshot.frame import Past
from maliang_video.models.fewshot.generator import encode_exemplars
from maliang_video.models.fewshot.rollout import synthesize


def encoded(generator, given):
    with torch.inference_mode():
        return encode_exemplars(generator, *given)


def images(rollout):
    return [made.frame.image for made in rollout]


@pytest.mark.parametrize("mixing", ["attention", "average"])
@pytest.mark.parametrize("cut", [1, 3])
def test_cut_and_resumed_gives_the_same_frames_bit_for_bit(make, exemplars, driver, mixing, cut):
    generator, clip = make(mixing=mixing), driver(5)
    subject = encoded(generator, exemplars(3))
    whole = images(synthesize(generator, subject, clip))
    *_, last = synthesize(generator, subject, clip[:cut])
    stored = {name: tensor.clone() for name, tensor in last.past.to_tensors().items()}
    again = encoded(generator, exemplars(3))  # as another process would
    rest = images(synthesize(generator, again, clip[cut:], past=Past.from_tensors(stored)))
    assert all(torch.equal(a, b) for a, b in zip(whole[cut:], rest, strict=True))
    fresh = images(synthesize(generator, again, clip[cut:]))
    assert not torch.allclose(fresh[0], whole[cut], atol=1e-3), "the past matters"


def test_two_clips_interleave(make, exemplars, driver):
    generator = make()
    subjects = encoded(generator, exemplars(2)), encoded(generator, exemplars(3, seed=9))
    clips = driver(4), driver(3, seed=8)
    alone = [images(synthesize(generator, s, c)) for s, c in zip(subjects, clips, strict=True)]
    runs = [synthesize(generator, s, c) for s, c in zip(subjects, clips, strict=True)]
    together = [[], []]
    for turn in zip_longest(*runs):
        for made, made_of in zip(turn, together, strict=True):
            if made is not None:
                made_of.append(made.frame.image)
    assert all(
        torch.equal(a, b)
        for one, two in zip(alone, together, strict=True)
        for a, b in zip(one, two, strict=True)
    )


@pytest.mark.parametrize("mixing", ["attention", "average"])
def test_the_order_of_exemplars_changes_nothing_beyond_rounding(make, exemplars, driver, mixing):
    generator, clip = make(mixing=mixing), driver(3)
    labels, pictures = exemplars(4)
    order = torch.tensor([2, 0, 3, 1])
    here = list(synthesize(generator, encoded(generator, (labels, pictures)), clip))
    there = list(synthesize(generator, encoded(generator, (labels[order], pictures[order])), clip))
    for a, b in zip(here, there, strict=True):
        assert torch.allclose(a.frame.image, b.frame.image, atol=1e-4)
        assert a.frame.chosen.item() == order[b.frame.chosen].item()
    fewer = images(synthesize(generator, encoded(generator, (labels[:2], pictures[:2])), clip))
    assert not torch.allclose(fewer[0], here[0].frame.image, atol=1e-3), "exemplars matter"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_exemplars(make, exemplars, driver, count):
    generator = make()
    made = list(synthesize(generator, encoded(generator, exemplars(count)), driver(2), tell_attention=True))
    for each in made:
        share, used = each.frame.attention
        assert each.frame.image.shape == (1, 3, 32, 48)
        assert share.shape == used.shape == (1, count, 8, 12)
        assert torch.allclose(share.sum(1), torch.ones(1, 8, 12), atol=1e-5)
        assert used.sum().item() == pytest.approx(8 * 12, rel=1e-4), "every place of the frame looks once"
        assert torch.allclose(used.sum((2, 3)), share.sum((2, 3)), rtol=1e-3)
        assert each.frame.chosen.item() == share.sum((2, 3)).argmax().item()


def test_several_clips_at_once_are_each_as_alone(make, exemplars, driver):
    generator = make()
    one, two = exemplars(2), exemplars(2, seed=5)
    both = tuple(torch.stack(pair) for pair in zip(one, two, strict=True))
    clips = driver(3), driver(3, seed=7)
    together = images(
        synthesize(
            generator, encoded(generator, both), [torch.stack(pair) for pair in zip(*clips, strict=True)]
        )
    )
    for index, (given, clip) in enumerate(zip((one, two), clips, strict=True)):
        alone = images(synthesize(generator, encoded(generator, given), clip))
        for a, b in zip(alone, together, strict=True):
            assert torch.allclose(a[0], b[index], atol=1e-4)


def test_one_subject_with_several_drivers_at_once(make, exemplars, driver):
    generator = make()
    subject = encoded(generator, exemplars(2))
    clips = driver(2), driver(2, seed=7)
    together = images(
        synthesize(generator, subject, [torch.stack(pair) for pair in zip(*clips, strict=True)])
    )
    for index, clip in enumerate(clips):
        for a, b in zip(images(synthesize(generator, subject, clip)), together, strict=True):
            assert torch.allclose(a[0], b[index], atol=1e-4)


def test_a_driver_of_another_kind_or_size_is_refused(make, exemplars, driver):
    generator = make()
    subject = encoded(generator, exemplars(1))
    with pytest.raises(
        InputError, match=r"frame 1: driver: label maps with 1 channels; this network is for pose"
    ):
        list(synthesize(generator, subject, [*driver(1), torch.zeros(1, 32, 48)]))
    with pytest.raises(InputError, match="frame 0: driver: label maps of 64x32, the exemplars are 48x32"):
        list(synthesize(generator, subject, [torch.zeros(6, 32, 64)]))
