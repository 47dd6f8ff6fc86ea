"""Few-shot jobs: exemplars and a driver in, a video of the exemplars' subject out, at every door.

The style of a street from exemplars is the same job with label maps. Memory: the encoded exemplars and one frame.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from ..media.clip import AudioWindow
from ..media.codecs import codec_for
from ..media.pixels import to_file
from ..models.fewshot.attention import Attended
from ..models.fewshot.config import FewShotConfig
from ..models.fewshot.frame import Exemplars, Past
from ..models.fewshot.generator import FewShotGenerator, encode_exemplars, look_up
from ..models.fewshot.memory import exemplars_that_fit
from ..models.fewshot.rollout import synthesize
from ..models.labels.body_parts import without_head
from ..models.labels.encoding import one_hot
from ..models.labels.frames import AnyFrame, AnyStream, DrawnFrame, is_drawn
from ..models.labels.palette import builtin_palette
from ..progress import Progress, silent
from ..weights import load_as
from ..weights.delta import apply_delta, read_delta
from ..weights.devices import fastest_layout, free_bytes
from .drawings import Size
from .fewshot_options import InputOptions, Layout, Prepared
from .fewshot_sources import Exemplar, NetworkInputs, Subject, prepare
from .rendering import SEGMENT_FRAMES, Rendered, RenderReport, State, job_of, render_frames
from .vid2vid import known_labels
from .watched import WatchedLabels

PUBLISHED_SIZES = {"face": (512, 512), "pose": (512, 256), "street": (256, 512)}
OWN_SIZES = {"face": (128, 128), "pose": (192, 128), "street": (128, 256)}
"""(height, width) that networks were trained at, where nothing else is said."""
_SAME_ASPECT = 0.02
"""How much a picture's aspect may differ from the network's where all of it is shown."""


class Given(NamedTuple):
    """Exemplars on their way from stage to stage."""

    subject: Subject
    network: NetworkInputs
    """What they were made for."""
    options: InputOptions
    """How they were made, and how drivers shall be."""
    exemplars: tuple[Exemplar, ...]
    """What they were made of: more can be added."""

    @property
    def prepared(self) -> Prepared:
        return self.subject.prepared


def load_few_shot(
    name: str | Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = torch.float32,
    delta: Path | None = None,
) -> FewShotGenerator:
    """The few-shot generator of a preset's name or a file; InputError for a network of another kind.

    dtype: what it computes in (None: what the file holds; with a delta, float32); delta: what tuning changed of these
    weights (`fewshot_tuning`), added in float32 whatever `dtype` is. InputError for a delta of other weights.
    """
    otherwise = "not a few-shot generator; choose other weights"
    if delta is None:
        return load_as(FewShotGenerator, otherwise, name, device, dtype)
    dtype, device = dtype or torch.float32, torch.device(device)
    base = load_as(FewShotGenerator, otherwise, name, "cpu", torch.float32)
    tuned = apply_delta(base, read_delta(delta), str(delta), dtype)
    return tuned.to(device, memory_format=fastest_layout(device, dtype))  # type: ignore[call-overload,no-any-return]


def network_inputs(config: FewShotConfig) -> NetworkInputs:
    """What a network takes, for the stages before it; InputError for a kind that they don't know."""
    if config.kind not in ("face", "pose") and not config.palette:
        raise InputError(
            f"these weights paint {config.kind!r} from drawn maps that Maliang doesn't make; choose weights of faces, "
            "poses or label maps"
        )
    kind = "street" if config.palette else config.kind
    return NetworkInputs(kind, config.label_channels, config.palette)


def layout_of(config: FewShotConfig) -> Layout:
    """Whose rules its exemplars and drivers were made by when it was trained."""
    if config.generated_cut == "halves":
        return "nvlabs"
    return "imaginaire" if config.exemplar_kernel == 1 else "even"


def usual_size(config: FewShotConfig) -> Size:
    """(height, width) where nobody chose one: the published, or that of our demo networks."""
    sizes = OWN_SIZES if layout_of(config) == "even" else PUBLISHED_SIZES
    return sizes[network_inputs(config).kind]


def give(exemplars: Sequence[Exemplar], network: NetworkInputs, options: InputOptions) -> Given:
    """Exemplars ready for the network; InputError for what can't be one.

    Where whole pictures are shown, they must have the network's aspect: nothing is stretched.
    """
    if options.framing == "whole" and network.kind != "street":
        for exemplar in exemplars:
            height, width = exemplar.picture.shape[:2]
            if abs(width / height / options.aspect - 1) > _SAME_ASPECT:
                raise InputError(
                    f"{exemplar.name}: is {width}x{height}, which would be stretched to {options.size[1]}x"
                    f"{options.size[0]} as a whole; show the part around the subject (framing fixed), or choose a size "
                    "of its aspect"
                )
    return Given(prepare(exemplars, network, options), network, options, tuple(exemplars))


def check_given(given: Given, config: FewShotConfig) -> None:
    """InputError for exemplars that were made for another kind of network."""
    wanted = network_inputs(config)
    if given.network != wanted:
        raise InputError(
            f"these exemplars were made for weights that paint {given.network.kind} from {given.network.channels} "
            f"channels, but these paint {wanted.kind} from {wanted.channels}; make the exemplars for these weights"
        )


@torch.inference_mode()
def encode(generator: FewShotGenerator, prepared: Prepared, free: int | None = None) -> Exemplars:
    """All that frames need to know of the exemplars, once for a clip, on the generator's device.

    free: bytes that may be used (None: what the device says). InputError for more exemplars than fit, saying how many
    do, and for exemplars of another kind of network.
    """
    images, labels = prepared
    count, (height, width) = len(images), images.shape[2:]
    free = free_bytes(generator.device) if free is None else free
    if free is not None and labels.shape[1] == generator.config.label_channels:
        fit = exemplars_that_fit(generator.config, height, width, generator.dtype.itemsize, free)
        if count > max(fit, 1):
            advice = f"{fit} fit" if fit else "not even one fits"
            raise InputError(
                f"{count} exemplars of {width}x{height} don't fit into the {free / 1e9:.2g} GB of memory that are "
                f"free: {advice}; give fewer, a smaller size, or a lower precision"
            )
    return encode_exemplars(generator, labels.to(generator.device), images.to(generator.device))


@torch.inference_mode()
def looked_up(
    generator: FewShotGenerator, exemplars: Exemplars, labels: Tensor, tell_use: bool = False
) -> Attended | None:
    """What a frame with the label map `[c h w]` finds in exemplars by itself, without being painted; see `look_up`."""
    shown = labels[None].to(generator.device)
    shown = shown if generator.config.hidden_faces == "none" else without_head(shown)
    return look_up(generator, exemplars, shown, tell_use)


def check_driver(driver: AnyStream, config: FewShotConfig) -> None:
    """InputError for a driver of another kind, or of a size, that the network can't take."""
    if is_drawn(driver) == bool(config.palette):
        had, wanted = ("drawn maps", "label maps") if config.palette else ("label maps", "drawn maps")
        raise InputError(
            f"the driver holds {had}, but these weights paint {config.kind} from {wanted}; give a driver of that kind"
        )
    if is_drawn(driver) and driver.channels != config.label_channels:
        raise InputError(
            f"the driver's maps have {driver.channels} channels, these weights paint {config.kind} and take "
            f"{config.label_channels} (1: faces, 3: poses, 6: poses with DensePose)"
        )
    if not is_drawn(driver) and driver.palette.classes != builtin_palette(config.palette).classes:
        raise InputError(
            f"the driver's label maps are in palette {driver.palette.name!r}, the network knows {config.palette!r}: "
            "convert them"
        )
    config.check_size(driver.height, driver.width)


def check_size(config: FewShotConfig, prepared: Prepared, driver: AnyStream) -> None:
    """InputError for a driver that these exemplars can't go with."""
    check_driver(driver, config)
    height, width = prepared.images.shape[2:]
    if (driver.height, driver.width) != (height, width):
        raise InputError(
            f"the driver's maps are {driver.width}x{driver.height}, the exemplars {width}x{height}; make both for one "
            "size"
        )


def render_few_shot(
    driver: AnyStream,
    generator: FewShotGenerator,
    prepared: Prepared,
    out: Path,
    *,
    codec: str | None = None,
    audio_from: AudioWindow | Path | None = None,
    segment_frames: int = SEGMENT_FRAMES,
    keep: Path | None = None,
    free: int | None = None,
    progress: Progress = silent,
) -> RenderReport:
    """Paint every frame of `driver` and write the video to `out`, which appears when it is whole.

    driver: maps made for the network, of the exemplars' size (InputError else); generator: where and as precise as it
    shall work; codec, audio_from, keep: as `vid2vid.render_video`; free: as `encode`; progress: called after each frame
    with a preview; what it raises stops the run.

    A run that was stopped goes on from its last finished segment when it is called again with the same arguments, and
    paints the same pictures as a run in one go; with other arguments it starts anew.
    """
    check_size(generator.config, prepared, driver)
    codec = codec_for(out, codec)
    exemplars = encode(generator, prepared, free)
    watched = None if keep is None else WatchedLabels(driver, None)
    job = job_of(None if watched else driver.fingerprint, generator, prepared, codec)
    return render_frames(
        partial(_go_on, generator, exemplars, watched or driver),
        driver,
        out,
        job=job,
        codec=codec,
        audio_from=audio_from,
        segment_frames=segment_frames,
        keep=keep,
        content=None if watched is None else watched.digest,
        progress=progress,
    )


def _go_on(
    generator: FewShotGenerator,
    exemplars: Exemplars,
    driver: AnyStream | WatchedLabels,
    done: int,
    state: State,
) -> Generator[Rendered, None, None]:
    """The pictures from number `done` on, of which `state` is the past."""
    past = Past.from_tensors(state) if done else None
    with closing(known_planes(driver, generator.config, done)) as planes:
        for made in synthesize(generator, exemplars, planes, past=past):
            yield Rendered(to_file(made.frame.image[0]), made.past.to_tensors)


def known_planes(
    driver: AnyStream | WatchedLabels, config: FewShotConfig, start: int = 0
) -> Generator[Tensor, None, None]:
    """The driver's frames as the network takes them, `[c h w]`; InputError for a class that it has no channel for."""
    with closing(known_labels(driver, start, config.label_channels)) as frames:
        for frame in frames:
            yield plane_of(frame, config)


def plane_of(frame: AnyFrame, config: FewShotConfig) -> Tensor:
    """One frame of a driver as the network takes it, float32 `[c h w]`."""
    if isinstance(frame, DrawnFrame):
        return frame.channels
    return one_hot(frame.ids[None], config.label_channels)[0]
