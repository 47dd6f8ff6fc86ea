import builtins

import huggingface_hub
import numpy as np
import pytest
import torch

from maliang_video.errors import InputError, MissingExtraError
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.pipelines import hub_networks
from maliang_video.pipelines.segmenter import SEGMENTERS, Segmenter, load_segmenter, model_classes

transformers = pytest.importorskip("transformers")

TRAIN_TO_ID = torch.tensor([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33])
SIZE = (40, 72)


def tiny_segformer(folder, labels=19, **config):
    torch.manual_seed(0)
    sizes = {
        "depths": [1, 1],
        "num_encoder_blocks": 2,
        "sr_ratios": [2, 1],
        "hidden_sizes": [8, 16],
        "patch_sizes": [3, 3],
        "strides": [2, 2],
        "num_attention_heads": [1, 1],
        "mlp_ratios": [1, 1],
        "decoder_hidden_size": 8,
    }
    network = transformers.SegformerForSemanticSegmentation(
        transformers.SegformerConfig(num_labels=labels, **sizes, **config)
    )
    network.save_pretrained(folder)
    size = {"height": 32, "width": 64}
    transformers.SegformerImageProcessorPil(size=size).save_pretrained(folder)
    return network.eval()


def tiny_eomt(folder):
    torch.manual_seed(0)
    config = transformers.EomtConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_blocks=1,
        image_size=32,
        patch_size=8,
        num_queries=9,
        num_labels=19,
        num_upscale_blocks=1,
        num_register_tokens=1,
    )
    network = transformers.EomtForUniversalSegmentation(config)
    network.save_pretrained(folder)
    processor = transformers.EomtImageProcessorPil(
        size={"shortest_edge": 32, "longest_edge": None}, do_split_image=True
    )
    processor.save_pretrained(folder)
    return network.eval()


def footage(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def test_segformer_gives_cityscapes_ids(tmp_path):
    network = tiny_segformer(tmp_path)
    ids = load_segmenter(str(tmp_path))(footage())
    processor = transformers.SegformerImageProcessorPil.from_pretrained(tmp_path)
    with torch.inference_mode():
        logits = network(**processor(images=footage(), return_tensors="pt")).logits
    train_ids = torch.nn.functional.interpolate(logits, SIZE, mode="bilinear").argmax(1)[0]
    assert len(train_ids.unique()) > 3
    assert ids.dtype == torch.uint8
    assert torch.equal(ids.long(), TRAIN_TO_ID[train_ids])


def test_eomt_sees_wide_pictures_in_pieces(tmp_path):
    tiny_eomt(tmp_path)
    ids = load_segmenter(str(tmp_path))(footage())
    assert ids.shape == SIZE
    assert set(ids.unique().tolist()) <= set(TRAIN_TO_ID.tolist())


def test_names_of_classes_decide(tmp_path):
    names = {0: "Sky", 1: "tree, trees", 2: "gnome"}
    network = tiny_segformer(tmp_path, id2label=names, label2id={v: k for k, v in names.items()}, labels=3)
    for wanted, expected in ((0, 23), (1, 21), (2, 0)):
        network.decode_head.classifier.bias.data = torch.eye(3)[wanted] * 1000
        network.save_pretrained(tmp_path)
        segmenter = load_segmenter(str(tmp_path))
        assert segmenter.mapping.unmapped == ("gnome",)
        assert segmenter(footage()).unique().tolist() == [expected]


def test_in_another_palette(tmp_path):
    tiny_segformer(tmp_path)
    segmenter = load_segmenter(str(tmp_path), palette=builtin_palette("cityscapes_train"))
    city = load_segmenter(str(tmp_path))
    assert torch.equal(TRAIN_TO_ID[segmenter(footage()).long()], city(footage()).long())
    assert segmenter.fingerprint != city.fingerprint


def test_half_precision(tmp_path):
    tiny_segformer(tmp_path)
    half = load_segmenter(str(tmp_path), dtype=torch.bfloat16)(footage())
    full = load_segmenter(str(tmp_path))(footage())
    assert (half == full).float().mean() > 0.8


def test_classes_without_names():
    city = model_classes("net", {i: f"LABEL_{i}" for i in range(19)})
    assert [c.name for c in city.classes][:3] == ["road", "sidewalk", "building"]
    ade = model_classes("net", {i: f"LABEL_{i}" for i in range(150)})
    assert [c.name for c in ade.classes][149] == "flag"
    assert ade.by_id[0].name == "wall"
    with pytest.raises(InputError, match="net: its 7 classes have no names"):
        model_classes("net", {i: f"LABEL_{i}" for i in range(7)})


def test_the_presets():
    names = [p.name for p in SEGMENTERS]
    assert names == ["eomt", *(f"segformer-b{i}" for i in range(6))]
    assert SEGMENTERS[0].repository == "tue-mps/cityscapes_semantic_eomt_large_1024"
    assert SEGMENTERS[0].licence == "MIT"
    assert SEGMENTERS[1].repository == "nvidia/segformer-b0-finetuned-cityscapes-1024-1024"
    assert "non-commercial" in SEGMENTERS[1].licence


def test_a_network_of_another_kind(tmp_path):
    config = transformers.SegformerConfig(architectures=["SegformerForImageClassification"])
    config.save_pretrained(tmp_path)
    with pytest.raises(
        InputError, match="a network of kind SegformerForImageClassification; choose one for seman"
    ):
        load_segmenter(str(tmp_path))


def test_a_folder_without_a_network(tmp_path):
    with pytest.raises(InputError, match="its folder holds no network that transformers can load"):
        load_segmenter(str(tmp_path))


def test_no_network_and_not_cached(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise ConnectionError("no route to host. Trace follows")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", unreachable)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError) as error:
        load_segmenter("someone/has-never-made-this")
    assert str(error.value) == (
        "someone/has-never-made-this: not on this machine, and the Hub doesn't give it (no route to host); "
        "give eomt, segformer-b0 to segformer-b5, a repository on the Hub, or a folder"
    )


def test_the_hub_is_asked_only_for_what_is_not_here(tmp_path, monkeypatch):
    tiny_segformer(tmp_path)
    monkeypatch.setattr(hub_networks, "within", lambda *_: pytest.fail("asked"))
    assert isinstance(load_segmenter(str(tmp_path)), Segmenter)


def test_without_transformers(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "transformers":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'maliang-video\[annotators\]'"):
        load_segmenter("eomt")
