"""What a run writes down, for people and for TensorBoard."""

import json

import numpy as np
import pytest
from PIL import Image

from maliang_video.errors import MissingExtraError
from maliang_video.training import journal as module
from maliang_video.training.journal import Journal, gif


def frames(count: int = 3) -> list[np.ndarray]:
    return [np.full((8, 12, 3), 60 * n, np.uint8) for n in range(count)]


def test_what_was_logged_after_the_checkpoint_is_taken_back(tmp_path):
    first = Journal(tmp_path, 0, False)
    for step in (2, 4, 6):
        first.losses(step, 0.1, {"gan": 1.234567})
    first.skipped(("a: damaged", "b: damaged", "a: damaged"))
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 8, "lear')  # the disk was full
    again = Journal(tmp_path, 4, False)
    again.losses(5, 0.1, {})
    again.skipped(("b: damaged", "c: damaged"))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 5]
    assert lines[0] == {"step": 2, "learning_rate": 0.1, "gan": 1.23457}
    assert again.faults == ("a: damaged", "b: damaged", "c: damaged")


def test_a_short_video_is_an_animation():
    from io import BytesIO

    with Image.open(BytesIO(gif(frames()))) as image:
        assert (image.format, image.n_frames, image.size) == ("GIF", 3, (12, 8))
        image.seek(2)
        assert abs(int(np.asarray(image.convert("RGB"))[4, 6, 0]) - 120) <= 2


def test_tensorboard_shows_losses_pictures_and_videos(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    journal = Journal(tmp_path, 0, True)
    journal.losses(3, 0.5, {"gan": 2.0})
    journal.preview(3, frames()[1], frames)
    journal.close()
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert sorted(events.Tags()["scalars"]) == ["gan", "learning_rate"]
    assert [(event.step, event.value) for event in events.Scalars("gan")] == [(3, 2.0)]
    assert sorted(events.Tags()["images"]) == ["clip", "preview"]
    assert events.Images("clip")[0].encoded_image_string[:4] == b"GIF8"
    assert (tmp_path / "preview_000003.jpg").exists()


def test_without_tensorboard_nobody_makes_the_video(tmp_path):
    journal = Journal(tmp_path, 0, False)
    journal.preview(3, frames()[1], lambda: pytest.fail("nobody looks"))
    assert not (tmp_path / "tensorboard").exists()


def test_tensorboard_that_is_not_installed(tmp_path, monkeypatch):
    import builtins

    find = builtins.__import__

    def without(name, *arguments, **named):
        if name.startswith(("torch.utils.tensorboard", "tensorboard")):
            raise ImportError(name)
        return find(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"logging for TensorBoard needs .* 'maliang-video\[train\]'"):
        module.Journal(tmp_path, 0, True)
