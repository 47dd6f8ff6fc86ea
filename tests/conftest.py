"""The package under test is this checkout, whatever is installed beside it; and what many rooms test with."""

import sys
import weakref
from collections.abc import Callable
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    from maliang_video.models.faces.stylegan2.generator import StyleGAN2
    from maliang_video.models.fewshot.generator import FewShotGenerator
    from maliang_video.models.vid2vid.generator import Vid2VidGenerator

ROOT = Path(__file__).parents[1]


def _import_checkout() -> None:
    spec = spec_from_file_location(
        "maliang_video", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    assert spec is not None, "an __init__.py always has a spec"
    assert spec.loader is not None, "and a loader"
    package = module_from_spec(spec)
    sys.modules["maliang_video"] = package
    spec.loader.exec_module(package)


_import_checkout()


class Peak(TorchDispatchMode):
    """Bytes of all storages that were made and are alive, and the most there were at once."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[int, int] = {}
        self.most = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self.alive:
                    self.alive[storage._cdata] = storage.nbytes()
                    weakref.finalize(storage, self.alive.pop, storage._cdata, None)
                    self.most = max(self.most, sum(self.alive.values()))
        return result


@pytest.fixture
def peak() -> Peak:
    """`with peak: ...`, then `peak.most`."""
    return Peak()


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Tiny networks are fastest so, and other programs then slow nothing to a crawl."""
    torch.set_num_threads(1)


@pytest.fixture
def tiny_generator() -> "Vid2VidGenerator":
    """A Cityscapes generator of a few kilobytes with looks and flow, its weights random but the same every time."""
    from maliang_video.models.vid2vid.config import GeneratorConfig
    from maliang_video.models.vid2vid.generator import Vid2VidGenerator

    torch.manual_seed(0)
    generator = Vid2VidGenerator(
        GeneratorConfig(
            palette="cityscapes",
            label_classes=35,
            edges=True,
            things=(26,),
            style_names=("noon", "night"),
            label_frames=3,
            filters=4,
            foreground_filters=0,
            downsamplings=2,
            blocks=2,
            local_blocks=0,
            scales=1,
            flow=True,
            foreground=(),
            first_frame=None,
        )
    )
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.normal_(0, 0.3)
    return generator.eval()


@pytest.fixture
def tiny_few_shot() -> Callable[..., "FewShotGenerator"]:
    """Makes few-shot generators of a few kilobytes, of a kind, with random weights that are the same every time."""
    from maliang_video.models.fewshot.config import small_config
    from maliang_video.models.fewshot.generator import FewShotGenerator

    def make(
        kind: str = "face", channels: int = 1, palette: str = "", **changes: object
    ) -> "FewShotGenerator":
        torch.manual_seed(0)
        config = small_config(kind, channels, palette, filters=4, levels=3)
        return FewShotGenerator(replace(config, **changes)).eval()

    return make


@pytest.fixture(scope="session")
def tiny_stylegan2() -> Callable[..., "StyleGAN2"]:
    """Makes StyleGAN2 generators by a seed, of 32 pixels and 8 rows of 12, or of as many blocks as asked for."""
    from maliang_video.models.faces.stylegan2.config import StyleGAN2Config
    from maliang_video.models.faces.stylegan2.generator import StyleGAN2

    def make(seed: int = 0, blocks: int = 4) -> "StyleGAN2":
        torch.manual_seed(seed)
        config = StyleGAN2Config(channels=(8,) * blocks, z_width=6, w_width=12, mapping_layers=2, clamp=None)
        return StyleGAN2(config).eval()

    return make
