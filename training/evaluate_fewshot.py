"""What few-shot generators are worth: unseen subjects, painted by them and by simpler means, in one table.

Source: Wang et al. 2019, 4 and figure 7: quality beside rivals, and by the number of exemplars.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..models.fewshot.generator import FewShotGenerator, encode_exemplars
from ..models.fewshot.rollout import synthesize
from ..models.vid2vid.generator import Vid2VidGenerator
from ..progress import Progress, silent
from ..weights.config_json import to_json
from .clips import Batch
from .exams import Painter
from .fewshot import exemplar_labels, frame_labels
from .fewshot_baselines import LabelFlow, Rival, exemplar_alone, found_flow
from .fewshot_exams import FewShotExam, fewshot_exam_of
from .fewshot_method import paint_fewshot
from .fewshot_scores import FewShotJudge, FewShotScores, ScoreBook, mean_scores

COUNTS = (1, 2, 4, 8)
"""Numbers of exemplars that are compared."""


class Contestant(NamedTuple):
    """Somebody who paints."""

    painter: Painter
    """Takes clips of `fewshot_exams`."""
    known_as: str
    """Tells it from any other, also from one of the same name in another run."""


class Row(NamedTuple):
    """One line of a table."""

    method: str
    scores: FewShotScores


class Examination(NamedTuple):
    """What everybody paints."""

    exam: FewShotExam
    size: tuple[int, int]
    """(height, width)."""
    frames: int
    """Of each clip, three or more."""
    exemplars: int
    """That clips come with: as many as any painter takes."""


def contestants(
    generator: FewShotGenerator, rival: Vid2VidGenerator | None, counts: Sequence[int] = COUNTS
) -> dict[str, Contestant]:
    """The generator with so many exemplars, and what it is compared with, which all see the first exemplar alone."""
    own, palette = fingerprint(generator), generator.config.palette
    found = {
        exemplars_name(count): Contestant(partial(paint_with, generator, count), f"{own} {count}")
        for count in counts
    }
    if rival is not None:
        name = "vid2vid trained on other subjects"
        found[name] = Contestant(Rival(rival), fingerprint(rival))
    found["the exemplar as it is"] = Contestant(exemplar_alone, "exemplar")
    found["the exemplar warped: flow between the label maps"] = Contestant(LabelFlow(palette), "label flow")
    if generator.config.warp_exemplar:
        found["the exemplar warped: flow of our network"] = Contestant(
            partial(warp_with, generator), f"{own} warp"
        )
    found["the exemplar warped: flow from the true frame, which nobody has"] = Contestant(
        found_flow, "found flow"
    )
    return found


def exemplars_name(count: int) -> str:
    return f"ours, {count} exemplar{'s' if count > 1 else ''}"


def evaluate_fewshot(
    painters: Mapping[str, Contestant],
    generator: FewShotGenerator,
    examination: Examination,
    numbers: Iterable[int],
    book: ScoreBook,
    progress: Progress = silent,
) -> list[Row]:
    """One row for every painter, by its name, and a last one for the true frames, on clips of these numbers.

    generator: one of those that paint, which the clips are drawn for; book: what is in it already isn't measured again,
    and clips of which all is there aren't drawn. InputError for a size that it can't take. Memory: one clip.
    """
    exam, size, frames, exemplars = examination
    generator.config.check_size(*size)
    every = {**painters, "the true frames": Contestant(_truth, "truth")}
    about = f"{exam.subject} {size} {frames} {exemplars}"
    jobs = {name: f"{about} {each.known_as}" for name, each in every.items()}
    data, numbers, judge = exam.clips(generator.config, size, frames, exemplars), list(numbers), None
    for done, number in enumerate(numbers, 1):
        missing = {jobs[name]: each for name, each in every.items() if book.find(jobs[name], number) is None}
        if missing:
            judge = judge or FewShotJudge(exam.parts, exam.crowd(generator.config, size))
            clip = data[number]
            for job, each in missing.items():
                book.enter(job, number, judge.look(clip, painted(each, clip)))
        progress(done, len(numbers))
    return [Row(name, mean_scores(_found(book, jobs[name], numbers))) for name in every]


def _found(book: ScoreBook, job: str, numbers: Sequence[int]) -> list[FewShotScores]:
    return [scores for number in numbers if (scores := book.find(job, number)) is not None]


@torch.inference_mode()
def painted(contestant: Contestant, clip: Batch) -> Tensor:
    """All pictures of a clip, `[t 3 h w]`."""
    return torch.cat(list(contestant.painter(clip)))


def _truth(clip: Batch) -> Tensor:
    return clip["pictures"][:, None]


def paint_with(generator: FewShotGenerator, count: int, clip: Batch) -> Iterator[Tensor]:
    """With the first exemplars of a clip."""
    for image in paint_fewshot(generator, with_first(clip, count)):
        yield image[None]


def warp_with(generator: FewShotGenerator, clip: Batch) -> Iterator[Tensor]:
    """The first exemplar, moved by the network, and nothing else of what it makes."""
    given = {name: value[None].to(generator.device) for name, value in with_first(clip, 1).items()}
    config = generator.config
    exemplars = encode_exemplars(generator, exemplar_labels(config, given), given["exemplar_pictures"])
    labels = (frame_labels(config, given, t) for t in range(len(clip["pictures"])))
    for made in synthesize(generator, exemplars, labels):
        assert made.frame.exemplar is not None, "asked of networks that warp exemplars"
        yield made.frame.exemplar.picture.cpu()


def with_first(clip: Batch, count: int) -> Batch:
    """The clip with its first exemplars alone, and without what is known of the way to them."""
    known = ("exemplar_flow", "exemplar_visible")
    return {
        name: values[:count] if name.startswith("exemplar_") else values
        for name, values in clip.items()
        if name not in known
    }


def examination_of(
    generator: FewShotGenerator, frames: int, exemplars: int, size: tuple[int, int] | None = None
) -> Examination:
    """size: (height, width); None: the usual one. InputError for a generator of something that no world shows."""
    exam = fewshot_exam_of(generator.config)
    return Examination(exam, size or exam.size, frames, exemplars)


def fingerprint(network: nn.Module) -> str:
    """Of a network's config and weights; those that lie on another device, or in another precision, are others."""
    weight = next(network.parameters())
    digest = blake2b(f"{to_json(network.config)} {weight.device.type}".encode(), digest_size=16)
    for tensor in network.state_dict().values():
        digest.update(tensor.detach().cpu().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
