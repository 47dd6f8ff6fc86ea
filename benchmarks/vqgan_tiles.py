"""Decode canvases of growing size at once and in tiles: seconds and peak memory, and a picture of the seams.

    python benchmarks/vqgan_tiles.py [--cells 16 32 64] [--tile 32] [--measured 576] [--weights NAME] [--encode]
    python benchmarks/vqgan_tiles.py --show seams.png [--weights NAME]

Each size runs in a process of its own, so that its peak memory is its own. Without --weights the network is the
published f16 one with random weights: as slow and as large, but its pictures are noise. Peak memory is that of the
process (Linux), the network's 290 MB and PyTorch included.

--show: one canvas decoded at once, in tiles that normalise by themselves without and with overlap, and as Maliang does;
below each its difference from the first, ten times as strong. With random weights the network is a small one.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from maliang_video.media.pixels import to_file
from maliang_video.models.infinity.tiles import TiledDecoder, TiledEncoder, reading
from maliang_video.models.infinity.tiles_blended import BlendedDecoder
from maliang_video.models.infinity.tokenizer import Tokenizer
from maliang_video.models.infinity.tokenizer_config import TokenizerConfig, published_config
from maliang_video.pipelines.infinity_pixels import load_tokenizer
from maliang_video.pipelines.infinity_plan import write_picture
from maliang_video.weights.folders import typed

AMPLIFIED = 10
"""How many times differences are shown."""
TILE = 12
"""Cells along a tile of the picture."""
HALO = 4
"""Cells of overlap of the tiles that fade into each other, in the picture."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--tile", type=int, default=32)
    parser.add_argument(
        "--measured", type=int, default=576, help="cells that fix the statistics of the tiles"
    )
    parser.add_argument("--weights")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--encode", action="store_true")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--show", type=Path)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.show:
        show(options.show, options.weights)
    elif options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]), options)))
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """A table, each line of it measured by two processes."""
    what = "encode" if options.encode else "decode"
    print(
        f"{what}, {options.dtype}, {options.threads} threads, tiles of {options.tile} cells, "
        f"{options.measured} of them measured"
    )
    print("| canvas (cells) | megapixels | at once, s/MP | GB | in tiles, s/MP | GB |")
    print("|---|---|---|---|---|---|")
    for cells in options.cells:
        found = [in_its_own_process(way, cells) for way in ("whole", "tiles")]
        pixels = (cells * 16) ** 2 / 1e6
        figures = " | ".join(f"{each['seconds'] / pixels:.1f} | {each['bytes'] / 1e9:.2f}" for each in found)
        print(f"| {cells} x {cells} | {pixels:.2f} | {figures} |")


def in_its_own_process(way: str, cells: int) -> dict[str, float]:
    command = [sys.executable, *sys.argv, "--one", way, str(cells)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@torch.inference_mode()
def measure(way: str, cells: int, options: argparse.Namespace) -> dict[str, float]:
    """CPU seconds and peak memory of one canvas."""
    import resource

    tokenizer = (load_tokenizer(typed(options.weights)) if options.weights else published()).to(
        getattr(torch, options.dtype)
    )
    codes = torch.randint(0, tokenizer.config.codes, (cells, cells))
    picture = torch.rand(3, cells * 16, cells * 16, dtype=tokenizer.codes.dtype) * 2 - 1
    start = time.process_time()
    if way == "whole":
        _ = tokenizer.encode(picture[None]) if options.encode else tokenizer.decode(codes[None])
    elif options.encode:
        TiledEncoder(
            tokenizer,
            reading(picture),
            (cells * 16, cells * 16),
            tile=options.tile,
            measured=options.measured,
        ).whole()
    else:
        for _ in TiledDecoder(tokenizer, codes, measured=options.measured).tiles(options.tile):
            pass
    seconds = time.process_time() - start
    return {"seconds": seconds, "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def published() -> Tokenizer:
    """LlamaGen's network with random weights."""
    torch.manual_seed(0)
    return Tokenizer(published_config(16384, 8, unit_codes=True)).eval().requires_grad_(False)


def small() -> Tokenizer:
    """An f16 network that is quick to run, with random weights; its pictures have the contrast of pictures."""
    torch.manual_seed(4)
    config = TokenizerConfig((16, 16, 32, 32, 64), 2, True, True, 64, 256, 8, True, 16)
    tokenizer = Tokenizer(config).eval().requires_grad_(False)
    codes = torch.randint(0, config.codes, (1, 16, 16))
    tokenizer.decoder.last.weight /= 3 * tokenizer.decode(codes).std()
    return tokenizer


@torch.inference_mode()
def show(path: Path, weights: str | None) -> None:
    """The picture of the seams, and in words how far each way is from the whole."""
    tokenizer = load_tokenizer(typed(weights)) if weights else small()
    codes = landscape(tokenizer, 24, 36)
    whole = tokenizer.decode(codes[None])
    ways = {"at once": whole}
    ways["tiles alone"] = apart(tokenizer, codes)
    ways["overlap, faded"] = joined(BlendedDecoder(tokenizer.decode, codes, 16, TILE + HALO, HALO), whole)
    ways["Maliang's tiles"] = joined(
        TiledDecoder(tokenizer, codes, statistics=TiledDecoder(tokenizer, codes).statistics), whole
    )
    spread = float(whole.std())
    for name, picture in ways.items():
        difference = picture - whole
        print(f"{name}: rms {float(difference.square().mean().sqrt()) / spread:.2%} of the signal, "
              f"largest {float(difference.abs().max()):.1e}")  # fmt: skip
    columns_of = [torch.cat([picture, (picture - whole) * AMPLIFIED], 2) for picture in ways.values()]
    write_picture(np.ascontiguousarray(to_file(torch.cat(columns_of, 3)[0])), path)
    print(f"{path}: {', '.join(ways)}; below each ten times its difference from the first")


def apart(tokenizer: Tokenizer, codes: Tensor) -> Tensor:
    """Tiles that know nothing of each other."""
    rows = [torch.split(row, TILE, 1) for row in torch.split(codes, TILE)]
    return torch.cat([torch.cat([tokenizer.decode(tile[None]) for tile in row], 3) for row in rows], 2)


def joined(decoder: BlendedDecoder | TiledDecoder, like: Tensor) -> Tensor:
    picture = torch.empty_like(like)
    for tile in decoder.tiles(TILE):
        height, width = tile.pixels.shape[2:]
        picture[:, :, tile.top : tile.top + height, tile.left : tile.left + width] = tile.pixels
    return picture


def landscape(tokenizer: Tokenizer, rows: int, columns: int) -> Tensor:
    """Codes of a picture with a sky, hills and water, so that tiles have different contents."""
    y, x = np.mgrid[0 : rows * 16, 0 : columns * 16] / (rows * 16)
    hills = 0.45 + 0.12 * np.sin(5 * x) + 0.05 * np.sin(17 * x + 1)
    far = 0.35 + 0.1 * np.sin(3 * x + 2)
    picture = np.stack([0.3 - y * 0.5, 0.5 - y * 0.5, 0.9 - y * 0.3])
    for edge, color in (
        (far, (-0.1, 0.0, 0.2)),
        (hills, (-0.7, -0.3, -0.6)),
        (0.75 + 0 * x, (-0.4, -0.2, 0.3)),
    ):
        texture = 0.1 * np.sin(90 * x + 40 * np.sin(9 * y)) * np.sin(70 * y)
        picture = np.where(y > edge, np.reshape(color, (3, 1, 1)) + texture, picture)
    found: Tensor = tokenizer.encode(torch.from_numpy(picture).float()[None])[0]
    return found


if __name__ == "__main__":
    main()
