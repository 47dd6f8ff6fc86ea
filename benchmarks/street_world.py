"""How fast the procedural street is drawn, with all of its ground truth, on one core.

python benchmarks/street_world.py [--size 256x128] [--frames 60]
"""

import argparse
import os
from time import perf_counter, process_time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

from maliang_video.training.worlds import open_world  # noqa: E402 (numpy reads the limits above)
from maliang_video.training.worlds.looks import LOOKS  # noqa: E402


def main() -> None:
    """Print frames per second of process CPU time and of the clock for every look."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="256x128")
    parser.add_argument("--frames", type=int, default=60)
    given = parser.parse_args()
    for look in LOOKS:
        world = open_world(f"world:street?seed=3&size={given.size}&look={look}").world
        world.render(0)
        busy, clock = process_time(), perf_counter()
        for t in range(1, given.frames + 1):
            world.render(t)
        busy, clock = process_time() - busy, perf_counter() - clock
        rate, seen = given.frames / busy, given.frames / clock
        print(f"{look:6s} {given.size}: {rate:6.1f} frames/s of CPU time, {seen:6.1f} frames/s by the clock")


if __name__ == "__main__":
    main()
