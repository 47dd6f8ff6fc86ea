"""Directions from descriptions: StyleCLIP's arithmetic."""

import pytest
import torch
from golden_cases import Agree, Case
from synthetic_checkpoint import tensor

from maliang_video.errors import InputError
from maliang_video.models.faces.text_edits import (
    description_feature,
    relevant_styles,
    text_direction,
    text_step,
)


def sentences(what: str) -> torch.Tensor:
    """Features of a description as the golden case has them."""
    features = 0.5 * tensor(f"sclip.text_{what}", [80, 512], "unit") + tensor("sclip.base", [1, 512], "unit")
    return features + 0.8 * tensor("sclip.shift", [1, 512], "unit") if what == "target" else features


@pytest.mark.parity("face.edit_styleclip")
def test_the_direction_is_the_reference_s(case: Case, agree: Agree) -> None:
    direction = case.tensors()["direction"]
    table = tensor("sclip.fs3", [len(direction), 512], "fan_in")
    beta = float(case.metadata["beta"])
    ours = text_direction("lipstick", table, sentences("target"), sentences("neutral"), beta, None)
    agree({"direction": ours.vector}, {"direction": direction}, lambda name: 1e-5)


def test_sentences_count_alike_whatever_their_length() -> None:
    features = torch.tensor([[10.0, 0.0], [0.0, 0.1]])
    assert description_feature(features).tolist() == pytest.approx([0.5**0.5, 0.5**0.5])


def test_styles_that_hardly_matter_stay_and_the_largest_is_one() -> None:
    table = torch.tensor([[0.2, 9.0], [-0.4, 9.0], [0.1, 9.0]])
    assert relevant_styles(table, torch.tensor([1.0, 0.0]), 0.1).tolist() == pytest.approx([0.5, -1, 0])


def test_a_beta_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"no style is more relevant than beta 0.3 .* has 0.25\); choose a lower"
    ):
        relevant_styles(torch.tensor([[0.25], [0.1]]), torch.ones(1), 0.3)


def test_descriptions_and_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="the two descriptions mean the same"):
        text_step(torch.ones(3), torch.ones(3))
    with pytest.raises(InputError, match=r"the table of styles is \[5, 4\], .* have 3 numbers"):
        relevant_styles(torch.ones(5, 4), torch.ones(3), 0.1)
