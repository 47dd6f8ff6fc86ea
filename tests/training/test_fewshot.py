"""Few-shot training: what is learnt from, by whom, and that runs go on bit for bit and become files of weights."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from torch.nn.utils import parametrize

from maliang_video import weights
from maliang_video.errors import InputError
from maliang_video.models.fewshot.config import FewShotConfig, FlowConfig
from maliang_video.models.fewshot.frame import Frame, Warped
from maliang_video.models.fewshot.generator import FewShotGenerator
from maliang_video.training.checkpoint import FILE_NAME
from maliang_video.training.clips import Batch, Clips, load_clips
from maliang_video.training.exports import export_run
from maliang_video.training.fewshot import frame_losses, paint, train_on_fewshot_clips
from maliang_video.training.fewshot_demos import FACE_FEWSHOT, LOSSES
from maliang_video.training.fewshot_method import FewShotMethod, preview_fewshot
from maliang_video.training.fewshot_networks import begin_past, build_fewshot, copy_weights, learning
from maliang_video.training.fewshot_objectives import Example, body_loss, judge_cases, motion_terms
from maliang_video.training.fewshot_recipe import FewShotRecipe, FewShotStage, check_fewshot, with_exemplars
from maliang_video.training.loop import LoopOptions, train
from maliang_video.training.networks import FACES, PICTURES
from maliang_video.training.recipes import FEWSHOT_RECIPES
from maliang_video.training.schedule import ClipShape
from maliang_video.weights.config_json import from_json, to_json

CPU = torch.device("cpu")
SIZE = 32
EVERYTHING = replace(
    LOSSES, gan=1.0, feature_matching=10.0, mask=10.0, parts=10.0, face_gan=1.0, face_matching=10.0
)


def tiny_config(**changes) -> FewShotConfig:
    config = replace(
        FACE_FEWSHOT.generator,
        filters=4,
        most_filters=8,
        levels=2,
        mixing_level=1,
        generated_levels=1,
        flow=FlowConfig(4, 1, 1, 4.0),
    )
    return replace(config, **changes)


def tiny_recipe(
    config: FewShotConfig, losses=LOSSES, frames: tuple[int, ...] = (1, 3), **changes
) -> FewShotRecipe:
    """Stages of two clips each."""
    stages = (FewShotStage(2, ClipShape(SIZE, SIZE, n, (1.0,)), (1e-3, 1e-3), (1, 2), losses) for n in frames)
    recipe = replace(FACE_FEWSHOT, name="tiny", generator=config, stages=tuple(stages))
    return replace(
        recipe, discriminator=replace(recipe.discriminator, filters=4, strided_layers=2), **changes
    )


def posed(channels: int = 6) -> tuple[FewShotConfig, dict[str, object]]:
    config = tiny_config(kind="pose", label_channels=channels)
    return config, {"world": "puppets"}


class Subjects(Clips):
    """A bright square with a texture of its own, which its label map shows, moves over a textured ground."""

    def __init__(self, recipe: FewShotRecipe) -> None:
        super().__init__(recipe.seed, recipe.shape)
        self.exemplars_of, self.channels = recipe.exemplars, recipe.generator.label_channels

    def __getitem__(self, index: int) -> Batch:
        frames, draw = self.shape_of(index).frames, self.chance(index)
        seen = torch.Generator().manual_seed(draw.randrange(1000))
        ground, body = torch.rand(3, SIZE, SIZE, generator=seen) - 1, torch.rand(3, 12, 12, generator=seen)

        def moment(x: int) -> tuple[torch.Tensor, torch.Tensor]:
            picture, labels = ground.clone(), torch.full((self.channels, SIZE, SIZE), -1.0)
            picture[:, 8:20, x : x + 12] = body
            labels[:, 8:20, x : x + 12] = 0.5
            labels[2 % self.channels, 8:12, x : x + 12] = 24 / 12 - 1  # the head of DensePose
            labels[2 % self.channels, 12:20, x : x + 12] = 2 / 12 - 1
            return picture, labels

        pictures, labels = zip(*map(moment, range(4, 4 + frames)), strict=True)
        others = [moment(draw.randrange(16)) for _ in range(draw.randint(*self.exemplars_of(index)))]
        flow = torch.zeros(frames, 2, SIZE, SIZE)
        for t in range(frames):
            flow[t, 0, 8:20, 4 + t : 16 + t] = -1
        return {
            "pictures": torch.stack(pictures),
            "drawn": torch.stack(labels),
            "flow": flow,
            "visible": torch.ones(frames, 1, SIZE, SIZE),
            "exemplar_pictures": torch.stack([picture for picture, _ in others]),
            "exemplar_drawn": torch.stack([shown for _, shown in others]),
        }


def batch(recipe: FewShotRecipe, *numbers: int) -> list[Batch]:
    return [read.clip for read in load_clips(Subjects(recipe), numbers, 0)]


def options(seconds: float | None = None) -> LoopOptions:
    return LoopOptions(CPU, 0, 2, seconds)


def same_checkpoint(a, b) -> bool:
    ours, theirs = load_file(a / FILE_NAME), load_file(b / FILE_NAME)
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def everything() -> FewShotRecipe:
    """Spectral norms, both discriminators, every loss; from single frames to clips."""
    config, more = posed()
    return tiny_recipe(config, EVERYTHING, spectral=True, **more)


def test_a_run_goes_on_bit_for_bit_and_becomes_weights(tmp_path):
    recipe = everything()
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert train(recipe, whole, options(), Subjects(recipe)).clips == 4
    for clips_done, seconds in ((1, 0.0), (2, 0.0), (4, None)):
        assert train(recipe, stopped, options(seconds), Subjects(recipe)).clips == clips_done
    assert same_checkpoint(whole, stopped)
    export_run(whole, tmp_path / "tiny.safetensors", "MIT", torch.float32)
    loaded = weights.load(tmp_path / "tiny.safetensors")
    assert isinstance(loaded, FewShotGenerator)
    assert loaded.config == recipe.generator
    average = {
        name[8:]: value for name, value in load_file(whole / FILE_NAME).items() if name.startswith("average/")
    }
    assert all(torch.equal(value, average[name]) for name, value in loaded.state_dict().items())
    info = weights.inspect(tmp_path / "tiny.safetensors")
    assert info.source == "trained by maliang train fewshot --recipe tiny, 4 clips"
    assert (whole / "preview_000004.jpg").exists()


def test_a_network_learns_to_paint_its_subjects(team):
    recipe = tiny_recipe(tiny_config(filters=8, most_filters=16), frames=(2,))
    networks = build_fewshot(recipe, CPU)
    optimizer = networks.optimizers["generator"]
    for group in optimizer.param_groups:
        group["lr"] = 4e-3
    losses = []
    for n in range(16):
        terms = train_on_fewshot_clips(networks, recipe, LOSSES, batch(recipe, n), 0.5, team)
        losses.append(float(terms["perceptual"]))
    assert sum(losses[-4:]) < 0.7 * sum(losses[:4])


def test_every_loss_is_there_and_reaches_those_it_is_meant_for(team):
    recipe = everything()
    networks = build_fewshot(recipe, CPU)
    (clip,) = batch(recipe, 2)
    _, past = paint(networks, recipe.generator, clip, 0, None)
    example, _ = paint(networks, recipe.generator, clip, 1, past)
    found = frame_losses(networks, EVERYTHING, 1, example)
    assert found.generator.keys() == {
        "perceptual", "direction", "flow", "flow_warp", "mask", "warp", "parts", "gan", "feature_matching", "face_gan",
        "face_feature_matching",
    }  # fmt: skip
    assert all(bool(value.isfinite()) for value in (found.generator | found.judges).values())
    assert found.judges.keys() == {PICTURES, FACES}
    ours = learning(networks.generator)
    told = torch.autograd.grad(found.judges[PICTURES], ours, allow_unused=True, retain_graph=True)
    assert all(gradient is None for gradient in told)
    learnt = torch.autograd.grad(found.generator["gan"], ours, allow_unused=True)
    assert any(gradient is not None and bool(gradient.abs().sum() > 0) for gradient in learnt)
    assert not example.before.requires_grad


def test_the_flow_that_is_taught_leads_to_the_chosen_exemplar(team):
    recipe = tiny_recipe(tiny_config())
    networks = build_fewshot(recipe, CPU)
    (clip,) = batch(recipe, 2)
    count = 3
    clip["exemplar_pictures"], clip["exemplar_drawn"] = (
        clip[name][:, :1].repeat(1, count, 1, 1, 1) for name in ("exemplar_pictures", "exemplar_drawn")
    )
    clip["exemplar_flow"] = torch.arange(3.0).view(1, 1, 3, 1, 1, 1).expand(1, 1, -1, 2, SIZE, SIZE)
    clip["exemplar_visible"] = torch.ones(1, 1, 3, 1, SIZE, SIZE)
    example, _ = paint(networks, recipe.generator, clip, 0, None)
    chosen = int(example.frame.chosen)
    term = motion_terms(replace(LOSSES, flow=2.0), example)["flow"]
    wrong = (example.frame.exemplar.flow - chosen).abs().mean()
    assert float(term.detach()) == pytest.approx(2 * float(wrong.detach()), rel=1e-5)
    other = replace(example, frame=example.frame._replace(chosen=torch.tensor([(chosen + 1) % count])))
    assert not torch.isclose(motion_terms(replace(LOSSES, flow=2.0), other)["flow"], term)


def test_discriminators_see_labels_foreground_and_exemplar(team):
    recipe = everything()
    networks = build_fewshot(recipe, CPU)
    (clip,) = batch(recipe, 0)
    example, _ = paint(networks, recipe.generator, clip, 0, None)
    case = judge_cases(EVERYTHING, example)[PICTURES]
    chosen = int(example.frame.chosen)
    assert case.real.shape[1] == 20
    assert torch.equal(case.real[:, :6], clip["exemplar_drawn"][:, chosen])
    assert torch.equal(case.real[:, 7:10], clip["exemplar_pictures"][:, chosen])
    assert torch.equal(case.real[:, 10:16], clip["drawn"][:, 0])
    assert torch.equal(case.real[:, 17:], clip["pictures"][:, 0])
    assert [share for share, _ in case.generated] == [1.0, EVERYTHING.raw]
    assert torch.equal(case.generated[0][1][:, 17:], example.frame.image)
    faces = judge_cases(EVERYTHING, example)[FACES]
    assert faces.real.shape == (1, 6, SIZE // 4, SIZE // 4)


def test_single_frames_teach_nothing_about_the_past(team):
    recipe = tiny_recipe(tiny_config())
    networks = build_fewshot(recipe, CPU)
    before = {name: values.clone() for name, values in networks.generator.state_dict().items()}
    train_on_fewshot_clips(networks, recipe, LOSSES, batch(recipe, 0), 0.5, team)
    after = networks.generator.state_dict()
    changed = {name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert "flow" not in changed
    assert {"exemplar_flow", "exemplar_encoder", "attention", "blocks", "to_image"} <= changed


def test_the_past_begins_as_what_was_learnt_of_exemplars(team):
    embedding = tiny_config(blending="embedding", warped_levels=1)
    recipe = tiny_recipe(embedding, frames=(1, 3))
    method = FewShotMethod(recipe, team)
    train_on_fewshot_clips(method.networks, recipe, LOSSES, batch(recipe, 0), 0.5, team)
    (clip,) = batch(recipe, 2)
    first, past = paint(method.networks, recipe.generator, clip, 0, None)
    method.enter(0, 1)
    for generator in (method.networks.generator, method.networks.average):
        for ours, theirs in (
            (generator.flow, generator.exemplar_flow),
            (generator.past_embedder, generator.exemplar_embedder),
        ):
            pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
            assert all(torch.equal(a, b) for a, b in pairs)
    with_past, _ = paint(method.networks, recipe.generator, clip, 0, past)
    assert torch.equal(
        with_past.frame.image, first.frame.image
    )  # nothing breaks when training of the past begins
    method.networks.generator.flow.to_flow.weight.data.add_(1)
    method.enter(1, 1)
    assert not torch.equal(
        method.networks.generator.flow.to_flow.weight, method.networks.generator.exemplar_flow.to_flow.weight
    )


def test_the_average_is_of_the_weights_as_they_are_used():
    networks = build_fewshot(everything(), CPU)
    conv = networks.generator.exemplar_encoder.image.first.conv
    assert parametrize.is_parametrized(conv)
    assert not parametrize.is_parametrized(networks.generator.to_image)
    networks.generator.eval()
    used = conv.weight.detach()
    with torch.no_grad():
        networks.average.exemplar_encoder.image.first.conv.weight.zero_()
    copy_weights(networks.average, networks.generator, 0.75)
    assert torch.allclose(networks.average.exemplar_encoder.image.first.conv.weight, used / 4)
    singular = torch.linalg.matrix_norm(used.flatten(1), 2)
    assert singular == pytest.approx(1, abs=0.05)
    assert networks.generator.training


def test_generator_and_discriminators_learn_at_their_own_rates(tmp_path, monkeypatch):
    config, more = posed()
    recipe = tiny_recipe(config, EVERYTHING, rates=(0.5, 2.0), **more)
    seen = []

    def update(self, clips, done):
        optimizers = self.networks.optimizers
        seen.append({name: optimizer.param_groups[0]["lr"] for name, optimizer in optimizers.items()})
        return {"loss": torch.ones(())}

    monkeypatch.setattr(FewShotMethod, "update", update)
    train(recipe, tmp_path, options(), Subjects(recipe))
    assert seen == [{"generator": 5e-4, PICTURES: 2e-3, FACES: 2e-3}] * 4


def test_clips_of_an_update_are_averaged(team):
    recipe = tiny_recipe(tiny_config(), frames=(1,))
    twice, once = build_fewshot(recipe, CPU), build_fewshot(recipe, CPU)
    (clip,) = batch(recipe, 0)
    a = train_on_fewshot_clips(twice, recipe, LOSSES, [clip, clip], 0.5, team)
    b = train_on_fewshot_clips(once, recipe, LOSSES, [clip], 0.5, team)
    assert a.keys() == b.keys()
    assert all(torch.allclose(a[name], b[name]) for name in a)
    pairs = zip(twice.generator.parameters(), once.generator.parameters(), strict=True)
    assert all(torch.allclose(ours, theirs, atol=1e-6) for ours, theirs in pairs)


def test_a_run_starts_from_weights(tmp_path):
    recipe = tiny_recipe(tiny_config())
    trained = build_fewshot(replace(recipe, seed=3), CPU).average
    weights.save(tmp_path / "trained.safetensors", trained, licence="CC0-1.0", source="random numbers")
    started = replace(recipe, weights=str(tmp_path / "trained.safetensors"))
    for spectral in (False, True):
        method = FewShotMethod(replace(started, spectral=spectral), _team())
        method.start()
        for name, values in method.networks.average.state_dict().items():
            assert torch.equal(values, trained.state_dict()[name])
        conv = method.networks.generator.exemplar_encoder.image.first.conv
        held = conv.parametrizations.weight.original if spectral else conv.weight
        assert torch.equal(held, trained.exemplar_encoder.image.first.conv.weight)
    other = FewShotMethod(replace(started, generator=tiny_config(filters=8)), _team())
    with pytest.raises(InputError, match="is another network than the recipe's"):
        other.start()


def _team():
    from maliang_video.training.team import Team

    return Team(CPU)


def test_previews_show_exemplar_labels_truth_and_painting():
    recipe = tiny_recipe(tiny_config())
    generator = build_fewshot(recipe, CPU).average
    clips = Subjects(recipe).shaped(recipe.stages[1].shape)
    frames = preview_fewshot(generator, clips, -1)
    assert [frame.shape for frame in frames] == [(SIZE, 4 * SIZE, 3)] * 3
    truth = (clips[-1]["pictures"][2].movedim(0, -1).numpy() + 1) * 127.5
    assert abs(frames[2][:, 2 * SIZE : 3 * SIZE] - truth).max() <= 0.51


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generator": tiny_config(label_channels=6)}, "faces are drawn with 1 channels"),
        ({"generator": tiny_config(norm="folded")}, "only networks with the norm 'instance' can be trained"),
        ({"subjects": 0}, "needs one subject at least"),
        ({"batch": 3}, "2 clips are no multiple of the batch of 3"),
        ({"losses": EVERYTHING}, "which only poses with 6 channels have"),
        ({"exemplars": (0, 2)}, "clips need one exemplar at least, not 0"),
        ({"width": 33}, "does not fit this network"),
    ],
)
def test_recipes_that_no_run_could_follow(change, message):
    recipe = tiny_recipe(tiny_config())
    stage = recipe.stages[0]
    if "width" in change:
        stage = replace(stage, shape=replace(stage.shape, **change))
    elif change.keys() & {"losses", "exemplars"}:
        stage = replace(stage, **change)
    else:
        recipe = replace(recipe, **change)
    with pytest.raises(InputError, match=message):
        check_fewshot(replace(recipe, stages=(stage,)))


def test_all_recipes_can_be_followed_and_read_back():
    for recipe in FEWSHOT_RECIPES.values():
        check_fewshot(recipe)
        assert from_json(FewShotRecipe, to_json(recipe), "here") == recipe
        with torch.device("meta"):
            generator = FewShotGenerator(recipe.generator)
        parameters = sum(values.numel() for values in generator.parameters())
        assert parameters < 4e6 or "demo" not in recipe.name


def test_several_exemplars_need_attention():
    paper = FEWSHOT_RECIPES["fewshot-face"]
    assert paper.generator.mixing == "average"
    assert with_exemplars(paper, (1, 1)).generator.mixing == "average"
    several = with_exemplars(paper, (1, 3))
    assert several.generator.mixing == "attention"
    assert {stage.exemplars for stage in several.stages} == {(1, 3)}


def test_published_schedules():
    face = FEWSHOT_RECIPES["fewshot-face"]
    assert [(stage.clips, stage.shape.frames) for stage in face.stages] == [
        (500_000, 1), (100_000, 2), (100_000, 4), (100_000, 8), (100_000, 16), (100_000, 30),
    ]  # fmt: skip
    assert face.learning_rate(0) == face.learning_rate(499_999) == 4e-4
    assert face.learning_rate(750_000) == pytest.approx(2e-4)
    drop = FEWSHOT_RECIPES["imaginaire-face"]
    half = drop.clips // 2
    assert (drop.learning_rate(half - 1), drop.learning_rate(half)) == pytest.approx((2e-4, 2e-5))
    assert [stage.shape.frames for stage in drop.stages] == [4, 8, 16]


def test_begin_past_leaves_a_shared_flow_alone():
    shared = FewShotGenerator(tiny_config(separate_flows=False))
    before = {name: values.clone() for name, values in shared.state_dict().items()}
    begin_past(shared)
    assert all(torch.equal(values, shared.state_dict()[name]) for name, values in before.items())


@pytest.mark.parametrize(
    "change",
    [
        {"mixing": "average"},
        {"generated_levels": 0},
        {"blending": "embedding", "warped_levels": 1},
        {"warp_exemplar": False},
        {"separate_flows": False},
        {"generated_cut": "halves", "embedding_kernel": 3, "summary_pixels": None},
    ],
)
def test_networks_of_every_kind_learn(team, change):
    recipe = tiny_recipe(tiny_config(**change), frames=(2,))
    networks = build_fewshot(recipe, CPU)
    before = networks.average.to_image.weight.clone()
    terms = train_on_fewshot_clips(networks, recipe, LOSSES, batch(recipe, 0), 0.5, team)
    assert all(bool(value.isfinite()) for value in terms.values())
    assert ("flow" in terms, "warp" in terms) == (True, True)
    assert not torch.equal(networks.average.to_image.weight, before)


def bodies(shift: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A head over a torso, and the same so many pixels further to the right: poses `[1 6 32 32]`."""
    poses = []
    for left in (10, 10 + shift):
        pose = torch.full((1, 6, SIZE, SIZE), -1.0)
        pose[:, 2, 8:12, left : left + 8] = 24 / 12 - 1
        pose[:, 2, 12:24, left : left + 8] = 2 / 12 - 1
        poses.append(pose)
    return poses[0], poses[1]


def body_example(shift: int, mask: float, found: int) -> tuple[Example, Warped]:
    """A body that is `shift` pixels further to the right in the exemplar, where flow finds it `found` pixels away."""
    labels, theirs = bodies(shift)
    flow = torch.zeros(1, 2, SIZE, SIZE)
    flow[:, 0] = found
    moved = Warped(flow, torch.full((1, 1, SIZE, SIZE), mask), torch.zeros(1, 3, SIZE, SIZE))
    frame = Frame(torch.zeros(1, 3, SIZE, SIZE), None, moved, None, torch.zeros(1, dtype=torch.int64), None)
    return Example({}, 0, labels, labels, theirs, theirs, moved.picture, frame, None, has_body=True), moved


def test_a_body_that_is_found_where_it_is_costs_nothing():
    assert body_loss(*body_example(0, 0.0, 0)).item() == 0
    assert body_loss(*body_example(3, 0.0, 3)).item() == 0


def test_a_body_that_is_not_found_costs_its_area():
    # three columns of 16 rows on either side are another part: of nine groups three differ there (head, torso, ground)
    lost = 2 * 3 * 16 * 2 / (9 * SIZE**2)
    # the foreground is 7 pixels wider on each side; what the exemplar's leaves uncovered counts for the mask, too
    around = 2 * 3 * 30 / SIZE**2
    uncovered = (2 * 3 * 16 + 3 * 30) / SIZE**2
    assert body_loss(*body_example(3, 0.0, 0)).item() == pytest.approx(lost + around + uncovered, rel=1e-5)


def test_a_face_is_to_be_taken_from_the_exemplar():
    example, moved = body_example(0, 0.5, 0)
    face = torch.nn.functional.avg_pool2d((example.labels[:, 2:3] > 0.9).float(), 15, 1, 7)
    assert body_loss(example, moved).item() == pytest.approx(0.5 * face.mean().item(), rel=1e-5)
