"""Do instance features decide what things look like? Colours of cars, facades and roads on unseen streets.

    python benchmarks/instance_features.py --weights street-features [--clips 12] [--frames 6] [--size 256x128]

Every street is painted three times: told by the encoder what each thing looks like in the true pictures; told nothing;
and told that each thing looks like the next one of its class. Printed is, for the mean colours of things in the last
frame, which share of their variance is explained: by the true colours, and for the last by those of the things that
they were told to look like. 1: exactly so; 0 and below: no better than the mean colour of the class.
"""

import argparse
from typing import NamedTuple

import torch
from torch import Tensor

from maliang_video.models.labels.frames import LabelFrame
from maliang_video.models.vid2vid.features import Instances, find_instances, instance_means
from maliang_video.models.vid2vid.generator import Vid2VidGenerator
from maliang_video.models.vid2vid.parts import paint_style
from maliang_video.models.vid2vid.rollout import synthesize
from maliang_video.pipelines.vid2vid import load_generator
from maliang_video.training.clips import Batch, StreetClips
from maliang_video.training.exams import EVALUATION_SEED
from maliang_video.training.schedule import ClipShape
from maliang_video.weights.folders import typed

CLASSES = {"car": 26, "person": 24, "building": 11, "road": 7}
LARGE = 1000
"""A thing must fill this part of the picture."""


class Things(NamedTuple):
    """What a street shows in its last frame, and how it was painted."""

    classes: Tensor
    """`[n]`"""
    true: Tensor
    """Mean colours, `[n 3]` in -1..1."""
    other: Tensor
    """Those that the things were told to have when they were exchanged."""
    told: Tensor
    untold: Tensor
    exchanged: Tensor


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", required=True)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--size", default="256x128")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    width, height = map(int, options.size.split("x"))
    generator = load_generator(typed(options.weights))
    data = StreetClips(EVALUATION_SEED, lambda number: ClipShape(width, height, options.frames, (1.0,)))
    streets = [things(generator, data[number]) for number in range(options.clips)]
    every = Things(*(torch.cat(parts) for parts in zip(*streets, strict=True)))
    print(f"{'class':>9} {'things':>7} {'told':>7} {'untold':>7} {'exchanged':>10}")
    for name, class_id in CLASSES.items():
        here = every.classes == class_id
        true, other, told, untold, exchanged = (colors[here] for colors in every[1:])
        shares = explained(told, true), explained(untold, true), explained(exchanged, other)
        print(f"{name:>9} {int(here.sum()):7} {shares[0]:7.2f} {shares[1]:7.2f} {shares[2]:10.2f}")


@torch.inference_mode()
def things(generator: Vid2VidGenerator, clip: Batch) -> Things:
    """A street painted three times, and the colours of what is large enough in its last frame."""
    ids, numbers, pictures = clip["ids"], clip["instances"], clip["pictures"]
    frames = [find_instances(i[None], n[None]) for i, n in zip(ids, numbers, strict=True)]
    encoder = generator.feature_encoder
    assert encoder is not None, "weights that take instance features"
    means = [instance_means(encoder(p[None]), found) for p, found in zip(pictures, frames, strict=True)]
    last = frames[-1]
    large = torch.bincount(last.places.flatten()) * LARGE >= ids[-1].numel()
    swap = next_of_class(last, large)
    told = dict(zip(names(last), means[-1][swap], strict=True))
    exchanged = [
        torch.stack([told.get(name, mean) for name, mean in zip(names(found), own, strict=True)])
        for found, own in zip(frames, means, strict=True)
    ]
    true = instance_means(pictures[-1:], last)

    def painted(features: list[Tensor | None]) -> Tensor:
        labels = [LabelFrame(i, n, f) for i, n, f in zip(ids, numbers, features, strict=True)]
        *_, picture = synthesize(generator, labels, style=clip["style"][None])
        return instance_means(picture.frame, last)[large]

    def shown(vectors: list[Tensor]) -> list[Tensor | None]:
        return [paint_style(found.places, each)[0] for found, each in zip(frames, vectors, strict=True)]

    return Things(
        last.classes[large],
        true[large],
        true[swap][large],
        painted(shown(means)),
        painted([None] * len(ids)),
        painted(shown(exchanged)),
    )


def names(found: Instances) -> list[tuple[int, int]]:
    """Class and number of every thing of a frame, which it keeps from frame to frame."""
    return list(zip(found.classes.tolist(), found.numbers.tolist(), strict=True))


def next_of_class(found: Instances, large: Tensor) -> Tensor:
    """For every thing of a frame the next large one of its class, `[n]`; itself where there is no other."""
    order = torch.arange(len(found.classes))
    for class_id in torch.unique(found.classes[large]):
        here = torch.nonzero((found.classes == class_id) & large).flatten()
        order[here] = here.roll(-1)
    return order


def explained(colors: Tensor, wanted: Tensor) -> float:
    """Share of the variance of the wanted colours `[n 3]` that the others explain."""
    left = (colors - wanted).square().sum()
    return 1 - float(left / (wanted - wanted.mean(0)).square().sum())


if __name__ == "__main__":
    main()
