"""`python -m maliang_video` is the command `maliang`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
