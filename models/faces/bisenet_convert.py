"""The published face parser (`79999_iter.pth` of face-parsing.PyTorch) in our layout."""

from collections.abc import Mapping

from torch import Tensor

from ...errors import InputError
from ..published import Entries, State
from .bisenet import BiSeNetConfig
from .masks import BISENET_NAMES

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def convert(states: Mapping[str, State]) -> tuple[BiSeNetConfig, dict[str, Tensor]]:
    """One file, by its name -> config and state. InputError for files that are something else."""
    if len(states) != 1:
        raise InputError(f"BiSeNet is one file; got {', '.join(states) or 'none'}")
    file, state = next(iter(states.items()))
    if "cp.resnet.conv1.weight" not in state or "conv_out.conv_out.weight" not in state:
        raise InputError(f"{file}: not the face parser BiSeNet: it has no entries cp.resnet.* and conv_out.*")
    entries = Entries(file, state)
    classes = entries.shape("conv_out.conv_out.weight")[0]
    if classes != len(BISENET_NAMES):
        raise InputError(
            f"{file}: tells {classes} classes apart; the published face parser knows {len(BISENET_NAMES)}"
        )
    config = BiSeNetConfig(BISENET_NAMES, entries.shape("cp.resnet.conv1.weight")[0])
    _take(entries, "cp.resnet.conv1", "cp.resnet.bn1", "stem")
    for stage in range(4):
        for unit in range(2):
            theirs, ours = f"cp.resnet.layer{stage + 1}.{unit}", f"stages.{stage}.{unit}"
            _take(entries, f"{theirs}.conv1", f"{theirs}.bn1", f"{ours}.first")
            _take(entries, f"{theirs}.conv2", f"{theirs}.bn2", ours)
            if stage and not unit:
                _take(
                    entries,
                    f"{theirs}.downsample.0",
                    f"{theirs}.downsample.1",
                    ours,
                    "shortcut",
                    "shortcut_norm",
                )
    for level in (16, 32):
        theirs, ours = f"cp.arm{level}", f"attention{level}"
        _take(entries, f"{theirs}.conv.conv", f"{theirs}.conv.bn", f"{ours}.features")
        _take(entries, f"{theirs}.conv_atten", f"{theirs}.bn_atten", ours, "weigh")
        _take(entries, f"cp.conv_head{level}.conv", f"cp.conv_head{level}.bn", f"up{level}")
    _take(entries, "cp.conv_avg.conv", "cp.conv_avg.bn", "average")
    _take(entries, "ffm.convblk.conv", "ffm.convblk.bn", "fusion.features")
    entries.ours["fusion.squeeze.weight"] = entries.take("ffm.conv1.weight")
    entries.ours["fusion.excite.weight"] = entries.take("ffm.conv2.weight")
    for end in ("", "16", "32"):
        theirs, ours = f"conv_out{end}", f"head{end}"
        _take(entries, f"{theirs}.conv.conv", f"{theirs}.conv.bn", f"{ours}.features")
        entries.ours[f"{ours}.scores.weight"] = entries.take(f"{theirs}.conv_out.weight")
    return config, entries.finish()


def _take(
    entries: Entries, conv: str, norm: str, ours: str, conv_name: str = "conv", norm_name: str = "norm"
) -> None:
    """A convolution without bias, and the batch norm after it."""
    entries.ours[f"{ours}.{conv_name}.weight"] = entries.take(f"{conv}.weight")
    for leaf in NORM:
        entries.ours[f"{ours}.{norm_name}.{leaf}"] = entries.take(f"{norm}.{leaf}")
