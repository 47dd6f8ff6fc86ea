"""Published layouts become ours: every entry finds its place, and nothing else is let in.

The entries are those of the manifests; shapes are enough here, so the tensors live on the meta device.
"""

import json

import pytest
import torch
from golden_cases import DEFAULT

from maliang_video.errors import InputError
from maliang_video.models.vid2vid.convert import convert, kind_of
from maliang_video.models.vid2vid.generator import Vid2VidGenerator

State = dict[str, torch.Tensor]

LAYOUTS = {
    "label2city_1024_g1": ("G0", "G1", "G2", "label2city_single.1024"),
    "label2city_2048": ("G0", "G1", "G2", "label2city_single.2048"),
    "label2city_noflow_small": ("G0", "G1", "single"),
    "edge2face_512": ("G0", "edge2face_single", "edge2face_single.encoder"),
    "pose2body_512p": ("G0", "G1"),
}
"""What belongs together; the files' names play no part in the conversion."""


def manifest(name: str) -> State:
    entries = json.loads((DEFAULT / "vid2vid" / f"{name}.json").read_text("utf-8"))["tensors"]
    types = {e["name"]: getattr(torch, e.get("dtype", "float32")) for e in entries}
    return {e["name"]: torch.empty(e["shape"], dtype=types[e["name"]], device="meta") for e in entries}


def published(layout: str) -> dict[str, State]:
    names = [f"{layout}.{part}" if len(part) < 8 else part for part in LAYOUTS[layout]]
    return {f"{i}.pth": manifest(name) for i, name in enumerate(names)}


def built(states: dict[str, State]) -> Vid2VidGenerator:
    """The network that a conversion says, with the weights that it gives, each of the right name and shape."""
    config, ours = convert(states)
    with torch.device("meta"):
        network = Vid2VidGenerator(config)
    network.load_state_dict(ours, strict=True, assign=True)
    return network


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_entry_of_a_published_layout_has_its_place(layout):
    states = published(layout)
    network = built(states)
    dropped = ("running_mean", "running_var", "num_batches_tracked")
    entries = sum(not name.endswith(dropped) for state in states.values() for name in state)
    assert len(network.state_dict()) == entries


@pytest.mark.parametrize("layout", LAYOUTS)
def test_counters_of_newer_versions_are_optional(layout):
    states = published(layout)
    without = {
        file: {name: t for name, t in state.items() if not name.endswith("num_batches_tracked")}
        for file, state in states.items()
    }
    assert built(without).config == built(states).config


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_order_of_the_files_plays_no_part(layout):
    states = published(layout)
    assert built(dict(reversed(states.items()))).config == built(states).config


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("label2city_1024_g1", {"filters": 128, "foreground_filters": 128, "downsamplings": 2, "scales": 3}),
        ("label2city_2048", {"filters": 128, "foreground_filters": 64, "downsamplings": 3, "scales": 3}),
        ("label2city_noflow_small", {"filters": 16, "foreground_filters": 8, "flow": False, "scales": 2}),
        (
            "edge2face_512",
            {"label_classes": 15, "edges": False, "palette": "", "foreground": (), "scales": 1},
        ),
        ("pose2body_512p", {"label_classes": 6, "edges": False, "first_frame": None, "local_blocks": 3}),
    ],
)
def test_sizes_follow_from_the_shapes(layout, expected):
    config = convert(published(layout))[0]
    assert {name: getattr(config, name) for name in expected} == expected
    assert (config.blocks, config.label_frames) == (9, 3)


def test_street_networks_know_their_classes():
    config = convert(published("label2city_2048"))[0]
    assert (config.palette, config.label_classes, config.edges, config.foreground) == (
        "cityscapes",
        35,
        True,
        (26,),
    )
    assert config.size_multiple == 32


@pytest.mark.parametrize(
    ("layout", "kind", "filters", "downsamplings"),
    [
        ("label2city_1024_g1", "global", 64, 4),
        ("label2city_2048", "enhancer", 64, 4),
        ("edge2face_512", "styled", 64, 3),
    ],
)
def test_first_frame_networks_are_recognised(layout, kind, filters, downsamplings):
    first = convert(published(layout))[0].first_frame
    assert (first.kind, first.filters, first.downsamplings, first.blocks) == (kind, filters, downsamplings, 9)
    assert first.enhancer_blocks == (3 if kind == "enhancer" else 0)
    assert (first.style_channels, first.encoder_filters, first.encoder_downsamplings) == (
        (16, 16, 4) if kind == "styled" else (0, 0, 0)
    )


def test_a_weight_goes_where_the_reference_has_it():
    states = published("label2city_1024_g1")
    states["0.pth"]["model_res_flow.2.conv_block.5.weight"] = marked = torch.ones(512, 512, 3, 3)
    states["2.pth"]["indv_up.4.bias"] = bias = torch.ones(32)
    ours = convert(states)[1]
    assert ours["scales.0.flow.decoder.blocks.2.conv2.weight"] is marked
    assert ours["scales.2.foreground.decoder.ups.0.norm.bias"] is bias


def test_coarse_scales_alone_are_a_smaller_network():
    states = published("label2city_2048")
    network = built({"0.pth": states["0.pth"], "1.pth": states["1.pth"]})
    assert (network.config.scales, network.config.first_frame) == (2, None)


def test_kinds_are_told_by_their_entries():
    kinds = {kind_of(state) for layout in LAYOUTS for state in published(layout).values()}
    assert kinds == {"coarse", "fine", "global", "enhancer", "styled", "encoder"}
    assert kind_of({"scale0_layer0.0.weight": torch.empty(0)}) is None


def test_an_entry_that_no_rule_takes_is_an_error():
    states = published("pose2body_512p")
    states["1.pth"]["model_extra.1.weight"] = torch.empty(1)
    with pytest.raises(InputError, match=r"unexpected entry 'model_extra\.1\.weight'"):
        convert(states)


def test_a_missing_entry_stays_missing():
    states = published("pose2body_512p")
    del states["0.pth"]["model_up_flow.3.bias"]
    with pytest.raises(RuntimeError, match=r"Missing key\(s\).*scales\.0\.flow\.decoder\.ups\.1\.conv\.bias"):
        built(states)


def test_another_kind_of_file_is_named():
    with pytest.raises(InputError, match=r"^D\.pth: not a vid2vid generator; its first entries are scale0"):
        convert(published("pose2body_512p") | {"D.pth": {"scale0_layer0.0.weight": torch.empty(0)}})


def test_the_coarsest_scale_is_needed():
    states = published("label2city_1024_g1")
    del states["0.pth"]
    with pytest.raises(
        InputError, match=r"need exactly one coarse network, got none \(the file named \.\.\._net_G0\.pth\)"
    ):
        convert(states)


def test_a_gap_between_the_scales_is_an_error():
    states = published("label2city_1024_g1")
    del states["1.pth"]
    with pytest.raises(InputError, match="scale 1 should have 64 filters, the nearest file has 32"):
        convert(states)


def test_several_first_frame_networks_are_one_too_many():
    states = published("label2city_1024_g1") | {"512.pth": manifest("label2city_single.512")}
    with pytest.raises(InputError, match=r"several first-frame networks \(3\.pth, 512\.pth\)"):
        convert(states)


def test_faces_need_their_encoder():
    states = published("edge2face_512")
    del states["2.pth"]
    with pytest.raises(InputError, match="need exactly one encoder network, got none"):
        convert(states)
