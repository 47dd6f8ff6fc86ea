"""What a run writes down: losses, pictures, short videos, clips that could not be read.

Always as plain files in the folder of the run: log.jsonl, preview_*.jpg, skipped.txt. On demand for TensorBoard too.
"""

import json
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import MissingExtraError
from ..media.outputs import write_whole, writing
from .sheets import save_sheet

LOG, SKIPPED, BOARD = "log.jsonl", "skipped.txt", "tensorboard"
"""In the folder of a run."""
VIDEO_RATE = 12
"""Frames per second of TensorBoard's videos, which are GIFs."""


class Journal:
    """Of one run; only the process that leads has one."""

    def __init__(self, folder: Path, done: int, tensorboard: bool) -> None:
        """done: clips of the checkpoint that the run goes on from: what was written of later ones is taken back."""
        self._folder = folder
        self._skipped = set(_lines(folder / SKIPPED))
        kept = [line for line in _lines(folder / LOG) if _step(line) <= done]
        if (folder / LOG).exists():
            with writing(folder / LOG):
                write_whole(folder / LOG, "".join(f"{line}\n" for line in kept).encode())
        self._board = _open_board(folder / BOARD, done) if tensorboard else None

    def losses(self, step: int, rate: float, terms: dict[str, float]) -> None:
        """Means of the loss terms since the last time."""
        rounded = {name: round(value, 5) for name, value in terms.items()}
        _append(self._folder / LOG, json.dumps({"step": step, "learning_rate": rate, **rounded}))
        if self._board is not None:
            for name, value in {"learning_rate": rate, **terms}.items():
                self._board.add_scalar(name, value, step)

    def preview(
        self, step: int, sheet: NDArray[np.uint8], clip: Callable[[], list[NDArray[np.uint8]]]
    ) -> None:
        """A contact sheet `[h w 3]`, and what gives the frames of one clip where they are shown."""
        save_sheet(self._folder / f"preview_{step:06d}.jpg", sheet)
        if self._board is not None:
            self._board.add_image("preview", sheet, step, dataformats="HWC")
            _add_video(self._board, "clip", clip(), step)
            self._board.flush()

    def skipped(self, faults: tuple[str, ...]) -> None:
        """Why clips were not trained on; every reason is written down once."""
        for fault in faults:
            if fault not in self._skipped:
                self._skipped.add(fault)
                _append(self._folder / SKIPPED, fault)

    @property
    def faults(self) -> tuple[str, ...]:
        """All of them, of earlier calls too."""
        return tuple(sorted(self._skipped))

    def close(self) -> None:
        if self._board is not None:
            self._board.close()


def gif(frames: list[NDArray[np.uint8]]) -> bytes:
    """Frames `[h w 3]` as an endless animation, the one kind of video that TensorBoard shows without FFmpeg."""
    first, *rest = (Image.fromarray(frame) for frame in frames)
    buffer = BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=1000 // VIDEO_RATE, loop=0)
    return buffer.getvalue()


def _open_board(folder: Path, done: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError("logging for TensorBoard", "train") from error
    return SummaryWriter(str(folder), purge_step=done + 1)


def _add_video(board: Any, tag: str, frames: list[NDArray[np.uint8]], step: int) -> None:
    from tensorboard.compat.proto.summary_pb2 import Summary

    height, width, channels = frames[0].shape
    image = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=gif(frames))
    board._get_file_writer().add_summary(Summary(value=[Summary.Value(tag=tag, image=image)]), step)


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.is_file() else []


def _step(line: str) -> int:
    """Of a line of the log; beyond any for one that was cut off when the disk was full."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return sys.maxsize


def _append(path: Path, line: str) -> None:
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
