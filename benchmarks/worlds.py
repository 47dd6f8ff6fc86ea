"""How fast the procedural worlds are drawn, with all of their ground truth, on one core.

    python benchmarks/worlds.py [--world street faces puppets] [--size 128x128] [--frames 60]

CPU time of this process, so other programs don't count; but they do take cache and shared cores from it. On a busy
machine look at the fastest tenth. The first frame of a world, which also builds its subject, is told apart. --size is
each world's own unless it is given.
"""

import argparse
import os
from time import process_time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

from maliang_video.training.worlds import open_world  # noqa: E402 (numpy reads the limits above)
from maliang_video.training.worlds.looks import LOOKS  # noqa: E402
from maliang_video.training.worlds.stage_looks import STAGE_LOOKS  # noqa: E402

WORLDS = {"street": LOOKS, "faces": STAGE_LOOKS, "puppets": STAGE_LOOKS}


def main() -> None:
    """Print frames per second of CPU time for every look of every world."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--world", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--size", help="WIDTHxHEIGHT in pixels")
    parser.add_argument("--frames", type=int, default=60)
    given = parser.parse_args()
    size = f"&size={given.size}" if given.size else ""
    for name in given.world:
        for number, look in enumerate(WORLDS[name]):
            world = open_world(f"world:{name}?seed={3 + number}&look={look}{size}").world
            times = []
            for t in range(given.frames + 1):
                start = process_time()
                world.render(t)
                times.append(process_time() - start)
            first, rest = times[0], sorted(times[1:])
            typical, best = rest[len(rest) // 2], rest[len(rest) // 10]
            print(
                f"{name:8s} {look:9s} {world.width}x{world.height}: first frame {first:4.2f} s, "
                f"median {1 / typical:5.1f} frames/s, fastest tenth {1 / best:5.1f} frames/s"
            )


if __name__ == "__main__":
    main()
