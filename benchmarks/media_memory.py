"""Memory of reading, transforming and writing a clip: the same whatever its length.

    python benchmarks/media_memory.py [--size 320x180] [--frames 200 2000] [--ways plain resumable labels]

Ways: `plain` reads H.264, blurs every frame as a model's tensor and writes H.264; `resumable` writes it in parts with
checkpoints, and joins them; `labels` reads a lossless video of label colours as class ids and writes their colours.
Every run is a process of its own; its peak is what the system reports for it (VmHWM, else ru_maxrss), imports included.
Exits with 1 if the longest clip took more than 1.1 times the memory of the shortest.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from maliang_video.media.labels import open_labels
from maliang_video.media.pixels import to_file, to_model
from maliang_video.media.reader import open_frames
from maliang_video.media.segments import SegmentedWriter
from maliang_video.media.writer import open_writer
from maliang_video.models.labels.palette import builtin_palette

LIMIT = 1.1
RATE = Fraction(24)
PALETTE = builtin_palette("cityscapes")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="320x180", help="width x height of the frames")
    parser.add_argument(
        "--frames", type=int, nargs="+", default=[200, 2000], help="lengths of clips to compare"
    )
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run is not None:
        WAYS[given.ways[0]](given.run)
        print(peak_kib())
        return 0
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for way in given.ways:
            peaks = [measure(way, frames, given.size, Path(folder)) for frames in sorted(given.frames)]
            worst = max(worst, peaks[-1] / peaks[0])
            print(f"{way}: ratio {peaks[-1] / peaks[0]:.3f}", flush=True)
    print("constant" if worst <= LIMIT else f"NOT constant: more than {LIMIT}")
    return int(worst > LIMIT)


def measure(way: str, frames: int, size: str, folder: Path) -> float:
    """Peak memory in MiB of one way over a clip of so many frames."""
    width, height = (int(part) for part in size.split("x"))
    source = folder / f"{way}-{frames}{'.mkv' if way == 'labels' else '.mp4'}"
    codec = "ffv1" if way == "labels" else "h264"
    with open_writer(source, width=width, height=height, frame_rate=RATE, codec=codec) as writer:
        for number in range(frames):
            writer.write(scene(number, width, height, labels=way == "labels"))
    start = perf_counter()
    command = [sys.executable, __file__, "--ways", way, "--run", str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = int(result.stdout.split()[-1]) / 1024
    print(
        f"{way}: {frames:5d} frames of {size}: peak {peak:7.1f} MiB, {perf_counter() - start:6.1f} s",
        flush=True,
    )
    return peak


def peak_kib() -> int:
    """Largest resident memory of this process. ru_maxrss alone would count the process that started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def scene(number: int, width: int, height: int, labels: bool) -> NDArray[np.uint8]:
    """Something that moves: uint8 `[h w 3]`."""
    y, x = np.mgrid[:height, :width]
    if labels:
        colors: NDArray[np.uint8] = PALETTE.colors[7 + ((x + 3 * number) // 40 + y // 30) % 20]
        return colors
    channels = [x + 5 * number, 2 * y + 7 * number, x + y + 3 * number]
    return (np.stack(channels, -1) % 256).astype(np.uint8)


def blurred(source: Path) -> Iterator[NDArray[np.uint8]]:
    with open_frames(source) as reader:
        for frame in reader:
            yield to_file(F.avg_pool2d(to_model(frame.pixels)[None], 3, stride=1, padding=1)[0])


def plain(source: Path) -> None:
    with open_frames(source) as reader:
        info = reader.info
    target = source.with_suffix(".plain.mp4")
    with open_writer(target, width=info.width, height=info.height, frame_rate=info.frame_rate) as writer:
        for pixels in blurred(source):
            writer.write(pixels)


def resumable(source: Path) -> None:
    with open_frames(source) as reader:
        info = reader.info
    target = source.with_suffix(".resumable.mp4")
    with SegmentedWriter(
        target, job="benchmark", width=info.width, height=info.height, frame_rate=info.frame_rate
    ) as writer:
        for pixels in blurred(source):
            writer.write(pixels)
            if writer.checkpoint_due:
                writer.checkpoint({"past": torch.zeros(2, 3, info.height, info.width)})


def labels(source: Path) -> None:
    stream = open_labels(source, palette=PALETTE)
    target = source.with_suffix(".labels.mp4")
    with open_writer(
        target, width=stream.width, height=stream.height, frame_rate=stream.frame_rate
    ) as writer:
        for frame in stream.frames():
            writer.write(PALETTE.colors[frame.ids.numpy()])


WAYS = {"plain": plain, "resumable": resumable, "labels": labels}


if __name__ == "__main__":
    sys.exit(main())
