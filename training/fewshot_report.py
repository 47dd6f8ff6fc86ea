"""What few-shot networks are worth, as Markdown: tables, and under which circumstances they were made."""

import datetime
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import torch

from .evaluate_fewshot import Row
from .fewshot_sides import SideScores
from .identity import FEWEST_PIXELS
from .markdown import markdown

HEAD = (
    "method",
    "PSNR (dB, higher is better)",
    "perceptual distance (random features, lower)",
    "identity similarity (colours of parts, higher)",
    "warping error (1e-3, lower)",
    "temporal difference error (1e-3, lower)",
)
MEASURES = f"""- **Perceptual distance**: the LPIPS formula over random features that no training sees.
- **Identity similarity**: no face network, but what the world's own parsing says. Each part of the subject (lips, hair,
  left sleeve, road ...) is told by the mean and the standard deviation of its colours, as so many standard deviations
  from what other subjects have there; the cosine between the painted and the true frame, 1 for the same, about 0 for
  another subject. Parts of fewer than {FEWEST_PIXELS} pixels don't count. Blind to shape, which the driver gives away.
- **Warping error**: squared difference to the frame before, moved by the true flow (Lai et al. 2018); it also counts a
  picture that stands still while it should move. **Temporal difference error**: how far that difference is from the
  true frames' one.
- All figures compare with each other only."""


def score_table(rows: Sequence[Row], first: str = HEAD[0]) -> str:
    """One method a row; first: head of the first column."""
    lines = []
    for method, scores in rows:
        numbers = (
            f"{scores.psnr:.2f}",
            f"{scores.perceptual_distance:.4f}",
            f"{scores.identity:.3f}",
            f"{scores.warping_error:.3f}",
            f"{scores.temporal_difference_error:.3f}",
        )
        lines.append((method, *numbers))
    return markdown((first, *HEAD[1:]), lines)


def sides_text(scores: SideScores) -> str:
    """Whether attention looks at the right exemplar, in a sentence."""
    return (
        f"Two exemplars of each head, turned to either side, and {scores.drivers} frames that are turned to one of "
        f"them: {100 * scores.share:.1f} % of what the head takes is from the exemplar of the same side (50 % by "
        f"chance); {100 * scores.picked:.0f} % of the frames take more from it than from the other."
    )


def circumstances(device: torch.device) -> str:
    """Hardware and date, without a name of a machine."""
    cores = f"{os.cpu_count()}-core CPU ({_processor()}), {torch.get_num_threads()} thread(s)"
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else cores
    return f"{where}, PyTorch {torch.__version__.partition('+')[0]}, {datetime.date.today().isoformat()}"


def _processor() -> str:
    """Its name, as far as the system tells."""
    known = Path("/proc/cpuinfo")
    if known.is_file():
        for line in known.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
