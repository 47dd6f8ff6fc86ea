"""`maliang faces detect|align|mask|paste`: find a face, cut it out upright, say what is face, put it back."""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .numbers import at_least
from .options import add_device, refuse_overwriting
from .terminal import progress_bar

if TYPE_CHECKING:
    from ..pipelines.drawings import Footage
    from ..pipelines.face_masks import Foregrounds
    from ..pipelines.face_stages import StageReport
    from ..pipelines.face_workfolder import FaceWorkFolder


def add_detect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("detect", help="find every face of a clip and follow it from frame to frame")
    parser.set_defaults(run=detect)
    parser.add_argument(
        "--footage", required=True, metavar="CLIP", help="a video, a folder of pictures, a world:faces"
    )
    _add_work(parser)
    parser.add_argument(
        "--landmarks",
        type=Path,
        metavar="PATH",
        help="where the faces are, if that is known: landmarks (.txt, .json) or OpenPose's files with faces",
    )
    parser.add_argument(
        "--detector",
        type=Path,
        metavar="FILE",
        help="weights of YuNet (.onnx); default: face_detection_yunet*.onnx in a model folder",
    )
    parser.add_argument(
        "--max-gap",
        type=at_least(0),
        default=8,
        metavar="N",
        help="absences of so many frames are filled in; default: %(default)s",
    )
    parser.add_argument("--one-shot", action="store_true", help="look for no cuts")
    _add_show(
        parser, "the faces with their numbers: a video, or, as a picture, the frame that has most of them"
    )


def add_align(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("align", help="cut one face out of every frame, upright and steady")
    parser.set_defaults(run=align)
    _add_work(parser, footage=True)
    parser.add_argument(
        "--face",
        type=at_least(0),
        nargs="+",
        default=[],
        metavar="N",
        help="its number (detect --show); several are the same face before and after a cut",
    )
    parser.add_argument(
        "--at", type=place, metavar="X,Y[@FRAME]", help="a point in the face instead; default: frame 0"
    )
    parser.add_argument(
        "--size", type=at_least(16), default=1024, metavar="PIXELS", help="of the crops; default: %(default)s"
    )
    parser.add_argument(
        "--smooth",
        type=widths,
        default=(1.0, 3.0),
        metavar="PLACE,SIZE",
        help="how steady: Gaussians over the place, and over size and tilt, in frames; 0,0: off; default: 1,3",
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        metavar="S",
        help="a wider (1.2) or tighter (0.9) square; default: 1",
    )
    parser.add_argument(
        "--exact", action="store_true", help="sample as the published pipeline does, which aliases"
    )
    _add_show(parser, "the crops as a video")


def add_mask(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "mask", help="say what is face in the crops, and how wide the band around it is"
    )
    parser.set_defaults(run=mask)
    _add_work(parser)
    parser.add_argument(
        "--parts",
        default="auto",
        metavar="HOW",
        help="a network that names the parts of faces (a repository on the Hub, a folder, BiSeNet's weights), "
        "'outline' (68 landmarks, without hair), 'world'; default: what a world knows, else jonathandinu/face-parsing, "
        "for non-commercial use",
    )
    parser.add_argument(
        "--masks",
        metavar="CLIP",
        help="your own, bright where the face is: a picture, one for each crop, or one for each frame of the clip",
    )
    parser.add_argument(
        "--inner",
        type=at_least(0),
        default=0,
        metavar="N",
        help="grow the face first; pixels of a crop of 1024",
    )
    parser.add_argument(
        "--outer",
        type=at_least(0),
        default=50,
        metavar="N",
        help="width of the band, as well; default: %(default)s",
    )
    parser.add_argument(
        "--whole-border",
        action="store_true",
        help="all that is not face must match the source, not the band alone",
    )
    parser.add_argument(
        "--steady",
        type=float,
        metavar="FRAMES",
        help="no flicker: a Gaussian over so many frames; default: 1.5, your own masks: 0 (off)",
    )
    add_device(parser)
    _add_show(parser, "the masks over the crops, as a video")


def add_paste(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("paste", help="put crops back into their clip")
    parser.set_defaults(run=paste)
    _add_work(parser, footage=True)
    parser.add_argument(
        "--crops",
        metavar="CLIP",
        help="edited crops, one for each that align made; default: those, unchanged",
    )
    parser.add_argument("--no-mask", action="store_true", help="the whole square, not the face alone")
    parser.add_argument(
        "--blend",
        choices=("alpha", "change", "poisson"),
        default="alpha",
        help="the crop over the frame; what changed, added to the frame, whose detail stays; or Poisson blending "
        "(OpenCV); default: %(default)s",
    )
    parser.add_argument(
        "--feather",
        type=at_least(0),
        default=0,
        metavar="N",
        help="pixels of the crop over which the mask fades out",
    )
    parser.add_argument(
        "--exact", action="store_true", help="sample as the published pipeline does, which aliases"
    )
    parser.add_argument(
        "--codec", metavar="NAME", help="h264, h265, ffv1 ...; default: what suits the ending"
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="the video, or a folder of pictures"
    )


def place(text: str) -> tuple[int, float, float]:
    """`320,200@48` -> (48, 320.0, 200.0)."""
    match = re.fullmatch(r"([0-9.]{1,9}),([0-9.]{1,9})(?:@([0-9]{1,9}))?", text.replace(" ", ""))
    try:
        if match is None:
            raise ValueError(text)
        return int(match[3] or 0), float(match[1]), float(match[2])
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no place; write for example 320,200 or 320,200@48"
        ) from None


def widths(text: str) -> tuple[float, float]:
    """`1,3` -> (1.0, 3.0); neither is negative."""
    match = re.fullmatch(r"([0-9]+\.?[0-9]*),([0-9]+\.?[0-9]*)", text.replace(" ", ""))
    if match is None or max(float(match[1]), float(match[2])) > 1000:
        raise argparse.ArgumentTypeError(
            f"{text!r} are no two widths in frames; write for example 1,3 or 0,0"
        )
    return float(match[1]), float(match[2])


def detect(arguments: argparse.Namespace) -> None:
    """`maliang faces detect ...`"""
    from ..models.faces.tracking import TrackingRules
    from ..pipelines.face_clips import clip_record, open_face_clip
    from ..pipelines.face_finder import open_face_source
    from ..pipelines.face_stages import detect_faces, read_tracks
    from ..pipelines.face_views import show_tracks
    from ..pipelines.face_workfolder import open_workfolder

    footage = open_face_clip(arguments.footage)
    with footage.clip:
        source = open_face_source(footage, arguments.landmarks, arguments.detector)
        folder = open_workfolder(arguments.work, clip_record(footage, arguments.footage))
        rules = TrackingRules(max_gap=arguments.max_gap)
        with progress_bar("detect") as progress:
            report = detect_faces(
                folder, footage, source, rules, one_shot=arguments.one_shot, progress=progress
            )
        tracks, frames = read_tracks(folder)
        print(
            f"{report.path}: {len(tracks)} face{'' if len(tracks) == 1 else 's'} in {frames} frames{_again(report)}"
        )
        for number, track in enumerate(tracks):
            print(f"  {number}: frames {track.start} to {track.stop - 1}, shown in {len(track.frames)}")
        if arguments.show is not None:
            with progress_bar("show") as progress:
                show_tracks(footage, tracks, arguments.show, progress)
            print(arguments.show)


def align(arguments: argparse.Namespace) -> None:
    """`maliang faces align ...`"""
    from ..models.faces.alignment import Smoothing
    from ..pipelines.face_stages import align_face
    from ..pipelines.face_views import show_crops

    folder, footage = _opened(arguments)
    with footage.clip, progress_bar("align") as progress:
        report = align_face(
            folder,
            footage,
            faces=arguments.face,
            at=arguments.at,
            size=arguments.size,
            smoothing=Smoothing(*arguments.smooth),
            scale=arguments.scale,
            exact=arguments.exact,
            progress=progress,
        )
    _print(report, "crops")
    if arguments.show is not None:
        show_crops(folder, arguments.show)
        print(arguments.show)


def mask(arguments: argparse.Namespace) -> None:
    """`maliang faces mask ...`"""
    from ..models.faces.masks import MaskOptions
    from ..pipelines.face_masks import STEADY
    from ..pipelines.face_stages import mask_face
    from ..pipelines.face_views import show_masks
    from ..pipelines.face_workfolder import find_workfolder

    folder = find_workfolder(arguments.work)
    usual = 0.0 if arguments.masks else STEADY
    steady = usual if arguments.steady is None else arguments.steady
    options = MaskOptions(arguments.inner, arguments.outer, arguments.whole_border)
    source = _foregrounds(arguments, folder)
    with progress_bar("mask") as progress:
        report = mask_face(folder, source, options, steady=steady, progress=progress)
    _print(report, "masks")
    if arguments.show is not None:
        show_masks(folder, arguments.show)
        print(arguments.show)


def paste(arguments: argparse.Namespace) -> None:
    """`maliang faces paste ...`"""
    from ..pipelines.face_clips import open_face_clip
    from ..pipelines.face_crops import PasteOptions
    from ..pipelines.face_stages import paste_face_back

    folder, footage = _opened(arguments)
    refuse_overwriting(arguments.out, [folder.clip.source, arguments.crops])
    crops = None if arguments.crops is None else open_face_clip(arguments.crops)
    options = PasteOptions(arguments.blend, arguments.feather, arguments.exact)
    with footage.clip, progress_bar("paste") as progress:
        report = paste_face_back(
            folder,
            footage,
            arguments.out,
            crops=crops,
            masked=not arguments.no_mask,
            options=options,
            codec=arguments.codec,
            progress=progress,
        )
    _print(report, "frames")


def _add_work(parser: argparse.ArgumentParser, *, footage: bool = False) -> None:
    parser.add_argument(
        "--work", required=True, type=Path, metavar="DIR", help="the work folder of this clip's face"
    )
    if footage:
        parser.add_argument("--footage", metavar="CLIP", help="the clip, if it has been moved since detect")


def _add_show(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--show", type=Path, metavar="FILE", help=f"look at it: {what}")


def _opened(arguments: argparse.Namespace) -> "tuple[FaceWorkFolder, Footage]":
    """The work folder, and its clip from where it was; InputError if another clip is there now."""
    from ..pipelines.face_clips import clip_record, open_face_clip
    from ..pipelines.face_workfolder import find_workfolder, open_workfolder

    source = arguments.footage or find_workfolder(arguments.work).clip.source
    footage = open_face_clip(source)
    return open_workfolder(arguments.work, clip_record(footage, source)), footage


def _foregrounds(arguments: argparse.Namespace, folder: "FaceWorkFolder") -> "Foregrounds":
    from ..pipelines.face_clips import open_face_clip
    from ..pipelines.face_masks import open_foregrounds

    masks = None if arguments.masks is None else open_face_clip(arguments.masks)
    return open_foregrounds(folder.clip, arguments.parts, masks, device=arguments.device)


def _print(report: "StageReport", what: str) -> None:
    print(f"{report.path}: {report.frames} {what}{_again(report)}")
    for note in report.notes:
        print(f"maliang: {note}", file=sys.stderr)


def _again(report: "StageReport") -> str:
    if report.made == 0:
        return ", all there already"
    if report.made < report.frames:
        return f", {report.frames - report.made} of them from an earlier run"
    return ""
