"""Two processes that label a clip together, started by test_training: `python labelling_team.py CLIP FOLDER`.

Once it works, once the network can't be had. They are forked before anything was calculated, so that torch is imported
once. Prints for each: exit codes, what both processes say, and who asked for the network.
"""

import json
import os
import socket
import sys
import time
from pathlib import Path

import torch

from maliang_video.errors import InputError
from maliang_video.models.labels.palette import builtin_palette
from maliang_video.pipelines import training
from maliang_video.training import team
from maliang_video.training.footage import FOOTAGE

CLIP, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
PROCESSES = 2


class Road:
    """Finds road everywhere, and takes its time."""

    palette, fingerprint = builtin_palette("cityscapes"), "road"

    def __call__(self, pixels):
        time.sleep(2.5 * team.PATIENCE / 9)
        return torch.full(pixels.shape[:2], 7, dtype=torch.uint8)


def run(folder: Path, rank: int, port: int) -> str:
    os.environ |= {
        "ACCELERATE_USE_CPU": "true",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(PROCESSES),
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
    }

    def load(name, *, palette, device):
        with (folder / "asked").open("a") as file:
            file.write(str(rank))
        if folder.name == "fails":
            raise InputError("the Hub can't be reached")
        return Road()

    torch.set_num_threads(1)
    team.PATIENCE = 0.2
    training.load_segmenter = load
    data = training.OwnData(CLIP, "segment", size=(64, 128))
    try:
        _, clips = training.own_clips(FOOTAGE, data, folder / "run", team.Team(torch.device("cpu")))
    except InputError as error:
        return str(error)
    return f"{clips.longest} frames of {clips[0]['ids'].unique().tolist()}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def together(folder: Path) -> tuple[list[int], list[str], str]:
    folder.mkdir()
    port, children = free_port(), []
    for rank in range(PROCESSES):
        child = os.fork()
        if not child:
            (folder / f"said{rank}").write_text(run(folder, rank, port))
            os._exit(0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    said = [(folder / f"said{rank}").read_text() for rank in range(PROCESSES)]
    return codes, said, (folder / "asked").read_text()


sys.stdout.write(f"{json.dumps([together(FOLDER / how) for how in ('works', 'fails')])}\n")
