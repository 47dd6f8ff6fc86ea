"""The recipes of StyleGAN2: the demo's, which a processor can follow, and a full one for a GPU."""

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import InputError
from ..models.faces.stylegan2.config import StyleGAN2Config, published_channels
from ..models.faces.stylegan2.discriminator import DiscriminatorConfig
from .schedule import ClipShape
from .stylegan2_recipe import Regularisation, StyleGAN2Recipe, StyleGAN2Stage

_MOMENTS = ClipShape(width=128, height=128, frames=4, zooms=(1.0,))

FACE_GENERATOR = StyleGAN2Recipe(
    name="face-generator-demo",
    network=StyleGAN2Config(
        channels=(192, 192, 192, 128, 64, 32), z_width=64, w_width=128, mapping_layers=4, clamp=None
    ),
    judge=DiscriminatorConfig(channels=(128, 128, 128, 96, 48, 24), group=4),
    stages=(
        StyleGAN2Stage(
            2 * 1500, _MOMENTS, (1e-2, 1e-2), side=32, likeness=1.0, adversarial=0.0, mapping_rate=50.0
        ),
        StyleGAN2Stage(
            2 * 1500, _MOMENTS, (1e-2, 8e-3), side=64, likeness=1.0, adversarial=0.0, mapping_rate=50.0
        ),
        StyleGAN2Stage(
            2 * 2000, _MOMENTS, (8e-3, 1e-3), side=128, likeness=1.0, adversarial=0.0, mapping_rate=50.0
        ),
        StyleGAN2Stage(
            2 * 600, _MOMENTS, (1e-3, 5e-4), side=128, likeness=3.0, adversarial=0.1, mapping_rate=1.0
        ),
    ),
    batch=2,
    betas=(0.5, 0.99),
    r1=Regularisation(weight=2.0, every=16),
    path=Regularisation(weight=2.0, every=16),
    path_share=2,
    mixing=0.5,
    average_rate=0.01,
    features="random",
    people=1400,
    ema=0.998,
    seed=20_200_603,
)
"""Two hours of one core of a processor are too few for a GAN from nothing: it would see some ten thousand pictures
where the published ones saw twenty-five million. So most of the run is no GAN: it regresses pictures of the world from
what the world knows about them (`face_known`), from small pictures to large ones, which gives codes that mean something
after minutes; only the last stage is adversarial (R1, path lengths, mixing), with the regression kept. What the world
does not tell, single hairs and books on shelves, is blurred by the regression, and so stays soft."""

_PICTURE = ClipShape(width=256, height=256, frames=1, zooms=(1.0,), mirrored=True)

STYLEGAN2_256 = StyleGAN2Recipe(
    name="stylegan2-256",
    network=StyleGAN2Config(
        channels=published_channels(256), z_width=512, w_width=512, mapping_layers=8, clamp=None
    ),
    judge=DiscriminatorConfig(channels=published_channels(256), group=4),
    stages=(
        StyleGAN2Stage(
            25_000_000, _PICTURE, (2e-3, 2e-3), side=256, likeness=0.0, adversarial=1.0, mapping_rate=1.0
        ),
    ),
    batch=32,
    betas=(0.0, 0.99),
    r1=Regularisation(weight=1.0, every=16),
    path=Regularisation(weight=2.0, every=8),
    path_share=2,
    mixing=0.9,
    average_rate=0.005,
    features="random",
    people=70_000,
    ema=0.5 ** (32 / 10_000),
    seed=20_191_203,
)
"""Config F of Karras et al. 2020 at 256 pixels: the whole adversarial training, days of a GPU, on a folder of pictures
(FFHQ ...), or on as many people of the world. R1's gamma is 1, as NVlabs/stylegan2-ada-pytorch has it for 256 pixels
(`paper256`)."""

STYLEGAN2_RECIPES: Mapping[str, StyleGAN2Recipe] = MappingProxyType(
    {recipe.name: recipe for recipe in (FACE_GENERATOR, STYLEGAN2_256)}
)


def find_stylegan2_recipe(name: str) -> StyleGAN2Recipe:
    """A recipe by name; InputError lists those that there are."""
    if name not in STYLEGAN2_RECIPES:
        raise InputError(f"no recipe {name!r} of StyleGAN2; there are: {', '.join(STYLEGAN2_RECIPES)}")
    return STYLEGAN2_RECIPES[name]
