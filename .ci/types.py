"""Check the types of the whole package under the name that it is imported by.

The repository root is the package, and its folder may have any name; mypy wants a folder called
`maliang_video`. So it gets one: a link in `.lint/`, which git ignores.
"""

import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    stage = root / ".lint"
    stage.mkdir(exist_ok=True)
    link = stage / "maliang_video"
    if not link.is_symlink():
        link.symlink_to(root, target_is_directory=True)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(root / "pyproject.toml"),
        "-p",
        "maliang_video",
    ]
    environment = {**os.environ, "MYPYPATH": str(stage)}
    return subprocess.run([*command, *sys.argv[1:]], cwd=stage, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
