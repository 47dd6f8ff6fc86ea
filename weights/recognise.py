"""Which network published files are, by the names of their entries."""

import re
from collections.abc import Collection, Mapping, Sequence

from ..errors import InputError

MARKS: Sequence[tuple[str, str]] = (
    ("e4e", r"(encoder\.)?styles\.0\.linear\.weight"),
    ("stylegan2", r"synthesis\.b4\.const|synthesis/4x4/Const/const|style\.1\.weight"),
    ("bisenet", r"cp\.resnet\.conv1\.weight"),
    ("flownet2", r"flownets_d\.conv0\.0\.weight"),
    ("lpips", r"lin0\.model\.1\.weight"),
    ("vqgan", r"quantize\.embedding\.weight"),
    ("vgg19", r"features\.34\.weight"),
    (
        "fewshot",
        r"ref_img_first\.conv\.bias|(module\.)?(averaged_model\.|module\.)?weight_generator\.ref_img_first\..*",
    ),
    ("stit-directions", r"repeated direction"),
    ("styleclip", r"table"),
    ("ganspace", r"comp"),
    ("directions", r"direction"),
    (
        "vid2vid",
        r"model_down_seg\.1\.weight|model_downsample\.1\.weight|model1_1\.1\.weight|model\.1\.weight",
    ),
)
"""Kind of network, a key of `convert.CONVERTERS` -> name that only its files hold. The first that fits holds: e4e's
have a generator in them, LPIPS's its trunk."""


def recognise(files: Mapping[str, Collection[str]]) -> str:
    """The kind of network that files are, together: file -> names of its entries. InputError where they tell none."""
    names = [name for entries in files.values() for name in entries]
    for kind, pattern in MARKS:
        mark = re.compile(pattern)
        if any(map(mark.fullmatch, names)):
            return kind
    raise InputError(
        f"{', '.join(files)[:200]}: not a network that Maliang can tell by its entries ({', '.join(names[:3])[:200]}, "
        "...); if it is one, say which: --kind"
    )
