"""The perceptual distance: nothing for equal pictures, more for more noise, the same number on every machine."""

import pytest
import torch

from maliang_video.training.perceptual import TEACHER, RandomFeatures, perceptual_distance, perceptual_loss


@pytest.fixture(scope="module")
def features() -> RandomFeatures:
    return RandomFeatures()


def ramp(*, step: float) -> torch.Tensor:
    """`[1 3 32 32]` in -1..1 without any randomness."""
    return torch.sin(torch.arange(3 * 32 * 32) * step).reshape(1, 3, 32, 32)


def test_equal_pictures_have_no_distance(features):
    x = ramp(step=0.37)
    assert perceptual_distance(features, x, x).tolist() == [0.0]
    assert perceptual_loss(features, x, x).item() == 0


def test_distance_grows_with_noise(features):
    x = ramp(step=0.01)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    distances = [perceptual_distance(features, x, x + s * noise).item() for s in (0.02, 0.1, 0.3, 0.8)]
    assert distances == sorted(distances)
    assert distances[0] > 0
    assert distances[-1] > 3 * distances[0]


def test_distance_is_symmetric_and_per_picture(features):
    a, b = torch.cat([ramp(step=0.1)] * 2), torch.cat([ramp(step=0.1), ramp(step=0.9)])
    there, back = perceptual_distance(features, a, b), perceptual_distance(features, b, a)
    assert there.shape == (2,)
    assert there[0] == 0
    assert torch.allclose(there, back)


KERNELS = [[-0.5908962, 0.1145972, 0.2257405], [0.1700922, 0.0559607, -0.7475589]]
"""Of those that judge, of those that teach."""
DISTANCE = 0.5584368
LOSS = 1.0220704
"""What the test below computed when it was written: figures in tables must stay comparable."""


def test_numbers_do_not_change_between_processes_and_machines(features):
    a, b = ramp(step=0.1), ramp(step=0.9)
    teacher = RandomFeatures(TEACHER)
    kernels = [each.kernel0[0, 0, 0].tolist() for each in (features, teacher)]
    assert kernels == [pytest.approx(kernel, abs=1e-6) for kernel in KERNELS]
    assert perceptual_distance(features, a, b).item() == pytest.approx(DISTANCE, rel=1e-4)
    assert perceptual_loss(teacher, a, b).item() == pytest.approx(LOSS, rel=1e-4)


def test_texture_that_nobody_can_see_counts_for_little(features):
    """Half a level of 255 of noise, another one in each picture; without the floor it would count as for much."""
    noise = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    faint = perceptual_distance(features, *(noise / 255).split(1)).item()
    plain = perceptual_distance(features, *(noise * 0.3).split(1)).item()
    assert plain > 0.45
    assert faint < 0.25 * plain


def test_features_do_not_depend_on_or_disturb_the_global_generator():
    torch.manual_seed(5)
    one, after = RandomFeatures(), torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(1))
    assert torch.equal(one.kernel3, RandomFeatures().kernel3)


def test_the_first_level_sees_edges_not_colours(features):
    flat = features(torch.full((1, 3, 16, 16), 0.7))[0]
    assert flat[..., 1:-1, 1:-1].abs().max() < 1e-5


def test_levels_halve(features):
    assert [list(f.shape) for f in features(torch.zeros(1, 3, 32, 64))] == [
        [1, 16, 32, 64],
        [1, 32, 16, 32],
        [1, 64, 8, 16],
        [1, 64, 4, 8],
    ]


def test_gradient_of_the_loss_in_float64(features):
    wide = RandomFeatures().double()
    a, b = ramp(step=0.3)[..., :8, :8].double(), ramp(step=0.7)[..., :8, :8].double()
    a.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: perceptual_loss(wide, x, b), a, fast_mode=True)


def test_nothing_in_it_is_trained(features):
    assert list(features.parameters()) == []
