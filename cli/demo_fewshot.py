"""The demos of few-shot vid2vid: one driver, and several subjects that nobody trained on, a picture or a few each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .terminal import progress_bar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..models.fewshot.generator import FewShotGenerator
    from ..models.labels.frames import AnyStream
    from ..pipelines.fewshot import Given


@dataclass(frozen=True)
class Pictures:
    """Exemplars of one subject."""

    world: str
    frames: tuple[int, ...]
    """Which moments of it."""


@dataclass(frozen=True)
class FewShotShow:
    """What is shown of one file of weights."""

    weights: str
    recipe: str
    """That makes such weights."""
    driver: str
    """A world, whose pictures are shown beside; {seed} and {frames} are filled in."""
    subjects: Mapping[str, Pictures]
    """By the names that they have on the contact sheet."""


_TRAINED = 1_000_000
"""Numbers from here on are of subjects, and of streets, that no recipe trains on."""
_ONE, _SEVERAL = (20,), (20, 50, 80, 110)


def _face(subject: int, more: str = "") -> str:
    return f"world:faces?seed=5&subject={_TRAINED + subject}{more}"


def _dancer(subject: int, more: str = "") -> str:
    return f"world:puppets?seed=4&subject={_TRAINED + subject}&look=studio{more}"


FEW_SHOT_SHOWS: Mapping[str, FewShotShow] = {
    "fewshot-face": FewShotShow(
        "fewshot-face",
        "face-fewshot-demo",
        f"world:faces?seed={{seed}}&frames={{frames}}&subject={_TRAINED + 3}",
        {
            "out of one picture": Pictures(_face(12), _ONE),
            "out of four pictures": Pictures(_face(12), _SEVERAL),
            "somebody else": Pictures(_face(31), _ONE),
            "a painting": Pictures(_face(44, "&art=oil"), _ONE),
            "a statue": Pictures(_face(12, "&art=marble"), _ONE),
        },
    ),
    "fewshot-dancer": FewShotShow(
        "fewshot-dancer",
        "dancer-fewshot-demo",
        f"world:puppets?seed={{seed}}&frames={{frames}}&subject={_TRAINED + 3}",
        {
            "a dancer": Pictures(_dancer(5), _ONE),
            "in new clothes": Pictures(_dancer(5, f"&clothes={_TRAINED + 13}"), _ONE),
            "in others": Pictures(_dancer(5, f"&clothes={_TRAINED + 18}"), _ONE),
            "somebody else": Pictures(_dancer(11), _ONE),
        },
    ),
    "fewshot-street": FewShotShow(
        "fewshot-street",
        "street-fewshot-demo",
        f"world:street?seed={_TRAINED}{{seed}}&frames={{frames}}&size=256x128&look=noon",
        {
            look: Pictures(f"world:street?seed={_TRAINED + 21}&size=256x128&look={look}", _ONE)
            for look in ("noon", "dusk", "night", "snow")
        },
    ),
}


def lack_of_weights(name: str, what: FewShotShow) -> str | None:
    """A sentence where a demo can't be shown: what is missing, and where to get it; None where it can."""
    from ..weights.folders import ENVIRONMENT_VARIABLE
    from ..weights.loading import locate

    try:
        locate(what.weights)
    except InputError:
        return (
            f"demo {name}: there are no weights {what.weights!r} on this machine; train them with: maliang train "
            f"fewshot --recipe {what.recipe} --out {what.weights}, and name their folder in {ENVIRONMENT_VARIABLE}"
        )
    return None


def show_few_shot(what: FewShotShow, folder: Path, seed: int, frames: int, *, columns: int) -> None:
    """Paint every subject doing what the driver does; print the paths of what was made."""
    from ..media.pixels import to_file
    from ..pipelines.fewshot import load_few_shot
    from ..pipelines.showcase import write_contact_sheet, write_maps, write_side_by_side
    from ..weights.devices import choose_device, choose_dtype

    folder.mkdir(parents=True, exist_ok=True)
    device = choose_device()
    generator = load_few_shot(what.weights, device, choose_dtype("fp32", device))
    driver = what.driver.format(seed=seed, frames=frames)
    made: dict[str, Path] = {}
    exemplars: dict[str, NDArray[np.uint8]] = {}
    for name, pictures in what.subjects.items():
        given = _given(generator, pictures)
        maps = _driven(driver, given)
        if not made:
            made["maps"] = write_maps(maps, folder / "maps.mp4")
            made["whose motion it is"] = _write_motion(driver, folder / "motion.mp4")
        exemplars[name] = to_file(given.prepared.images[0])
        made[name] = _paint(generator, given, maps, folder / f"{name.replace(' ', '-')}.mp4")
    videos = list(made.values())
    write_side_by_side(videos, folder / "side-by-side.mp4")
    moments = [column * (frames - 1) // (columns - 1) for column in range(columns)]
    write_contact_sheet(list(made.items()), moments, folder / "contact-sheet.png", exemplars)
    for path in (*videos, folder / "side-by-side.mp4", folder / "contact-sheet.png"):
        print(path)


def _given(generator: "FewShotGenerator", pictures: Pictures) -> "Given":
    from ..pipelines.fewshot import layout_of, network_inputs, usual_size
    from ..pipelines.fewshot_options import InputOptions
    from ..pipelines.fewshot_subjects import SubjectFiles, open_subject

    config = generator.config
    options = InputOptions(usual_size(config), layout_of(config), framing="whole")
    return open_subject(
        SubjectFiles((pictures.world,), frames=pictures.frames), network_inputs(config), options
    )


def _driven(driver: str, given: "Given") -> "AnyStream":
    from ..pipelines.fewshot_sources import Source, open_driver

    return open_driver(Source(driver), given.network, given.options, given.subject)


def _write_motion(driver: str, out: Path) -> Path:
    """What the driver was taken from."""
    from ..pipelines.clips import write_clip
    from ..training.worlds import open_world

    world = open_world(driver)
    pictures = (frame.rgb for frame in world.truth())
    write_clip(pictures, out, size=(world.height, world.width), frame_rate=world.frame_rate)
    return out


def _paint(generator: "FewShotGenerator", given: "Given", maps: "AnyStream", out: Path) -> Path:
    """One video, with its progress; returns its path."""
    from ..pipelines.fewshot import render_few_shot

    with progress_bar(out.stem) as progress:
        return render_few_shot(maps, generator, given.prepared, out, progress=progress).path
