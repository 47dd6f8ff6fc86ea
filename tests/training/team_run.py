"""Runs of two processes each, started by test_team: `python team_run.py FOLDER DIES_AT...`.

One run after the other trains the shared recipe of conftest in FOLDER; all its processes die after clip DIES_AT (0:
never). They are forked before anything was calculated, so that torch is imported once. Prints their exit codes.
"""

import json
import os
import socket
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from conftest import MovingClips, shared_recipe

from maliang_video.training import loop, sheets

PROCESSES = 2


def run(folder: Path, rank: int, port: int, dies_at: int) -> None:
    """What `accelerate launch --cpu --num_processes 2` starts."""
    os.environ |= {
        "ACCELERATE_USE_CPU": "true",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(PROCESSES),
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
    }
    torch.set_num_threads(1)
    sheets.PREVIEW_FRAMES, loop.PREVIEW_CLIPS = 3, (-1,)
    recipe = shared_recipe()

    def progress(done, total, preview=None) -> None:
        if done == dies_at:
            os._exit(9)

    options = loop.LoopOptions(torch.device("cpu"), 0, recipe.batch, None)
    loop.train(recipe, folder, options, MovingClips(0, recipe.shape), progress)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(folder: Path, rank: int, port: int, dies_at: int) -> int:
    child = os.fork()
    if not child:
        run(folder, rank, port, dies_at)
        os._exit(0)
    return child


codes = []
for dies_at in map(int, sys.argv[2:]):
    port = free_port()
    children = [start(Path(sys.argv[1]), rank, port, dies_at) for rank in range(PROCESSES)]
    codes.append([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
sys.stdout.write(f"{json.dumps(codes)}\n")
