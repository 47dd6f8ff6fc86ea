"""`maliang faces`: edit a face in a video, stage by stage, in a work folder."""

import argparse

from .faces_geometry import add_align, add_detect, add_mask, add_paste
from .faces_tuning import add_edit, add_invert, add_stitch, add_tune


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "faces",
        help="edit a face in a video",
        description="Each command is a stage. What it makes lies in a work folder (--work), which belongs to one clip. "
        "A stage that was stopped goes on when its command is given again; what is there isn't made again, "
        "unless what it was made of has changed.",
    )
    commands = parser.add_subparsers(title="stages", metavar="STAGE", required=True)
    for add in (add_detect, add_align, add_mask, add_invert, add_tune, add_edit, add_stitch, add_paste):
        add(commands)
