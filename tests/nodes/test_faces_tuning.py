"""Nodes that tune, edit and stitch a face, on the recording fake, in inference mode as ComfyUI runs them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maliang_video.errors import InputError
from maliang_video.media.reader import open_frames
from maliang_video.models.faces.directions import Direction
from maliang_video.models.faces.e4e import E4E, E4EConfig
from maliang_video.weights.direction_file import save_directions
from maliang_video.weights.file import save

FRAMES = 3


def run(comfy, node_id: str, **inputs):
    with torch.inference_mode():
        return comfy.node(node_id).execute(**inputs).args


@pytest.fixture
def models(comfy, tiny_stylegan2) -> Path:
    """A generator, another one, an encoder and directions in models/maliang."""
    import folder_paths

    folder = Path(folder_paths.get_folder_paths("maliang")[0])
    folder.mkdir(parents=True, exist_ok=True)
    told = {"licence": "Apache-2.0", "source": "a test"}
    save(folder / "tiny-face.safetensors", tiny_stylegan2(blocks=3), **told)
    save(folder / "tiny-other.safetensors", tiny_stylegan2(1, blocks=3), **told)
    torch.manual_seed(3)
    encoder = E4E(E4EConfig(32, 6, 12, (16, 16, 16, 16), (1, 1, 1, 1))).eval()
    save(folder / "tiny-encoder.safetensors", encoder, **told)
    smile = Direction("smile", "w", torch.ones(1, 12), "one", "a test", "Apache-2.0")
    save_directions(folder / "tiny-directions.safetensors", [smile])
    return folder


class Face:
    """A world's face, cut out, masked and inverted."""

    def __init__(self, comfy) -> None:
        self.comfy = comfy
        world = run(
            comfy, "MaliangPeopleWorld", people="faces", seed=4, subject=2, look="studio", frame_rate=24.0,
            frames=FRAMES, width=64, height=64,
        )[2]  # fmt: skip
        footage = run(comfy, "MaliangWorldFootage", world=world)[0]
        track = run(
            comfy, "MaliangFindFaceTrack", frames=footage, keypoints=world, detector="none", face=-1, max_gap=8,
            cuts=True, frame_rate=24.0, point_x=-1, point_y=-1, point_frame=0,
        )[0]  # fmt: skip
        self.crops, self.aligned = run(
            comfy, "MaliangAlignFace", frames=footage, track=track, size=64, steady_place=1.0, steady_size=3.0,
            scale=1.0, exact=False, frame_rate=24.0,
        )[:2]  # fmt: skip
        self.mask = run(
            comfy, "MaliangFaceMask", aligned=self.aligned, crops=self.crops, parts="outline", download=False,
            inner=0, outer=100, whole_border=False, steady=0.0,
        )[0]  # fmt: skip
        self.generator = self.load("tiny-face.safetensors")
        self.codes = run(
            comfy,
            "MaliangInvertFace",
            aligned=self.aligned,
            crops=self.crops,
            encoder="tiny-encoder.safetensors",
        )[0]

    def load(self, name: str):
        return run(self.comfy, "MaliangLoadFaceGenerator", weights=name)[0]

    def edit(self, generator=None, **changes):
        given = {"directions": "tiny-directions.safetensors", "edit": "smile=0@1 0.5@2", "ease": "linear"} | {
            "reference_scale": False,
            "freeze_from": -1,
        }
        inputs = {"generator": generator or self.generator, "codes": self.codes, "crops": self.crops, **given}
        return run(self.comfy, "MaliangEditFace", **{**inputs, **changes})

    def stitch(self, edited, generator=None, **changes):
        given = {"schedule": "quick", "updates": 1, "enough": 0.0, "mask": self.mask, "crops": self.crops}
        inputs = {"generator": generator or self.generator, "edited": edited, **given}
        return run(self.comfy, "MaliangStitchFace", **{**inputs, **changes})


@pytest.fixture
def face(comfy, models) -> Face:
    return Face(comfy)


def pixels(video) -> np.ndarray:
    with open_frames(video.get_stream_source()) as clip:
        return np.stack([frame.pixels for frame in clip])


def test_a_face_is_tuned_edited_and_stitched(comfy, face: Face) -> None:
    given = {"codes": face.codes, "crops": face.crops, "epochs": 1, "likeness": "none"}
    before = pixels(face.edit(edit="")[1])
    comfy.node("MaliangTuneGenerator").hidden = type("Hidden", (), {"unique_id": "7"})()
    for schedule in ("quick", "published"):
        tuned = run(comfy, "MaliangTuneGenerator", generator=face.generator, schedule=schedule, **given)[0]
        after = pixels(face.edit(tuned, edit="")[1])
        assert after.shape == before.shape == (FRAMES, 16, 16, 3)
        assert (after != before).any()
    assert (pixels(face.edit(edit="")[1]) == before).all()
    edited, crops, notes = face.edit(tuned)
    changed = [(a != b).any() for a, b in zip(pixels(crops), after, strict=True)]
    assert changed == [False, False, True]
    assert notes == ""
    for schedule in ("quick", "published"):
        stitched, figures = face.stitch(edited, tuned, schedule=schedule)
        assert pixels(stitched).shape == (FRAMES, 16, 16, 3)
        assert (pixels(stitched) != pixels(crops)).any()
        assert figures.startswith("border error ")
        assert figures.endswith("3 updates of 3 crops")


def test_what_does_not_belong_together_is_refused(comfy, face: Face) -> None:
    edited = face.edit()[0]
    with pytest.raises(InputError, match="the edit was painted by another generator"):
        face.stitch(edited, face.load("tiny-other.safetensors"))
    with pytest.raises(InputError, match="choose a file of directions"):
        face.edit(directions="none")
    with pytest.raises(InputError, match="has no direction 'frown'; it has smile"):
        face.edit(edit="frown=1")
    with pytest.raises(InputError, match="holds a E4E, not a generator of faces"):
        face.load("tiny-encoder.safetensors")
    with pytest.raises(InputError, match="put weights of StyleGAN2 into models/maliang"):
        face.load("none")
    from maliang_video.pipelines.face_files import MaskClip

    with pytest.raises(InputError, match="the masks are those of other crops than the edit"):
        face.stitch(edited, mask=MaskClip(face.mask.path, "other"))


def test_an_edit_that_goes_far_is_told_of(face: Face) -> None:
    assert "standard deviations from the generator's mean face" in face.edit(edit="smile=90")[2]
