"""Agreement with rotemtzaban/STIT: pivotal tuning, stitching tuning, edits of the style space and what they paint."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from golden_cases import DEFAULT, Agree, Case
from synthetic_checkpoint import checkpoint, tensor

from maliang_video.models.faces.directions import Direction
from maliang_video.models.faces.edits import Edit, edit_styles
from maliang_video.models.faces.strengths import StrengthCurve
from maliang_video.models.faces.stylegan2.convert import from_nvlabs, nvlabs_names
from maliang_video.models.faces.stylegan2.generator import StyleGAN2
from maliang_video.models.features.lpips import LPIPS
from maliang_video.models.features.lpips_convert import convert
from maliang_video.training.pivotal_tuning import PUBLISHED, PivotalTuning
from maliang_video.training.stitching_tuning import PUBLISHED as PUBLISHED_STITCHING
from maliang_video.training.stitching_tuning import StitchFrame, stitch_alone


def generator_of(case: Case) -> StyleGAN2:
    config, state = from_nvlabs("generator", _weights(case.manifest_paths()[""]))
    generator = StyleGAN2(config)
    generator.load_state_dict(state)
    return generator


@lru_cache(maxsize=2)
def _weights(path: Path) -> dict[str, torch.Tensor]:
    return checkpoint(json.loads(path.read_text("utf-8")))


@lru_cache(maxsize=1)
def likeness() -> LPIPS:
    config, state = convert({"lpips": _weights(DEFAULT / "face" / "lpips_alex.json")})
    network = LPIPS(config)
    network.load_state_dict(state)
    return network.requires_grad_(False)


@pytest.mark.parity("face.pivotal_tuning")
def test_pivotal_tuning_is_the_reference_s(case: Case, agree: Agree) -> None:
    t, told, generator = case.tensors(), case.metadata, generator_of(case)
    entries = {f"delta.{theirs}": ours for ours, theirs in nvlabs_names(generator.config).items()}
    start = {name: value.clone() for name, value in generator.state_dict().items()}
    plan = replace(
        PUBLISHED, epochs=int(told["steps"]), locality=0.1 if str(told["locality"]) == "True" else 0.0
    )
    assert (plan.learning_rate, plan.l2_weight) == (float(told["lr"]), float(told["l2_lambda"]))
    width = generator.config.z_width
    tuning = PivotalTuning(
        generator,
        t["pivots"],
        lambda k: t["frames"][k],
        likeness(),
        plan,
        draws=lambda k: tensor(f"ptiloc.z{k}", [1, width], "unit"),
    )
    with torch.no_grad():
        ours = {"before": generator(t["pivots"])}
        losses = []
        with torch.enable_grad():
            while not tuning.finished:
                losses.append(tuning.update())
        ours |= {"loss_l2_lpips": torch.tensor(losses), "after": generator(t["pivots"])}
    agree(ours, {name: t[name] for name in ours}, lambda name: 1e-3 if name.startswith("loss") else 2e-3)
    end = generator.state_dict()
    for name in (name for name in t if name.startswith("delta.")):
        change = (end[entries[name]] - start[entries[name]]).flatten()[: t[name].numel()]
        assert t[name].any()
        assert ((change - t[name].flatten()).abs() <= 1e-6).float().mean() >= 0.95, name


@pytest.mark.parity("face.stitching_tuning")
def test_stitching_tuning_is_the_reference_s(case: Case, agree: Agree) -> None:
    t, told = case.tensors(), case.metadata
    frame = StitchFrame(t["w"], t["target"], t["edited"], t["border_mask"], t["content_mask"])
    plan = replace(
        PUBLISHED_STITCHING, updates=int(told["steps"]), enough=float(told["border_loss_threshold"])
    )
    assert (plan.learning_rate, plan.content_weight) == (
        float(told["lr"]),
        float(told["content_loss_lambda"]),
    )
    result = stitch_alone(generator_of(case), frame, plan)
    recorded = len(t["border_loss_per_step"])
    assert result.updates == (recorded - 1 if plan.enough else recorded)
    ours = {
        "border_loss_per_step": torch.tensor(result.border[:recorded]),
        "content_loss_per_step": torch.tensor(result.content[:recorded]),
        "optimized": result.picture,
    }
    agree(ours, {name: t[name] for name in ours}, lambda name: 1e-3 if name == "optimized" else 1e-4)


@pytest.mark.parity("face.edit_styleclip")
def test_styles_are_edited_and_painted_as_the_reference_does(case: Case, agree: Agree) -> None:
    t, generator = case.tensors(), generator_of(case)
    direction = Direction("lipstick", "style", t["direction"], "", "", "")
    convolution = [vector.part != "to_rgb" for vector in generator.config.style_vectors]
    with torch.no_grad():
        styles = generator.styles(t["w"])
        edited = [
            edit_styles(styles, convolution, [Edit(direction, StrengthCurve(((0, float(factor)),)))], [0, 1])
            for factor in t["factors"]
        ]
        ours = {
            "styles": torch.cat(styles, 1),
            "styles_edit": torch.stack([torch.cat(each, 1) for each in edited]),
            "image_edit_last": generator.synthesis_from_styles([style[:1] for style in edited[-1]]),
        }
    agree(ours, {name: t[name] for name in ours}, lambda name: 1e-3 if name.startswith("image") else 1e-4)
