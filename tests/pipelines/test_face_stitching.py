"""Runs of frames are stitched apart, wherever one goes on."""

from dataclasses import replace

import torch

from maliang_video.pipelines.face_stitching import stitched_crops, summed
from maliang_video.training.stitching_tuning import USUAL, StitchFrame, stitch

PLAN = replace(USUAL, updates=1, window=2, learning_rate=0.02)
RUNS = [0, 0, 0, 1, 1]


def test_a_cut_is_a_new_beginning(tiny_stylegan2) -> None:
    generator = tiny_stylegan2(blocks=2).requires_grad_(False)
    codes = torch.randn(5, 4, 12, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(1, 1, 8, 8)

    def asked(number: int) -> StitchFrame:
        code = codes[number : number + 1]
        return StitchFrame(code, generator(-code), generator(code), mask, mask)

    whole = list(stitched_crops(generator, asked, RUNS, PLAN))
    first = list(stitch(generator, asked, 3, PLAN))
    second = list(stitch(generator, lambda k: asked(3 + k), 2, PLAN))
    assert all(torch.equal(a.picture, b.picture) for a, b in zip(whole, first + second, strict=True))
    for number in (2, 3, 4):
        if whole[number - 1].state is not None:
            rest = list(stitched_crops(generator, asked, RUNS, PLAN, number, whole[number - 1].state))
            assert all(torch.equal(a.picture, b.picture) for a, b in zip(rest, whole[number:], strict=True))
    assert whole[2].state is not None


def test_figures_are_means_of_what_was_made() -> None:
    report = summed(9, [(1.0, 4.0, 20), (3.0, 0.0, 10)])
    assert (report.frames, report.made, report.border, report.content, report.updates) == (9, 2, 2.0, 2.0, 30)
    assert summed(9, []).border is None
