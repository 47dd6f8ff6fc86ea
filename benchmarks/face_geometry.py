"""The geometry of face editing: how fast masks grow, crops are cut and put back, and what a long clip takes of memory.

    python benchmarks/face_geometry.py masks [--size 512] [--outer 25]
    python benchmarks/face_geometry.py crops [--frame 1920x1080] [--face 400] [--sizes 256 512 1024]
    python benchmarks/face_geometry.py memory [--frame 1920x1080] [--seconds 3 30] [--crop 256]

masks: growing a mask by a square, beside a convolution that puts every offset of the square into a channel of its own
and takes the largest, which is how the published script does it; at its own size (512, 25) that takes some 6 GB. Both
must agree in every pixel. crops: one frame, smooth (ours) and exact (as Pillow samples). Times are CPU time of the
process, the best of several runs.
memory: detect, align, mask and paste of clips of several lengths, each in a process of its own, whose peak is printed;
exits with 1 if the longest took more than 1.1 times the memory of the shortest.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d

from maliang_video.media.writer import open_writer
from maliang_video.models.faces.alignment import Smoothing, place_face, quad_of
from maliang_video.models.faces.crop import crop_face, paste_face
from maliang_video.models.faces.masks import grow
from maliang_video.pipelines.face_clips import clip_record, open_face_clip
from maliang_video.pipelines.face_finder import open_face_source
from maliang_video.pipelines.face_masks import Outlined
from maliang_video.pipelines.face_stages import align_face, detect_faces, mask_face, paste_face_back
from maliang_video.pipelines.face_workfolder import open_workfolder

LIMIT = 1.1
RATE = Fraction(24)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("masks", "crops", "memory"))
    parser.add_argument("--size", type=int, default=512, help="of the mask, pixels")
    parser.add_argument("--outer", type=int, default=25, help="pixels by which it grows")
    parser.add_argument("--frame", default="1920x1080", help="width x height of the frames")
    parser.add_argument(
        "--face", type=int, default=400, help="side of the face's square, pixels of the frame"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024], help="of the crops")
    parser.add_argument("--seconds", type=int, nargs="+", default=[3, 30], help="lengths of clips to compare")
    parser.add_argument("--crop", type=int, default=256, help="of the crops when memory is measured")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.run is not None:
        run_stages(given.run, given.crop)
        return 0
    return {"masks": compare_masks, "crops": time_crops, "memory": compare_memory}[given.part](given)


def compare_masks(given: argparse.Namespace) -> int:
    axis = torch.arange(given.size) - given.size / 2
    mask = ((axis[:, None] ** 2 + axis[None] ** 2) < (given.size * 0.3) ** 2).float()[None, None]
    ours, seconds = best(lambda: grow(mask, given.outer), 7)
    theirs, naive = best(lambda: grow_by_channels(mask, given.outer), 1)
    same = torch.equal(ours, theirs)
    print(f"{given.size} px by {given.outer}: {seconds * 1e3:.2f} ms, by channels {naive * 1e3:.0f} ms")
    print(f"ratio {seconds / naive:.5f}, {'the same in every pixel' if same else 'NOT the same'}")
    return int(not same)


def grow_by_channels(mask: Tensor, radius: int) -> Tensor:
    """The maximum over a square, by a kernel with a single 1 for each of its places."""
    side = 2 * radius + 1
    places = torch.eye(side * side).view(side * side, 1, side, side)
    return conv2d(mask, places, padding=radius).amax(1, keepdim=True)


def time_crops(given: argparse.Namespace) -> int:
    width, height = (int(part) for part in given.frame.split("x"))
    frame = torch.rand(1, 3, height, width) * 2 - 1
    quad = quad_of(place_face(landmarks(width / 2, height / 2, given.face, 0.1)))
    print(
        f"frame {given.frame}, face {given.face} px, {torch.get_num_threads()} threads; CPU milliseconds of one frame"
    )
    print("| crop | cut, smooth | cut, exact | put back, smooth | put back, exact |\n|---|---|---|---|---|")
    for size in given.sizes:
        cells = []
        for exact in (False, True):
            crop, cut = best(partial(crop_face, frame, quad, size, exact=exact), 5)
            _, paste = best(partial(paste_face, frame, crop, quad, exact=exact), 5)
            cells.append((cut * 1e3, paste * 1e3))
        (cut, paste), (exact_cut, exact_paste) = cells
        print(f"| {size} | {cut:.0f} | {exact_cut:.0f} | {paste:.0f} | {exact_paste:.0f} |", flush=True)
    return 0


def compare_memory(given: argparse.Namespace) -> int:
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for seconds in sorted(given.seconds):
            peaks.append(measure(given, seconds, Path(folder) / str(seconds)))
    ratio = peaks[-1] / peaks[0]
    print(f"ratio {ratio:.3f}: {'constant' if ratio <= LIMIT else f'NOT constant, more than {LIMIT}'}")
    return int(ratio > LIMIT)


def measure(given: argparse.Namespace, seconds: int, folder: Path) -> float:
    """Peak memory in MiB of all stages over a clip of so many seconds."""
    width, height = (int(part) for part in given.frame.split("x"))
    frames = int(seconds * RATE)
    (folder / "landmarks").mkdir(parents=True)
    with open_writer(folder / "clip.mp4", width=width, height=height, frame_rate=RATE) as writer:
        for number in range(frames):
            writer.write(scene(number, width, height))
            points = landmarks(width / 2 + width / 16 * np.sin(number / 20), height / 2, given.face, 0.1)
            np.savetxt(folder / "landmarks" / f"{number:05d}.txt", points, delimiter=",", fmt="%.3f")
    start = perf_counter()
    command = [sys.executable, __file__, "memory", "--run", str(folder), "--crop", str(given.crop)]
    command += ["--threads", str(given.threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    peak = int(done.stdout.split()[-1]) / 1024
    took = perf_counter() - start
    print(
        f"{seconds:4d} s of {given.frame}: peak {peak:7.1f} MiB, {took:6.1f} s, {frames / took:.1f} frames/s",
        flush=True,
    )
    return peak


def run_stages(folder: Path, crop: int) -> None:
    """Every stage over one clip; prints the peak in KiB."""
    footage = open_face_clip(folder / "clip.mp4")
    work = open_workfolder(folder / "work", clip_record(footage, folder / "clip.mp4"))
    detect_faces(work, footage, open_face_source(footage, folder / "landmarks"))
    align_face(work, footage, size=crop, smoothing=Smoothing())
    mask_face(work, Outlined(), steady=1.5)
    paste_face_back(work, footage, folder / "pasted.mp4")
    print(peak_kib())


def peak_kib() -> int:
    """Largest resident memory of this process, KiB."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def best(work: Callable[[], Tensor], times: int) -> tuple[Tensor, float]:
    """What `work` gives, and the CPU seconds of its fastest run."""
    spans = []
    for _ in range(times):
        start = process_time()
        result = work()
        spans.append(process_time() - start)
    return result, min(spans)


def landmarks(x: float, y: float, side: float, tilt: float) -> NDArray[np.float64]:
    """68 points of a face whose square is about `side` pixels wide."""
    ring = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    circle = np.stack([np.cos(ring), np.sin(ring)], 1)
    points = np.zeros((68, 2))
    angle = np.linspace(0, np.pi, 17)
    points[:17] = np.stack([-0.55 * np.cos(angle), 0.7 * np.sin(angle)], 1)
    points[17:27] = np.stack([np.linspace(-0.4, 0.4, 10), np.full(10, -0.35)], 1)
    points[27:36] = np.stack([np.zeros(9), np.linspace(-0.2, 0.25, 9)], 1)
    points[36:42], points[42:48] = circle * 0.08 + (-0.25, -0.2), circle * 0.08 + (0.25, -0.2)
    mouth = np.linspace(np.pi, 3 * np.pi, 20, endpoint=False)
    points[48:68] = np.stack([0.2 * np.cos(mouth), 0.35 + 0.07 * np.sin(mouth)], 1)
    points[54] = (0.2, 0.35)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    return np.asarray(points @ turn.T * side / 2 + (x, y))


def scene(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """A pattern that glides: uint8 `[h w 3]`."""
    y, x = np.mgrid[:height, :width]
    channels = [(x + 2 * number) // 8, (y + number) // 6, (x + y + 3 * number) // 11]
    return (np.stack(channels, -1) % 200 + 28).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
