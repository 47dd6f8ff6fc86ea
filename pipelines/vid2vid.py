"""The main job: a stream of label maps in, a video file out. The command line, ComfyUI and Gradio call this.

Memory: that of the rollout (a few frames) plus one encoded frame, whatever the length of the video; a finished piece of
the video and the state to go on from are on disk.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..media.clip import AudioWindow
from ..media.codecs import codec_for
from ..media.pixels import to_file, to_model
from ..media.reader import open_frames
from ..models.labels.frames import AnyFrame, AnyStream, DrawnFrame, DrawnStream, is_drawn
from ..models.vid2vid.config import GeneratorConfig
from ..models.vid2vid.generator import Past, Vid2VidGenerator
from ..models.vid2vid.rollout import lead_frames, synthesize
from ..progress import Progress, silent
from ..weights import load_as
from .looks import Choice, split_choice
from .openings import styled_opening
from .rendering import SEGMENT_FRAMES, Rendered, RenderReport, State, job_of, render_frames
from .styles import StyleCurve, parse_style
from .watched import WatchedLabels


def render_video(
    labels: AnyStream,
    generator: Vid2VidGenerator,
    out: Path,
    *,
    style: str | None = None,
    features: Choice | None = None,
    first: Sequence[Path] = (),
    codec: str | None = None,
    audio_from: AudioWindow | Path | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    segment_frames: int = SEGMENT_FRAMES,
    keep: Path | None = None,
    progress: Progress = silent,
) -> RenderReport:
    """Paint every frame of `labels` and write the video to `out`, which appears when it is whole.

    labels: in the generator's palette, or drawn maps of its channels, at a size that it can take (InputError else);
    generator: moved to `device` and `dtype` in place (None: it stays as it is);
    style: one of the generator's looks (None: its first), or several over time, as `styles.parse_style` reads them;
    features: what instances, or the parts of a face, shall look like, for a generator that takes it (None: nothing is
    asked for);
    first: pictures of the first frames, as `first_pictures` takes them; without them a generator of faces begins in
    the style of the footage that the faces were drawn from;
    codec: one of `media.codecs.CODECS` (None: what suits the ending of `out`);
    audio_from: a clip whose sound goes into the video, or a window of one;
    keep: a folder for the finished pieces and their states, which stays: when the same call is made with other labels,
    the frames before the first piece in which a label differs are taken from there, and the rest is painted anew;
    progress: called after each frame with a preview; what it raises stops the run.

    A run that was stopped, by an exception or by force, goes on from its last finished segment when it is called
    again with the same arguments, and paints the same pictures as a run in one go; with other arguments it starts anew.
    """
    config = generator.config
    check_labels(labels, config)
    labels, face = split_choice(labels, generator, features)
    if face and first:
        raise InputError(
            "first pictures and looks of known faces both say what the face looks like; give one of them"
        )
    codec = codec_for(out, codec)
    generator = generator.to(device=device, dtype=dtype).eval()
    size = labels.height, labels.width
    given = first_pictures(first, config.past_frames, *size) if first else None
    pictures = styled_opening(labels, generator, face) if given is None else given
    look = parse_style(config.style_names, style)
    watched = None if keep is None else WatchedLabels(labels, look)
    job = job_of(None if watched else (labels.fingerprint, look), generator, (pictures,), codec)
    return render_frames(
        partial(_go_on, generator, watched or labels, pictures, look),
        labels,
        out,
        job=job,
        codec=codec,
        audio_from=audio_from,
        segment_frames=segment_frames,
        keep=keep,
        content=None if watched is None else watched.digest,
        progress=progress,
    )


def load_generator(
    name: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype | None = torch.float32
) -> Vid2VidGenerator:
    """The vid2vid generator of a preset's name or a file; InputError for a network of another kind.

    dtype: what it computes in (None: what the file holds, often fp16, which CPUs are slow at).
    """
    return load_as(Vid2VidGenerator, "not a vid2vid generator; choose other weights", name, device, dtype)


def first_pictures(paths: Sequence[Path], count: int, height: int, width: int) -> Tensor:
    """The first `count` pictures out of `paths`, scaled: `[1 count 3 h w]` in -1..1.

    paths: pictures, picture folders or videos; where they hold too few, the last picture stands for the missing ones.
    """
    pictures: list[Tensor] = []
    for path in paths:
        with open_frames(path) as frames:
            for frame in islice(frames, count - len(pictures)):
                scaled = Image.fromarray(frame.pixels).resize((width, height), Image.Resampling.BICUBIC)
                pictures.append(to_model(np.array(scaled)))
    if not pictures:
        raise InputError(f"first pictures: {', '.join(map(str, paths))} hold none")
    pictures += [pictures[-1]] * (count - len(pictures))
    return torch.stack(pictures)[None]


def check_labels(labels: AnyStream, config: GeneratorConfig) -> None:
    """InputError for maps of another kind or palette, or of a size, that the network can't take."""
    if is_drawn(labels):
        _check_drawn(labels, config)
    elif not config.palette:
        raise InputError("these weights paint drawn maps (sketches, poses), not label maps; choose others")
    elif labels.palette.name != config.palette:
        raise InputError(
            f"the label maps are in palette {labels.palette.name!r}, the network knows {config.palette!r}: convert them"
        )
    config.check_size(labels.height, labels.width)


def _check_drawn(maps: DrawnStream, config: GeneratorConfig) -> None:
    if config.palette:
        raise InputError(
            f"these weights paint label maps in palette {config.palette!r}, not drawn maps; choose weights for faces "
            "or poses"
        )
    if maps.channels != config.label_channels:
        raise InputError(
            f"the drawn maps have {maps.channels} channels, these weights take {config.label_channels} (15: faces with "
            "distance maps, 1: lines, 6: DensePose and keypoints, 3: one of the two)"
        )


def _go_on(
    generator: Vid2VidGenerator,
    labels: AnyStream | WatchedLabels,
    pictures: Tensor | None,
    look: StyleCurve | None,
    done: int,
    state: State,
) -> Generator[Rendered, None, None]:
    """The pictures from number `done` on, of which `state` is the past."""
    device = next(generator.parameters()).device
    past = Past.from_tensors({name: tensor.to(device) for name, tensor in state.items()}) if done else None
    lead = lead_frames(generator, past) if past else 0
    styles = None if look is None else look.after(done)
    enough = generator.config.past_frames
    with closing(known_labels(labels, done - lead, generator.config.label_classes)) as frames:
        for painted in synthesize(generator, frames, first=pictures, style=styles, past=past):
            whole = painted.past.painted >= enough
            yield Rendered(to_file(painted.frame[0]), painted.past.to_tensors if whole else None)


def known_labels(
    labels: AnyStream | WatchedLabels, start: int, classes: int
) -> Generator[AnyFrame, None, None]:
    """The frames from `start` on; InputError for a class that the network has no channel for."""
    for index, frame in enumerate(labels.frames(start), start):
        for extreme in () if isinstance(frame, DrawnFrame) else frame.ids.aminmax():
            if not 0 <= int(extreme) < classes:
                raise InputError(
                    f"label frame {index} holds class id {int(extreme)}; the network knows 0 to {classes - 1}; "
                    "convert the label maps to its palette"
                )
        yield frame
