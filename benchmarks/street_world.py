"""How fast the procedural street is drawn, with all of its ground truth, on one core.

    python benchmarks/street_world.py [--size 256x128] [--frames 60]

CPU time of this process, so other programs don't count; but they do take cache and shared cores from it. On a busy
machine look at the fastest tenth.
"""

import argparse
import os
from time import process_time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

from maliang_video.training.worlds import open_world  # noqa: E402 (numpy reads the limits above)
from maliang_video.training.worlds.looks import LOOKS  # noqa: E402


def main() -> None:
    """Print frames per second of CPU time for every look."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="256x128")
    parser.add_argument("--frames", type=int, default=60)
    given = parser.parse_args()
    for look in LOOKS:
        world = open_world(f"world:street?seed=3&size={given.size}&look={look}").world
        world.render(0)
        times = []
        for t in range(1, given.frames + 1):
            start = process_time()
            world.render(t)
            times.append(process_time() - start)
        times.sort()
        typical, best = times[len(times) // 2], times[len(times) // 10]
        print(
            f"{look:6s} {given.size}: median {1 / typical:5.1f} frames/s, fastest tenth {1 / best:5.1f} frames/s"
        )


if __name__ == "__main__":
    main()
