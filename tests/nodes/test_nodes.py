"""What the nodes do, on the recording fake: values out of them, progress, stopping, what stays on disk."""

import json
import shutil
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.media.reader import open_frames
from maliang_video.media.writer import open_writer

WIDTH, HEIGHT, FRAMES = 64, 32, 4


def run(comfy, node_id: str, **inputs):
    return comfy.node(node_id).execute(**inputs)


def street(comfy, frames: int = FRAMES, width: int = WIDTH, height: int = HEIGHT, seed: int = 7):
    return run(
        comfy,
        "MaliangStreetWorld",
        seed=seed,
        frames=frames,
        width=width,
        height=height,
        look="noon",
        frame_rate=24.0,
    )


def generator(comfy, tiny_weights: Path):
    folder = Path(comfy.folder_paths.models_dir) / "maliang"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(tiny_weights, folder)
    return run(comfy, "MaliangLoadGenerator", weights="tiny.safetensors", download=False, precision="auto")[0]


def pixels(video) -> list[np.ndarray]:
    with open_frames(video.get_stream_source()) as clip:
        return [frame.pixels for frame in clip]


def in_temp(comfy) -> list[Path]:
    return [path for path in (comfy.base / "temp").rglob("*") if path.is_file()]


def test_street_world_is_lazy_and_exact(comfy):
    labels, world = street(comfy).args
    assert labels is world
    assert (labels.width, labels.height, labels.frame_count, labels.frame_rate) == (64, 32, 4, 24)
    assert labels.world.look == "noon"
    assert labels.palette.name == "cityscapes"


def test_any_look_is_the_seeds(comfy):
    inputs = {"seed": 1, "frames": 2, "width": 64, "height": 32, "frame_rate": 23.976}
    labels = run(comfy, "MaliangStreetWorld", look="any", **inputs)[0]
    assert labels.world.look is None
    assert labels.frame_rate == Fraction("23.976")


def test_footage_is_what_the_world_shows(comfy):
    world = street(comfy)[1]
    shown = pixels(run(comfy, "MaliangWorldFootage", world=world)[0])
    assert len(shown) == FRAMES
    truth = [frame.rgb for frame in world.truth()]
    assert np.abs(shown[2].astype(int) - truth[2].astype(int)).mean() < 8
    assert comfy.seen.progress[-1] == (FRAMES, FRAMES)


def test_edits_change_the_labels_and_add_up(comfy):
    labels = street(comfy)[0]
    edited, edits = run(
        comfy, "MaliangEditLabels", labels=labels, replace="road", by="terrain", start=1, stop=3
    ).args
    before, after = [frame.ids for frame in labels.frames()], [frame.ids for frame in edited.frames()]
    assert torch.equal(after[0], before[0])
    assert not (after[1] == 7).any()
    assert torch.equal(after[3], before[3])
    twice, edits = run(
        comfy, "MaliangEditLabels", labels=edited, replace="sky", by="building", start=0, stop=0
    ).args
    assert [edit.target for edit in edits.edits] == ["terrain", "building"]
    again = run(comfy, "MaliangApplyEdits", labels=labels, edits=edits)[0]
    assert all(torch.equal(a.ids, b.ids) for a, b in zip(again.frames(), twice.frames(), strict=True))


def test_edits_are_saved_and_loaded(comfy):
    labels = street(comfy)[0]
    mask = torch.zeros(1, 16, 16)
    mask[..., :8] = 1
    edited, edits = run(
        comfy, "MaliangEditLabels", labels=labels, replace="road", by="terrain", start=0, stop=0, mask=mask
    ).args
    shown = run(comfy, "MaliangSaveEdits", edits=edits, filename_prefix="edits/x").ui
    assert shown == ("text", "edits/x_00001_.json [output]")
    loaded = run(comfy, "MaliangLoadEdits", file=shown[1])[0]
    again = run(comfy, "MaliangApplyEdits", labels=labels, edits=loaded)[0]
    assert torch.equal(next(again.frames()).ids, next(edited.frames()).ids)
    stamp = comfy.node("MaliangLoadEdits").fingerprint_inputs
    first = stamp(file=shown[1])
    (comfy.base / "output" / "edits" / "x_00001_.json").write_text('{"edits": []}')
    assert stamp(file=shown[1]) != first


@pytest.mark.parametrize("name", ["../secret.json", "/etc/passwd", "../input_of_another/x.json"])
def test_files_outside_of_comfyuis_folders_are_refused(comfy, name):
    with pytest.raises(InputError, match="lies outside"):
        run(comfy, "MaliangLoadEdits", file=name)


def test_another_palette_and_size(comfy):
    labels = street(comfy)[0]
    train = run(comfy, "MaliangConvertLabels", labels=labels, palette="cityscapes_train", otherwise="")[0]
    assert train.palette.name == "cityscapes_train"
    small = run(comfy, "MaliangResizeLabels", labels=train, width=32, height=32)[0]
    assert next(small.frames()).ids.shape == (32, 32)


def test_preview_shows_the_frame_with_its_legend(comfy):
    output = run(comfy, "MaliangPreviewLabels", labels=street(comfy)[0], frame=2)
    assert output[0].shape[0] == 1
    assert output[0].shape[3] == 3
    assert output[0].min() >= 0
    assert output[0].max() <= 1
    assert comfy.seen.shown[-1][0] == "image"
    with pytest.raises(InputError, match="no frame 9"):
        run(comfy, "MaliangPreviewLabels", labels=street(comfy)[0], frame=9)


def test_labels_as_a_lossless_video(comfy):
    labels = street(comfy)[0]
    shown = pixels(run(comfy, "MaliangLabelsToVideo", labels=labels, codec="ffv1")[0])
    colors = labels.palette.colors
    for picture, frame in zip(shown, labels.frames(), strict=True):
        assert np.array_equal(picture, colors[frame.ids.numpy()])


def test_flow_of_a_video_honours_its_trim_window(comfy):
    path = comfy.base / "input" / "clip.mp4"
    with open_writer(path, width=WIDTH, height=HEIGHT, frame_rate=Fraction(8)) as writer:
        for t in range(8):
            writer.write(np.full((HEIGHT, WIDTH, 3), 20 * t, np.uint8))
    if comfy.version == "0.8":
        video = comfy.api.InputImpl.VideoFromFile(str(path))
        expected = 8
    else:
        video = comfy.api.InputImpl.VideoFromFile(str(path), start_time=0.25, duration=0.5)
        expected = 4
    flow = run(comfy, "MaliangEstimateFlow", frames=video, quality="fast", frame_rate=99.0)[0]
    assert flow.frame_count == expected
    assert flow.frame_rate == 8


def test_flow_of_a_video_in_memory(comfy):
    path = comfy.base / "clip.mp4"
    with open_writer(path, width=WIDTH, height=HEIGHT, frame_rate=Fraction(8)) as writer:
        for t in range(3):
            writer.write(np.full((HEIGHT, WIDTH, 3), 20 * t, np.uint8))
    video = comfy.api.InputImpl.VideoFromFile(BytesIO(path.read_bytes()))
    assert (
        run(comfy, "MaliangEstimateFlow", frames=video, quality="fast", frame_rate=24.0)[0].frame_count == 3
    )


def test_flow_by_flownet2_needs_its_weights_in_the_models_folder(comfy):
    from maliang_video.models.flow.flownet2 import FlowNet2, FlowNet2Config
    from maliang_video.weights import save

    images = torch.rand(2, 64, 64, 3, generator=torch.Generator().manual_seed(0))
    asked = {"frames": images, "quality": "medium", "frame_rate": 24.0, "estimator": "flownet2"}
    with pytest.raises(Exception, match="maliang weights convert FlowNet2_checkpoint"):
        run(comfy, "MaliangEstimateFlow", **asked)
    assert in_temp(comfy) == []
    folder = Path(comfy.folder_paths.models_dir) / "maliang"
    folder.mkdir(parents=True, exist_ok=True)
    network = FlowNet2(FlowNet2Config(filters=4)).eval()
    save(folder / "flownet2.safetensors", network, licence="none", source="test")
    flow = run(comfy, "MaliangEstimateFlow", **asked)[0]
    fields = list(flow.frames())
    assert len(fields) == 2
    assert fields[0].occlusion.min() == 1
    assert fields[1].displacement.abs().max() > 0


def test_flow_of_images_is_shown_and_warps(comfy):
    coarse = torch.rand(1, 3, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(1))
    texture = torch.nn.functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bicubic").clamp(0, 1)
    still = texture.permute(0, 2, 3, 1)
    images = torch.cat([still.roll(2 * t, 2) for t in range(FRAMES)])
    flow = run(comfy, "MaliangEstimateFlow", frames=images, quality="medium", frame_rate=12.0)[0]
    assert flow.frame_rate == 12
    assert flow.frame_count == FRAMES
    video, key = run(comfy, "MaliangShowFlow", flow=flow, full_color_at=0.0).args
    assert len(pixels(video)) == FRAMES
    assert key.shape == (1, 256, 256, 3)
    warped = pixels(run(comfy, "MaliangWarp", frames=images[:1], flow=flow, carry=True)[0])
    assert len(warped) == FRAMES
    goal = (images[3].numpy() * 255)[8:-8, 16:-16]
    moved = np.abs(warped[3][8:-8, 16:-16] - goal).mean()
    assert moved < 0.5 * np.abs((images[0].numpy() * 255)[8:-8, 16:-16] - goal).mean()


def test_true_flow_of_the_world(comfy):
    world = street(comfy)[1]
    flow = run(comfy, "MaliangWorldFlow", world=world)[0]
    truth = list(world.truth())
    assert np.allclose(list(flow.frames())[2].displacement[0].numpy(), truth[2].flow, rtol=1e-3, atol=1e-2)


def test_a_missing_package_is_named_as_comfyui_users_install_it(comfy, monkeypatch):

    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match="pip install opencv-python-headless"):
        run(comfy, "MaliangEstimateFlow", frames=torch.zeros(2, 32, 32, 3), quality="fast", frame_rate=24.0)
    assert in_temp(comfy) == []


def test_vid2vid_paints_every_frame(comfy, tiny_weights):
    labels = street(comfy)[0]
    patcher = generator(comfy, tiny_weights)
    video = run(comfy, "MaliangVid2Vid", generator=patcher, labels=labels, style="night", codec="ffv1")[0]
    painted = pixels(video)
    assert len(painted) == FRAMES
    assert painted[0].shape == (HEIGHT, WIDTH, 3)
    assert comfy.seen.loaded[0][0] is patcher
    assert comfy.seen.loaded[0][1] > WIDTH * HEIGHT * 4
    assert comfy.seen.progress[-1] == (FRAMES, FRAMES)
    kind, preview, side = comfy.seen.previews[0]
    assert (kind, preview.size, side) == ("JPEG", (WIDTH, HEIGHT), 512)
    images = run(comfy, "MaliangVid2VidImages", generator=patcher, labels=labels, style="night")[0]
    assert images.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert np.array_equal((images[3] * 255).round().numpy().astype(np.uint8), painted[3])


def test_a_second_run_paints_only_what_changed(comfy, tiny_weights):
    labels = street(comfy, frames=26)[0]
    inputs = {"generator": generator(comfy, tiny_weights), "style": "", "codec": "ffv1"}
    first = run(comfy, "MaliangVid2Vid", labels=labels, **inputs)[0]
    comfy.seen.progress.clear()
    again = run(comfy, "MaliangVid2Vid", labels=labels, **inputs)[0]
    assert comfy.seen.progress[0] == (25, 26)
    assert np.array_equal(pixels(first), pixels(again))
    assert first.get_stream_source() != again.get_stream_source()
    comfy.seen.progress.clear()
    run(comfy, "MaliangVid2Vid", labels=labels, live=False, **inputs)
    assert comfy.seen.progress[0] == (1, 26)


def test_after_an_edit_only_the_frames_from_there_on_are_painted(comfy, tiny_weights):
    labels = street(comfy, frames=26)[0]
    inputs = {"generator": generator(comfy, tiny_weights), "style": "", "codec": "ffv1"}
    before = pixels(run(comfy, "MaliangVid2Vid", labels=labels, **inputs)[0])
    change = {"replace": "road", "by": "sky", "start": 25, "stop": 0}
    edited = run(comfy, "MaliangEditLabels", labels=labels, **change)[0]
    comfy.seen.progress.clear()
    after = pixels(run(comfy, "MaliangVid2Vid", labels=edited, **inputs)[0])
    assert comfy.seen.progress[0] == (25, 26)
    assert all(np.array_equal(a, b) for a, b in zip(before[:25], after[:25], strict=True))
    assert not np.array_equal(before[25], after[25])
    whole = run(comfy, "MaliangVid2Vid", labels=edited, live=False, **inputs)[0]
    assert np.array_equal(pixels(whole)[25], after[25])


def test_flow_and_the_foreground_prior_can_be_switched_off(comfy, tiny_weights):
    generator(comfy, tiny_weights)
    labels = street(comfy)[0]
    cars = [np.isin(frame.ids.numpy(), (24, 26)) for frame in labels.frames()]
    load = {"weights": "tiny.safetensors", "download": False, "precision": "auto"}
    shown = {}
    for name, off in {"all": {}, "foreground": {"foreground": False}, "flow": {"flow": False}}.items():
        loaded = run(comfy, "MaliangLoadGenerator", **load, **off)[0]
        inputs = {"generator": loaded, "labels": labels, "style": "", "codec": "ffv1"}
        shown[name] = pixels(run(comfy, "MaliangVid2Vid", **inputs)[0])
    differs = (shown["all"][0] != shown["foreground"][0]).any(-1)
    assert differs[cars[0]].any()
    assert not differs[~cars[0]].any()
    assert np.array_equal(shown["all"][0], shown["flow"][0])  # there is nothing to carry along yet
    assert not np.array_equal(shown["all"][3], shown["flow"][3])


def test_the_sound_of_footage_comes_along(comfy, tiny_weights):
    clip = comfy.base / "input" / "loud.mp4"
    with av.open(clip, "w") as container:
        picture, sound = container.add_stream("libx264", rate=24), container.add_stream("aac", rate=48000)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for _ in range(12):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8))))
        wave = av.AudioFrame.from_ndarray(np.zeros((1, 48000 // 2), np.float32), "fltp", "mono")
        wave.sample_rate = 48000
        container.mux(sound.encode(wave))
        container.mux(picture.encode())
        container.mux(sound.encode())
    footage = comfy.api.InputImpl.VideoFromFile(str(clip))
    inputs = {
        "generator": generator(comfy, tiny_weights),
        "labels": street(comfy)[0],
        "style": "",
        "codec": "h264",
    }
    video = run(comfy, "MaliangVid2Vid", sound=footage, **inputs)[0]
    with av.open(video.get_stream_source()) as container:
        assert [stream.codec_context.name for stream in container.streams.audio] == ["aac"]
    assert len(pixels(video)) == FRAMES


def test_first_frames_are_the_beginning(comfy, tiny_weights):
    patcher = generator(comfy, tiny_weights)
    first = torch.full((1, HEIGHT, WIDTH, 3), 0.25)
    inputs = {"generator": patcher, "labels": street(comfy)[0], "style": ""}
    images = run(comfy, "MaliangVid2VidImages", first_frames=first, **inputs)[0]
    assert (images[0] - 0.25).abs().max() < 0.01
    assert (images[3] - 0.25).abs().max() > 0.02


def test_predicted_flow_starts_unknown(comfy, tiny_weights):
    flow = run(
        comfy,
        "MaliangPredictFlow",
        generator=generator(comfy, tiny_weights),
        labels=street(comfy)[0],
        style="",
    )[0]
    fields = list(flow.frames())
    assert len(fields) == FRAMES
    assert fields[0].occlusion.min() == 1
    assert fields[3].displacement.abs().max() > 0
    assert 0 < fields[3].occlusion.mean() < 1


@pytest.mark.parametrize("node", ["MaliangVid2Vid", "MaliangPredictFlow"])
def test_stopping_leaves_nothing(comfy, tiny_weights, node):
    patcher = generator(comfy, tiny_weights)
    inputs = {"generator": patcher, "labels": street(comfy)[0], "style": ""}
    inputs |= {"codec": "h264"} if node == "MaliangVid2Vid" else {}
    comfy.seen.stop_at = comfy.seen.checks + 60  # in the middle of a frame: there is a check at every layer
    with pytest.raises(comfy.mm.InterruptProcessingException):
        run(comfy, node, **inputs)
    assert in_temp(comfy) == []
    checks = comfy.seen.checks
    comfy.seen.stop_at = None
    patcher.model.network.scales[0].to_image(torch.zeros(1, 4, 16, 16))
    assert comfy.seen.checks == checks  # the hooks are gone


def test_out_of_memory_says_what_to_lower(comfy, tiny_weights, monkeypatch):
    patcher = generator(comfy, tiny_weights)
    monkeypatch.setattr(
        type(patcher.model.network),
        "step",
        lambda *_, **__: (_ for _ in ()).throw(torch.OutOfMemoryError("full")),
    )
    with pytest.raises(InputError, match="too little free memory for 64x32: make the label maps smaller"):
        run(comfy, "MaliangVid2Vid", generator=patcher, labels=street(comfy)[0], style="", codec="h264")
    assert comfy.seen.emptied == 1
    assert in_temp(comfy) == []


def test_a_batch_that_cannot_fit_is_refused_before_the_work(comfy, tiny_weights):
    labels = street(comfy, frames=900_000, width=4096, height=2048)[0]
    with pytest.raises(InputError, match=r"900000 frames of 4096x2048 take 90597\.0 GB"):
        run(comfy, "MaliangVid2VidImages", generator=generator(comfy, tiny_weights), labels=labels, style="")
    assert comfy.seen.progress == []


def test_weights_are_listed_found_and_watched(comfy, tiny_weights):
    generator(comfy, tiny_weights)
    node = comfy.node("MaliangLoadGenerator")
    weights = next(i for i in node.define_schema().inputs if i.id == "weights")
    assert "tiny.safetensors" in weights.given["options"]
    stamp = {"weights": "tiny.safetensors", "download": False, "precision": "auto"}
    before = node.fingerprint_inputs(**stamp)
    file = Path(comfy.folder_paths.models_dir) / "maliang" / "tiny.safetensors"
    file.write_bytes(file.read_bytes() + b" ")
    assert node.fingerprint_inputs(**stamp) != before


def test_a_licence_that_forbids_commercial_use_is_accepted_before_a_download(
    comfy, tiny_weights, monkeypatch
):
    module = sys.modules["maliang_video.nodes.generator"]
    fields = {"description": "", "licence": "CC-BY-NC-4.0", "non_commercial": True, "repository": "o/n"}
    place = {"revision": "0" * 40, "file": "f.safetensors", "sha256": "1" * 64, "size": 5_000_000}
    preset = module.HubPreset(name="large", **fields, **place)
    monkeypatch.setattr(
        module,
        "builtin_presets",
        lambda: SimpleNamespace(find={"large": preset}.get, embedded=(), hub=(preset,)),
    )
    accepted = []

    def download(preset, accept_licence, progress):
        module.hub.check_licence(preset, accept_licence)
        accepted.append(preset.name)
        return tiny_weights

    monkeypatch.setattr(module.hub, "cached", lambda preset: None)
    monkeypatch.setattr(module.hub, "download", download)
    load = {"weights": "large", "precision": "auto"}
    with pytest.raises(InputError, match=r"5 MB from o/n \(licence: CC-BY-NC-4\.0\) .* switch on 'download'"):
        run(comfy, "MaliangLoadGenerator", **load, download=False, accept_licence=True)
    with pytest.raises(
        InputError, match=r"its licence, CC-BY-NC-4\.0, forbids .* switch on 'accept_licence'"
    ):
        run(comfy, "MaliangLoadGenerator", **load, download=True)
    assert accepted == []
    run(comfy, "MaliangLoadGenerator", **load, download=True, accept_licence=True)
    assert accepted == ["large"]


def test_extra_model_paths_are_kept(comfy):
    comfy.folder_paths.folder_names_and_paths["maliang"] = (["/elsewhere"], set())
    comfy.nodes.folders.register_models()
    folders, endings = comfy.folder_paths.folder_names_and_paths["maliang"]
    assert folders == ["/elsewhere", str(comfy.base / "models" / "maliang")]
    assert endings == {".safetensors"}


def test_a_wrong_style_lists_the_right_ones(comfy, tiny_weights):
    inputs = {"generator": generator(comfy, tiny_weights), "labels": street(comfy)[0], "style": "dawn"}
    with pytest.raises(InputError, match="noon, night"):
        run(comfy, "MaliangVid2VidImages", **inputs)


def test_labels_in_another_palette_are_refused(comfy, tiny_weights):
    labels = run(comfy, "MaliangConvertLabels", labels=street(comfy)[0], palette="ade20k", otherwise="")[0]
    with pytest.raises(InputError, match="convert them"):
        run(comfy, "MaliangPredictFlow", generator=generator(comfy, tiny_weights), labels=labels, style="")


def colors_of(comfy, labels) -> torch.Tensor:
    """Label maps as an IMAGE batch in their colours."""
    palette = labels.palette.colors
    return (
        torch.stack([torch.from_numpy(palette[frame.ids.numpy()]) for frame in labels.frames()]).float() / 255
    )


def test_labels_from_images_are_the_ones_painted(comfy):
    labels = street(comfy)[0]
    inputs = {"palette": "cityscapes", "palette_file": "", "frame_rate": 12.0}
    read = run(comfy, "MaliangLabelsFromImages", images=colors_of(comfy, labels), **inputs)[0]
    assert read.frame_rate == 12
    assert (read.frame_count, read.height, read.width) == (FRAMES, HEIGHT, WIDTH)
    for got, wanted in zip(read.frames(), labels.frames(), strict=True):
        assert torch.equal(got.ids, wanted.ids)
        assert got.instances is None
    other = run(
        comfy, "MaliangLabelsFromImages", images=colors_of(comfy, street(comfy, seed=8)[0]), **inputs
    )[0]
    assert other.fingerprint != read.fingerprint


def test_instances_from_images(comfy):
    labels = street(comfy)[0]
    codes = torch.stack([frame.instances % 2**24 for frame in labels.frames()]).unsqueeze(-1)
    colors = torch.cat([codes % 256, codes // 256 % 256, codes // 65536], -1).float() / 255
    read = run(
        comfy, "MaliangLabelsFromImages", images=colors_of(comfy, labels), instances=colors,
        palette="auto", palette_file="", frame_rate=24.0,
    )[0]  # fmt: skip
    for got, wanted in zip(read.frames(), labels.frames(), strict=True):
        assert torch.equal(got.instances, (wanted.instances % 2**24).int())


def test_a_photograph_is_no_label_map(comfy):
    noise = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match="no label map in the colours of the palette"):
        run(
            comfy,
            "MaliangLabelsFromImages",
            images=noise,
            palette="cityscapes",
            palette_file="",
            frame_rate=24.0,
        )


def test_labels_from_a_lossless_video(comfy):
    labels = street(comfy)[0]
    video = run(comfy, "MaliangLabelsToVideo", labels=labels, codec="ffv1")[0]
    read = run(comfy, "MaliangLabelsFromVideo", video=video, palette="auto", palette_file="")[0]
    assert read.palette.name == "cityscapes"
    for got, wanted in zip(read.frames(), labels.frames(), strict=True):
        assert torch.equal(got.ids, wanted.ids)


def test_labels_from_a_folder_in_the_input_folder(comfy):
    from maliang_video.pipelines.labels import write_labels

    labels = street(comfy)[0]
    write_labels(labels, comfy.base / "input" / "town")
    inputs = {"palette": "auto", "palette_file": "", "instances": "", "frame_rate": 23.976}
    read = run(comfy, "MaliangLabelsFromFolder", folder="town", **inputs)[0]
    assert read.frame_rate == Fraction("23.976")
    for got, wanted in zip(read.frames(), labels.frames(), strict=True):
        assert torch.equal(got.ids, wanted.ids)
    stamp = comfy.node("MaliangLabelsFromFolder").fingerprint_inputs
    before = stamp(folder="town", **inputs)
    picture = comfy.base / "input" / "town" / "000001.png"
    picture.write_bytes(picture.read_bytes() + b" ")
    assert stamp(folder="town", **inputs) != before
    with pytest.raises(InputError, match="not in ComfyUI's folder"):
        run(comfy, "MaliangLabelsFromFolder", folder="village", **inputs)


def test_a_palette_of_the_users_own(comfy):
    black, red = ({"id": i, "name": "ab"[i], "color": [255 * i, 0, 0]} for i in range(2))
    palette = {"name": "two", "classes": [black, red]}
    (comfy.base / "input" / "two.json").write_text(json.dumps(palette))
    images = torch.zeros(1, 4, 4, 3)
    images[:, :2, :, 0] = 1
    inputs = {"palette": "cityscapes", "palette_file": "two.json", "frame_rate": 24.0}
    read = run(comfy, "MaliangLabelsFromImages", images=images, **inputs)[0]
    assert next(read.frames()).ids[:, 0].tolist() == [1, 1, 0, 0]


def test_footage_is_segmented_frame_by_frame(comfy, monkeypatch):
    """With a stand-in for the network: bright pixels are sky, dark ones road."""
    from maliang_video.models.labels.palette import builtin_palette

    class Segmenter:
        palette = builtin_palette("cityscapes")
        fingerprint = "by brightness"
        network = torch.nn.Identity()

        def __call__(self, picture):
            self.network(torch.zeros(1))
            return torch.where(torch.from_numpy(picture[..., 0] > 127), 23, 7).to(torch.uint8)

    asked = []
    module = sys.modules["maliang_video.nodes.labels"]
    monkeypatch.setattr(
        module, "load_segmenter", lambda name, download: asked.append((name, download)) or Segmenter()
    )
    images = torch.zeros(3, 32, 32, 3)
    images[:, :16] = 1
    inputs = {"frames": images, "network": "segformer-b0", "download": False, "frame_rate": 12.0}
    labels = run(comfy, "MaliangLabelsFromFootage", **inputs)[0]
    assert asked == [("segformer-b0", False)]
    assert [frame.ids[:, 0].unique().tolist() for frame in labels.frames()] == [[7, 23]] * 3
    assert labels.frame_rate == 12
    comfy.seen.stop_at = comfy.seen.checks + 3
    with pytest.raises(comfy.mm.InterruptProcessingException):
        run(comfy, "MaliangLabelsFromFootage", **inputs)
    assert len(list((comfy.base / "temp").iterdir())) == 1
